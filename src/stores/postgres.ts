import type { CountResult, Hit, Store, StoredRecord } from '../contracts/store.js'
import { knownOptions } from '../lib/options.js'
import { askOnce, type PostgresAnswer, type PostgresPool } from './postgres/pool.js'
import { migration, type Names, namesOf, takenState } from './postgres/schema.js'
import { type Statements, statementsOf } from './postgres/statements.js'
import { faultOf, lifetime, type Rule, ruleOf, timeoutOf, wellFormed } from './wire-values.js'

export type { PostgresAnswer, PostgresClient, PostgresPool } from './postgres/pool.js'

export interface PostgresStoreOptions {
  /**
   * Your `Pool` of `pg`. Ending it stays yours, and so does its `error` event: without a listener
   * for it the process ends when the server drops an idle connection. Give it a
   * `connectionTimeoutMillis`, and a `statement_timeout`, so that the server gives up as well what
   * took too long here. PgBouncer refuses connections that ask for a `statement_timeout` (08P01),
   * unless its `ignore_startup_parameters` lists it; set it for the role instead: `ALTER ROLE … SET
   * statement_timeout = '5s'`.
   */
  pool: PostgresPool
  /** Where the tables are. Default `public`. */
  schema?: string
  /** What the names of the two tables begin with. Default `phonecheck`. */
  table?: string
  /** How long one operation may take before it rejects, waiting for a connection included. Default 1000. */
  timeoutMs?: number
}

/** Calls that may add something, from one sweep to the next. */
const callsPerSweep = 100
/** Well above what that many calls add, so that the tables shrink under load; a few milliseconds of work. */
const sweptAtOnce = 1000
const migrationTimeoutMs = 30_000

/**
 * Keeps flows and counters in PostgreSQL 12 or newer, for any number of processes. Time is the server's.
 *
 * - **At most one login per flow** holds whatever happens, as far as PostgreSQL keeps what it has
 * committed: over crashes, and over a failover to a
 *   synchronous replica. Every operation is one statement and one round trip, outside any
 * transaction; poolers such as PgBouncer are welcome.
 * - Call {@link migrate} when your application starts.
 * - What has expired is gone at once, and deleted later: a small batch with every hundredth call,
 * in the background. {@link sweep} deletes all of it, for a
 *   job of yours where logins are rare.
 * - **Size**: measured on PostgreSQL 15, a flow of 450 characters takes 0.9 KB and a counter 0.2
 * KB, indexes included: about 1 GB for a million
 *   pending flows. Plan for twice that, because vacuum frees the room of old versions only after a while.
 * - Under an isolation level above READ COMMITTED, calls that meet reject (40001) instead of waiting for each other.
 * - An operation that rejects may have been done, or be done later. None is repeated.
 */
export class PostgresStore implements Store {
  readonly #pool: PostgresPool
  readonly #names: Names
  readonly #statements: Statements
  readonly #timeoutMs: number
  // The first call of each process sweeps: some never live to see a hundred.
  #callsUntilSweep = 1
  #sweeping = false

  /** @throws TypeError when an option is missing, out of range, or unknown */
  constructor(options: PostgresStoreOptions) {
    if (typeof (options as Partial<PostgresPool> | undefined)?.connect === 'function')
      throw new TypeError('PostgresStore: pass the pool in an object of options: new PostgresStore({ pool })')
    knownOptions('PostgresStore', options ?? {}, ['pool', 'schema', 'table', 'timeoutMs'])
    const { pool, schema = 'public', table = 'phonecheck', timeoutMs = 1000 } = options ?? {}
    if (typeof pool?.connect !== 'function')
      throw new TypeError("PostgresStore: pool must be a Pool of 'pg' that your application has created")
    // Only connections escape.
    if (typeof (pool as { escapeIdentifier?: unknown }).escapeIdentifier === 'function')
      throw new TypeError(
        "PostgresStore: pool is a single connection, of which an operation would need its own: pass a Pool of 'pg'",
      )
    this.#pool = pool
    this.#names = namesOf(schema, table)
    this.#statements = statementsOf(this.#names)
    this.#timeoutMs = timeoutOf('PostgresStore', timeoutMs)
  }

  /**
   * Creates what is missing: the schema, two tables and two functions. May be called at every start
   * and by many processes at once. A role that may create nothing can call it once all is there; it
   * needs USAGE on the schema, SELECT, INSERT, UPDATE and DELETE on the tables, and EXECUTE on the
   * functions where that was revoked from PUBLIC.
   */
  async migrate(): Promise<void> {
    await this.#ask('migrate', migration(this.#names), [], migrationTimeoutMs)
  }

  async insert(key: string, record: string, ttlSeconds: number): Promise<boolean> {
    const ttlMs = lifetime('PostgresStore', 'ttlSeconds', ttlSeconds)
    const values = [wellFormed('PostgresStore', 'key', key), wellFormed('PostgresStore', 'record', record), ttlMs]
    const { rowCount } = await this.#ask('insert', this.#statements.insert, values)
    this.#sweepNowAndThen()
    return rowCount === 1
  }

  async find(key: string): Promise<StoredRecord | undefined> {
    const { rows } = await this.#ask('find', this.#statements.find, [wellFormed('PostgresStore', 'key', key)])
    const [row] = rows as { record: string; version: string; age: string }[]
    return row && { record: row.record, version: Number(row.version), ageMs: Math.max(0, Number(row.age)) }
  }

  async replace(key: string, expectedVersion: number, record: string): Promise<boolean> {
    const values = [
      wellFormed('PostgresStore', 'key', key),
      expectedVersion,
      wellFormed('PostgresStore', 'record', record),
    ]
    // Not a version that anything could have, nor one that the statement could be asked for.
    if (!Number.isSafeInteger(expectedVersion)) return false
    const { rowCount } = await this.#ask('replace', this.#statements.replace, values)
    return rowCount === 1
  }

  async remove(key: string): Promise<void> {
    await this.#ask('remove', this.#statements.remove, [wellFormed('PostgresStore', 'key', key)])
  }

  async count(hits: readonly Hit[]): Promise<CountResult> {
    if (hits.length === 0) return { allowed: true }
    const rules = hits.map((hit) => ruleOf('PostgresStore', hit))
    const { rows } = await this.#ask('count', this.#statements.count, this.#charges(rules))
    this.#sweepNowAndThen()
    return verdictOf('count', rules, rows)
  }

  async insertCharged(
    key: string,
    record: string,
    ttlSeconds: number,
    hits: readonly Hit[],
  ): Promise<CountResult | 'taken'> {
    const ttlMs = lifetime('PostgresStore', 'ttlSeconds', ttlSeconds)
    const rules = hits.map((hit) => ruleOf('PostgresStore', hit))
    const values = [
      wellFormed('PostgresStore', 'key', key),
      wellFormed('PostgresStore', 'record', record),
      ttlMs,
      ...this.#charges(rules),
    ]
    try {
      const { rows } = await this.#ask('insertCharged', this.#statements.insertCharged, values)
      this.#sweepNowAndThen()
      return verdictOf('insertCharged', rules, rows)
    } catch (error) {
      if ((error as { code?: unknown }).code === takenState) return 'taken'
      throw error
    }
  }

  async diagnose(): Promise<{ advice: string[]; nowMs: number }> {
    const text = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS now'
    const { rows } = await this.#ask('diagnose', text, [])
    return { advice: [], nowMs: Number((rows as { now: string }[])[0]?.now) }
  }

  /** Reads both tables, which may take long: at most thirty seconds. */
  async search(text: string, most: number): Promise<string[]> {
    const values = [wellFormed('PostgresStore', 'text', text), most]
    const { rows } = await this.#ask('search', this.#statements.search, values, migrationTimeoutMs)
    return (rows as { key: string }[]).map(({ key }) => key)
  }

  #charges(rules: readonly Rule[]): unknown[] {
    return [
      rules.map(({ key }) => key),
      rules.map(({ limit }) => limit),
      rules.map(({ windowMs }) => windowMs),
      rules.map(({ longestMs }) => longestMs ?? null),
      rules.map(({ cost }) => cost),
      this.#timeoutMs,
    ]
  }

  /** Deletes all that has expired, in small batches. @returns how many rows it were */
  async sweep(): Promise<number> {
    let total = 0
    for (;;) {
      const { records, counters } = await this.#sweepSome()
      total += records + counters
      if (records < sweptAtOnce && counters < sweptAtOnce) return total
    }
  }

  /** Nobody waits for it, and what goes wrong with it is tried again by the next. */
  #sweepNowAndThen(): void {
    if (--this.#callsUntilSweep > 0 || this.#sweeping) return
    this.#callsUntilSweep = callsPerSweep
    this.#sweeping = true
    const over = () => {
      this.#sweeping = false
    }
    this.#sweepSome().then(over, over)
  }

  async #sweepSome(): Promise<{ records: number; counters: number }> {
    const { rows } = await this.#ask('sweep', this.#statements.sweep, [sweptAtOnce])
    const [row] = rows as { records: string; counters: string }[]
    return { records: Number(row?.records), counters: Number(row?.counters) }
  }

  async #ask(operation: string, text: string, values: unknown[], timeoutMs = this.#timeoutMs): Promise<PostgresAnswer> {
    try {
      return await askOnce(this.#pool, text, values, timeoutMs)
    } catch (error) {
      throw faultOf('PostgresStore', operation, error)
    }
  }
}

function verdictOf(operation: string, rules: readonly Rule[], rows: readonly unknown[]): CountResult {
  const [answer] = rows as { refused: string; seconds: string }[]
  if (answer?.refused === '0') return { allowed: true }
  const refused = rules[Number(answer?.refused) - 1]
  if (!refused)
    throw new Error(
      `PostgresStore: ${operation} failed (the pool passes on an answer that our statement does not give)`,
    )
  return { allowed: false, key: refused.key, retryAfterSeconds: Number(answer?.seconds) }
}
