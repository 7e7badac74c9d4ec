import { json, type Reply } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { controlRoute, fields, refuse, withPhone } from './request.js'

/** The part of the remote control that is about SMS, calls and callbacks. */
export function messageControlRoutes(state: SimulatorState): Route[] {
  return [
    controlRoute('GET', 'phones/:number/inbox', (request) =>
      withPhone(state, request, (phone) => json(200, phone.inbox)),
    ),
    controlRoute('POST', 'phones/:number/send', (request) =>
      withPhone(state, request, (phone) =>
        withTexts(request, ['to', 'body'], async ({ to, body }) => json(200, { result: await phone.send(to, body) })),
      ),
    ),
    controlRoute('POST', 'sms', (request) =>
      withTexts(request, ['from', 'to', 'body'], (sms) =>
        json(200, { result: state.deliverSms(sms) ? 'delivered' : 'dropped' }),
      ),
    ),
    controlRoute('GET', 'callbacks', () => json(200, state.callbacks.records)),
  ]
}

/** Hands on a body of exactly these strings. */
function withTexts<Name extends string>(
  request: SimRequest,
  names: readonly Name[],
  handle: (texts: Record<Name, string>) => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  const read = fields(request, names)
  if ('refusal' in read) return read.refusal
  const wrong = names.find((name) => typeof read.body[name] !== 'string')
  return wrong === undefined ? handle(read.body as Record<Name, string>) : refuse(400, `${wrong} must be a string`)
}
