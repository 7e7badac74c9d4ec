import type { CounterState } from '../counter-state.js'
import type { ExpiryQueue, Queued } from './expiry-queue.js'

// All fields are set at once and in one order, so that a million entries share one hidden class and stay small.

/** One record of a `MemoryStore`. */
export class HeldRecord implements Queued<HeldRecord> {
  readonly key: string
  record: string
  version = 1
  since: number
  lane: ExpiryQueue<HeldRecord> | undefined = undefined
  older: HeldRecord | undefined = undefined
  newer: HeldRecord | undefined = undefined

  constructor(key: string, record: string, since: number) {
    this.key = key
    this.record = inOnePiece(record)
    this.since = since
  }

  /** The next version. */
  replace(record: string): void {
    this.record = inOnePiece(record)
    this.version += 1
  }
}

/**
 * JSON.stringify returns a chain of pieces, 140 bytes longer than its text, which V8 joins only
 * when somebody reads in it.
 */
function inOnePiece(text: string): string {
  return Number.isNaN(text.charCodeAt(0)) ? '' : text
}

/** One counter of a `MemoryStore`. */
export class HeldCounter implements Queued<HeldCounter>, CounterState {
  readonly key: string
  count = 0
  level = 0
  since = 0
  lane: ExpiryQueue<HeldCounter> | undefined = undefined
  older: HeldCounter | undefined = undefined
  newer: HeldCounter | undefined = undefined

  constructor(key: string) {
    this.key = key
  }

  get keepMs(): number {
    return this.lane?.ttlMs ?? 0
  }

  /** Takes over all but the lifetime, which is its lane's. */
  set(tally: CounterState): void {
    this.count = tally.count
    this.level = tally.level
    this.since = tally.since
  }
}
