import type { HandlerContext } from '../context.js'
import type { Handler } from '../http-types.js'
import { asHandler, sendJson } from '../problem-json.js'
import { expiringCookieWhenOver, readFlowRequest } from '../request/flow.js'
import { toWire } from '../step-answer.js'

/** The handler of `POST resend`: another message on the same rung. */
export function resendHandler(front: HandlerContext): Handler {
  return asHandler(front, async function phoneCheckResend(req, res) {
    const { request, cookie } = await readFlowRequest(front, req)
    const step = await expiringCookieWhenOver(front, res, cookie, () => front.flow.resend(request))
    if (cookie) front.cookies.update(res, { ...cookie, checkId: step.checkId })
    sendJson(res, 201, toWire(request.handle, step))
  })
}
