/**
 * Time inside one process: token lifetimes, deadlines, leases held by this process.
 *
 * What several processes must agree on (expiry, locks, cooldowns) never comes from here but from
 * the store, as the age of a record.
 */
export interface Clock {
  /** Milliseconds since the epoch; never runs backwards. */
  now(): number
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Does not keep the process alive on its own. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Calls `run` once after `ms` milliseconds, unless the function that it returns is called first.
   * Default: made of `delay`, at several times its cost.
   */
  timer?(ms: number, run: () => void): () => void
  /** The time of day, for instants that were set by others. May jump. Default: `now()`. */
  wall?(): number
}

/** A point in time that everything done for one request must respect. */
export interface Deadline {
  /** Milliseconds left, never negative. */
  leftMs(): number
}
