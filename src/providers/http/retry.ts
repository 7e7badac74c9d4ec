import { randomInt } from 'node:crypto'
import type { Clock, Deadline } from '../../contracts/clock.js'
import type { VendorResponse } from './client.js'
import { TransportError, toTransportError } from './transport.js'

/** What a vendor call does, which decides what may be repeated. */
export type CallKind = 'token' | 'create' | 'redeem' | 'read' | 'send'

export type Attempt = TransportError | VendorResponse

interface Rule {
  times: number
  when(attempt: Attempt): boolean
}

const isTransport = (attempt: Attempt): attempt is TransportError => attempt instanceof TransportError
const serverFault = (attempt: Attempt) => !isTransport(attempt) && attempt.status >= 500 && attempt.status !== 501

/**
 * May a call be made again? Only where a second one cannot cost money or burn a try.
 *
 * | call | repeated | when |
 * |---|---|---|
 * | token, read | twice | it was lost, or 5xx |
 * | create | once | not connected, connection lost, 502, 503, 504; a lost check dies by itself and is not billed |
 * | redeem | once | its outcome is unknown: sent and lost, or 5xx |
 * | send | once | it was never sent |
 */
const rules: Record<CallKind, Rule> = {
  token: { times: 2, when: (attempt) => isTransport(attempt) || serverFault(attempt) },
  read: { times: 2, when: (attempt) => isTransport(attempt) || serverFault(attempt) },
  create: {
    times: 1,
    when: (attempt) =>
      isTransport(attempt)
        ? attempt.kind === 'connect' || attempt.kind === 'reset'
        : [502, 503, 504].includes(attempt.status),
  },
  redeem: { times: 1, when: outcomeUnknown },
  send: { times: 1, when: (attempt) => isTransport(attempt) && !attempt.sent },
}

function mayRepeat(kind: CallKind, attempt: Attempt, repeats: number): boolean {
  if (isTransport(attempt) && attempt.kind === 'overload') return false
  return repeats < rules[kind].times && rules[kind].when(attempt)
}

/**
 * Makes a call, and again where {@link mayRepeat} allows it.
 * @param call made anew for each attempt, as what proves who we are may be good for one only
 * @param onRepeat told of each attempt that another one follows
 * @returns the last answer whatever its status, or how it was lost
 */
export async function withRepeats(
  kind: CallKind,
  { clock, deadline }: { clock: Clock; deadline: Deadline },
  call: () => Promise<VendorResponse>,
  onRepeat?: (attempt: Attempt) => void,
): Promise<Attempt> {
  for (let repeats = 0; ; repeats++) {
    const attempt = await call().catch(toTransportError)
    if (!mayRepeat(kind, attempt, repeats) || deadline.leftMs() <= 0) return attempt
    onRepeat?.(attempt)
    await clock.delay(backoffMs(repeats))
  }
}

/** Whether the vendor may have acted although we do not know with what result. */
export function outcomeUnknown(attempt: Attempt): boolean {
  return isTransport(attempt) ? attempt.sent && attempt.kind !== 'too_large' : serverFault(attempt)
}

/** Full jitter, 100 ms doubling to 1 s: many processes that failed together must not return together. */
function backoffMs(repeats: number): number {
  return randomInt(Math.min(1_000, 100 * 2 ** repeats) + 1)
}
