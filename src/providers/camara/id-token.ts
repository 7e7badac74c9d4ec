import type { Clock } from '../../contracts/clock.js'
import { wallTime } from '../../lib/clock.js'
import { isObject } from '../../lib/json.js'

/** For clocks that differ. Seconds. */
const leewaySeconds = 60

/**
 * Whether an id_token is about this login. Its signature is not verified: it came from the token
 * endpoint over TLS (OpenID Connect Core 3.1.3.7, point 6).
 * @returns `foreign` when it repeats another nonce: the code of another login was put into this one
 */
export function judgeIdToken(
  token: unknown,
  {
    nonce,
    issuer,
    clientId,
    clock,
  }: { nonce: string | undefined; issuer: string | undefined; clientId: string; clock: Clock },
): 'good' | 'bad' | 'foreign' {
  const claims = readClaims(token)
  if (!claims) return 'bad'
  const { iss, aud, azp, exp } = claims
  const audience = Array.isArray(aud) ? aud : [aud]
  const isForUs = audience.includes(clientId) && (azp === undefined || azp === clientId)
  const isFresh = typeof exp === 'number' && exp + leewaySeconds > wallTime(clock) / 1000
  const isFromIssuer = typeof iss === 'string' && (issuer === undefined || iss === issuer)
  if (!isForUs || !isFresh || !isFromIssuer) return 'bad'
  return nonce === undefined || claims['nonce'] === nonce ? 'good' : 'foreign'
}

function readClaims(token: unknown): Record<string, unknown> | undefined {
  const payload = typeof token === 'string' ? /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token)?.[1] : undefined
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return isObject(claims) ? claims : undefined
  } catch {
    return undefined
  }
}
