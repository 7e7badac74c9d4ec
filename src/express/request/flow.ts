import type { FlowRequest } from '../../flow/requests.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { type HandlerContext, purposeOf, requesterOf } from '../context.js'
import { requireOwnSite } from '../csrf.js'
import type { FlowCookie } from '../flow-cookie.js'
import type { HttpRequest, HttpResponse } from '../http-types.js'
import { type BodyOptions, optionalString, readBody } from './body.js'

export interface IncomingFlowRequest {
  request: FlowRequest & { handle: string }
  body: Record<string, unknown>
  /** The browser's cookie for the flow, if it has one. */
  cookie: FlowCookie | undefined
}

/**
 * Reads a POST that names a flow, and what its sender holds to prove that it is the starter.
 * @throws PhoneCheckError 400, 403, 413, 415
 */
export async function readFlowRequest(
  context: HandlerContext,
  req: HttpRequest,
  fields: readonly string[] = [],
  options: BodyOptions = {},
): Promise<IncomingFlowRequest> {
  requireOwnSite(context, req, 'handle')
  // Before the body is waited for: a client that resets its connection after the last byte takes its address with it.
  const requester = requesterOf(context, req)
  const body = await readBody(req, ['flow', ...fields], options)
  const handle = optionalString(body, 'flow', 4096)
  if (handle === undefined)
    throw new PhoneCheckError('invalid_request', { message: 'flow is missing; it is in the answer to start.' })
  const cookie = context.cookies.find(req, handle)
  if (cookie) requireOwnSite(context, req, 'cookie')
  return {
    request: {
      handle,
      proof: cookie ? { binding: 'cookie', secret: cookie.secret } : { binding: 'handle' },
      ...purposeOf(context, req),
      ...requester,
    },
    body,
    cookie,
  }
}

/** Lets the browser forget a flow that turns out to be over. */
export async function expiringCookieWhenOver<T>(
  context: HandlerContext,
  res: HttpResponse,
  cookie: { name: string } | undefined,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (cookie && error instanceof PhoneCheckError && error.details.ended) context.cookies.expire(res, cookie.name)
    throw error
  }
}
