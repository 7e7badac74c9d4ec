import { e164 } from '../phones/number.js'
import type { Device } from '../phones/phones.js'
import { json, type Reply, redirectTo } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'

export const authorizePath = '/camara/authorize'

/** The operator's authorization endpoint, opened by the device: it recognises the SIM and shows no page. */
export function camaraAuthorizeRoutes(state: SimulatorState): Route[] {
  return [{ method: 'GET', path: authorizePath, from: 'device', handle: (request) => authorize(state, request) }]
}

async function authorize(state: SimulatorState, request: SimRequest): Promise<Reply> {
  const { query } = request
  const client = query.get('client_id')
  const target = query.get('redirect_uri')
  // Nobody is sent to a stranger's URL: the user stays on the operator's page (profile, appendix A).
  if (client === null || target === null || !mayReturnTo(state, client, target))
    return stranded(400, 'client_id or redirect_uri is unknown')
  const device = deviceBehind(state, request)
  if (device?.phone.operator === 'no_redirect') return stranded(501, 'the operator has no page for this')
  if (device?.phone.operator === 'slow') await state.clock.delay(state.behaviour.slowOperatorMs, request.closed)
  const error = requestError(state, query) ?? deviceError(state, device)
  const number = device?.phone.sim
  if (error !== undefined || typeof number !== 'string')
    return back(state, query, target, {
      error: error ?? 'login_required',
      error_description: 'as the simulator was told',
    })
  const code = state.camara.giveCode(
    {
      clientId: client,
      redirectUri: target,
      scopes: scopesOf(query),
      nonce: query.get('nonce'),
      challenge: state.behaviour.camaraPkce === 'ignored' ? null : query.get('code_challenge'),
      number,
    },
    state.behaviour.camaraCodeSeconds,
  )
  return back(state, query, target, { code })
}

function stranded(status: number, error: string): Reply {
  return json(status, { error: 'invalid_request', error_description: error })
}

function back(state: SimulatorState, query: URLSearchParams, target: string, fields: Record<string, string>): Reply {
  const url = new URL(target)
  const given = query.get('state')
  const more = {
    ...fields,
    ...(given !== null && { state: given }),
    ...(state.behaviour.camaraIss && { iss: state.url }),
  }
  for (const [name, value] of Object.entries(more)) url.searchParams.append(name, value)
  return redirectTo(url.href)
}

function mayReturnTo(state: SimulatorState, client: string, target: string): boolean {
  if (!URL.canParse(target)) return false
  if (state.camaraClients === undefined) return true
  return state.camaraClients[client]?.redirectUris?.includes(target) ?? state.camaraClients[client] !== undefined
}

/** A visitor who is no virtual phone is nobody's, unless a hint says whose. */
function deviceBehind(state: SimulatorState, { device, query }: SimRequest): Device | undefined {
  const hint = e164(query.get('login_hint')?.replace(/^tel:/, ''))
  return device ?? (hint === undefined ? undefined : state.phones.visitor(hint, null))
}

function requestError({ behaviour }: SimulatorState, query: URLSearchParams): string | undefined {
  if (query.get('response_type') !== 'code') return 'unsupported_response_type'
  if (!isScopeRight(behaviour.camaraScope, scopesOf(query))) return 'invalid_scope'
  if (behaviour.camaraPkce === 'ignored') return undefined
  const challenge = query.get('code_challenge')
  if (challenge === null) return behaviour.camaraPkce === 'required' ? 'invalid_request' : undefined
  return query.get('code_challenge_method') === 'S256' && /^[\w-]{43}$/.test(challenge) ? undefined : 'invalid_request'
}

function isScopeRight(form: 'space' | 'hash', scopes: readonly string[]): boolean {
  const purposes = scopes.filter((scope) => scope.startsWith('dpv:'))
  if (purposes.length !== 1) return false
  if (form === 'hash') return /^dpv:\w+#number-verification/.test(purposes[0] ?? '')
  return /^dpv:\w+$/.test(purposes[0] ?? '') && scopes.includes('number-verification:verify')
}

function scopesOf(query: URLSearchParams): string[] {
  return (query.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
}

function deviceError(state: SimulatorState, device: Device | undefined): string | undefined {
  if (device === undefined || device.network === 'wifi') return 'login_required'
  const { operator, sim } = device.phone
  const forced = state.overrides.get(sim ?? '')?.camara?.authorizeError
  if (forced !== undefined) return forced
  if (operator === 'unsupported') return 'login_required'
  if (operator === 'mno_timeout') return 'temporarily_unavailable'
  if (operator.startsWith('mno_')) return 'server_error'
  return state.behaviour.camaraConsent === 'required' ? 'consent_required' : undefined
}
