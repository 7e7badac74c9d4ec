import { randomBytes } from 'node:crypto'
import type { SimulatorClock } from '../state/clock.js'

/** What a device was given at the authorization endpoint, bound to the request that asked for it. */
export interface CodeGrant {
  readonly clientId: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly nonce: string | null
  readonly challenge: string | null
  /** Number of the SIM that the network recognised, E.164 with plus. */
  readonly number: string
}

/** What a bearer token allows; without a number it is of a client alone. */
export interface CamaraToken {
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly number: string | null
}

interface Entry<Value> {
  readonly value: Value
  readonly expiresAt: number
  used: boolean
}

const maxEntries = 100_000
const tokenSeconds = 300

/** Codes and tokens of the operator's authorization server. A code is good once; so is a token of a user. */
export class CamaraGrants {
  readonly #clock: SimulatorClock
  readonly #codes = new Map<string, Entry<CodeGrant> & { token?: string }>()
  readonly #tokens = new Map<string, Entry<CamaraToken>>()
  readonly #assertions = new Set<string>()

  constructor(clock: SimulatorClock) {
    this.#clock = clock
  }

  get tokenSeconds(): number {
    return tokenSeconds
  }

  giveCode(value: CodeGrant, seconds: number): string {
    return this.#keep(this.#codes, value, seconds)
  }

  /** The grant of a code that was not used before. A second use ends what the first one got (RFC 6749 4.1.2). */
  takeCode(code: string): CodeGrant | undefined {
    const entry = this.#codes.get(code)
    if (entry?.used) this.#tokens.delete(entry.token ?? '')
    if (!entry || entry.used || this.#clock.now() >= entry.expiresAt) return undefined
    entry.used = true
    return entry.value
  }

  giveToken(value: CamaraToken, code?: string): string {
    const token = this.#keep(this.#tokens, value, tokenSeconds)
    const entry = code === undefined ? undefined : this.#codes.get(code)
    if (entry) entry.token = token
    return token
  }

  /** The grant of a living token; one of a user is used up by it. */
  spendToken(token: string): CamaraToken | undefined {
    const entry = this.#tokens.get(token)
    if (!entry || entry.used || this.#clock.now() >= entry.expiresAt) return undefined
    entry.used = entry.value.number !== null
    return entry.value
  }

  expireTokens(): void {
    this.#tokens.clear()
  }

  /** Whether this `jti` is new. */
  noteAssertion(id: string): boolean {
    if (this.#assertions.has(id)) return false
    this.#assertions.add(id)
    return true
  }

  #keep<Value>(map: Map<string, Entry<Value>>, value: Value, seconds: number): string {
    const id = randomBytes(32).toString('base64url')
    map.set(id, { value, expiresAt: this.#clock.now() + seconds * 1000, used: false })
    const oldest = map.size > maxEntries ? map.keys().next().value : undefined
    if (oldest !== undefined) map.delete(oldest)
    return id
  }
}
