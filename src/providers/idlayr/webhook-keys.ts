import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Clock } from '../../contracts/clock.js'
import { systemClock } from '../../lib/clock.js'
import { isObject } from '../../lib/json.js'

const cooldownMs = 30_000
const maxAgeMs = 3_600_000
const minModulusBits = 2048

/**
 * The vendor's RSA keys by id, as its JWKS (RFC 7517) has them: fetched when first asked for, again
 * after an hour, and again for an id that is not there.
 *
 * Written here because the libraries for it are ES modules only, which Jest and hosts without
 * `require(esm)` cannot load from CommonJS, and Node reads a JWK by itself. At most one fetch is
 * under way, and at most one is made in 30 s, whatever came of it: ids are chosen by whoever sends
 * a message.
 */
export class VendorKeys {
  readonly #fetchSet: () => Promise<unknown>
  readonly #clock: Clock
  #keys = new Map<string, KeyObject>()
  #fetchedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #fetching: Promise<void> | undefined

  /** @param fetchSet the parsed JWKS, or a rejection, or anything else for an answer that is none */
  constructor(fetchSet: () => Promise<unknown>, clock: Clock = systemClock) {
    this.#fetchSet = fetchSet
    this.#clock = clock
  }

  /** @returns undefined for a key that the vendor does not have. @throws Error when that cannot be told now */
  async find(kid: string): Promise<KeyObject | undefined> {
    // Keys that were withdrawn are known to be so after an hour, even when the vendor cannot be reached then.
    const known = this.#isOlderThan(this.#fetchedAt, maxAgeMs) ? undefined : this.#keys.get(kid)
    if (known) return known
    await this.#refresh()
    return this.#keys.get(kid)
  }

  #refresh(): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching
    if (!this.#isOlderThan(this.#triedAt, cooldownMs)) {
      if (this.#fetchedAt === this.#triedAt) return Promise.resolve()
      return Promise.reject(new Error('The JWKS could not be fetched a moment ago.'))
    }
    this.#fetching = this.#fetch().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetch(): Promise<void> {
    // An answer that makes no sense waits as long as none.
    const set = await this.#fetchSet().catch(() => undefined)
    this.#triedAt = this.#clock.now()
    const keys = isObject(set) ? set['keys'] : undefined
    if (!Array.isArray(keys)) throw new Error('The JWKS could not be fetched.')
    this.#keys = usableKeys(keys)
    this.#fetchedAt = this.#triedAt
  }

  #isOlderThan(instant: number, ms: number): boolean {
    return this.#clock.now() - instant >= ms
  }
}

/** Unusable keys are passed over, and so is an id that two keys have: which of them is meant cannot be told. */
function usableKeys(entries: readonly unknown[]): Map<string, KeyObject> {
  const keys = new Map<string, KeyObject>()
  const ambiguous = new Set<string>()
  for (const entry of entries) {
    const kid = isObject(entry) ? entry['kid'] : undefined
    const key = isObject(entry) ? usableKey(entry) : undefined
    if (typeof kid !== 'string' || !key) continue
    if (keys.has(kid)) ambiguous.add(kid)
    keys.set(kid, key)
  }
  for (const kid of ambiguous) keys.delete(kid)
  return keys
}

/** A key for checking RSA signatures with SHA-256, by all that it says of itself. */
function usableKey(jwk: Record<string, unknown>): KeyObject | undefined {
  const { kty, use = 'sig', alg = 'RS256', key_ops: operations = ['verify'] } = jwk
  if (kty !== 'RSA' || use !== 'sig' || alg !== 'RS256') return undefined
  if (!Array.isArray(operations) || !operations.includes('verify')) return undefined
  try {
    const key = createPublicKey({ key: { kty, n: jwk['n'], e: jwk['e'] } as JsonWebKey, format: 'jwk' })
    return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= minModulusBits ? key : undefined
  } catch {
    return undefined
  }
}
