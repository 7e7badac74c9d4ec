import { createHash } from 'node:crypto'
import { memoryOfLocks } from '../counter-state.js'

/** Names as SQL takes them, quoted. */
export interface Names {
  readonly schema: string
  readonly records: string
  readonly counters: string
  readonly recordsExpiry: string
  readonly countersExpiry: string
  /** Carries a version, so that processes of an old and a new release can share the tables. */
  readonly count: string
  readonly insertCharged: string
  /** Keeps the advisory locks of these tables apart from all others. */
  readonly seed: string
}

const grammar = /^[a-z_][a-z0-9_]{0,62}$/
const longestName = 63

/** @throws TypeError that names the option. What passes can neither end a quoted name nor be cut off by PostgreSQL. */
export function namesOf(schema: string, table: string): Names {
  for (const [option, name] of Object.entries({ schema, table })) {
    if (typeof name === 'string' && grammar.test(name)) continue
    throw new TypeError(
      `PostgresStore: ${option} must be 1 to 63 lower-case letters, digits or underscores, and begin with no digit`,
    )
  }
  const own = (suffix: string) => `"${derived(table, suffix)}"`
  return {
    schema: `"${schema}"`,
    records: `"${schema}".${own('_records')}`,
    counters: `"${schema}".${own('_counters')}`,
    recordsExpiry: own('_records_expiry'),
    countersExpiry: own('_counters_expiry'),
    count: `"${schema}".${own('_count_1')}`,
    insertCharged: `"${schema}".${own('_insert_charged_1')}`,
    seed: BigInt(`0x${hash(`${schema}.${table}`, 15)}`).toString(),
  }
}

// PostgreSQL would cut off what is too long, and two names would become one.
function derived(table: string, suffix: string): string {
  if (table.length + suffix.length <= longestName) return table + suffix
  const mark = `_${hash(table, 8)}`
  return table.slice(0, longestName - mark.length - suffix.length) + mark + suffix
}

function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits)
}

const countTypes = 'text[], double precision[], double precision[], double precision[], integer[], integer'

/**
 * One statement, so all or nothing. The lock lets processes that start together do it one after
 * another. What is there is not touched, and needs no privilege: a role that may create things can
 * run it once for one that may not.
 *
 * `expires_at` is not changed by `replace`, so that with room on the page an update touches no
 * index. The comparison of keys is that of their bytes.
 */
export function migration(names: Names): string {
  const { schema, records, counters } = names
  return `DO $migrate$
BEGIN
  PERFORM pg_advisory_xact_lock(${names.seed});
  IF to_regnamespace('${schema}') IS NULL THEN
    CREATE SCHEMA ${schema};
  END IF;
  IF to_regclass('${records}') IS NULL THEN
    CREATE TABLE ${records} (
      key text COLLATE "C" PRIMARY KEY,
      record text NOT NULL,
      version integer NOT NULL CHECK (version >= 1),
      inserted_at timestamptz NOT NULL CHECK (isfinite(inserted_at)),
      expires_at timestamptz NOT NULL CHECK (isfinite(expires_at))
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
    CREATE INDEX ${names.recordsExpiry} ON ${records} (expires_at);
  END IF;
  IF to_regclass('${counters}') IS NULL THEN
    CREATE TABLE ${counters} (
      key text COLLATE "C" PRIMARY KEY,
      hits integer NOT NULL CHECK (hits >= 0),
      level integer NOT NULL CHECK (level >= 0),
      since timestamptz NOT NULL CHECK (isfinite(since)),
      expires_at timestamptz NOT NULL CHECK (isfinite(expires_at))
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
    CREATE INDEX ${names.countersExpiry} ON ${counters} (expires_at);
  END IF;
  IF to_regprocedure('${names.count}(${countTypes})') IS NULL THEN
    ${countFunction(names)}
  END IF;
  IF to_regprocedure('${names.insertCharged}(text, text, double precision, ${countTypes})') IS NULL THEN
    ${insertChargedFunction(names)}
  END IF;
END
$migrate$`
}

/**
 * `count`, and why it is a function. All hits must be judged before one is charged, and judged by
 * what stands once their counters are locked. One plain statement cannot do that under READ
 * COMMITTED: it sees what stood when it began, however long it waited for a lock. Each statement in
 * a function looks anew.
 *
 * What is locked is the key, by an advisory lock that ends with the statement, and not the row: a
 * new counter has no row yet, and asking at cost 0 should write none. Everybody takes the locks in
 * the order of their numbers, so none waits for one who waits for them; two keys with one number
 * only wait for each other. `remove` takes the same lock before it deletes a counter. The sweep
 * takes none: it deletes only what has expired, and skips what is locked.
 *
 * The time is read when all locks are held: clock_timestamp(), because now() is when the statement
 * began, before it waited.
 */
function countFunction({ count, counters, seed }: Names): string {
  return `CREATE FUNCTION ${count}(
      keys text[], limits double precision[], windows double precision[], longest double precision[], costs integer[], wait_ms integer,
      OUT refused integer, OUT seconds double precision
    ) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $count$
DECLARE
  total CONSTANT integer := cardinality(keys);
  lock_number bigint;
  at timestamptz;
  slot integer;
  kept record;
  lock_end timestamptz;
  hits integer[] := array_fill(0, ARRAY[total]);
  levels integer[] := array_fill(0, ARRAY[total]);
  sinces timestamptz[] := array_fill(NULL::timestamptz, ARRAY[total]);
  ends timestamptz[] := array_fill(NULL::timestamptz, ARRAY[total]);
  changed boolean[] := array_fill(false, ARRAY[total]);
BEGIN
  PERFORM set_config('lock_timeout', wait_ms::text, true);
  FOR lock_number IN SELECT DISTINCT hashtextextended(given, ${seed}) FROM unnest(keys) AS given ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(lock_number);
  END LOOP;
  at := clock_timestamp();
  FOR i IN 1 .. total LOOP
    slot := array_position(keys, keys[i]);
    IF slot = i THEN
      SELECT c.hits, c.level, c.since, c.expires_at INTO kept FROM ${counters} AS c WHERE c.key = keys[i] AND c.expires_at > at;
      IF FOUND THEN
        hits[i] := kept.hits;
        levels[i] := kept.level;
        sinces[i] := kept.since;
        ends[i] := kept.expires_at;
      END IF;
    END IF;
    IF longest[i] IS NOT NULL AND hits[slot] >= limits[i] THEN
      lock_end := sinces[slot] + least(windows[i] * power(2, least(levels[slot], 60)), longest[i]) * interval '1 millisecond';
      IF at >= lock_end THEN
        hits[slot] := 0;
        levels[slot] := levels[slot] + 1;
      END IF;
    END IF;
    IF costs[i] <> -1 AND hits[slot] >= limits[i] THEN
      refused := i;
      lock_end := CASE
        WHEN sinces[slot] IS NULL THEN at + windows[i] * interval '1 millisecond'
        WHEN longest[i] IS NULL THEN ends[slot]
        ELSE sinces[slot] + least(windows[i] * power(2, least(levels[slot], 60)), longest[i]) * interval '1 millisecond'
      END;
      seconds := greatest(1, ceil(extract(epoch FROM lock_end - at)));
      RETURN;
    END IF;
    IF costs[i] = -1 THEN
      hits[slot] := greatest(0, hits[slot] - 1);
      changed[slot] := sinces[slot] IS NOT NULL;
    ELSIF costs[i] <> 0 THEN
      hits[slot] := hits[slot] + 1;
      IF longest[i] IS NOT NULL THEN
        sinces[slot] := at;
        ends[slot] := at + longest[i] * interval '1 millisecond';
        IF hits[slot] >= limits[i] OR levels[slot] > 0 THEN
          ends[slot] := at + longest[i] * ${memoryOfLocks} * interval '1 millisecond';
        END IF;
        IF hits[slot] >= limits[i] THEN
          ends[slot] := ends[slot] + least(windows[i] * power(2, least(levels[slot], 60)), longest[i]) * interval '1 millisecond';
        END IF;
      ELSIF sinces[slot] IS NULL THEN
        sinces[slot] := at;
        ends[slot] := at + windows[i] * interval '1 millisecond';
      END IF;
      changed[slot] := true;
    END IF;
  END LOOP;
  FOR i IN 1 .. total LOOP
    IF changed[i] THEN
      INSERT INTO ${counters} AS c (key, hits, level, since, expires_at) VALUES (keys[i], hits[i], levels[i], sinces[i], ends[i])
      ON CONFLICT (key) DO UPDATE SET hits = excluded.hits, level = excluded.level, since = excluded.since, expires_at = excluded.expires_at;
    END IF;
  END LOOP;
  refused := 0;
  seconds := 0;
END
$count$;`
}

/** SQLSTATE by which the function below says that the key is taken. Of a class that PostgreSQL leaves to others. */
export const takenState = 'PC409'

/**
 * Counts, then inserts. What is charged for a key that turns out to be taken is undone with the
 * statement, by its failure.
 */
function insertChargedFunction({ insertCharged, count, records }: Names): string {
  return `CREATE FUNCTION ${insertCharged}(
      new_key text, new_record text, ttl_ms double precision,
      keys text[], limits double precision[], windows double precision[], longest double precision[], costs integer[], wait_ms integer,
      OUT refused integer, OUT seconds double precision
    ) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $insert$
DECLARE
  at timestamptz;
BEGIN
  SELECT c.refused, c.seconds INTO refused, seconds FROM ${count}(keys, limits, windows, longest, costs, wait_ms) AS c;
  IF refused <> 0 THEN
    RETURN;
  END IF;
  at := clock_timestamp();
  INSERT INTO ${records} AS kept (key, record, version, inserted_at, expires_at)
  VALUES (new_key, new_record, 1, at, at + ttl_ms * interval '1 millisecond')
  ON CONFLICT (key) DO UPDATE SET record = excluded.record, version = 1, inserted_at = excluded.inserted_at, expires_at = excluded.expires_at
  WHERE kept.expires_at <= clock_timestamp();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the key is taken' USING ERRCODE = '${takenState}';
  END IF;
END
$insert$;`
}
