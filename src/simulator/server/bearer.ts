import type { Grant } from '../idlayr/tokens.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { type Reply, withHeaders } from './reply.js'
import type { SimRequest } from './request.js'
import type { Handler } from './router.js'

/**
 * Guards a product route: 401 without a living token, 403 without the scope, 429 over the rate, and
 * the rate headers on success.
 */
export function withBearer(
  state: SimulatorState,
  scope: string,
  handle: (request: SimRequest, grant: Grant) => Reply | Promise<Reply>,
): Handler {
  return async (request) => {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const grant = token === undefined ? undefined : state.tokens.find(token)
    if (grant === undefined) return state.problem('unauthorized', { 'WWW-Authenticate': 'Bearer' })
    if (!grant.scopes.includes(scope)) return state.problem('forbidden')
    const rate = state.rates.hit(grant.clientId)
    if (rate.retryAfterSeconds !== undefined)
      return state.problem('too_many_requests', { 'Retry-After': String(rate.retryAfterSeconds) })
    const reply = await handle(request, grant)
    return reply.status < 400 ? withHeaders(reply, rate.headers) : reply
  }
}
