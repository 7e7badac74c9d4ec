import type { Clock, Deadline } from '../../contracts/clock.js'
import { deadlineIn } from '../../lib/clock.js'

/** Renewed this long before it expires, so that no call leaves with a token that dies on the way. */
const marginSeconds = 60
/** How long a token request may take, whoever waits for it. */
const renewalMs = 12_000
/** A vendor that names no believable lifetime gets one that is safe on both sides. */
const lifetimeSeconds = { min: 1, max: 3600 }

export interface Token {
  value: string
  /** As the vendor said it; anything but a positive number is taken as the shortest lifetime. */
  expiresInSeconds: unknown
}

export interface TokenSource {
  /** A token that is good for at least the time of a call. Concurrent callers share one request for it. */
  get(): Promise<string>
  /** Says that the vendor refused this token. The next `get` fetches another, unless somebody did so already. */
  refuse(token: string): void
}

/** Keeps one token of one scope. A failed request is not kept: the next caller asks again. */
export function tokenSource(fetchToken: (deadline: Deadline) => Promise<Token>, clock: Clock): TokenSource {
  let current: { value: string; renewAt: number } | undefined
  let inFlight: Promise<string> | undefined

  async function renew(deadline: Deadline): Promise<string> {
    const { value, expiresInSeconds } = await fetchToken(deadline)
    const seconds =
      typeof expiresInSeconds === 'number' && expiresInSeconds > 0 ? expiresInSeconds : lifetimeSeconds.min
    const lifetime = Math.min(seconds, lifetimeSeconds.max)
    // Short-lived tokens keep half their life: a fixed margin would make each one stale on arrival.
    current = { value, renewAt: clock.now() + (lifetime - Math.min(marginSeconds, lifetime / 2)) * 1000 }
    return value
  }

  return {
    async get() {
      if (current && clock.now() < current.renewAt) return current.value
      // Not the first caller's deadline, which may be about to end: those who wait are held to their own.
      inFlight ??= renew(deadlineIn(renewalMs, clock)).finally(() => {
        inFlight = undefined
      })
      return inFlight
    },
    refuse(token) {
      if (current?.value === token) current = undefined
    },
  }
}
