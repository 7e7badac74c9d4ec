import { isObject, type JsonObject, json, parseJson, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Handler, Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { authenticate } from './authenticate.js'
import { readCreate } from './create-fields.js'
import { invalidParameters, vonageError } from './error.js'
import type { VonageRequest } from './requests.js'

const base = '/v2/verify'

/** Vonage Verify v2, the server's side: create, check, next step, cancel. */
export function vonageRoutes(state: SimulatorState): Route[] {
  const server = (method: string, path: string, handle: Handler): Route => ({ method, path, from: 'server', handle })
  return [
    server('POST', `${base}/`, guarded(state, create)),
    server('POST', base, guarded(state, create)),
    server('POST', `${base}/:id`, guarded(state, onRequest(check))),
    server('POST', `${base}/:id/next_workflow`, guarded(state, onRequest(next))),
    server('DELETE', `${base}/:id`, guarded(state, onRequest(cancel))),
  ]
}

export function isVonagePath(path: string): boolean {
  return path === base || path.startsWith(`${base}/`)
}

type GuardedHandler = (state: SimulatorState, request: SimRequest, caller: string) => Reply

function guarded(state: SimulatorState, handle: GuardedHandler): Handler {
  return (request) => {
    const who = authenticate(state, request)
    return 'error' in who ? vonageError(who.error) : handle(state, request, who.caller)
  }
}

function bodyOf({ headers, body }: SimRequest): JsonObject | undefined {
  const value = mediaType(headers) === 'application/json' ? parseJson(body.toString('utf8')) : undefined
  return isObject(value) ? value : undefined
}

function create(state: SimulatorState, request: SimRequest, caller: string): Reply {
  const body = bodyOf(request)
  if (body === undefined) return vonageError('invalid-json')
  const fields = readCreate(body)
  if ('complaints' in fields) return invalidParameters(fields.complaints)
  const [first] = fields.workflow
  const isSilent = first?.channel === 'silent_auth'
  if (isSilent && first.coverageCheck && state.phones.known(first.to)?.operator === 'unsupported')
    return vonageError('network-not-supported')
  const created = state.vonageRequests.create({ ...fields, caller })
  if (created === undefined) return vonageError('concurrent')
  const { id } = created
  return json(202, { request_id: id, ...(isSilent && { check_url: `${state.url}${base}/${id}/silent-auth/redirect` }) })
}

/** For requests of the caller's own. */
function onRequest(
  handle: (state: SimulatorState, found: VonageRequest, request: SimRequest) => Reply,
): GuardedHandler {
  return (state, request, caller) => {
    const found = state.vonageRequests.find(request.params['id'] ?? '')
    return found?.caller === caller ? handle(state, found, request) : vonageError('request-not-found')
  }
}

function check({ vonageRequests }: SimulatorState, found: VonageRequest, request: SimRequest): Reply {
  const code = bodyOf(request)?.['code']
  if (typeof code !== 'string' || code.length < 4 || code.length > 10)
    return invalidParameters([{ name: 'code', reason: 'code is invalid' }])
  const error = vonageRequests.check(found, code)
  return error === undefined ? json(200, { request_id: found.id, status: 'completed' }) : vonageError(error)
}

function next({ vonageRequests }: SimulatorState, found: VonageRequest): Reply {
  if (found.status !== 'open') return vonageError('request-not-found')
  return vonageRequests.next(found) ? { status: 200, headers: {}, body: '' } : vonageError('no-events')
}

function cancel({ vonageRequests }: SimulatorState, found: VonageRequest): Reply {
  return vonageRequests.cancel(found) ? { status: 204, headers: {}, body: '' } : vonageError('request-not-found')
}
