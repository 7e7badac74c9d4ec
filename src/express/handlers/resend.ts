import type { Front } from '../context.js'
import type { Handler } from '../http-types.js'
import { answering, sendJson } from '../problem-json.js'
import { endingWith, readFlowRequest } from '../request/flow.js'
import { stepAnswer } from '../step-answer.js'

/** The handler of `POST resend`: another message on the same rung. */
export function resendHandler(front: Front): Handler {
  return answering(front, async function phoneCheckResend(req, res) {
    const { request, cookie } = await readFlowRequest(front, req)
    const step = await endingWith(front, res, cookie, () => front.flow.resend(request))
    if (cookie) front.cookies.update(res, { ...cookie, checkId: step.checkId })
    sendJson(res, 201, stepAnswer(request.handle, step))
  })
}
