import type { Outcome, Unable } from '../../contracts/provider.js'
import { type UnableReason, unableReason } from '../../contracts/unable-reason.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { isObject, textOf } from '../../lib/json.js'
import type { VendorResponse } from '../http/client.js'
import type { FaultFacts } from '../http/vendor-fault.js'

/** A problem document of Vonage's. What counts is the fragment of `type`: titles vary. */
interface VonageProblem {
  fragment: string | undefined
  /** Title and detail, only ever compared with words that the vendor documents. */
  text: string
  /** Names of the parameters that it refuses. */
  parameters: string[]
}

function readProblem(body: unknown): VonageProblem {
  const { type, title, detail, invalid_parameters: invalid } = isObject(body) ? body : {}
  const parameters = Array.isArray(invalid) ? invalid.map((each) => (isObject(each) ? textOf(each['name']) : '')) : []
  return { fragment: fragmentOf(textOf(type)), text: `${textOf(title)} ${textOf(detail)}`, parameters }
}

function fragmentOf(type: string): string | undefined {
  return /#([a-z][a-z-]{1,63})$/.exec(type)?.[1]
}

/**
 * What a refused create says of the number.
 * @returns undefined when it says nothing of it
 * @throws PhoneCheckError `invalid_phone_number`
 */
export function judgeCreate({ status, body }: VendorResponse): Unable | undefined {
  const { fragment, text, parameters } = readProblem(body)
  switch (`${status} ${fragment}`) {
    case '409 concurrent':
    case '409 conflict':
      return { unable: 'busy' }
    case '412 precondition-failed':
      return { unable: reasonIn(text) ?? 'other' }
    case '422 invalid-params':
      // Of every other parameter it is we who chose the value.
      if (parameters.length === 0 || !parameters.every((name) => /(^|\W)to$/.test(name))) return undefined
      throw new PhoneCheckError('invalid_phone_number', { message: 'The provider calls this number invalid.' })
    default:
      return undefined
  }
}

/**
 * What is said of a code.
 * @param isSilent whether a device brought it: then the vendor takes one, and a person may type three
 * @returns undefined for an answer that is no verdict
 */
export function judgeCheck({ status, body }: VendorResponse, id: string, isSilent: boolean): Outcome | undefined {
  if (status === 200) {
    // Another request's yes is none.
    const isOurs = isObject(body) && body['request_id'] === id && body['status'] === 'completed'
    return isOurs ? { outcome: 'verified' } : undefined
  }
  const { fragment } = readProblem(body)
  switch (`${status} ${fragment}`) {
    case '400 invalid-code':
      return { outcome: 'invalid_code', ...(isSilent && { spent: true }) }
    case '404 request-not-found':
    case '410 expired':
    case '410 invalid-code':
      return { outcome: 'unable', reason: 'expired' }
    case '409 no-code':
    case '409 conflict':
    case '409 concurrent':
      // Too early for a person's code to be known there. An outage it is not: whoever types at once could
      // have all others kept from the rung.
      return isSilent ? { outcome: 'unable', reason: 'other' } : { outcome: 'pending', retryAfterSeconds: 2 }
    default:
      // What one device's code provokes must not look like an outage to all others.
      return isSilent && status < 500 && fragment && Object.hasOwn(fragments, fragment)
        ? { outcome: 'unable', reason: fragments[fragment] ?? 'other' }
        : undefined
  }
}

/** What a refusal says of our call, for the operator. */
export function faultFacts(operation: 'create' | 'redeem', { status, body }: VendorResponse): FaultFacts {
  const { fragment, parameters } = readProblem(body)
  const isOurs = [401, 402, 403].includes(status) || (status === 422 && fragment === 'invalid-params')
  return {
    ours: isOurs,
    quota: status === 429,
    untried:
      [401, 402, 403, 429].includes(status) ||
      // A page of a proxy's, with the same status, says nothing of what happened behind it.
      (operation === 'create' && isObject(body) && [409, 412, 422].includes(status)),
    error: fragment?.replaceAll('-', '_'),
    cure: cureOf(status, fragment, parameters),
  }
}

const ourParameters =
  'brand from app_hash locale code_length channel_timeout redirect_url coverage_check client_ref workflow'

function cureOf(status: number, fragment: string | undefined, parameters: readonly string[]): string {
  if (status === 402) return 'its balance is used up: top it up in the dashboard'
  if (status === 422) {
    const known = ourParameters.split(' ').filter((name) => parameters.some((given) => given.endsWith(name)))
    return `it refuses ${known.join(', ') || 'a parameter'}; check the option of that name`
  }
  if (fragment === 'jwt-expired')
    return "set this machine's clock: the tokens that it signs are expired when they arrive"
  if (status === 403) return 'give the account or the application the right to use Verify, in the dashboard'
  return 'check `applicationId` and `privateKey`, or `apiKey` and `apiSecret`'
}

/** The texts with which a check URL ends, each by what only it says. */
const texts: readonly (readonly [said: RegExp, reason: UnableReason])[] = [
  [/MSISDN does not match/i, 'ip_msisdn_mismatch'],
  [/supported Mobile Network Operator|Network not supported/i, 'mno_not_supported'],
  [/not resolve to a cellular/i, 'not_mobile_ip'],
  [/verification cannot be completed/i, 'mno_response_error'],
]

const fragments: Readonly<Record<string, UnableReason>> = {
  'msisdn-error': 'ip_msisdn_mismatch',
  'network-error': 'mno_response_error',
  'request-not-found': 'expired',
  expired: 'expired',
}

function reasonIn(text: string): UnableReason | undefined {
  return texts.find(([said]) => said.test(text))?.[1]
}

/**
 * What the device says that it was told. Never a mismatch, even where the vendor's text says so: that
 * is a verdict, and this is the word of whoever holds the flow.
 */
export function judgeReport(error: string, description: string | undefined): Unable {
  const fragment = Object.hasOwn(fragments, error) ? fragments[error] : undefined
  return { unable: reasonIn(description ?? '') ?? fragment ?? unableReason(error, 'reported') }
}
