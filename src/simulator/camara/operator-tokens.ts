import { createHash, createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { isObject, type JsonObject } from '../server/reply.js'
import type { SimulatorClock } from '../state/clock.js'
import { newKey, signedJwt, verifiedClaims } from './jwt.js'

interface TemporaryToken {
  readonly number: string
  readonly expiresAt: number
}

const tokenSeconds = 120
const carrier = 'carrier'
const device = 'device'
const vct = 'number-verification/verify/ts43'

/**
 * Operator tokens (TS.43): the phone's system makes a credential of two JWTs, one signed by the
 * carrier and one by the device, and an aggregator takes it apart.
 *
 * The aggregator verifies the signatures and what binds the two. As the documents have it, whose
 * nonce it is is for the application to say.
 */
export class OperatorTokens {
  readonly #clock: SimulatorClock
  readonly #tokens = new Map<string, TemporaryToken>()
  #keys: { carrier: ReturnType<typeof newKey>; device: ReturnType<typeof newKey> } | undefined

  constructor(clock: SimulatorClock) {
    this.#clock = clock
  }

  /** DCQL for one token, as an aggregator answers it. */
  query(): JsonObject {
    const claims = { iss: 'aggregator', iat: this.#now() }
    const { privateKey } = this.#pairs().carrier
    return {
      id: 'aggregator-1',
      format: 'dc-authorization+sd-jwt',
      meta: {
        vct_values: [vct],
        credential_authorization_jwt: signedJwt({ typ: 'oauth-authz-req+jwt' }, claims, privateKey),
      },
    }
  }

  /** What the system of a phone with this SIM gives an app: `<Issuer JWT>~<Binding JWT>`. */
  issue({ number, nonce, audience }: { number: string; nonce: string; audience: string }): string {
    const { carrier: issuer, device: holder } = this.#pairs()
    const temporary = randomBytes(24).toString('base64url')
    const iat = this.#now()
    this.#tokens.set(temporary, { number, expiresAt: this.#clock.now() + tokenSeconds * 1000 })
    const cnf = { jwk: holder.publicKey.export({ format: 'jwk' }) }
    const issued = signedJwt(
      { typ: 'dc-authorization+sd-jwt', kid: carrier },
      { iss: 'https://carrier.example', vct, iat, exp: iat + tokenSeconds, cnf },
      issuer.privateKey,
    )
    const claims = { iat, aud: audience, nonce, sd_hash: sdHash(issued), encrypted_credential: temporary }
    return `${issued}~${signedJwt({ typ: 'kb+jwt', kid: device }, claims, holder.privateKey)}`
  }

  /** The number behind a credential whose signatures hold; good once. */
  redeem(credential: string): string | undefined {
    const [issued = '', binding = '', ...rest] = credential.split('~')
    const { publicKey } = this.#pairs().carrier
    const issuer = verifiedClaims(issued, { [carrier]: pemOf(publicKey) })
    const jwk = isObject(issuer?.['cnf']) ? issuer['cnf']['jwk'] : undefined
    if (!isObject(jwk) || rest.length > 0) return undefined
    const holder = createPublicKey({ key: jwk as never, format: 'jwk' })
    const claims = verifiedClaims(binding, { [device]: pemOf(holder) })
    if (claims?.['sd_hash'] !== sdHash(issued)) return undefined
    const temporary = String(claims['encrypted_credential'])
    const token = this.#tokens.get(temporary)
    this.#tokens.delete(temporary)
    return token && this.#clock.now() < token.expiresAt ? token.number : undefined
  }

  #now(): number {
    return Math.floor(this.#clock.now() / 1000)
  }

  #pairs() {
    this.#keys ??= { carrier: newKey(), device: newKey() }
    return this.#keys
  }
}

function sdHash(issued: string): string {
  return createHash('sha256').update(`${issued}~`).digest('base64url')
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}
