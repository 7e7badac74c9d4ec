import { randomBytes } from 'node:crypto'
import type { SimulatorClock } from '../state/clock.js'

/** What a bearer token allows. */
export interface Grant {
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export class Tokens {
  readonly ttlSeconds: number
  readonly #clock: SimulatorClock
  readonly #grants = new Map<string, Grant>()

  constructor(clock: SimulatorClock, ttlSeconds: number) {
    this.#clock = clock
    this.ttlSeconds = ttlSeconds
  }

  issue(clientId: string, scopes: readonly string[]): string {
    this.#sweep()
    const token = randomBytes(32).toString('base64url')
    this.#grants.set(token, { clientId, scopes, expiresAt: this.#clock.now() + this.ttlSeconds * 1000 })
    return token
  }

  /** The grant of a token that is known and not expired. */
  find(token: string): Grant | undefined {
    const grant = this.#grants.get(token)
    return grant !== undefined && this.#clock.now() < grant.expiresAt ? grant : undefined
  }

  revoke(token: string, clientId: string): void {
    if (this.#grants.get(token)?.clientId === clientId) this.#grants.delete(token)
  }

  expireAll(): void {
    this.#grants.clear()
  }

  // All tokens live equally long, so the oldest are first.
  #sweep(): void {
    for (const [token, grant] of this.#grants) {
      if (grant.expiresAt > this.#clock.now()) break
      this.#grants.delete(token)
    }
  }
}
