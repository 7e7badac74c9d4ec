import type { JWTVerifyGetKey } from 'jose'
import type { Clock } from '../../contracts/clock.js'
import { loadJose } from './jose.js'

const cooldownMs = 30_000
const maxAgeMs = 3_600_000
/** How long keys are believed when no newer ones can be had (RFC 5861, stale-if-error). */
const staleMs = 24 * 3_600_000

/** That the keys cannot be had. `isUsable`: older ones are there, so only a key that they lack is in doubt. */
export class KeysUnavailable extends Error {
  readonly isUsable: boolean

  constructor(isUsable: boolean) {
    super('The JWKS could not be fetched.')
    this.isUsable = isUsable
  }
}

/**
 * An issuer's JWKS (RFC 7517): fetched when first needed, again after an hour, and again for a `kid`
 * that is not in it. jose chooses the key, and its own `createRemoteJWKSet` is not used because it
 * forgets its keys when a fetch fails, and has neither our clock nor our connections.
 *
 * At most one fetch is under way, and at most one is made in 30 s, whatever came of it: a `kid` is
 * chosen by whoever sends a token. An answer that is no JWKS replaces nothing.
 */
export class KeySet {
  readonly #fetchSet: () => Promise<unknown>
  readonly #clock: Clock
  #lookup: JWTVerifyGetKey | undefined
  #fetchedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #fetching: Promise<void> | undefined

  /** @param fetchSet the parsed JWKS; a rejection, or anything else, where there was none */
  constructor(fetchSet: () => Promise<unknown>, clock: Clock) {
    this.#fetchSet = fetchSet
    this.#clock = clock
  }

  /** For `jwtVerify`. Rejects with KeysUnavailable when it cannot be told whether the issuer has the key. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const { errors } = await loadJose()
    // Without one, jose would take the only key there is.
    if (typeof header.kid !== 'string') throw new errors.JWKSNoMatchingKey()
    if (this.#isOlderThan(this.#fetchedAt, maxAgeMs)) await this.#refresh()
    if (!this.#isUsable()) throw new KeysUnavailable(false)
    try {
      return await this.#choose(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await this.#refresh()
      // The last look failed: the key may be there, and nobody can tell.
      if (this.#fetchedAt !== this.#triedAt) throw new KeysUnavailable(true)
      return this.#choose(header, token)
    }
  }

  #choose: JWTVerifyGetKey = (header, token) => {
    if (!this.#lookup) throw new KeysUnavailable(false)
    return this.#lookup(header, token)
  }

  #refresh(): Promise<void> {
    if (this.#fetching === undefined && !this.#isOlderThan(this.#triedAt, cooldownMs)) return Promise.resolve()
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetch(): Promise<void> {
    const set = await this.#fetchSet().catch(() => undefined)
    this.#triedAt = this.#clock.now()
    const lookup = await lookupOf(set)
    if (!lookup) return
    this.#lookup = lookup
    this.#fetchedAt = this.#triedAt
  }

  #isUsable(): boolean {
    return !this.#isOlderThan(this.#fetchedAt, staleMs)
  }

  #isOlderThan(instant: number, ms: number): boolean {
    return this.#clock.now() - instant >= ms
  }
}

/** @returns undefined for what is no JWKS, or has no keys: no issuer withdraws all of them */
async function lookupOf(set: unknown): Promise<JWTVerifyGetKey | undefined> {
  const { createLocalJWKSet } = await loadJose()
  try {
    const lookup = createLocalJWKSet(set as Parameters<typeof createLocalJWKSet>[0])
    return lookup.jwks().keys.length > 0 ? lookup : undefined
  } catch {
    return undefined
  }
}
