import type { HandlerContext } from '../context.js'
import type { Handler } from '../http-types.js'
import { asHandler, sendJson } from '../problem-json.js'
import { expiringCookieWhenOver, readFlowRequest } from '../request/flow.js'

/** The handler of `POST status`: how far a flow is. It logs nobody in. */
export function statusHandler(context: HandlerContext): Handler {
  return asHandler(context, async function phoneCheckStatus(req, res) {
    const { request, cookie } = await readFlowRequest(context, req)
    const { state, rung, fallback, reason, fallbackInSeconds, retryAfterSeconds } = await expiringCookieWhenOver(
      context,
      res,
      cookie,
      () => context.logins.status(request),
    )
    if (cookie && (state === 'failed' || state === 'expired')) context.cookies.expire(res, cookie.name)
    if (retryAfterSeconds !== undefined) res.setHeader('Retry-After', String(retryAfterSeconds))
    sendJson(res, 200, {
      state,
      rung,
      fallback,
      reason,
      fallback_in: fallbackInSeconds,
      retry_after: retryAfterSeconds,
    })
  })
}
