import { generateKeyPairSync, type KeyObject } from 'node:crypto'

export const hmacSecret = 'token-test-secret-0123456789-abcdefghij'
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

export const keys = {
  HS256: { kid: 'hs', algorithm: 'HS256', secret: hmacSecret },
  RS256: { kid: 'rs', algorithm: 'RS256', privateKey: rsa.privateKey },
  ES256: { kid: 'es', algorithm: 'ES256', privateKey: ec.privateKey },
} as const

export const pem = (key: KeyObject): string =>
  key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }).toString()
