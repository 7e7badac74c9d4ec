import type { Clock } from 'passport-phonecheck'

export type Party =
  | 'Page'
  | 'App'
  | 'IDlayr'
  | 'iDenfy'
  | 'Vonage'
  | 'Twilio'
  | 'Operator'
  | 'Google'
  | 'Gateway'
  | 'Phone'

/** What the page shows of one step. Holds no code, handle, token or whole number. */
export interface LogEntry {
  readonly id: number
  /** Milliseconds since the epoch, by the demo's clock. */
  readonly at: number
  /** A request, an event of the library, or something that the visitor changed. */
  readonly kind: 'request' | 'event' | 'mark'
  readonly from?: Party
  readonly to?: Party
  /** Method and path of a request, or the type of an event. */
  readonly what?: string
  /** HTTP status or the name of an error; null while there is no answer. */
  readonly status?: number | string | null
  /** One sentence in plain words. */
  readonly note: string
  /** Whether a new login begins here. */
  readonly begins?: boolean
  /** How often it was done, for questions that are asked again and again. */
  readonly times?: number
}

export type LogListener = (entry: LogEntry | 'cleared') => void

/** A visit takes a few dozen steps; a demo left open for days must not grow. */
const maxEntries = 300

/** Everything that happened, in the order in which it began. */
export class ProtocolLog {
  readonly #clock: Clock
  readonly #listeners = new Set<LogListener>()
  #entries: LogEntry[] = []
  #lastId = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get entries(): readonly LogEntry[] {
    return this.#entries
  }

  /** A step with `times` is added once, and counted from then on. */
  add(step: Omit<LogEntry, 'id' | 'at'>): LogEntry {
    const repeated = step.times === undefined ? undefined : this.#repeated(step)
    if (repeated)
      return this.settle(repeated, { status: step.status ?? null, note: step.note, times: (repeated.times ?? 1) + 1 })
    this.#lastId += 1
    const entry = { id: this.#lastId, at: this.#clock.now(), ...step }
    this.#entries.push(entry)
    if (this.#entries.length > maxEntries) this.#entries.shift()
    this.#tell(entry)
    return entry
  }

  /**
   * Adds the answer to a request that was shown when it began: to its own row when nothing has
   * happened since, else in a row of its own, so that it stands below the calls that decided it.
   */
  answer(begun: LogEntry, status: LogEntry['status'], note: string): void {
    const { id, kind, from, to, what, times } = begun
    if (!this.#entries.some((entry) => entry.id === id)) return
    const isNewest = this.#entries.at(-1)?.id === id
    if (isNewest || times !== undefined) {
      this.settle(begun, { status: status ?? null, note: `${begun.note} ${note}` })
      return
    }
    this.settle(begun, { status: '' })
    this.add({
      kind,
      ...(to && { from: to }),
      ...(from && { to: from }),
      ...(what && { what }),
      status: status ?? null,
      note,
    })
  }

  /** Adds what became of a step that was shown when it began. */
  settle(begun: LogEntry, outcome: Partial<Pick<LogEntry, 'status' | 'note' | 'times'>>): LogEntry {
    const known = this.#entries.find(({ id }) => id === begun.id)
    // The log was cleared since: the rest of what went before is not wanted in the new one.
    if (!known) return begun
    const entry = { ...known, ...outcome }
    this.#entries = this.#entries.map((known) => (known.id === begun.id ? entry : known))
    this.#tell(entry)
    return entry
  }

  /** The same question, if nothing but such questions has happened since. */
  #repeated({ from, what }: Omit<LogEntry, 'id' | 'at'>): LogEntry | undefined {
    const since = this.#entries.findLastIndex(({ times }) => times === undefined)
    return this.#entries.slice(since + 1).find((entry) => entry.from === from && entry.what === what)
  }

  clear(): void {
    this.#entries = []
    this.#tell('cleared')
  }

  subscribe(listener: LogListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #tell(entry: LogEntry | 'cleared'): void {
    for (const listener of this.#listeners) listener(entry)
  }
}
