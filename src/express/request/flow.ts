import type { FlowRequest, RedeemRequest } from '../../flow/requests.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { type HandlerContext, purposeOf, requesterOf } from '../context.js'
import { requireOwnSite } from '../csrf.js'
import type { FlowCookie } from '../flow-cookie.js'
import type { HttpRequest, HttpResponse } from '../http-types.js'
import { type BodyOptions, optionalString, readBody, readQuery } from './body.js'

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
  options: BodyOptions = {},
): Promise<IncomingFlowRequest> {
  requireOwnSite(context, req, 'handle')
  const purpose = purposeOf(context, req)
  // Before the body is waited for: a client that resets its connection after the last byte takes its address with it.
  const requester = requesterOf(context, req)
  const body = await readBody(req, ['flow'], options)
  const handle = optionalString(body, 'flow', 4096)
  if (handle === undefined)
    throw new PhoneCheckError('invalid_request', { message: 'flow is missing; it is in the answer to start.' })
  const cookie = context.cookies.find(req, handle)
  if (cookie) requireOwnSite(context, req, 'cookie')
  return {
    request: {
      handle,
      proof: cookie ? { binding: 'cookie', secret: cookie.secret } : { binding: 'handle' },
      ...purpose,
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

/** A redeem as it came in, and the cookie to expire once its flow is over. */
export interface IncomingRedeem {
  request: RedeemRequest
  cookie?: { name: string } | undefined
}

/** A signed token of a device, such as a verifiable credential, has several kilobytes. */
const maxBytes = 24 * 1024
const maxCodeLength = { body: 16 * 1024, address: 2048 }
const maxDescriptionLength = 1024

/**
 * Reads `POST verify`: `flow`, and beside it the vendor's last response as the device got it. That
 * is a result (`check_id` with `code` or `error`, `error_description`) or a problem document
 * (`type`, `title`, `detail`, `status`), and OAuth's `iss`. Other members are ignored, as vendors
 * add some at any time; none of them says who is logged in.
 * @throws PhoneCheckError 400, 403, 413, 415
 */
export async function readVerify(context: HandlerContext, req: HttpRequest): Promise<IncomingRedeem> {
  const { request, body, cookie } = await readFlowRequest(context, req, { ignoreUnknown: true, maxBytes })
  if (Object.hasOwn(body, 'phone_number')) {
    throw new PhoneCheckError('invalid_request', {
      message: 'phone_number belongs to start: the number of a login comes from its flow.',
    })
  }
  // One of the two, as vendors differ in its name.
  const checkId = optionalString(body, 'check_id', 128) ?? optionalString(body, 'request_id', 128)
  // The SDKs' result has a null code beside an error; a code of any other type is judged by the rung's grammar.
  const code = body['code'] ?? undefined
  if (typeof code === 'string') optionalString(body, 'code', maxCodeLength.body)
  const error = optionalString(body, 'error', 256) ?? (code === undefined ? errorOfProblem(body) : undefined)
  if (code !== undefined && error !== undefined) {
    throw new PhoneCheckError('invalid_request', { message: 'Send either code or error, not both.' })
  }
  return {
    request: {
      ...request,
      ...(code !== undefined && { code }),
      ...(checkId !== undefined && { checkId }),
      ...issuerOf(body),
      ...reportOf(error, body['error_description'] ?? body['detail']),
    },
    cookie,
  }
}

/**
 * What a failure without an `error` says, judged as our client judges it: the fragment of the `type`
 * of a problem document, and without one that the device failed.
 * @returns undefined when the body holds neither a problem document nor a description
 * @throws PhoneCheckError `invalid_request` for a type that is no text
 */
function errorOfProblem(body: Record<string, unknown>): string | undefined {
  const type = optionalString(body, 'type', 2048)
  const { title, detail, status, error_description } = body
  const isProblem =
    [type, title, detail, error_description].some((member) => typeof member === 'string') || typeof status === 'number'
  if (!isProblem) return undefined
  return type?.split('#')[1]?.slice(0, 256) || 'sdk_error'
}

/** What was reported. The description is free text, however long the vendor made it, and never a reason to refuse. */
function reportOf(error: string | undefined, description: unknown): Pick<RedeemRequest, 'error' | 'errorDescription'> {
  if (error === undefined) return {}
  const isText = typeof description === 'string'
  return { error, ...(isText && { errorDescription: description.slice(0, maxDescriptionLength) }) }
}

/** RFC 9207. Cut, and not refused: vendors without it may use the name for something else. */
function issuerOf({ iss }: Record<string, unknown>): Pick<RedeemRequest, 'issuer'> {
  return typeof iss === 'string' ? { issuer: iss.slice(0, 256) } : {}
}

/**
 * Whether a browser came back without any query: vendors that put their result behind the `#` keep
 * it from servers. Only the page can read it then.
 */
export function isBareReturn(req: HttpRequest): boolean {
  return !/[?]./.test(req.url ?? '')
}

/**
 * Reads the provider's redirect back. It names the check as `check_id`, or as the `state` of OAuth.
 * The browser's own cookie has to be of that check: without it nothing is looked up, so whoever
 * sends somebody else a link of their own login (login CSRF) gets nowhere.
 * @throws PhoneCheckError `flow_invalid`, `invalid_request`
 */
export function readReturn(context: HandlerContext, req: HttpRequest): IncomingRedeem {
  const query = readQuery(req)
  const checkId = optionalString(query, 'check_id', 128) ?? optionalString(query, 'state', 128)
  const code = optionalString(query, 'code', maxCodeLength.address)
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
      ...issuerOf(query),
      ...reportOf(error, query['error_description']),
    },
    cookie,
  }
}
