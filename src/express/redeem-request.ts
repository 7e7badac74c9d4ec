import { PhoneCheckError } from '../core/errors.js'
import type { RedeemRequest } from '../core/login-requests.js'
import { type Front, refuseForeignSite } from './front.js'
import type { HttpRequest } from './http-types.js'
import { optionalString, readBody, readQuery } from './read-request.js'

/** A redeem as it came in, and the cookie to expire once its flow is over. */
export interface IncomingRedeem {
  request: RedeemRequest
  cookieName?: string
}

const verifyFields = ['flow', 'code', 'check_id', 'reference_id', 'error', 'error_description']

/** Reads `POST verify`. @throws PhoneCheckError 400, 403, 413, 415 */
export async function readVerify(front: Front, req: HttpRequest): Promise<IncomingRedeem> {
  refuseForeignSite(front, req, 'handle')
  const body = await readBody(req, verifyFields)
  const handle = optionalString(body, 'flow', 64)
  const checkId = optionalString(body, 'check_id', 64)
  const error = optionalString(body, 'error', 256)
  optionalString(body, 'error_description', 1024)
  optionalString(body, 'reference_id', 256)
  if (handle === undefined) throw new PhoneCheckError('invalid_request', { message: 'flow is missing; it is in the answer to start.' })
  // The SDKs' result has a null code beside an error; a code of any other type is judged by the rung's grammar.
  const code = body['code'] ?? undefined
  if (code !== undefined && error !== undefined) {
    throw new PhoneCheckError('invalid_request', { message: 'Send either code or error, not both.' })
  }
  const cookie = front.cookies.find(req, handle)
  if (cookie) refuseForeignSite(front, req, 'cookie')
  return {
    request: {
      handle,
      proof: cookie ? { binding: 'cookie', secret: cookie.secret } : { binding: 'handle' },
      purpose: front.purpose,
      ...(code !== undefined && { code }),
      ...(checkId !== undefined && { checkId }),
      ...(error !== undefined && { error }),
    },
    ...(cookie && { cookieName: cookie.name }),
  }
}

/**
 * Reads the provider's redirect back. The browser's own cookie stands in for OAuth's `state`: without a cookie for this very check nothing is looked up.
 * @throws PhoneCheckError `flow_invalid`, `invalid_request`
 */
export function readReturn(front: Front, req: HttpRequest): IncomingRedeem {
  const query = readQuery(req)
  const checkId = optionalString(query, 'check_id', 64)
  const code = optionalString(query, 'code', 256)
  const error = optionalString(query, 'error', 256)
  if (checkId === undefined || (code === undefined) === (error === undefined)) throw new PhoneCheckError('invalid_request')
  const cookie = front.cookies.findByCheck(req, checkId)
  if (!cookie) throw new PhoneCheckError('flow_invalid')
  return {
    request: {
      handle: cookie.handle,
      proof: { binding: 'cookie', secret: cookie.secret },
      purpose: front.purpose,
      checkId,
      ...(code !== undefined && { code }),
      ...(error !== undefined && { error }),
    },
    cookieName: cookie.name,
  }
}
