import { PhoneCheckError } from '../core/errors.js'
import type { RedeemRequest } from '../core/login-requests.js'
import { readFlowRequest } from './flow-request.js'
import { type Front, purposeOf, requesterOf } from './front.js'
import type { HttpRequest } from './http-types.js'
import { optionalString, readQuery } from './read-request.js'

/** A redeem as it came in, and the cookie to expire once its flow is over. */
export interface IncomingRedeem {
  request: RedeemRequest
  cookieName?: string
}

const verifyFields = ['code', 'check_id', 'reference_id', 'error', 'error_description', 'type']

/** The end of a vendor's problem type, which says why its check URL refused the device: `https://…/api-errors#not_mobile_ip`. */
function problemWord(type: string | undefined): string | undefined {
  return type === undefined ? undefined : (/#([a-z0-9_]{1,64})$/.exec(type)?.[1] ?? 'reported')
}

/**
 * Reads `POST verify`. A client may send the vendor's last answer as it is, a problem document too: its members are read by name, and those that we do not
 * know are ignored, as vendors add some at any time.
 * @throws PhoneCheckError 400, 403, 413, 415
 */
export async function readVerify(front: Front, req: HttpRequest): Promise<IncomingRedeem> {
  const { request, body, cookie } = await readFlowRequest(front, req, verifyFields, true)
  if (Object.hasOwn(body, 'phone_number')) {
    throw new PhoneCheckError('invalid_request', { message: 'phone_number belongs to start: the number of a login comes from its flow.' })
  }
  const checkId = optionalString(body, 'check_id', 64)
  const type = optionalString(body, 'type', 1024)
  const error = optionalString(body, 'error', 256) ?? (body['code'] === undefined ? problemWord(type) : undefined)
  optionalString(body, 'error_description', 1024)
  optionalString(body, 'reference_id', 256)
  // The SDKs' result has a null code beside an error; a code of any other type is judged by the rung's grammar.
  const code = body['code'] ?? undefined
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
      ...purposeOf(front, req),
      ...requesterOf(front, req),
      checkId,
      ...(code !== undefined && { code }),
      ...(error !== undefined && { error }),
    },
    cookieName: cookie.name,
  }
}
