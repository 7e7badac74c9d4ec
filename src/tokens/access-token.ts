import jwt from 'jsonwebtoken'
import type { TokenRefusal } from '../contracts/events.js'
import { type AccessTokenClaims, isAccessTokenClaims } from './claims.js'
import { accessTokenType, readHeader } from './header.js'
import { complaint, type KeyRing } from './keys.js'
import { tokenLimits } from './numbers.js'

/** Signs and verifies access tokens. */
export class AccessTokens {
  readonly #keys: KeyRing
  readonly #issuer: string
  readonly #audience: string

  constructor(keys: KeyRing, issuer: string, audience: string) {
    this.#keys = keys
    this.#issuer = issuer
    this.#audience = audience
  }

  /** As {@link KeyRing.publicKeys}. */
  publicKeys(): object[] {
    return this.#keys.publicKeys()
  }

  get canSign(): boolean {
    return this.#keys.first.signing !== undefined
  }

  sign(claims: AccessTokenClaims): string {
    const { kid, algorithm, signing } = this.#keys.first
    if (!signing) throw complaint('keys[0]', 'has no privateKey, and the first key signs')
    const token = jwt.sign(claims, signing, { algorithm, keyid: kid, header: { alg: algorithm, typ: accessTokenType } })
    if (token.length > tokenLimits.tokenLength)
      throw complaint('claims', 'make the token too long for a header; keep what is large in your database')
    return token
  }

  /**
   * The key is found by its name among ours, and it has one algorithm: nothing in the token decides how it is verified.
   * @param now seconds since the epoch
   */
  read(token: string, now: number): AccessTokenClaims | TokenRefusal {
    const header = readHeader(token)
    if (!header) return 'malformed'
    const key = this.#keys.find(header.kid)
    if (!key || key.algorithm !== header.alg) return 'unknown_key'
    const issuer = this.#issuer
    const audience = this.#audience
    let payload: unknown
    try {
      payload = jwt.verify(token, key.verifying, {
        algorithms: [key.algorithm],
        issuer,
        audience,
        clockTimestamp: now,
        clockTolerance: tokenLimits.leewaySeconds,
      })
    } catch (error) {
      if (error instanceof jwt.TokenExpiredError) return 'expired'
      return error instanceof Error && error.message === 'invalid signature' ? 'signature' : 'claims'
    }
    return isAccessTokenClaims(payload, { issuer, audience, now }) ? payload : 'claims'
  }
}
