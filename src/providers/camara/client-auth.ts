import type { KeyObject } from 'node:crypto'
import { createPrivateKey } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { Clock } from '../../contracts/clock.js'
import { wallTime } from '../../lib/clock.js'
import { createSecret } from '../../lib/crypto.js'
import { isObject, optionError } from '../../lib/options.js'
import { required } from '../options.js'

/** How an application proves itself at an operator's token endpoint. */
export type CamaraClientAuth =
  /**
   * OIDC's `private_key_jwt`. `privateKey`: PEM, or a KeyObject. `algorithm`: default RS256 for RSA
   * keys, and what belongs to the curve for EC keys.
   */
  | { kind: 'private_key_jwt'; privateKey: string | KeyObject; keyId: string; algorithm?: CamaraAlgorithm }
  /** HTTP Basic, or `client_id` and `client_secret` in the form. */
  | { kind: 'basic' | 'post'; clientSecret: string | undefined }
  /** A token of yours in the Authorization header. A function is asked for each call, as such tokens expire. */
  | { kind: 'bearer'; token: string | (() => string) }

export type CamaraAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512'

/** What is added to one request: the assertion is new each time, because servers refuse a `jti` that they know. */
export type Authenticate = () => { form?: Record<string, string>; authorization?: string }

/** Seconds. The profile allows 300; less is kept for clocks that differ. */
const assertionSeconds = 120
const ofCurve: Readonly<Record<string, CamaraAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** @throws TypeError that names the option and the cure, and quotes no secret */
export function clientAuthentication(
  factory: string,
  auth: CamaraClientAuth | undefined,
  { clientId, tokenUrl, clock }: { clientId: string; tokenUrl: string; clock: Clock },
): Authenticate {
  const wrong = (sentence: string) => optionError(factory, 'clientAuth', sentence)
  if (!isObject(auth)) throw wrong("is missing; pass { kind: 'private_key_jwt', privateKey, keyId }")
  switch (auth.kind) {
    case 'private_key_jwt': {
      const assert = assertionSigner(`${factory}: clientAuth`, auth, { clientId, tokenUrl, clock })
      return () => ({
        form: {
          client_id: clientId,
          client_assertion_type: assertionType,
          client_assertion: assert({ sub: clientId }),
        },
      })
    }
    case 'basic':
    case 'post': {
      const { kind, clientSecret } = auth
      if (typeof clientSecret !== 'string' || clientSecret === '') throw wrong('needs clientSecret')
      required(factory, 'clientAuth.clientSecret', clientSecret)
      if (kind === 'post') return () => ({ form: { client_id: clientId, client_secret: clientSecret } })
      // RFC 6749 section 2.3.1: both are form-encoded first.
      const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`
      const authorization = `Basic ${Buffer.from(pair).toString('base64')}`
      return () => ({ authorization })
    }
    case 'bearer': {
      const { token } = auth
      if (typeof token !== 'function' && !isToken(token)) throw wrong('needs token, or a function that returns one')
      return () => {
        const value = typeof token === 'function' ? token() : token
        if (!isToken(value)) throw wrong('has a token() that returned no token')
        return { form: { client_id: clientId }, authorization: `Bearer ${value}` }
      }
    }
    default:
      throw wrong("must be of kind 'private_key_jwt', 'basic', 'post' or 'bearer'")
  }
}

/**
 * Signs assertions for the token endpoint (RFC 7523): `iss`, `aud`, `iat`, `exp` and a new `jti`, with these claims.
 * @param owner where the key was set, for the text of the error
 * @throws TypeError that names the option and the cure, and quotes no secret
 */
export function assertionSigner(
  owner: string,
  { privateKey, keyId, algorithm: wanted }: SigningKey,
  { clientId, tokenUrl, clock }: { clientId: string; tokenUrl: string; clock: Clock },
): (claims: { sub: string; scope?: string }) => string {
  if (typeof keyId !== 'string' || keyId === '')
    throw new TypeError(`${owner} needs keyId, the \`kid\` of the key at the operator`)
  const key = readKey(privateKey)
  const algorithm = key && (wanted ?? algorithmOf(key))
  if (!key || !algorithm) throw new TypeError(`${owner} needs privateKey: an RSA or EC key as PEM or KeyObject`)
  const assert = (claims: object) => {
    const iat = Math.floor(wallTime(clock) / 1000)
    const common = { iss: clientId, aud: tokenUrl, iat, exp: iat + assertionSeconds, jti: createSecret() }
    return jwt.sign({ ...common, ...claims }, key, { algorithm, keyid: keyId })
  }
  try {
    assert({})
  } catch {
    throw new TypeError(`${owner} has a privateKey that is too short, or that does not fit its algorithm`)
  }
  return assert
}

/** As options may have it: whether it is one is checked. */
interface SigningKey {
  privateKey: string | KeyObject | undefined
  keyId: string | undefined
  algorithm?: CamaraAlgorithm
}

/** A token becomes part of a header, so nothing that could end the header may be in it. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,16384}$/.test(value)
}

function readKey(key: string | KeyObject | undefined): KeyObject | undefined {
  try {
    const read = typeof key === 'string' ? createPrivateKey(key) : key
    return read?.type === 'private' ? read : undefined
  } catch {
    return undefined
  }
}

function algorithmOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): CamaraAlgorithm | undefined {
  if (type === 'rsa') return 'RS256'
  return type === 'rsa-pss' ? 'PS256' : ofCurve[details?.namedCurve ?? '']
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
