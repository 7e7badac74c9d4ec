/** A record as a store keeps it. `version` is 1 after `insert` and grows by exactly 1 with each `replace`. */
export interface StoredRecord {
  record: string
  version: number
  /** Milliseconds since `insert`, by the store's own clock. */
  ageMs: number
}

/** One limit to charge. */
export interface Hit {
  /** Counters and records live apart: the same key may name one of each. */
  key: string
  /** How many hits the window takes; 0 takes none. */
  limit: number
  /** Length of the window, which opens with its first hit. */
  windowSeconds: number
  /**
   * Makes the counter *consecutive*: hits add up without a window. The hit that makes `limit` of
   * them stand is the last one allowed: from it on the key is closed for `windowSeconds`, and for
   * twice as long each time it fills again, up to this many seconds. A lock that ends leaves an
   * empty count. A hit given back opens the key again. Only `remove` forgets, or time without a
   * hit: this many seconds for a key that was never closed, and twelve times as many, from the end
   * of the lock, for one that was. Else whoever waits for a month would always find the shortest
   * lock again.
   */
  maxWindowSeconds?: number
  /** What this hit adds. 0 only asks whether one more would fit; -1 gives one back and is never refused. Default 1. */
  cost?: 1 | 0 | -1
  /**
   * Set where the key stands for the place that the request comes from. A store of bounded size may
   * refuse on its behalf, as if the limit were lower, while it is nearly full and this place has
   * filled much of it. Others ignore it.
   */
  origin?: boolean
}

export type CountResult = { allowed: true } | { allowed: false; key: string; retryAfterSeconds: number }

/**
 * Where flows and counters live. All policy stays above it; a backend is a handful of atomic statements.
 *
 * Every method rejects when the backend cannot answer. The library then answers 503 and logs nobody
 * in. No method is retried. A call that rejects may have been done all the same, unless its
 * description says otherwise: its answer may be what was lost. Prove an implementation with
 * `storeContract()` from `passport-phonecheck/testing`.
 */
export interface Store {
  /**
   * Keeps a new record for `ttlSeconds`.
   * @returns false, changing nothing, when the key is taken by a live record. Rejects when full.
   */
  insert(key: string, record: string, ttlSeconds: number): Promise<boolean>

  /**
   * @returns the live record, or undefined. A record at or past its time to live is gone, whether
   * or not it was swept.
   */
  find(key: string): Promise<StoredRecord | undefined>

  /**
   * Compare-and-swap, the only race gate there is: of all callers that name the same version, at
   * most one ever gets true, over all processes. Neither the age nor the time to live of the record
   * changes.
   */
  replace(key: string, expectedVersion: number, record: string): Promise<boolean>

  /** Forgets the record and the counter of this key, if there are any. */
  remove(key: string): Promise<void>

  /**
   * Charges all hits in the order given, or none: when one limit refuses, no counter changes. One
   * round trip, atomic against every other call. When a new counter finds no room it rejects and
   * has charged nothing. The same key always comes with the same rule.
   * @returns the first refusal in the order given, with whole seconds until it may pass.
   */
  count(hits: readonly Hit[]): Promise<CountResult>

  /**
   * Optional: {@link Store.count} and {@link Store.insert} as one atomic step and one round trip.
   * All hits are charged and the record is kept, or nothing is changed at all: a request that a
   * limit refuses then costs no write. Without it the library counts first, inserts after that, and
   * gives the charge back when the insert fails.
   * @returns the verdict of `count`, allowed when the record is kept; `'taken'` when a live record
   * has the key. Rejects when full, and has charged nothing.
   */
  insertCharged?(key: string, record: string, ttlSeconds: number, hits: readonly Hit[]): Promise<CountResult | 'taken'>

  /**
   * Optional, for an operator (`phone.flows`, `cancel`, `erase`) and no part of a login: it may read
   * all there is.
   * @param text letters, digits, `_`, `-` and `/`, to be taken literally
   * @param most how many are enough
   * @returns keys of live records and counters that have `text` in them, and of live records that
   * have it in their content. A key may come twice.
   */
  search?(text: string, most: number): Promise<string[]>

  /**
   * Optional, for `phone.diagnose()`: what the operator should change about its server, and the
   * server's time of day in milliseconds since the epoch.
   */
  diagnose?(): Promise<{ advice: string[]; nowMs?: number }>
}
