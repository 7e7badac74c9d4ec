import { publicPath } from '../phones/number.js'
import type { SimulatorClock } from '../state/clock.js'
import { Listeners } from './listeners.js'
import { callMatcher } from './match.js'

/** One call to a simulated vendor. Holds no token, code, number or query; the check id may be in the path. */
export interface RequestRecord {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** HTTP status; null as long as, or because, nothing was answered. */
  readonly status: number | null
  readonly from: 'server' | 'device'
  /** Arrival, milliseconds since the epoch on the simulator's clock. */
  readonly at: number
  /** Whether a vendor SDK's header was on the request. */
  readonly sdk: boolean
  /** Whether a fault of `sim.fault` had its hands in this call. */
  readonly faulted: boolean
}

export type RequestListener = (record: RequestRecord) => void

type Draft = { -readonly [Key in keyof RequestRecord]: RequestRecord[Key] }

// A simulator that runs for days must not grow for ever.
const maxRecords = 100_000

export class RequestLog {
  readonly records: RequestRecord[] = []
  readonly #clock: SimulatorClock
  readonly #listeners = new Listeners<RequestRecord>()

  constructor(clock: SimulatorClock) {
    this.#clock = clock
  }

  /** Counts the call on arrival, so that one left hanging is counted too. */
  begin(call: { method: string; path: string; from: 'server' | 'device'; sdk: boolean }): Draft {
    const record: Draft = { ...call, path: publicPath(call.path), status: null, at: this.#clock.now(), faulted: false }
    this.records.push(record)
    if (this.records.length > maxRecords) this.records.shift()
    return record
  }

  settle(record: Draft, status: number | null): void {
    record.status = status
    this.#listeners.emit(record)
  }

  count(pattern: string): number {
    const matches = callMatcher(pattern)
    return this.records.filter((record) => matches(record.method, record.path)).length
  }

  subscribe(listener: RequestListener): () => void {
    return this.#listeners.add(listener)
  }
}
