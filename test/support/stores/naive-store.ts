import type { Clock } from '../../../src/contracts/clock.js'
import type { CountResult, Hit, Store, StoredRecord } from '../../../src/contracts/store.js'

interface Row {
  record: string
  version: number
  insertedAt: number
  endsAt: number
}

interface Window {
  hits: number
  endsAt: number
}

interface Lock {
  hits: number
  length: number
  shortest: number
  closedUntil: number
  forgottenAt: number
}

/**
 * The contract, written down as plainly as possible: copies everything, sweeps everything, keeps no
 * order. What `MemoryStore` is compared with.
 */
export class NaiveStore implements Store {
  protected rows = new Map<string, Row>()
  protected windows = new Map<string, Window>()
  protected locks = new Map<string, Lock>()
  protected readonly clock: Pick<Clock, 'now'>

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock
  }

  async insert(key: string, record: string, ttlSeconds: number): Promise<boolean> {
    this.forget()
    if (this.rows.has(key)) return false
    this.keep(key, record, ttlSeconds)
    return true
  }

  async find(key: string): Promise<StoredRecord | undefined> {
    this.forget()
    const row = this.rows.get(key)
    return row && { record: row.record, version: row.version, ageMs: this.clock.now() - row.insertedAt }
  }

  async replace(key: string, expectedVersion: number, record: string): Promise<boolean> {
    this.forget()
    const row = this.rows.get(key)
    if (!row || row.version !== expectedVersion) return false
    this.rows.set(key, { ...row, record, version: row.version + 1 })
    return true
  }

  async remove(key: string): Promise<void> {
    this.rows.delete(key)
    this.windows.delete(key)
    this.locks.delete(key)
  }

  async count(hits: readonly Hit[]): Promise<CountResult> {
    return this.countNow(hits)
  }

  protected countNow(hits: readonly Hit[]): CountResult {
    this.forget()
    const before = { windows: structuredClone(this.windows), locks: structuredClone(this.locks) }
    for (const hit of hits) {
      const seconds = hit.maxWindowSeconds === undefined ? this.hitWindow(hit) : this.hitLock(hit, hit.maxWindowSeconds)
      if (seconds === 0) continue
      Object.assign(this, before)
      return { allowed: false, key: hit.key, retryAfterSeconds: seconds }
    }
    // What was given back to nothing is nothing.
    for (const [key, { hits }] of this.windows) if (hits === 0) this.windows.delete(key)
    for (const [key, { hits, length, shortest }] of this.locks)
      if (hits === 0 && length === shortest) this.locks.delete(key)
    return { allowed: true }
  }

  async insertCharged(
    key: string,
    record: string,
    ttlSeconds: number,
    hits: readonly Hit[],
  ): Promise<CountResult | 'taken'> {
    this.forget()
    if (this.rows.has(key)) return 'taken'
    const verdict = this.countNow(hits)
    if (verdict.allowed) this.keep(key, record, ttlSeconds)
    return verdict
  }

  protected keep(key: string, record: string, ttlSeconds: number): void {
    const now = this.clock.now()
    this.rows.set(key, { record, version: 1, insertedAt: now, endsAt: now + ttlSeconds * 1000 })
  }

  protected hitWindow({ key, limit, windowSeconds, cost = 1 }: Hit): number {
    const now = this.clock.now()
    const window = this.windows.get(key)
    if (cost === -1) {
      if (window) window.hits = Math.max(0, window.hits - 1)
      return 0
    }
    if ((window?.hits ?? 0) + 1 > limit)
      return Math.ceil(((window?.hits ? window.endsAt : now + windowSeconds * 1000) - now) / 1000)
    if (cost === 0) return 0
    if (window) window.hits++
    else this.windows.set(key, { hits: 1, endsAt: now + windowSeconds * 1000 })
    return 0
  }

  protected hitLock({ key, limit, windowSeconds, cost = 1 }: Hit, maxWindowSeconds: number): number {
    const now = this.clock.now()
    const lock = this.locks.get(key) ?? {
      hits: 0,
      length: windowSeconds,
      shortest: windowSeconds,
      closedUntil: 0,
      forgottenAt: now + maxWindowSeconds * 1000,
    }
    if (lock.closedUntil > 0 && lock.closedUntil <= now)
      Object.assign(lock, { hits: 0, closedUntil: 0, length: lock.length * 2 })
    if (cost === -1) {
      Object.assign(lock, { hits: Math.max(0, lock.hits - 1), closedUntil: 0 })
      return 0
    }
    if (limit === 0) return windowSeconds
    if (lock.closedUntil > now) return Math.ceil((lock.closedUntil - now) / 1000)
    if (cost === 0) return 0
    lock.hits++
    if (lock.hits === limit) lock.closedUntil = now + Math.min(lock.length, maxWindowSeconds) * 1000
    const wasClosed = lock.closedUntil > 0 || lock.length > lock.shortest
    lock.forgottenAt = Math.max(now, lock.closedUntil) + (wasClosed ? 12 : 1) * maxWindowSeconds * 1000
    this.locks.set(key, lock)
    return 0
  }

  private forget(): void {
    const now = this.clock.now()
    for (const [key, { endsAt }] of this.rows) if (endsAt <= now) this.rows.delete(key)
    for (const [key, { endsAt }] of this.windows) if (endsAt <= now) this.windows.delete(key)
    for (const [key, { forgottenAt }] of this.locks) if (forgottenAt <= now) this.locks.delete(key)
  }
}
