import type { SimulatorClock } from '../state/clock.js'

export interface Rate {
  readonly headers: Record<string, string>
  /** Set when this call is one too many. */
  readonly retryAfterSeconds?: number
}

const hourMs = 3_600_000

/** Counts each client's calls per clock hour. */
export class Rates {
  readonly #clock: SimulatorClock
  readonly #limit: () => number
  readonly #used = new Map<string, number>()
  #hour = 0

  constructor(clock: SimulatorClock, limit: () => number) {
    this.#clock = clock
    this.#limit = limit
  }

  hit(clientId: string): Rate {
    const now = this.#clock.now()
    const hour = Math.floor(now / hourMs)
    if (hour !== this.#hour) {
      this.#hour = hour
      this.#used.clear()
    }
    const used = (this.#used.get(clientId) ?? 0) + 1
    this.#used.set(clientId, used)
    const limit = this.#limit()
    const resetMs = (hour + 1) * hourMs
    const headers = {
      'X-RateLimit-Limit': String(limit),
      'X-RateLimit-Remaining': String(Math.max(0, limit - used)),
      'X-RateLimit-Reset': String(resetMs / 1000),
    }
    return used > limit ? { headers, retryAfterSeconds: Math.ceil((resetMs - now) / 1000) } : { headers }
  }
}
