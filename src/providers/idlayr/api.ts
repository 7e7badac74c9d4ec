import type { Deadline } from '../../contracts/clock.js'
import type { CallContext } from '../../contracts/provider.js'
import { systemClock } from '../../lib/clock.js'
import type { PhoneCheckError } from '../../lib/errors.js'
import { httpClient, isSuccess, type VendorResponse } from '../http/client.js'
import { tokenSource } from '../http/oauth-token.js'
import { type Attempt, type CallKind, outcomeUnknown, withRepeats } from '../http/retry.js'
import { TransportError, type VendorRequest } from '../http/transport.js'
import { type FaultFacts, vendorFault } from '../http/vendor-fault.js'
import { checkCommon, required, timeoutsOf } from '../options.js'
import { baseOrigin, type IdlayrOptions, idlayrOptionNames } from './options.js'
import { readProblem } from './problem.js'

const defaultTimeoutsMs = { token: 4_000, create: 6_000, redeem: 8_000, read: 4_000 }

export interface IdlayrCall {
  kind: 'create' | 'redeem' | 'read'
  method: VendorRequest['method']
  path: string
  contentType?: string
  body?: unknown
}

/** What the vendor said, for the adapter to judge. */
export interface IdlayrAnswer extends VendorResponse {
  /** Whether an earlier attempt of the same call may have been acted on already. */
  repeated: boolean
}

export interface IdlayrApi {
  readonly vendor: string
  readonly origin: string
  /**
   * Calls the vendor with the project's token.
   * @returns any answer that says something about the check
   * @throws PhoneCheckError `provider_unavailable` for everything else, after the repeats that
   * {@link withRepeats} allows and an event
   */
  call(call: IdlayrCall, context: CallContext): Promise<IdlayrAnswer>
  /** Fetches a token of its own, so that one from before the credentials changed proves nothing. */
  probe(context: CallContext): Promise<void>
  close(): Promise<void>
  /** Fetches what needs no token. @throws TransportError */
  fetchPublic(path: string, deadline: Deadline): Promise<VendorResponse>
  /** Reports an answer that makes no sense. An outage, never a verdict. */
  malformed(operation: string, answer: VendorResponse, context: CallContext): PhoneCheckError
}

/**
 * @param name of the rung, for events
 * @param factory the exported function that was called, for the texts of TypeErrors
 * @throws TypeError that names the option and the cure
 */
export function idlayrApi(
  name: string,
  factory: string,
  scope: string,
  options: IdlayrOptions,
  extraOptions: readonly string[] = [],
): IdlayrApi {
  checkCommon(factory, options, [...idlayrOptionNames, ...extraOptions])
  const { brand = 'idlayr', clock = systemClock } = options
  const origin = baseOrigin(factory, options)
  const credentials = `${required(factory, 'clientId', options.clientId)}:${required(factory, 'clientSecret', options.clientSecret)}`
  const basic = `Basic ${Buffer.from(credentials).toString('base64')}`
  const timeoutsMs = timeoutsOf(factory, options.timeoutsMs, defaultTimeoutsMs)
  const http = httpClient(origin, clock, options.fetch)

  /**
   * One call with its repeats.
   * @returns any answer, whatever its status.
   * @throws TransportError when the last one was lost
   */
  async function exchange(
    kind: CallKind,
    request: Omit<VendorRequest, 'deadline'>,
    deadline: Deadline,
  ): Promise<IdlayrAnswer> {
    let repeated = false
    const call = () => http.request({ ...request, deadline })
    const attempt = await withRepeats(kind, { clock, deadline }, call, (lost) => {
      repeated ||= outcomeUnknown(lost)
    })
    if (attempt instanceof TransportError) throw attempt
    return { ...attempt, repeated }
  }

  const fetchToken = async (deadline: Deadline) => {
    const answer = await exchange(
      'token',
      {
        method: 'POST',
        path: '/oauth2/v1/token',
        headers: {
          authorization: basic,
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json, application/problem+json',
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope }).toString(),
        timeoutMs: timeoutsMs.token,
      },
      deadline,
    )
    const value = answer.body?.['access_token']
    // A token becomes part of a header, so nothing that could end the header may be in it.
    if (!isSuccess(answer) || typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) throw new TokenRefused(answer)
    return { value, expiresInSeconds: answer.body?.['expires_in'] }
  }
  const tokens = tokenSource(fetchToken, clock)

  async function authorized(call: IdlayrCall, context: CallContext): Promise<IdlayrAnswer> {
    let operation: CallKind = 'token'
    try {
      const token = await tokens.get()
      operation = call.kind
      const headers: Record<string, string> = {
        authorization: `Bearer ${token}`,
        accept: 'application/hal+json, application/problem+json',
      }
      if (call.contentType) headers['content-type'] = call.contentType
      const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) }
      const request = { method: call.method, path: call.path, headers, ...body, timeoutMs: timeoutsMs[call.kind] }
      const answer = await exchange(call.kind, request, context.deadline)
      if (answer.status === 401) tokens.refuse(token)
      return answer
    } catch (error) {
      if (error instanceof TokenRefused) throw fault(operation, error.answer, context)
      throw error instanceof TransportError ? fault(operation, error, context) : error
    }
  }

  function fault(operation: string, answer: Attempt, context: CallContext): PhoneCheckError {
    // Without a token nothing was asked of the product.
    const untried = operation === 'token' || undefined
    const call = { method: name, operation, options: '`baseUrl`, `brand` and `region`', untried }
    return vendorFault(answer, call, (said) => faultFacts(operation, said), context)
  }

  return {
    vendor: brand,
    origin,
    close: http.close,
    async probe(context) {
      try {
        await fetchToken(context.deadline)
      } catch (error) {
        throw fault('token', error instanceof TokenRefused ? error.answer : (error as TransportError), context)
      }
    },
    async call(call, context) {
      let answer = await authorized(call, context)
      // A refused token means that nothing was done, so even a redeem may go out again.
      if (answer.status === 401) answer = await authorized(call, context)
      if (answer.status === 429 && fits(answer.retryAfterSeconds, call.kind, context)) {
        await clock.delay((answer.retryAfterSeconds ?? 0) * 1000)
        answer = await authorized(call, context)
      }
      const { status } = answer
      if ([401, 402, 403, 429].includes(status) || (status >= 500 && status !== 501))
        throw fault(call.kind, answer, context)
      return answer
    },
    fetchPublic: (path, deadline) =>
      http.request({
        method: 'GET',
        path,
        headers: { accept: 'application/json' },
        timeoutMs: timeoutsMs.read,
        deadline,
      }),
    malformed: fault,
  }
}

const credentialsCure =
  'check `clientId` and `clientSecret`: they are those of a project, not of the workspace, and belong to one `brand` and `region`'
const endpointCure = 'check `baseUrl`: what answered does not take the token request that the vendor documents'
const rightsCure = "give the project's credentials the scope that this rung needs, in the vendor's console"

/**
 * RFC 6749 section 5.2: what a token endpoint says of a client that it will not serve, and what the
 * operator can do.
 */
const oauthCures: Readonly<Record<string, string>> = {
  invalid_client: credentialsCure,
  invalid_scope: rightsCure,
  unauthorized_client: rightsCure,
  invalid_request: endpointCure,
  invalid_grant: endpointCure,
  unsupported_grant_type: endpointCure,
}

/** These refusals say that nothing was done. */
function faultFacts(operation: string, { status, body }: VendorResponse): FaultFacts {
  const oauthError = operation === 'token' && [400, 401].includes(status) ? body?.['error'] : undefined
  const ours =
    [401, 402, 403].includes(status) || (typeof oauthError === 'string' && Object.hasOwn(oauthCures, oauthError))
  const error = typeof oauthError === 'string' ? oauthError : readProblem(body).fragment
  const quota = status === 429
  return { ours, quota, untried: ours || quota, error, cure: ours ? cureOf(status, error) : undefined }
}

function cureOf(status: number, error: string | undefined): string {
  if (error !== undefined && Object.hasOwn(oauthCures, error)) return oauthCures[error] ?? credentialsCure
  if (status === 402) return "its balance is used up: top it up in the vendor's console"
  return status === 403 ? rightsCure : credentialsCure
}

/**
 * The vendor gave no token. Kept apart, because all who wait for one token share the failure, and
 * each must tell of it.
 */
class TokenRefused extends Error {
  readonly answer: VendorResponse

  constructor(answer: VendorResponse) {
    super('The provider gave no token.')
    this.answer = answer
  }
}

/**
 * Waiting is worth it only when a second is left for the call itself. A create waits for no more
 * than a second: another rung can begin meanwhile, while for a redeem there is no other.
 */
function fits(retryAfterSeconds: number | undefined, kind: IdlayrCall['kind'], { deadline }: CallContext): boolean {
  if (retryAfterSeconds === undefined || (kind === 'create' && retryAfterSeconds > 1)) return false
  return retryAfterSeconds * 1000 <= deadline.leftMs() - 1_000
}
