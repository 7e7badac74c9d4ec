import { tokenLimits } from './numbers.js'

/** The type of our access tokens (RFC 9068). A JWT of any other kind, signed with the same key, is not one. */
export const accessTokenType = 'at+jwt'

const grammar = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/**
 * Reads a token's header, before anything is believed.
 *
 * It must hold `alg`, `typ` and `kid` and nothing else, so that whatever else a JWS library may
 * obey there (`jwk`, `jku`, `x5u`, `crit`, `b64` …) never reaches one. All parts must be in the one
 * canonical spelling, so that no two texts are the same token (but for ES256, whose signatures come
 * in pairs).
 * @returns undefined for a text that is no access token of ours
 */
export function readHeader(token: string): { kid: string; alg: string } | undefined {
  if (token.length > tokenLimits.tokenLength || !grammar.test(token)) return undefined
  const parts = token.split('.').map((text) => ({ text, bytes: Buffer.from(text, 'base64url') }))
  if (parts.some(({ text, bytes }) => bytes.toString('base64url') !== text)) return undefined
  const header = parse(parts[0]?.bytes)
  if (typeof header !== 'object' || header === null || Object.keys(header).sort().join() !== 'alg,kid,typ')
    return undefined
  const { alg, kid, typ } = header as Record<string, unknown>
  return typ === accessTokenType && typeof alg === 'string' && typeof kid === 'string' ? { alg, kid } : undefined
}

function parse(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(String(bytes))
  } catch {
    return undefined
  }
}
