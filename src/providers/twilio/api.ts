import type { Clock } from '../../contracts/clock.js'
import type { CallContext } from '../../contracts/provider.js'
import { systemClock } from '../../lib/clock.js'
import type { PhoneCheckError } from '../../lib/errors.js'
import { checkOptions, matches, type OptionRule } from '../../lib/options.js'
import { httpClient } from '../http/client.js'
import type { FetchLike } from '../http/fetch.js'
import { vendorOrigin } from '../http/origin.js'
import { type Attempt, withRepeats } from '../http/retry.js'
import { vendorFault } from '../http/vendor-fault.js'
import { timeoutsOf } from '../options.js'
import { faultFacts } from './errors.js'

/** What each rung of Twilio Verify needs. */
export interface TwilioAccount {
  /** The Verify service, `VA…`, from the console. */
  serviceSid: string | undefined
  /** `AC…`, with `authToken`. Not needed with an API key. */
  accountSid?: string | undefined
  /** Never logged, and part of no error. */
  authToken?: string | undefined
  /** `SK…`, with `apiKeySecret`: in place of `accountSid` and `authToken`, and easier to replace. */
  apiKeySid?: string | undefined
  /** Never logged, and part of no error. */
  apiKeySecret?: string | undefined
  /** An origin, such as that of another region. Default `https://verify.twilio.com`. */
  baseUrl?: string | undefined
  /** Replaces the connection pool, for proxies and tests. Must not follow redirects. */
  fetch?: FetchLike
  /** For tests. */
  clock?: Clock
  /** Milliseconds for one call, body included. Default: send 10,000, redeem 8,000. */
  timeoutsMs?: Partial<Record<'send' | 'redeem', number>>
}

export const accountNames = [
  'serviceSid',
  'accountSid',
  'authToken',
  'apiKeySid',
  'apiKeySecret',
  'baseUrl',
  'fetch',
  'clock',
  'timeoutsMs',
] as const satisfies readonly (keyof TwilioAccount)[]

const isSecret = matches(/^[\x21-\x7e]+$/)

const rules: readonly OptionRule[] = [
  ['serviceSid', matches(/^VA[0-9a-fA-F]{32}$/), 'must be VA and 32 hexadecimal digits'],
  ['accountSid', matches(/^AC[0-9a-fA-F]{32}$/), 'must be AC and 32 hexadecimal digits'],
  ['authToken', isSecret, 'must be the token of the account'],
  ['apiKeySid', matches(/^SK[0-9a-fA-F]{32}$/), 'must be SK and 32 hexadecimal digits'],
  ['apiKeySecret', isSecret, 'must be the secret of the API key'],
]

export const sidGrammar = /^VE[0-9a-fA-F]{32}$/

export interface TwilioApi {
  readonly origin: string
  /** Sent once: a second check of what was approved finds nothing any more. Fields that are undefined are left out. */
  call(kind: 'send' | 'redeem', form: Record<string, string | undefined>, context: CallContext): Promise<Attempt>
  /** Tells the operator of an answer that is no verdict, and makes the outage of it. */
  fault(operation: 'send' | 'redeem', answer: Attempt, context: CallContext): PhoneCheckError
  close(): Promise<void>
}

/** @throws TypeError that names the option and the cure */
export function twilioApi(factory: string, options: TwilioAccount, name: string): TwilioApi {
  checkOptions(factory, options, rules)
  const { clock = systemClock, serviceSid } = options
  if (serviceSid === undefined) throw new TypeError(`${factory}: serviceSid is missing; take it from the console`)
  const origin = vendorOrigin(factory, options.baseUrl ?? 'https://verify.twilio.com')
  const http = httpClient(origin, clock, options.fetch)
  const timeoutsMs = timeoutsOf(factory, options.timeoutsMs, { send: 10_000, redeem: 8_000 })
  const headers = {
    authorization: `Basic ${Buffer.from(credentialsOf(factory, options)).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  }
  return {
    origin,
    close: http.close,
    call(kind, form, { deadline }) {
      const path = `/v2/Services/${serviceSid}/${kind === 'send' ? 'Verifications' : 'VerificationCheck'}`
      const given = Object.entries(form).filter((field): field is [string, string] => field[1] !== undefined)
      const body = new URLSearchParams(given).toString()
      const request = { path, headers, body, timeoutMs: timeoutsMs[kind], deadline }
      return withRepeats('send', { clock, deadline }, () => http.request({ method: 'POST', ...request }))
    },
    fault: (operation, answer, context) =>
      vendorFault(answer, { method: name, operation }, (said) => faultFacts(operation, said), context),
  }
}

function credentialsOf(factory: string, { accountSid, authToken, apiKeySid, apiKeySecret }: TwilioAccount): string {
  const [user, password] = apiKeySid === undefined ? [accountSid, authToken] : [apiKeySid, apiKeySecret]
  if (user !== undefined && password !== undefined) return `${user}:${password}`
  throw new TypeError(`${factory}: give apiKeySid and apiKeySecret, or accountSid and authToken`)
}
