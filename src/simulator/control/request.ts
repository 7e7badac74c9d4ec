import { e164 } from '../phones/number.js'
import type { VirtualPhone } from '../phones/virtual-phone.js'
import { isObject, type JsonObject, json, parseJson, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Handler, Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { mayControl } from './guard.js'

/** A route of the control plane, guarded. */
export function controlRoute(method: string, path: string, handle: Handler): Route {
  return {
    method,
    path: `/_simulator/${path}`,
    from: 'server',
    handle: (request) =>
      mayControl(request)
        ? handle(request)
        : refuse(403, 'the control plane answers this machine only, and no foreign page'),
  }
}

export function refuse(status: number, error: string): Reply {
  return json(status, { error })
}

/** The body as an object with no other fields than these, or the refusal. */
export function fields(request: SimRequest, known: readonly string[]): { body: JsonObject } | { refusal: Reply } {
  if (mediaType(request.headers) !== 'application/json')
    return { refusal: refuse(415, 'the body must be application/json') }
  const body = parseJson(request.body.toString('utf8'))
  if (!isObject(body)) return { refusal: refuse(400, 'the body must be a JSON object') }
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  return unknown === undefined ? { body } : { refusal: refuse(400, `unknown field "${unknown}"`) }
}

export function withPhone(
  state: SimulatorState,
  request: SimRequest,
  handle: (phone: VirtualPhone) => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  const number = e164(request.params['number'])
  return number === undefined ? refuse(400, 'the number must be E.164') : handle(state.phones.get(number))
}
