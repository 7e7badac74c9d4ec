import type { Front } from '../context.js'
import type { Handler } from '../http-types.js'
import { answering, sendJson } from '../problem-json.js'
import { endingWith, readFlowRequest } from '../request/flow.js'
import { stepAnswer } from '../step-answer.js'

/** The handler of `POST fallback`: the next rung, which the server chooses. */
export function fallbackHandler(front: Front): Handler {
  return answering(front, async function phoneCheckFallback(req, res) {
    const { request, cookie } = await readFlowRequest(front, req)
    const step = await endingWith(front, res, cookie, () => front.flow.fallback(request))
    if (cookie) front.cookies.update(res, { ...cookie, checkId: step.checkId })
    sendJson(res, 201, stepAnswer(request.handle, step))
  })
}
