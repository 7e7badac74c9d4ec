import type { Names } from './schema.js'

/**
 * One statement each, with parameters for everything but the names. Whatever a statement answers is
 * text: applications may have own parsers for numbers.
 */
export interface Statements {
  readonly insert: string
  readonly find: string
  readonly replace: string
  readonly remove: string
  readonly count: string
  readonly insertCharged: string
  readonly sweep: string
  readonly search: string
}

// clock_timestamp() and not now(): a statement that has waited for a lock goes on with the version
// it then finds, and must judge it by the time it then is. Only the sweep takes now(), because an
// index can be searched for it; being early, it leaves a record for the next time.
export function statementsOf({ records, counters, count, insertCharged, seed }: Names): Statements {
  return {
    insert: `INSERT INTO ${records} AS kept (key, record, version, inserted_at, expires_at)
SELECT $1::text, $2::text, 1, moment.at, moment.at + $3::double precision * interval '1 millisecond' FROM (SELECT clock_timestamp() AS at) AS moment
ON CONFLICT (key) DO UPDATE
SET record = excluded.record, version = 1, inserted_at = excluded.inserted_at, expires_at = excluded.expires_at
WHERE kept.expires_at <= clock_timestamp()`,

    find: `SELECT record, version::text AS version, floor(extract(epoch FROM clock_timestamp() - inserted_at) * 1000)::bigint::text AS age
FROM ${records} WHERE key = $1::text AND expires_at > clock_timestamp()`,

    // Of several at once the first locks the row. The others then look at its new version (READ COMMITTED) and find none.
    replace: `UPDATE ${records} SET record = $3::text, version = version + 1
WHERE key = $1::text AND version = $2::bigint AND expires_at > clock_timestamp()`,

    // Waits for a count that is under way: it would write the counter anew.
    remove: `WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($1::text, ${seed}))),
gone AS (DELETE FROM ${records} WHERE key = $1::text)
DELETE FROM ${counters} AS counter USING held WHERE counter.key = $1::text`,

    count: `SELECT refused::text AS refused, seconds::text AS seconds
FROM ${count}($1::text[], $2::double precision[], $3::double precision[], $4::double precision[], $5::integer[], $6::integer)`,

    insertCharged: `SELECT refused::text AS refused, seconds::text AS seconds FROM ${insertCharged}($1::text, $2::text, $3::double precision,
$4::text[], $5::double precision[], $6::double precision[], $7::double precision[], $8::integer[], $9::integer)`,

    search: `SELECT key FROM ${records} WHERE (position($1::text IN key) > 0 OR position($1::text IN record) > 0) AND expires_at > clock_timestamp()
UNION SELECT key FROM ${counters} WHERE position($1::text IN key) > 0 AND expires_at > clock_timestamp() LIMIT $2::integer`,

    sweep: `WITH records AS (${sweepOf(records)}), counters AS (${sweepOf(counters)})
SELECT (SELECT count(*) FROM records)::text AS records, (SELECT count(*) FROM counters)::text AS counters`,
  }
}

// Found by the index, in its order, and deleted where they were found: no plan reads the whole
// table. Locked rows are somebody's and are skipped.
function sweepOf(table: string): string {
  return `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
SELECT ctid FROM ${table} WHERE expires_at <= now() ORDER BY expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)) RETURNING 1`
}
