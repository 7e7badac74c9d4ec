import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { Clock } from '../../contracts/clock.js'
import { wallTime } from '../../lib/clock.js'
import { optionError } from '../../lib/options.js'

/** Long enough for clocks that differ by minutes, and no more: whoever sees a token can send messages with it. */
const lifeSeconds = 300

/**
 * Signs what an application authenticates with at Vonage: an RS256 JWT, another one for each call.
 * @returns the value of the Authorization header, for each call
 * @throws TypeError when the key is no RSA private key in PEM form; never with the key
 */
export function applicationJwt(factory: string, applicationId: string, privateKey: string, clock: Clock): () => string {
  const key = rsaKey(factory, privateKey)
  const head = encode({ alg: 'RS256', typ: 'JWT' })
  return () => {
    const iat = Math.floor(wallTime(clock) / 1000)
    const claims = { application_id: applicationId, iat, exp: iat + lifeSeconds, jti: randomUUID() }
    const signed = `${head}.${encode(claims)}`
    return `Bearer ${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`
  }
}

function rsaKey(factory: string, pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    // The parser's error may quote what it could not read.
  }
  throw optionError(
    factory,
    'privateKey',
    "must be the application's RSA private key in PEM form, with real line breaks",
  )
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
