import type { HandlerContext } from '../context.js'
import type { Handler } from '../http-types.js'
import { asHandler, sendJson } from '../problem-json.js'
import { expiringCookieWhenOver, readFlowRequest } from '../request/flow.js'

/** The handler of `POST status`: how far a flow is. It logs nobody in. */
export function statusHandler(front: HandlerContext): Handler {
  return asHandler(front, async function phoneCheckStatus(req, res) {
    const { request, cookie } = await readFlowRequest(front, req)
    const { state, rung, fallback, reason, fallbackInSeconds, retryAfterSeconds } = await expiringCookieWhenOver(front, res, cookie, () =>
      front.flow.status(request),
    )
    if (cookie && (state === 'failed' || state === 'expired')) front.cookies.expire(res, cookie.name)
    if (retryAfterSeconds !== undefined) res.setHeader('Retry-After', String(retryAfterSeconds))
    sendJson(res, 200, { state, rung, fallback, reason, fallback_in: fallbackInSeconds, retry_after: retryAfterSeconds })
  })
}
