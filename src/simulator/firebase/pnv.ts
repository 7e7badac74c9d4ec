import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
import type { JsonObject } from '../server/reply.js'
import type { SimulatorClock } from '../state/clock.js'

/** The Firebase project whose app the virtual phones run. */
export interface PnvProject {
  /** Digits. */
  readonly number: string
  readonly id: string
}

/** A token to sign: right unless told otherwise, so that a test can ask for exactly one thing that is wrong. */
export interface PnvDraft {
  /** E.164 with plus. */
  readonly phoneNumber: string
  readonly nonce?: string
  /** Over those of the header; one that is undefined is left out. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Over those of the payload; one that is undefined is left out. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Signs in place of the issuer's key: the signature, base64url. */
  readonly sign?: (text: string) => string
}

interface Key {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicJwk: JsonObject
}

const issuerRoot = 'https://fpnv.googleapis.com/projects/'

/** Firebase Phone Number Verification: signs tokens, and publishes the keys. */
export class PnvIssuer {
  readonly project: PnvProject
  readonly #clock: SimulatorClock
  readonly #behaviour: Behaviour
  #current: Key | undefined
  #previous: Key | undefined

  constructor(project: PnvProject, clock: SimulatorClock, behaviour: Behaviour) {
    this.project = project
    this.#clock = clock
    this.#behaviour = behaviour
  }

  sign({ phoneNumber, nonce, header = {}, claims = {}, sign: signer }: PnvDraft): string {
    const { kid, privateKey } = this.#key()
    const { number, id } = this.project
    const iat = Math.floor(this.#clock.now() / 1000)
    const text = [
      { alg: 'ES256', typ: 'JWT', kid, ...header },
      {
        iss: issuerRoot + number,
        aud: [issuerRoot + number, issuerRoot + id],
        sub: phoneNumber,
        iat,
        exp: iat + this.#behaviour.pnvTokenSeconds,
        jti: randomUUID(),
        nonce,
        ...claims,
      },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const own = () =>
      sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
    return `${text}.${(signer ?? own)(text)}`
  }

  rotate(keepPrevious: boolean): void {
    this.#previous = keepPrevious ? this.#key() : undefined
    this.#current = undefined
  }

  jwks(): JsonObject {
    const keys = [this.#key(), ...(this.#previous ? [this.#previous] : [])]
    return { keys: keys.map(({ publicJwk }) => publicJwk) }
  }

  #key(): Key {
    this.#current ??= newKey()
    return this.#current
  }
}

function newKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomBytes(8).toString('hex')
  return { kid, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' } }
}
