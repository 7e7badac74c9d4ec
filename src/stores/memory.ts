import type { Clock } from '../contracts/clock.js'
import type { CountResult, Hit, Store, StoredRecord } from '../contracts/store.js'
import { isClock, systemClock } from '../lib/clock.js'
import { knownOptions } from '../lib/options.js'
import { type CounterState, charge, secondsUntilFit, tallyAt } from './counter-state.js'
import { HeldCounter, HeldRecord } from './memory/entries.js'
import { ExpiringMap } from './memory/expiring-map.js'

export interface MemoryStoreOptions {
  /**
   * Live records at most; a whole number from 1 to 10,000,000. One login attempt takes one, or two
   * with a webhook. As many again of those that live longer than an hour, such as refresh tokens:
   * they never take the room of logins. Default 10,000.
   */
  maxRecords?: number
  /**
   * Live counters at most; a whole number from 1 to 10,000,000. Each number and each address in use
   * takes a few. Default 50,000.
   */
  maxCounters?: number
  /** Where time comes from. Default: the monotonic clock of this process. */
  clock?: Clock
}

/**
 * Expired entries dropped on the way by each call that may add one: more than it adds, so that the
 * store shrinks under load.
 */
const stepsPerCall = 8
/** Entries dropped by the timer before it lets other work run: well below a millisecond. */
const stepsPerSlice = 1000
/** Logins live ten minutes, refresh tokens days. */
const briefMs = 3_600_000
const shortestWaitMs = 1000
const longestWaitMs = 600_000

/**
 * Keeps flows and counters in this process: for development, tests and apps of one process. Several
 * processes need a store that they share, and a restart forgets open logins and locks.
 *
 * Bounded: when `maxRecords` or `maxCounters` live entries are held, whatever needs another one
 * rejects (`code: 'FULL'`), and none is evicted to make room. While it is nearly full, the network
 * that fills it is refused first.
 *
 * Every method is atomic because no `await` stands between what it reads and what it writes. Keep it so.
 */
export class MemoryStore implements Store {
  readonly #clock: Clock
  readonly #records: ExpiringMap<HeldRecord>
  /**
   * Those that live longer than {@link briefMs}. What is there for a month must not keep out what
   * is there for minutes.
   */
  readonly #lasting: ExpiringMap<HeldRecord>
  readonly #counters: ExpiringMap<HeldCounter>
  readonly #maxRecords: number
  readonly #maxCounters: number
  #sweeping = false

  /** @throws TypeError when an option is out of range or unknown */
  constructor(options: MemoryStoreOptions = {}) {
    knownOptions('MemoryStore', options, ['maxRecords', 'maxCounters', 'clock'])
    this.#maxRecords = bound('maxRecords', options.maxRecords ?? 10_000)
    this.#maxCounters = bound('maxCounters', options.maxCounters ?? 50_000)
    this.#records = new ExpiringMap(this.#maxRecords)
    this.#lasting = new ExpiringMap(this.#maxRecords)
    this.#counters = new ExpiringMap(this.#maxCounters)
    this.#clock = checked(options.clock ?? systemClock)
  }

  async insert(key: string, record: string, ttlSeconds: number): Promise<boolean> {
    const ttlMs = milliseconds('ttlSeconds', ttlSeconds)
    const now = this.#clock.now()
    const shelf = this.#shelf(ttlMs)
    shelf.sweep(now, stepsPerCall)
    if (this.#held(key, now)) return false
    if (!shelf.hasRoomFor(1, now)) throw full('records', 'maxRecords')
    shelf.place(new HeldRecord(key, record, now), ttlMs)
    this.#sweepLater()
    return true
  }

  async find(key: string): Promise<StoredRecord | undefined> {
    const now = this.#clock.now()
    const held = this.#held(key, now)
    return held && { record: held.record, version: held.version, ageMs: Math.floor(now - held.since) }
  }

  async replace(key: string, expectedVersion: number, record: string): Promise<boolean> {
    // No await between the look and the write: nothing else of this process runs in between.
    const held = this.#held(key, this.#clock.now())
    if (held?.version !== expectedVersion) return false
    held.replace(record)
    return true
  }

  async remove(key: string): Promise<void> {
    const now = this.#clock.now()
    for (const shelf of [this.#records, this.#lasting]) {
      const record = shelf.get(key, now)
      if (record) shelf.delete(record)
    }
    const counter = this.#counters.get(key, now)
    if (counter) this.#counters.delete(counter)
  }

  async diagnose(): Promise<{ advice: string[] }> {
    // Of Node's cluster, PM2, and hosts that start several processes.
    const { NODE_UNIQUE_ID, NODE_APP_INSTANCE, WEB_CONCURRENCY = '1' } = process.env
    const isOneOfMany = NODE_UNIQUE_ID !== undefined || NODE_APP_INSTANCE !== undefined || Number(WEB_CONCURRENCY) > 1
    const advice =
      'MemoryStore is for one process, and this is one of several: a login that begins in one cannot finish in another. Use RedisStore or PostgresStore.'
    return { advice: isOneOfMany ? [advice] : [] }
  }

  async search(text: string, most: number): Promise<string[]> {
    const now = this.#clock.now()
    const keys = new Set<string>()
    for (const held of [this.#records, this.#lasting, this.#counters]) {
      for (const item of held.live(now)) {
        if (keys.size >= most) break
        if (item.key.includes(text) || ('record' in item && item.record.includes(text))) keys.add(item.key)
      }
    }
    return [...keys]
  }

  async count(hits: readonly Hit[]): Promise<CountResult> {
    const now = this.#clock.now()
    this.#counters.sweep(now, stepsPerCall)
    const judged = this.#judge(hits, now)
    if (!(judged instanceof Map)) return judged
    const crowded = this.#crowdedBy(hits, judged, undefined, now)
    if (crowded) return crowded
    this.#makeRoom(judged, now)
    this.#keep(judged, now)
    return { allowed: true }
  }

  async insertCharged(
    key: string,
    record: string,
    ttlSeconds: number,
    hits: readonly Hit[],
  ): Promise<CountResult | 'taken'> {
    const ttlMs = milliseconds('ttlSeconds', ttlSeconds)
    const now = this.#clock.now()
    this.#counters.sweep(now, stepsPerCall)
    const shelf = this.#shelf(ttlMs)
    shelf.sweep(now, stepsPerCall)
    const judged = this.#judge(hits, now)
    if (!(judged instanceof Map)) return judged
    if (this.#held(key, now)) return 'taken'
    const crowded = this.#crowdedBy(hits, judged, shelf, now)
    if (crowded) return crowded
    // Both rooms are looked at before either is entered.
    if (!shelf.hasRoomFor(1, now)) throw full('records', 'maxRecords')
    this.#makeRoom(judged, now)
    this.#keep(judged, now)
    shelf.place(new HeldRecord(key, record, now), ttlMs)
    return { allowed: true }
  }

  #shelf(ttlMs: number): ExpiringMap<HeldRecord> {
    return ttlMs > briefMs ? this.#lasting : this.#records
  }

  #held(key: string, now: number): HeldRecord | undefined {
    return this.#records.get(key, now) ?? this.#lasting.get(key, now)
  }

  /**
   * @returns the first refusal, or what will stand on each counter once all hits are charged.
   * Nothing is written yet.
   */
  #judge(hits: readonly Hit[], now: number): CountResult | Map<string, CounterState> {
    // Drafts first, so that a refusal leaves nothing behind and a key that is named twice sees its own earlier charge.
    const drafts = new Map<string, CounterState>()
    for (const hit of hits) {
      milliseconds('windowSeconds', hit.windowSeconds)
      if (hit.maxWindowSeconds !== undefined) milliseconds('maxWindowSeconds', hit.maxWindowSeconds)
      const tally = tallyAt(drafts.get(hit.key) ?? this.#counters.get(hit.key, now), hit, now)
      const retryAfterSeconds = secondsUntilFit(tally, hit, now)
      if (retryAfterSeconds > 0) return { allowed: false, key: hit.key, retryAfterSeconds }
      const charged = charge(tally, hit, now)
      if (charged) drafts.set(hit.key, charged)
    }
    return drafts
  }

  /**
   * The place that fills the store is refused first, so that others find room: while less than a
   * quarter is free, no place may have charged more than an eighth of what is free. The more of it
   * somebody fills, the smaller the share becomes.
   */
  #crowdedBy(
    hits: readonly Hit[],
    drafts: ReadonlyMap<string, CounterState>,
    shelf: ExpiringMap<HeldRecord> | undefined,
    now: number,
  ): CountResult | undefined {
    const origin = hits.find((hit) => hit.origin && hit.cost !== -1)
    if (!origin) return undefined
    const isNew = (key: string) => !this.#counters.get(key, now)
    const rooms = [
      ...(shelf ? [[this.#maxRecords, shelf] as const] : []),
      ...([...drafts.keys()].some(isNew) ? [[this.#maxCounters, this.#counters] as const] : []),
    ]
    const tally = drafts.get(origin.key)
    for (const [max, held] of rooms) {
      const free = held.room(Math.ceil(max / 4), now)
      if (free >= max / 4 || (tally?.count ?? 0) <= Math.max(1, free / 8)) continue
      const waitMs = (tally?.since ?? now) + (tally?.keepMs ?? 0) - now
      return { allowed: false, key: origin.key, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) }
    }
    return undefined
  }

  #makeRoom(drafts: ReadonlyMap<string, CounterState>, now: number): void {
    let added = 0
    for (const key of drafts.keys()) if (!this.#counters.get(key, now)) added++
    if (added > 0 && !this.#counters.hasRoomFor(added, now)) throw full('counters', 'maxCounters')
  }

  #keep(drafts: ReadonlyMap<string, CounterState>, now: number): void {
    for (const [key, tally] of drafts) {
      const present = this.#counters.get(key, now)
      if (tally.count === 0 && tally.level === 0) {
        // Given back to nothing: a counter that says nothing must not take the room of one that does.
        if (present) this.#counters.delete(present)
        continue
      }
      const held = present ?? new HeldCounter(key)
      const { since, keepMs } = held
      held.set(tally)
      if (held.lane === undefined || since !== tally.since || keepMs !== tally.keepMs)
        this.#counters.place(held, tally.keepMs)
    }
    this.#sweepLater()
  }

  /** Arms the one timer there is, unless it runs. It stops when the store is empty and never keeps a process alive. */
  #sweepLater(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    void this.#sweepWhileAnyLeft()
  }

  async #sweepWhileAnyLeft(): Promise<void> {
    while (this.#records.size + this.#lasting.size + this.#counters.size > 0) {
      const waitMs =
        Math.min(this.#records.nextExpiry, this.#lasting.nextExpiry, this.#counters.nextExpiry) - this.#clock.now()
      await this.#clock.delay(waitMs <= 0 ? 0 : Math.min(Math.max(waitMs, shortestWaitMs), longestWaitMs))
      const now = this.#clock.now()
      this.#records.sweep(now, stepsPerSlice)
      this.#lasting.sweep(now, stepsPerSlice)
      this.#counters.sweep(now, stepsPerSlice)
    }
    this.#sweeping = false
  }
}

function bound(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 10_000_000) return value
  throw new TypeError(`MemoryStore: ${option} must be a whole number from 1 to 10,000,000`)
}

function checked(clock: Clock): Clock {
  if (isClock(clock)) return clock
  throw new TypeError('MemoryStore: clock must have the methods now() and delay()')
}

// A lifetime that is not a number would never end, and a lock with it would never hold.
function milliseconds(name: string, seconds: number): number {
  if (Number.isFinite(seconds) && seconds > 0) return seconds * 1000
  throw new TypeError(`MemoryStore: ${name} must be a finite number above 0`)
}

function full(what: string, option: string): Error {
  return Object.assign(
    new Error(`MemoryStore is full of live ${what}; raise ${option}, or use a store outside this process`),
    {
      code: 'FULL',
    },
  )
}
