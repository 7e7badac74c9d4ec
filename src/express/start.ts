import type { BindingMode } from '../core/flow.js'
import { knownOptions } from '../core/known-options.js'
import type { Delivery } from '../providers/provider.js'
import { type Front, purposeOf, refuseForeignSite, requesterOf } from './front.js'
import type { Handler } from './http-types.js'
import { answering, sendJson } from './problem.js'
import { readBody } from './read-request.js'
import { stepAnswer } from './step-answer.js'

export interface StartOptions {
  /** `cookie` (default) for browsers, `handle` for native apps and APIs, where whoever holds the handle is the starter. */
  binding?: BindingMode
  /** How the code comes back. Default: `redirect` when the strategy has a `redirectUrl`, else `body`. `handle` implies `body`. */
  delivery?: Delivery
}

/** The handler of `POST start`. @throws TypeError for options that cannot work together */
export function startHandler(front: Front, options: StartOptions): Handler {
  knownOptions('start', options, ['binding', 'delivery'])
  const binding = options.binding ?? 'cookie'
  const delivery = options.delivery ?? (binding === 'cookie' && front.redirectUrl !== undefined ? 'redirect' : 'body')
  if (binding !== 'cookie' && binding !== 'handle') throw new TypeError("start: binding must be 'cookie' or 'handle'")
  if (delivery !== 'redirect' && delivery !== 'body') throw new TypeError("start: delivery must be 'redirect' or 'body'")
  if (delivery === 'redirect' && binding === 'handle') {
    throw new TypeError("start: delivery 'redirect' needs binding 'cookie'; only a browser can be sent back")
  }
  if (delivery === 'redirect' && front.redirectUrl === undefined) {
    throw new TypeError("start: delivery 'redirect' needs the strategy's redirectUrl")
  }

  return answering(front, async function phoneCheckStart(req, res) {
    refuseForeignSite(front, req, binding)
    const body = await readBody(req, ['phone_number'])
    const started = await front.flow.start({
      phoneNumber: body['phone_number'],
      ...purposeOf(front, req),
      binding,
      delivery,
      ...requesterOf(front, req),
    })
    if (binding === 'cookie') front.cookies.add(req, res, started)
    sendJson(res, 201, stepAnswer(started.handle, started))
  })
}
