import type { FlowRequest } from '../../flow/requests.js'
import type { NextStep } from '../../login/types.js'
import type { HandlerContext } from '../context.js'
import type { Handler, HttpRequest, HttpResponse } from '../http-types.js'
import { asHandler, sendStep } from '../problem-json.js'
import { expiringCookieWhenOver, readFlowRequest } from '../request/flow.js'

/** The handler of `POST fallback`: the next rung, which the server chooses. */
export function fallbackHandler(context: HandlerContext): Handler {
  return stepHandler(context, 'phoneCheckFallback', (request) => context.logins.fallback(request))
}

/** The handler of `POST resend`: another message on the same rung. */
export function resendHandler(context: HandlerContext): Handler {
  return stepHandler(context, 'phoneCheckResend', (request) => context.logins.resend(request))
}

function stepHandler(
  context: HandlerContext,
  name: string,
  takeStep: (request: FlowRequest) => Promise<NextStep>,
): Handler {
  const handler = async (req: HttpRequest, res: HttpResponse): Promise<void> => {
    const { request, cookie } = await readFlowRequest(context, req)
    const step = await expiringCookieWhenOver(context, res, cookie, () => takeStep(request))
    if (cookie) context.cookies.update(res, { ...cookie, checkId: step.checkId })
    sendStep(res, request.handle, step)
  }
  return asHandler(context, Object.defineProperty(handler, 'name', { value: name }))
}
