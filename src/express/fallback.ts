import { endingWith, readFlowRequest } from './flow-request.js'
import type { Front } from './front.js'
import type { Handler } from './http-types.js'
import { answering, sendJson } from './problem.js'
import { stepAnswer } from './step-answer.js'

/** The handler of `POST fallback`: the next rung, which the server chooses. */
export function fallbackHandler(front: Front): Handler {
  return answering(front, async function phoneCheckFallback(req, res) {
    const { request, cookie } = await readFlowRequest(front, req)
    const step = await endingWith(front, res, cookie, () => front.flow.fallback(request))
    if (cookie) front.cookies.update(res, { ...cookie, checkId: step.checkId })
    sendJson(res, 201, stepAnswer(request.handle, step))
  })
}
