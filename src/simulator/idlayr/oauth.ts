import type { SimulatorClient } from '../options.js'
import { basicCredentials } from '../server/basic-auth.js'
import { json, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Handler, Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'

const knownScopes: readonly string[] = ['phone_check', 'subscriber_check', 'sim_check', 'mo_check', 'coverage']
const uncached = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }

export function oauthRoutes(state: SimulatorState): Route[] {
  return [
    { method: 'POST', path: '/oauth2/v1/token', from: 'server', handle: withClient(state, issueToken) },
    { method: 'POST', path: '/oauth2/v1/revoke', from: 'server', handle: withClient(state, revokeToken) },
  ]
}

function issueToken(state: SimulatorState, clientId: string, form: URLSearchParams): Reply {
  const grantType = form.get('grant_type')
  if (grantType === null) return oauthError(400, 'invalid_request', 'grant_type is missing')
  if (grantType !== 'client_credentials')
    return oauthError(400, 'unsupported_grant_type', 'only client_credentials is offered')
  const scopes = [...new Set((form.get('scope') ?? '').split(' ').filter((scope) => scope !== ''))]
  const allowed = clientOf(state, clientId)?.scopes ?? knownScopes
  if (!scopes.every((scope) => allowed.includes(scope)))
    return oauthError(400, 'invalid_scope', 'a scope is unknown or not open to this client')
  const token = state.tokens.issue(clientId, scopes)
  return json(
    200,
    { access_token: token, token_type: 'bearer', expires_in: state.tokens.ttlSeconds, scope: scopes.join(' ') },
    uncached,
  )
}

function revokeToken(state: SimulatorState, clientId: string, form: URLSearchParams): Reply {
  const token = form.get('token')
  if (token === null) return oauthError(400, 'invalid_request', 'token is missing')
  state.tokens.revoke(token, clientId)
  return { status: 200, headers: uncached, body: '' }
}

type ClientHandler = (state: SimulatorState, clientId: string, form: URLSearchParams) => Reply

function withClient(state: SimulatorState, handle: ClientHandler): Handler {
  return (request) => {
    const clientId = authenticate(state, request)
    if (clientId === undefined) {
      return oauthError(401, 'invalid_client', 'client authentication failed', {
        'WWW-Authenticate': 'Basic realm="simulator"',
      })
    }
    if (mediaType(request.headers) !== 'application/x-www-form-urlencoded') {
      return oauthError(400, 'invalid_request', 'the body must be application/x-www-form-urlencoded')
    }
    return handle(state, clientId, new URLSearchParams(request.body.toString('utf8')))
  }
}

function authenticate(state: SimulatorState, request: SimRequest): string | undefined {
  const given = basicCredentials(request.headers)
  if (given === undefined) return undefined
  if (state.clients !== undefined && clientOf(state, given.user)?.secret !== given.password) return undefined
  return given.user
}

export function clientOf(state: SimulatorState, clientId: string): SimulatorClient | undefined {
  return state.clients?.[clientId]
}

function oauthError(status: number, error: string, description: string, headers: Record<string, string> = {}): Reply {
  return json(status, { error, error_description: description }, { ...uncached, ...headers })
}
