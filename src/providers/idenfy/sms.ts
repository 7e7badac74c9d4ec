import type { Clock } from '../../contracts/clock.js'
import type { CallContext, Provider } from '../../contracts/provider.js'
import { systemClock } from '../../lib/clock.js'
import { httpClient, isSuccess, type VendorResponse } from '../http/client.js'
import type { FetchLike } from '../http/fetch.js'
import { vendorOrigin } from '../http/origin.js'
import { type Attempt, withRepeats } from '../http/retry.js'
import { TransportError } from '../http/transport.js'
import { codeFault, type FaultFacts, sendFault, vendorFault } from '../http/vendor-fault.js'
import { amrOfCode, checkCommon, required, timeoutsOf } from '../options.js'

export interface IdenfyOptions {
  /** Of the account, from the vendor's dashboard. */
  apiKey: string | undefined
  /** Never logged, and part of no error. */
  apiSecret: string | undefined
  /** Shown as the sender of the message; at most 11 characters. Default: the vendor's own, `iDenfy`. */
  senderName?: string
  /** Default `https://ivs.idenfy.com`. */
  baseUrl?: string | undefined
  /** Name of the rung, when a ladder has two of a kind. */
  name?: string
  /** Replaces the connection pool, for proxies and tests. Must not follow redirects. */
  fetch?: FetchLike
  /** For tests. */
  clock?: Clock
  /** Milliseconds for one call, body included. Default: send 10,000, redeem 8,000. */
  timeoutsMs?: Partial<Record<'send' | 'redeem', number>>
}

const idenfyOptionNames = [
  'apiKey',
  'apiSecret',
  'senderName',
  'baseUrl',
  'name',
  'fetch',
  'clock',
  'timeoutsMs',
] as const satisfies readonly (keyof IdenfyOptions)[]

const requestIdGrammar = /^[A-Za-z0-9_-]{32,40}$/
/** The vendor's guide: the second call's code is good until ten minutes after the message. */
const ttlSeconds = 600
/** Its first call with the same code comes after 120 s. */
const resendAfterSeconds = 125
/** Statuses that the vendor documents for requests that it did not act on. */
const refusals = [400, 401, 402, 403, 404, 405, 409, 429]
/**
 * Identifiers that say something about our call or its way to the vendor. Nothing that a user types
 * can bring them about.
 */
const callFault = ['INTERNAL_ERROR', 'JSON_ERROR', 'ENCODING_ERROR', 'MISSING_VALUE']
/** Answers that say something about our account. */
const ourFault = [
  'UNAUTHORIZED',
  'PERMISSIONS_ERROR',
  'PARTNER_CONTRACT_ERROR',
  'PARTNER_ERROR',
  'TOKEN_NOT_VALID',
  'METHOD_NOT_ALLOWED',
]

/**
 * iDenfy's phone verification: a message with a code of four digits. If it is not confirmed, the
 * vendor calls with the same code after two minutes.
 *
 * Four digits are few: what makes this bearable are the limits around it. Neither call is ever
 * repeated by itself: a second send is a second message and two more calls, and a second verify of
 * a right code reads as a wrong one.
 * @throws TypeError that names the option and the cure
 */
export function idenfySms(options: IdenfyOptions): Provider {
  checkCommon('idenfySms', options, idenfyOptionNames)
  const { clock = systemClock, name = 'idenfy-sms', senderName } = options
  const credentials = `${required('idenfySms', 'apiKey', options.apiKey)}:${required('idenfySms', 'apiSecret', options.apiSecret)}`
  const http = httpClient(vendorOrigin('idenfySms', options.baseUrl ?? 'https://ivs.idenfy.com'), clock, options.fetch)
  const timeoutsMs = timeoutsOf('idenfySms', options.timeoutsMs, { send: 10_000, redeem: 8_000 })
  if (senderName !== undefined && !/^[\x20-\x7e]{1,11}$/.test(senderName)) {
    throw new TypeError('idenfySms: senderName must be 1 to 11 characters of plain ASCII')
  }
  const headers = {
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    'content-type': 'application/json',
    accept: 'application/json',
  }

  function call(kind: 'send' | 'redeem', path: string, body: object, { deadline }: CallContext): Promise<Attempt> {
    const request = { path, headers, body: JSON.stringify(body), timeoutMs: timeoutsMs[kind], deadline }
    // The table of a send holds for both: again only if it never left.
    return withRepeats('send', { clock, deadline }, () => http.request({ method: 'POST', ...request }))
  }

  const fault = (operation: 'send' | 'redeem', answer: Attempt, context: CallContext) =>
    vendorFault(answer, { method: name, operation }, faultFacts, context)

  return {
    name,
    vendor: 'idenfy',
    assurance: 'low',
    amr: amrOfCode('sms'),
    // SMS and first call carry one code, good until 5:00; the second call brings another, good until 10:00.
    ttlSeconds,
    dwellSeconds: 60,
    sends: true,
    resendAfterSeconds,
    guessable: true,
    codeLength: 4,
    codeGrammar: /^[0-9]{4}$/,
    close: http.close,

    async start(input, context) {
      const body = { phone_number: input.phoneNumber, ...(senderName !== undefined && { sender_name: senderName }) }
      const answer = await call('send', '/fraud/send-sms', body, context)
      if (!(answer instanceof TransportError)) {
        const id = isSuccess(answer) ? answer.body?.['request_id'] : undefined
        if (typeof id === 'string' && requestIdGrammar.test(id)) {
          return { challenge: { type: 'enter_code', length: 4 }, check: { id }, expiresInSeconds: ttlSeconds }
        }
        if (isStillOpen(answer)) return { unable: 'busy' }
        if (isAboutRequest(answer)) return { unable: 'other' }
      }
      throw sendFault(fault('send', answer, context), resendAfterSeconds)
    },

    async redeem(check, code, context) {
      const answer = await call('redeem', '/fraud/verify-sms', { request_id: check.id, received_code: code }, context)
      if (!(answer instanceof TransportError)) {
        const verified = isSuccess(answer) ? answer.body?.['is_verified'] : undefined
        if (verified === true) return { outcome: 'verified' }
        if (verified === false) return { outcome: 'invalid_code' }
        if (isAboutRequest(answer)) return { outcome: 'unable', reason: 'expired' }
      }
      return codeFault(answer, fault('redeem', answer, context))
    },
  }
}

function faultFacts(answer: VendorResponse): FaultFacts {
  return {
    ours: isOurFault(answer),
    quota: isQuota(answer),
    untried: isRefusal(answer),
    error: identifierOf(answer),
    cure: cureOf(answer),
  }
}

function identifierOf({ body }: VendorResponse): string | undefined {
  const identifier = body?.['identifier']
  return typeof identifier === 'string' ? identifier : undefined
}

/** The vendor has said so with 400 as well as with 429. */
function isQuota(answer: VendorResponse): boolean {
  return answer.status === 429 || (answer.status === 400 && identifierOf(answer) === 'TOO_MANY_REQUESTS')
}

/**
 * Whether the vendor says that it did nothing: a status of its own documentation, and not its word
 * for "we do not know". A 400 is the vendor's only if it is JSON: a proxy's page says nothing of
 * what happened behind the proxy.
 */
function isRefusal(answer: VendorResponse): boolean {
  if (answer.status === 400 && !answer.body) return false
  return refusals.includes(answer.status) && identifierOf(answer) !== 'INTERNAL_ERROR'
}

/** A refusal of this number or request, and of nothing else. */
function isAboutRequest(answer: VendorResponse): boolean {
  const isOfCall = callFault.some((known) => known === identifierOf(answer))
  return answer.status === 400 && isRefusal(answer) && !isOfCall && !isOurFault(answer) && !isQuota(answer)
}

/**
 * The vendor keeps one open request for each number. Undocumented but for the status: the words are
 * a hint, and only name the refusal better.
 */
function isStillOpen(answer: VendorResponse): boolean {
  const message = answer.body?.['message']
  const saysSo = typeof message === 'string' && /concurrent|in progress|already (open|sent|pending)/i.test(message)
  return isRefusal(answer) && (answer.status === 409 || (isAboutRequest(answer) && saysSo))
}

function cureOf({ status }: VendorResponse): string {
  if (status === 402) return 'its credits for number verification are used up: ask iDenfy for more'
  if (status === 401) return 'check `apiKey` and `apiSecret`'
  return 'check `apiKey` and `apiSecret`, and ask iDenfy whether phone verification is enabled for them and has credits'
}

/** Credentials and rights; the vendor has answered them with 400 as well as with 401. */
function isOurFault(answer: VendorResponse): boolean {
  const { status } = answer
  if (status === 401 || status === 402 || status === 403) return true
  return status === 400 && ourFault.some((known) => known === identifierOf(answer))
}
