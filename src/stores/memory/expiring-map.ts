import { append, ExpiryQueue, type Queued, unlink } from './expiry-queue.js'

/**
 * A bounded map whose entries expire in insertion order: one {@link ExpiryQueue} per distinct time
 * to live, no timer per entry, no scan over what is alive. It never drops a live entry; whoever
 * adds asks {@link ExpiringMap.hasRoomFor} first. `now` is in milliseconds of one clock throughout.
 */
export class ExpiringMap<Item extends Queued<Item>> {
  readonly #limit: number
  readonly #items = new Map<string, Item>()
  readonly #lanes = new Map<number, ExpiryQueue<Item>>()
  /** Nothing expires before this instant. A lower bound, so that most sweeps end at one comparison. */
  #nextExpiry = Number.POSITIVE_INFINITY
  // A sweep goes round the lanes and may stop anywhere, so it keeps its place and the earliest
  // expiry seen in this round. A lane that is new during the round comes last in the Map, and what
  // joins a lane expires after its oldest: the round misses nothing.
  #round = this.#lanes.values()
  #roundExpiry = Number.POSITIVE_INFINITY
  #lane: ExpiryQueue<Item> | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many entries are held, expired ones that were not swept yet included. */
  get size(): number {
    return this.#items.size
  }

  /** The earliest instant at which a sweep may find something; Infinity when empty. */
  get nextExpiry(): number {
    return this.#items.size === 0 ? Number.POSITIVE_INFINITY : this.#nextExpiry
  }

  /** @returns the live entry; one at or past its time to live is gone, swept or not. */
  get(key: string, now: number): Item | undefined {
    const item = this.#items.get(key)
    if (item === undefined || expiry(item) > now) return item
    this.delete(item)
    return undefined
  }

  /** The live entries. */
  *live(now: number): Generator<Item> {
    for (const item of this.#items.values()) if (expiry(item) > now) yield item
  }

  /** @returns whether `count` more entries fit, once as many expired ones as needed are swept. */
  hasRoomFor(count: number, now: number): boolean {
    while (this.#items.size + count > this.#limit && now >= this.nextExpiry) this.sweep(now, 1)
    return this.#items.size + count <= this.#limit
  }

  /** How many more fit, once as many expired ones are swept as make room for `enough`. */
  room(enough: number, now: number): number {
    this.hasRoomFor(enough, now)
    return this.#limit - this.#items.size
  }

  /** Adds an entry whose key is not held, or starts a new time to live for one that is. */
  place(item: Item, ttlMs: number): void {
    // First, because a Map refuses when it reaches the engine's own limit.
    this.#items.set(item.key, item)
    if (item.lane) this.#leave(item.lane, item)
    let lane = this.#lanes.get(ttlMs)
    if (!lane) {
      lane = new ExpiryQueue(ttlMs)
      this.#lanes.set(ttlMs, lane)
    }
    append(lane, item)
    this.#nextExpiry = Math.min(this.#nextExpiry, expiry(item))
  }

  delete(item: Item): void {
    this.#items.delete(item.key)
    if (item.lane) this.#leave(item.lane, item)
  }

  /**
   * Drops expired entries in at most `steps` steps of constant cost; a step drops one entry or goes
   * on to the next lane.
   * @returns how many entries it dropped.
   */
  sweep(now: number, steps: number): number {
    const before = this.#items.size
    for (let step = 0; step < steps && now >= this.nextExpiry; step++) {
      const oldest = this.#lane?.oldest
      if (oldest && expiry(oldest) <= now) {
        this.delete(oldest)
        continue
      }
      if (oldest) this.#roundExpiry = Math.min(this.#roundExpiry, expiry(oldest))
      this.#goOn()
    }
    return before - this.#items.size
  }

  #goOn(): void {
    const next = this.#round.next()
    this.#lane = next.value
    if (!next.done) return
    this.#nextExpiry = this.#roundExpiry
    this.#roundExpiry = Number.POSITIVE_INFINITY
    this.#round = this.#lanes.values()
  }

  #leave(lane: ExpiryQueue<Item>, item: Item): void {
    unlink(lane, item)
    if (lane.oldest === undefined) this.#lanes.delete(lane.ttlMs)
  }
}

function expiry<Item extends Queued<Item>>(item: Item): number {
  return item.since + (item.lane?.ttlMs ?? 0)
}
