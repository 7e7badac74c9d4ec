import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { isObject, type JsonObject, parseJson } from '../server/reply.js'

const hashes: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' }

/** The claims of a JWT that this key signed, by the algorithm that its header names and the key can have. */
export function verifiedClaims(token: string, keys: Readonly<Record<string, string>>): JsonObject | undefined {
  const [head = '', payload = '', signature = '', ...rest] = token.split('.')
  const header = parsePart(head)
  const pem = typeof header?.['kid'] === 'string' ? keys[header['kid']] : undefined
  const [, family, size = ''] = /^(RS|PS|ES)(256|384|512)$/.exec(String(header?.['alg'])) ?? []
  const hash = hashes[size]
  if (pem === undefined || family === undefined || hash === undefined || rest.length > 0) return undefined
  const key = createPublicKey(pem)
  if ((family === 'ES') !== (key.asymmetricKeyType === 'ec')) return undefined
  const isRight = verify(hash, Buffer.from(`${head}.${payload}`), { key, ...detailsOf(family) }, fromBase64(signature))
  return isRight ? parsePart(payload) : undefined
}

let key: KeyObject | undefined

/** An id_token as the simulated operator signs it. */
export function idToken(claims: JsonObject): string {
  key ??= newKey().privateKey
  return signedJwt({ typ: 'JWT', kid: 'camara' }, claims, key)
}

export function newKey(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** A JWT of ES256. */
export function signedJwt(header: JsonObject, claims: JsonObject, key: KeyObject): string {
  const text = `${part({ alg: 'ES256', ...header })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key, ...detailsOf('ES') }).toString('base64url')}`
}

function detailsOf(family: string): object {
  if (family === 'ES') return { dsaEncoding: 'ieee-p1363' }
  return family === 'PS' ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {}
}

function part(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64url')
}

function parsePart(text: string): JsonObject | undefined {
  const value = parseJson(fromBase64(text).toString('utf8'))
  return isObject(value) ? value : undefined
}
