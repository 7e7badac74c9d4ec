import { type CallMatcher, callMatcher } from './match.js'
import type { JsonObject } from './reply.js'

/** What goes wrong, for which calls. Parts combine where that makes sense. */
export interface Fault {
  /**
   * Calls it hits: `PATCH /phone_check/v0.2/checks/*`; `*` is one path segment, `**` any rest, the
   * method may be left out.
   */
  match: string
  /** How many calls it spoils. Default: all, until removed. */
  times?: number
  /** Milliseconds on the simulator's clock between the processing and the answer. */
  delayMs?: number
  /** Answers this status. From 400 on, or with a `body`, the call is not processed unless `processed` says so. */
  status?: number
  /** Added to the answer's headers. */
  headers?: Record<string, string>
  /** Answered in place of the real body: text as it is, anything else as JSON. */
  body?: string | JsonObject | readonly unknown[]
  /** Whether the vendor acts on the call although the answer is made up. */
  processed?: boolean
  /** Changes the real JSON answer. */
  patchBody?: (body: JsonObject) => JsonObject
  /** Announces the whole body, sends half of it and closes. */
  truncate?: boolean
  /** Sends the body byte by byte, one each so many milliseconds of the simulator's clock. */
  dripMs?: number
  /** Never answers; not processed. */
  hang?: true
  /** Resets the connection before the call was processed, or after it and before the answer. */
  reset?: 'before' | 'after'
  /** Answers a JSON body of so many bytes, without announcing its length; not processed unless `processed`. */
  hugeBody?: number
}

/** A fault at work. */
export interface FaultHandle {
  /** Calls that were faulted so far. */
  readonly hits: number
  /** Ends it; calls that it has in hand stay faulted. */
  remove(): void
}

interface Entry {
  readonly fault: Fault
  readonly matches: CallMatcher
  hits: number
}

export class FaultList {
  #entries: Entry[] = []

  /** @throws TypeError that names the part that is wrong. */
  add(fault: Fault): FaultHandle {
    const complaint = faultComplaint(fault)
    if (complaint !== undefined) throw new TypeError(`fault: ${complaint}`)
    const entry: Entry = { fault: { ...fault }, matches: callMatcher(fault.match), hits: 0 }
    this.#entries.push(entry)
    return {
      get hits() {
        return entry.hits
      },
      remove: () => {
        this.#entries = this.#entries.filter((other) => other !== entry)
      },
    }
  }

  clear(): void {
    this.#entries = []
  }

  /** The oldest fault that waits for this call; it counts as hit. */
  take(method: string, path: string): Fault | undefined {
    const entry = this.#entries.find(
      ({ fault, matches, hits }) => hits < (fault.times ?? Number.POSITIVE_INFINITY) && matches(method, path),
    )
    if (entry !== undefined) entry.hits += 1
    return entry?.fault
  }
}

const isNumberFrom =
  (low: number, high = Number.MAX_SAFE_INTEGER) =>
  (value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high
const isBoolean = (value: unknown) => typeof value === 'boolean'

const parts: { readonly [Part in keyof Fault]-?: (value: unknown) => boolean } = {
  match: (value) => typeof value === 'string',
  times: isNumberFrom(1),
  delayMs: isNumberFrom(0),
  status: isNumberFrom(200, 599),
  headers: (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every((header) => typeof header === 'string'),
  body: (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
  processed: isBoolean,
  patchBody: (value) => typeof value === 'function',
  truncate: isBoolean,
  dripMs: isNumberFrom(1),
  hang: (value) => value === true,
  reset: (value) => value === 'before' || value === 'after',
  hugeBody: isNumberFrom(1),
}

/** What is wrong with a fault that came from outside, or undefined. */
export function faultComplaint(fault: object): string | undefined {
  if (!('match' in fault)) return 'match is missing'
  for (const [name, value] of Object.entries(fault)) {
    if (!Object.hasOwn(parts, name)) return `unknown field "${name}"`
    if (value !== undefined && !parts[name as keyof Fault](value)) return `bad value for "${name}"`
  }
  return undefined
}
