import { createPublicKey, verify } from 'node:crypto'
import { basicCredentials } from '../server/basic-auth.js'
import { isObject, type JsonObject, parseJson } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { SimulatorState } from '../state/simulator-state.js'

/** The account or application that calls, or why it may not. */
export function authenticate(
  state: SimulatorState,
  { headers }: SimRequest,
): { caller: string } | { error: 'unauthorized' | 'jwt-expired' } {
  const refused = { error: 'unauthorized' } as const
  const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (token !== undefined) return application(state, token) ?? refused
  const given = basicCredentials(headers)
  if (given === undefined) return refused
  const { vonageKeys } = state
  const isKnown =
    vonageKeys === undefined || (Object.hasOwn(vonageKeys, given.user) && vonageKeys[given.user] === given.password)
  return isKnown ? { caller: given.user } : refused
}

function application(
  { vonageApplications, clock }: SimulatorState,
  token: string,
): { caller: string } | { error: 'jwt-expired' } | undefined {
  const [head = '', body = '', signature = '', ...rest] = token.split('.')
  const claims = part(body)
  if (rest.length > 0 || part(head)?.['alg'] !== 'RS256' || claims === undefined) return undefined
  const { application_id: id, iat, exp, jti } = claims
  if (typeof id !== 'string' || typeof jti !== 'string' || typeof iat !== 'number') return undefined
  if (vonageApplications !== undefined) {
    const publicKey = Object.hasOwn(vonageApplications, id) ? vonageApplications[id] : undefined
    const signed = [Buffer.from(`${head}.${body}`), Buffer.from(signature, 'base64url')] as const
    if (publicKey === undefined || !verify('RSA-SHA256', signed[0], createPublicKey(publicKey), signed[1]))
      return undefined
  }
  const now = clock.now() / 1000
  // The vendor's own default is fifteen minutes, where a token says nothing.
  return now < (typeof exp === 'number' ? exp : iat + 900) && iat <= now + 60
    ? { caller: id }
    : { error: 'jwt-expired' }
}

function part(text: string): JsonObject | undefined {
  const value = parseJson(Buffer.from(text, 'base64url').toString('utf8'))
  return isObject(value) ? value : undefined
}
