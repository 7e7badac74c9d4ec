import type { NextStep } from '../../login/types.js'
import type { HandlerContext } from '../context.js'
import type { Handler, HttpRequest, HttpResponse } from '../http-types.js'
import { asHandler, sendJson } from '../problem-json.js'
import { expiringCookieWhenOver, readFlowRequest } from '../request/flow.js'

type FlowRequest = Parameters<HandlerContext['flow']['fallback']>[0]

/** The handler of `POST fallback`: the next rung, which the server chooses. */
export function fallbackHandler(context: HandlerContext): Handler {
  return stepHandler(context, 'phoneCheckFallback', (request) => context.flow.fallback(request))
}

/** The handler of `POST resend`: another message on the same rung. */
export function resendHandler(context: HandlerContext): Handler {
  return stepHandler(context, 'phoneCheckResend', (request) => context.flow.resend(request))
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
    sendJson(res, 201, toWire(request.handle, step))
  }
  return asHandler(context, Object.defineProperty(handler, 'name', { value: name }))
}

/** The wire form of a rung that was reached, the same for start, fallback and resend. */
export function toWire(
  handle: string,
  { id, method, challenge, expiresInSeconds, fallback, fallbackInSeconds, skipped }: NextStep,
) {
  return {
    flow: handle,
    id,
    method,
    challenge,
    expires_in: expiresInSeconds,
    fallback,
    fallback_in: fallbackInSeconds,
    skipped,
  }
}
