import { createHash } from 'node:crypto'
import type { CamaraClient } from '../options.js'
import { basicCredentials } from '../server/basic-auth.js'
import { type JsonObject, json, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { idToken, verifiedClaims } from './jwt.js'

export const tokenPath = '/camara/token'

/** The operator's token endpoint. */
export function camaraTokenRoutes(state: SimulatorState): Route[] {
  return [{ method: 'POST', path: tokenPath, from: 'server', handle: (request) => answerToken(state, request) }]
}

function answerToken(state: SimulatorState, request: SimRequest): Reply {
  if (mediaType(request.headers) !== 'application/x-www-form-urlencoded') return refuse(400, 'invalid_request')
  const form = new URLSearchParams(request.body.toString('utf8'))
  if (form.get('grant_type') === jwtBearer) return redeemOperatorToken(state, form)
  const clientId = authenticated(state, request, form)
  if (clientId === undefined) return refuse(401, 'invalid_client')
  switch (form.get('grant_type')) {
    case 'authorization_code':
      return redeemCode(state, clientId, form)
    case 'client_credentials':
      return giveToken(state, { clientId, scopes: (form.get('scope') ?? '').split(' '), number: null })
    default:
      return refuse(400, 'unsupported_grant_type')
  }
}

function redeemCode(state: SimulatorState, clientId: string, form: URLSearchParams): Reply {
  const code = form.get('code')
  const grant = code === null ? undefined : state.camara.takeCode(code)
  if (code === null || grant === undefined || grant.clientId !== clientId) return refuse(400, 'invalid_grant')
  if (grant.redirectUri !== form.get('redirect_uri')) return refuse(400, 'invalid_grant')
  if (state.behaviour.camaraPkce !== 'ignored' && !isVerifierRight(grant.challenge, form.get('code_verifier')))
    return refuse(400, 'invalid_grant')
  const { scopes, number, nonce } = grant
  const now = Math.floor(state.clock.now() / 1000)
  const claims = { iss: state.url, aud: clientId, sub: pairwise(clientId, number), iat: now, exp: now + 300 }
  const withId = state.behaviour.camaraIdToken && scopes.includes('openid')
  const id = withId ? { id_token: idToken({ ...claims, ...(nonce !== null && { nonce }) }) } : {}
  return giveToken(state, { clientId, scopes, number }, code, id)
}

/** The assertion proves both who asks and, in `sub`, whose device it is. Its scope is a claim (companion guide). */
function redeemOperatorToken(state: SimulatorState, form: URLSearchParams): Reply {
  const assertion = form.get('assertion') ?? ''
  const [clientId, keys] =
    Object.entries(state.camaraClients ?? {})
      .map(([id, client]) => [id, client.keys ?? {}] as const)
      .find(([id, keys]) => verifiedClaims(assertion, keys)?.['iss'] === id) ?? []
  const claims = keys && verifiedClaims(assertion, keys)
  if (clientId === undefined || !claims || !isTimely(state, clientId, claims)) return refuse(401, 'invalid_client')
  const { sub, scope } = claims
  if (typeof scope !== 'string' || form.has('scope')) return refuse(400, 'invalid_scope')
  const credential = /^vp_token:(.+)$/.exec(String(sub))?.[1]
  const number = credential === undefined ? undefined : state.operatorTokens.redeem(credential)
  if (number === undefined) return refuse(400, 'invalid_grant')
  return giveToken(state, { clientId, scopes: scope.split(' '), number })
}

/** A verifier without a challenge is a downgrade: somebody took the challenge out (RFC 9700 section 4.8.2). */
function isVerifierRight(challenge: string | null, verifier: string | null): boolean {
  if (challenge === null || verifier === null) return challenge === verifier
  return createHash('sha256').update(verifier).digest('base64url') === challenge
}

function giveToken(
  state: SimulatorState,
  grant: Parameters<SimulatorState['camara']['giveToken']>[0],
  code?: string,
  more: object = {},
): Reply {
  const body = {
    access_token: state.camara.giveToken(grant, code),
    token_type: 'Bearer',
    expires_in: state.camara.tokenSeconds,
    scope: grant.scopes.join(' '),
  }
  return json(200, { ...body, ...more }, { 'Cache-Control': 'no-store' })
}

/** No globally unique number: the profile forbids it in `sub`. */
function pairwise(clientId: string, number: string): string {
  return createHash('sha256').update(`${clientId} ${number}`).digest('hex').slice(0, 32)
}

function refuse(status: number, error: string): Reply {
  return json(status, { error }, { 'Cache-Control': 'no-store' })
}

/** The client that proved who it is, in one of the ways that are allowed. */
function authenticated(state: SimulatorState, request: SimRequest, form: URLSearchParams): string | undefined {
  const allowed = state.behaviour.camaraClientAuth
  const may = (way: typeof allowed) => allowed === 'any' || allowed === way
  const assertion = form.get('client_assertion')
  if (assertion !== null) return may('private_key_jwt') ? byAssertion(state, form, assertion) : undefined
  const basic = basicCredentials(request.headers)
  if (basic) {
    const [user, password] = [decoded(basic.user), decoded(basic.password)]
    return may('basic') && hasSecret(state, user, password) ? user : undefined
  }
  const id = form.get('client_id') ?? ''
  const secret = form.get('client_secret') ?? /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  return may('post') && id !== '' && secret !== undefined && hasSecret(state, id, secret) ? id : undefined
}

/** RFC 6749 section 2.3.1. */
function decoded(text: string): string {
  return new URLSearchParams(`text=${text}`).get('text') ?? ''
}

function hasSecret({ camaraClients }: SimulatorState, id: string, secret: string): boolean {
  return camaraClients === undefined || clientOf(camaraClients, id)?.secret === secret
}

function clientOf(clients: Readonly<Record<string, CamaraClient>>, id: string): CamaraClient | undefined {
  return Object.hasOwn(clients, id) ? clients[id] : undefined
}

function byAssertion(state: SimulatorState, form: URLSearchParams, assertion: string): string | undefined {
  const id = form.get('client_id') ?? ''
  const keys = clientOf(state.camaraClients ?? {}, id)?.keys
  if (keys === undefined || form.get('client_assertion_type') !== assertionType) return undefined
  const claims = verifiedClaims(assertion, keys)
  if (claims?.['iss'] !== id || claims['sub'] !== id) return undefined
  return isTimely(state, id, claims) ? id : undefined
}

/** Whether an assertion is for this endpoint, of now, and new. */
function isTimely(state: SimulatorState, id: string, { aud, exp, iat, jti }: JsonObject): boolean {
  const now = state.clock.now() / 1000
  // The profile: 300 s at most, by the time of receipt and by `iat`.
  if (aud !== state.url + tokenPath || typeof exp !== 'number' || exp <= now || exp > now + 300) return false
  if (typeof iat === 'number' && (exp - iat > 300 || iat > now + 60)) return false
  return typeof jti === 'string' && state.camara.noteAssertion(`${id} ${jti}`)
}

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
