import type { UnableReason } from '../../contracts/unable-reason.js'
import { isObject } from '../../lib/json.js'
import type { VendorResponse } from '../http/client.js'
import type { FaultFacts } from '../http/vendor-fault.js'

/** What a refusal is about: the number, our account (`misconfigured`), its quota, or one check. */
export type Meaning = UnableReason | 'invalid_phone_number'

/**
 * Twilio's error codes, from its list at twilio.com/docs/api/errors. They decide, and not the
 * status: a 429 is a limit of one number as often as one of the whole account.
 */
const meanings: Readonly<Record<number, Meaning>> = {
  20003: 'misconfigured',
  20429: 'quota_exceeded',
  60006: 'invalid_phone_number',
  60202: 'expired',
  60203: 'busy',
  60204: 'misconfigured',
  // A landline.
  60205: 'invalid_phone_number',
  60207: 'misconfigured',
  60212: 'busy',
  60220: 'blocked',
  60223: 'misconfigured',
  60226: 'blocked',
  60238: 'blocked',
  60329: 'misconfigured',
  60410: 'blocked',
  60412: 'blocked',
  60413: 'blocked',
  60605: 'blocked',
  60626: 'busy',
  60728: 'busy',
}

const cures: Readonly<Record<number, string>> = {
  20003:
    'check `accountSid` with `authToken`, or `apiKeySid` with `apiKeySecret`; a region other than US1 has its own, and its own `baseUrl`',
  20404: 'check that `serviceSid` is a Verify service of this account and region, and `templateSid`, if you set it',
  60200: 'check `codeLength`, `templateSid` and `appHash` against the settings of the service',
  60223: 'enable the channel for the service in the console, or take another `channel`',
  60329: 'the service is one for payments (PSD2): make one for logins',
}

/** The number of the vendor's error, if the body is one of its error documents. */
export function errorCodeOf({ status, body }: VendorResponse): number | undefined {
  const code = status >= 400 && isObject(body) ? body['code'] : undefined
  return typeof code === 'number' && Number.isInteger(code) ? code : undefined
}

/** @returns undefined for what is an outage */
export function meaningOf(answer: VendorResponse, operation: 'send' | 'redeem'): Meaning | undefined {
  const code = errorCodeOf(answer)
  if (answer.status >= 500) return undefined
  if (code === 20404) return operation === 'send' ? 'misconfigured' : 'expired'
  if (code === 60200) return isAboutNumber(answer) ? 'invalid_phone_number' : 'misconfigured'
  // All checks of the number's Verification are used up, and a new one comes only after its time.
  if (code === 60202 && operation === 'send') return 'busy'
  const meaning = code === undefined ? undefined : meanings[code]
  if (meaning !== undefined) return meaning
  if (answer.status === 401) return 'misconfigured'
  return answer.status === 429 ? 'quota_exceeded' : undefined
}

/** What a refusal says of our call, for the operator. */
export function faultFacts(operation: 'send' | 'redeem', answer: VendorResponse): FaultFacts {
  const meaning = meaningOf(answer, operation)
  const code = errorCodeOf(answer)
  return {
    ours: meaning === 'misconfigured',
    quota: meaning === 'quota_exceeded',
    // An error document below 500 says that no message went out; of a code it must be one that we know.
    untried: meaning !== undefined || (operation === 'send' && code !== undefined && answer.status < 500),
    error: code === undefined ? undefined : `twilio_${code}`,
    cure: cureOf(answer),
  }
}

function cureOf(answer: VendorResponse): string {
  const code = errorCodeOf(answer) ?? 0
  return cures[answer.status === 401 ? 20003 : code] ?? 'check the settings of the Verify service in the console'
}

/** The text also quotes what was sent, so it is only searched for the parameter's name and never passed on. */
function isAboutNumber({ body }: VendorResponse): boolean {
  const message = isObject(body) ? body['message'] : undefined
  return typeof message === 'string' && /\bparameter[:\s`'"]*To\b/i.test(message)
}
