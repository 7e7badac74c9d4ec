import session from 'express-session'
import type { Hit, Store } from 'passport-phonecheck'

/** What a server counts of itself. */
export interface Counts {
  /** Calls of the session store. */
  sessionOps: number
  /** Calls of the flow store. */
  storeCalls: number
  /** How many of them had to wait for each other, while {@link CountedStore.inWaves} was on. */
  waves: number
}

/** A flow store that counts. Every method is one round trip in a store outside the process. */
export class CountedStore implements Store {
  calls = 0
  waves = 0
  /** Holds calls back for a moment, so that those which can go out together do, and counts the departures. */
  inWaves = false
  #departure: Promise<void> | undefined
  readonly #store: Store

  insertCharged?: NonNullable<Store['insertCharged']>

  constructor(store: Store) {
    this.#store = store
    const insertCharged = store.insertCharged?.bind(store)
    if (insertCharged) this.insertCharged = (...args) => this.#pass(() => insertCharged(...args))
  }

  insert(key: string, record: string, ttlSeconds: number) {
    return this.#pass(() => this.#store.insert(key, record, ttlSeconds))
  }

  find(key: string) {
    return this.#pass(() => this.#store.find(key))
  }

  replace(key: string, expectedVersion: number, record: string) {
    return this.#pass(() => this.#store.replace(key, expectedVersion, record))
  }

  remove(key: string) {
    return this.#pass(() => this.#store.remove(key))
  }

  count(hits: readonly Hit[]) {
    return this.#pass(() => this.#store.count(hits))
  }

  #pass<T>(call: () => Promise<T>): Promise<T> {
    this.calls += 1
    if (!this.inWaves) return call()
    this.#departure ??= new Promise((resolve) => {
      this.waves += 1
      setTimeout(() => {
        this.#departure = undefined
        resolve()
      }, 25)
    })
    return this.#departure.then(call)
  }
}

/**
 * A session store in memory that counts, the same for all contestants: express-session's own one
 * prints a warning in production.
 */
export class CountedSessions extends session.Store {
  ops = 0
  readonly #sessions = new Map<string, string>()

  override get(id: string, done: (error: unknown, found?: session.SessionData | null) => void): void {
    this.ops += 1
    const text = this.#sessions.get(id)
    setImmediate(done, null, text === undefined ? null : JSON.parse(text))
  }

  override set(id: string, data: session.SessionData, done?: (error?: unknown) => void): void {
    this.ops += 1
    this.#sessions.set(id, JSON.stringify(data))
    if (done) setImmediate(done)
  }

  override destroy(id: string, done?: (error?: unknown) => void): void {
    this.ops += 1
    this.#sessions.delete(id)
    if (done) setImmediate(done)
  }

  override touch(id: string, data: session.SessionData, done?: () => void): void {
    this.ops += 1
    if (this.#sessions.has(id)) this.#sessions.set(id, JSON.stringify(data))
    if (done) setImmediate(done)
  }
}
