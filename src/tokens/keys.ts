import { createPrivateKey, createPublicKey, createSecretKey, KeyObject } from 'node:crypto'
import { optionError } from '../lib/options.js'

export type TokenAlgorithm = 'HS256' | 'RS256' | 'ES256'

interface NamedKey {
  /**
   * Names the key in the tokens' header, so that keys can be changed: 1 to 64 of `A-Z a-z 0-9 . _
   * -`. Never reuse one.
   */
  kid: string
}

/** One secret that both signs and verifies. Whoever can verify can issue. */
export interface JwtSharedKey extends NamedKey {
  algorithm: 'HS256'
  /**
   * At least 32 random bytes, used for nothing else. Typed to admit undefined so that a missing
   * environment variable is explained.
   */
  secret: string | Uint8Array | KeyObject | undefined
}

/** A pair: with `privateKey` it signs and verifies, with `publicKey` alone it verifies. */
export interface JwtKeyPair extends NamedKey {
  /** RS256 takes RSA keys of at least 2048 bits, ES256 keys on the curve P-256. */
  algorithm: 'RS256' | 'ES256'
  /** PEM, or a KeyObject. */
  privateKey?: string | KeyObject | undefined
  /** PEM, or a KeyObject. Only where `privateKey` is not given. */
  publicKey?: string | KeyObject | undefined
}

export type JwtKey = JwtSharedKey | JwtKeyPair

/** A key that was found good enough, bound to its one algorithm. */
export interface TokenKey {
  readonly kid: string
  readonly algorithm: TokenAlgorithm
  readonly verifying: KeyObject
  /** Undefined for a public key. */
  readonly signing: KeyObject | undefined
}

/** All keys whose tokens are taken. The first one signs. */
export class KeyRing {
  readonly #keys = new Map<string, TokenKey>()
  readonly first: TokenKey

  /** @throws TypeError that names the key and the cure */
  constructor(keys: readonly JwtKey[]) {
    if (!Array.isArray(keys) || keys.length === 0)
      throw complaint('keys', "is missing; pass at least one, such as [{ kid: '1', … }]")
    const good = keys.map((key, index) => checked(key, `keys[${index}]`))
    for (const [index, key] of good.entries()) {
      if (this.#keys.has(key.kid)) throw complaint(`keys[${index}].kid`, 'is taken by another key')
      this.#keys.set(key.kid, key)
    }
    this.first = good[0] as TokenKey
  }

  /** The public halves as JWKs (RFC 7517), for others to verify with. Shared secrets have none. */
  publicKeys(): object[] {
    return [...this.#keys.values()]
      .filter(({ verifying }) => verifying.type === 'public')
      .map(({ kid, algorithm, verifying }) => ({
        ...verifying.export({ format: 'jwk' }),
        kid,
        alg: algorithm,
        use: 'sig',
      }))
  }

  /** The key of that name. The name comes from whoever sent the token and is used for nothing else. */
  find(kid: string): TokenKey | undefined {
    return this.#keys.get(kid)
  }
}

const kidGrammar = /^[A-Za-z0-9._-]{1,64}$/

function checked(key: JwtKey, name: string): TokenKey {
  if (typeof key !== 'object' || key === null) throw complaint(name, 'must be an object with kid, algorithm and key')
  const { kid, algorithm } = key
  if (typeof kid !== 'string' || !kidGrammar.test(kid))
    throw complaint(`${name}.kid`, 'must be 1 to 64 of A-Z a-z 0-9 . _ -')
  if (key.algorithm === 'HS256') {
    const secret = sharedSecret(key.secret, `${name}.secret`)
    return { kid, algorithm, verifying: secret, signing: secret }
  }
  if (key.algorithm !== 'RS256' && key.algorithm !== 'ES256')
    throw complaint(`${name}.algorithm`, 'must be HS256, RS256 or ES256')
  if (key.privateKey !== undefined && key.publicKey !== undefined) {
    throw complaint(name, 'has both keys of a pair; leave publicKey out, it follows from privateKey')
  }
  const signing = key.publicKey === undefined ? half(key.privateKey, 'private', `${name}.privateKey`) : undefined
  const verifying = signing ? createPublicKey(signing) : half(key.publicKey, 'public', `${name}.publicKey`)
  demandStrength(verifying, key.algorithm, `${name}.${signing ? 'privateKey' : 'publicKey'}`)
  return { kid, algorithm, verifying, signing }
}

function sharedSecret(secret: JwtSharedKey['secret'], name: string): KeyObject {
  if (secret === undefined || secret === '')
    throw complaint(name, 'is missing; set it to 32 random bytes, for instance from an environment variable')
  if (secret instanceof KeyObject) {
    if (secret.type !== 'secret') throw complaint(name, 'must be a secret key; RS256 and ES256 take pairs')
    return sharedSecret(secret.export(), name)
  }
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array))
    throw complaint(name, 'must be a string, bytes or a KeyObject')
  const bytes = Buffer.from(secret as Uint8Array)
  if (bytes.length < 32) throw complaint(name, 'must be at least 32 bytes; `openssl rand -base64 32` makes one')
  if (bytes.includes('-----BEGIN'))
    throw complaint(name, 'is a PEM file; a public key as a secret would let everybody issue tokens')
  if (new Set(bytes).size < 8)
    throw complaint(name, 'looks like a placeholder; `openssl rand -base64 32` makes a real one')
  return createSecretKey(bytes)
}

function half(key: string | KeyObject | undefined, type: 'private' | 'public', name: string): KeyObject {
  if (key === undefined || key === '') throw complaint(name, 'is missing; pass a PEM or a KeyObject')
  const isPrivate =
    key instanceof KeyObject ? key.type === 'private' : typeof key === 'string' && key.includes('PRIVATE KEY-----')
  if (type === 'public' && isPrivate)
    throw complaint(name, 'is a private key; whoever only verifies should not have it')
  if (key instanceof KeyObject) {
    if (key.type !== type) throw complaint(name, `must be a ${type} key`)
    return key
  }
  try {
    return type === 'private' ? createPrivateKey(key) : createPublicKey(key)
  } catch {
    // The cause is left out: it may quote the key.
    throw complaint(name, `is no ${type} key in PEM form; in an environment variable, mind the line breaks`)
  }
}

function demandStrength(key: KeyObject, algorithm: 'RS256' | 'ES256', name: string): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  if (algorithm === 'RS256') {
    if (asymmetricKeyType !== 'rsa') throw complaint(name, 'must be an RSA key for RS256')
    if ((asymmetricKeyDetails?.modulusLength ?? 0) < 2048) throw complaint(name, 'must have at least 2048 bits')
  } else if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw complaint(name, 'must be a key on the curve P-256 for ES256')
  }
}

export function complaint(name: string, sentence: string): TypeError {
  return optionError('JwtSettings', name, sentence)
}
