import type { RedeemRequest } from '../../flow/requests.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { type HandlerContext, purposeOf, requesterOf } from '../context.js'
import type { HttpRequest } from '../http-types.js'
import { optionalString, readQuery } from './body.js'
import { readFlowRequest } from './flow.js'

/** A redeem as it came in, and the cookie to expire once its flow is over. */
export interface IncomingRedeem {
  request: RedeemRequest
  cookieName?: string
}

const verifyFields = ['code', 'check_id', 'error', 'type', 'title', 'detail', 'status']

/**
 * Reads `POST verify`: `flow`, and beside it the vendor's last response as the device got it. That
 * is a result (`check_id` with `code` or `error`) or a problem document (`type`, `title`, `detail`,
 * `status`). Other members are ignored, as vendors add some at any time; none of them says who is
 * logged in.
 * @throws PhoneCheckError 400, 403, 413, 415
 */
export async function readVerify(context: HandlerContext, req: HttpRequest): Promise<IncomingRedeem> {
  const { request, body, cookie } = await readFlowRequest(context, req, verifyFields, true)
  if (Object.hasOwn(body, 'phone_number')) {
    throw new PhoneCheckError('invalid_request', {
      message: 'phone_number belongs to start: the number of a login comes from its flow.',
    })
  }
  const checkId = optionalString(body, 'check_id', 64)
  // The SDKs' result has a null code beside an error; a code of any other type is judged by the rung's grammar.
  const code = body['code'] ?? undefined
  const error = optionalString(body, 'error', 256) ?? (code === undefined ? errorOfProblem(body) : undefined)
  if (code !== undefined && error !== undefined) {
    throw new PhoneCheckError('invalid_request', { message: 'Send either code or error, not both.' })
  }
  return {
    request: {
      ...request,
      ...(code !== undefined && { code }),
      ...(checkId !== undefined && { checkId }),
      ...(error !== undefined && { error }),
    },
    ...(cookie && { cookieName: cookie.name }),
  }
}

/**
 * What a problem document of the check URL says, judged as our client judges it: the fragment of
 * its `type`, and without one that the device failed.
 * @returns undefined when the body holds no problem document
 * @throws PhoneCheckError `invalid_request` for a type that is no text
 */
function errorOfProblem(body: Record<string, unknown>): string | undefined {
  const type = optionalString(body, 'type', 2048)
  const { title, detail, status } = body
  const isProblem = [type, title, detail].some((member) => typeof member === 'string') || typeof status === 'number'
  if (!isProblem) return undefined
  return type?.split('#')[1]?.slice(0, 256) || 'sdk_error'
}

/**
 * Reads the provider's redirect back. The browser's own cookie stands in for OAuth's `state`:
 * without a cookie for this very check nothing is looked up.
 * @throws PhoneCheckError `flow_invalid`, `invalid_request`
 */
export function readReturn(context: HandlerContext, req: HttpRequest): IncomingRedeem {
  const query = readQuery(req)
  const checkId = optionalString(query, 'check_id', 64)
  const code = optionalString(query, 'code', 256)
  const error = optionalString(query, 'error', 256)
  if (checkId === undefined || (code === undefined) === (error === undefined))
    throw new PhoneCheckError('invalid_request')
  const cookie = context.cookies.findByCheck(req, checkId)
  if (!cookie) throw new PhoneCheckError('flow_invalid')
  return {
    request: {
      handle: cookie.handle,
      proof: { binding: 'cookie', secret: cookie.secret },
      ...purposeOf(context, req),
      ...requesterOf(context, req),
      checkId,
      ...(code !== undefined && { code }),
      ...(error !== undefined && { error }),
    },
    cookieName: cookie.name,
  }
}
