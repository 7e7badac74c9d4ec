import { randomBytes } from 'node:crypto'
import type { TwilioVerification } from './verifications.js'

interface Attempt {
  readonly sid: string
  readonly verification: TwilioVerification
  /** What became of it: 0 for a match, else one of Twilio's codes; 60519 as long as nobody opened it. */
  code: number
}

interface Network {
  readonly token: string
  readonly attempts: Attempt[]
}

/**
 * Silent network authentication: a URL for each attempt, and one client token for each Verification,
 * as the number has one Verification at a time.
 */
export class SnaAttempts {
  readonly #byUrl = new Map<string, Attempt>()
  readonly #networks = new WeakMap<TwilioVerification, Network>()

  /** @returns the path of the URL that the device opens */
  open(verification: TwilioVerification, sid: string): string {
    const network = this.#networks.get(verification) ?? { token: randomBytes(24).toString('base64url'), attempts: [] }
    this.#networks.set(verification, network)
    const attempt = { sid, verification, code: 60519 }
    network.attempts.push(attempt)
    const id = randomBytes(16).toString('hex')
    this.#byUrl.set(id, attempt)
    return `/m/id/${id}`
  }

  /** Good once. */
  take(id: string): Attempt | undefined {
    const attempt = this.#byUrl.get(id)
    this.#byUrl.delete(id)
    return attempt
  }

  tokenOf(verification: TwilioVerification): string | undefined {
    return this.#networks.get(verification)?.token
  }

  isMatched(verification: TwilioVerification): boolean {
    return this.#networks.get(verification)?.attempts.some(({ code }) => code === 0) ?? false
  }

  failuresOf(verification: TwilioVerification): { attempt_sid: string; code: number }[] {
    const attempts = this.#networks.get(verification)?.attempts ?? []
    return attempts.filter(({ code }) => code !== 0).map(({ sid, code }) => ({ attempt_sid: sid, code }))
  }
}
