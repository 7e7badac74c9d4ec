import type { Check, Outcome, Provider } from '../../contracts/provider.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { isObject, textOf } from '../../lib/json.js'
import { checkOptions, isWholeNumber, matches, type OptionRule, oneOf } from '../../lib/options.js'
import { isSuccess, type VendorResponse } from '../http/client.js'
import type { Attempt } from '../http/retry.js'
import { TransportError } from '../http/transport.js'
import { codeFault, sendFault } from '../http/vendor-fault.js'
import { amrOfCode, checkCommon, refuseOfOtherChannels } from '../options.js'
import { accountNames, sidGrammar, type TwilioAccount, twilioApi } from './api.js'
import { errorCodeOf, type Meaning, meaningOf } from './errors.js'
import { localeOf } from './locale.js'

export interface TwilioVerifyOptions extends TwilioAccount {
  /** How the code travels. Default `sms`. */
  channel?: 'sms' | 'call' | 'whatsapp'
  /** Digits of a code, 4 to 10: must be what the service is set to. Default 6. */
  codeLength?: number
  /** Seconds that a code lives, 120 to 600: what Twilio has set for the service. Default 600, as Twilio's. */
  ttlSeconds?: number
  /** A message template, `HJ…`. For `sms` and `call`. Default: the service's own. */
  templateSid?: string
  /** The hash of an Android app, 11 characters, by which it reads the message. For `sms`. */
  appHash?: string
  /** `disable` lets messages past Twilio's fraud and country rules: they are yours to keep then. For `sms`. Default `enable`. */
  riskCheck?: 'enable' | 'disable'
  /** Name of the rung, when a ladder has two of a kind. Default `twilio-sms`, `twilio-call` or `twilio-whatsapp`. */
  name?: string
}

const optionNames = [
  ...accountNames,
  'channel',
  'codeLength',
  'ttlSeconds',
  'templateSid',
  'appHash',
  'riskCheck',
  'name',
] as const satisfies readonly (keyof TwilioVerifyOptions)[]

const rules: readonly OptionRule[] = [
  ['channel', oneOf('sms', 'call', 'whatsapp'), "must be 'sms', 'call' or 'whatsapp'"],
  ['codeLength', isWholeNumber(4, 10), 'must be a whole number from 4 to 10, as the service is set'],
  ['ttlSeconds', isWholeNumber(120, 600), 'must be a whole number of seconds from 120 to 600'],
  ['templateSid', matches(/^HJ[0-9a-fA-F]{32}$/), 'must be HJ and 32 hexadecimal digits'],
  ['appHash', matches(/^[A-Za-z0-9+/]{11}$/), 'must be the 11 characters that Android computes for the app'],
  ['riskCheck', oneOf('enable', 'disable'), "must be 'enable' or 'disable'"],
]

/** The message parameters that Twilio has for some channels only. */
const channelsOf = { templateSid: ['sms', 'call'], appHash: ['sms'], riskCheck: ['sms'] } as const

/** Twilio has no least wait between messages; a Verification has five. */
const resendAfterSeconds = 30

/**
 * Twilio Verify: a code by SMS, call or WhatsApp, which Twilio makes and checks.
 *
 * Twilio keeps one Verification for each number and service, which all flows of that number share.
 * That gives a stranger nothing, as the code goes to the SIM only. But it must not be cancelled
 * (that would end the other flow too), nor asked for its status (the owner's yes would be the
 * stranger's as well): only a code that was brought to this flow can win it.
 * @throws TypeError that names the option and the cure
 * @example
 * ```ts
 * twilioVerify({ channel: 'sms', serviceSid: 'VA…', apiKeySid: 'SK…', apiKeySecret: env.TWILIO_SECRET })
 * ```
 */
export function twilioVerify(options: TwilioVerifyOptions): Provider {
  checkCommon('twilioVerify', options, optionNames)
  checkOptions('twilioVerify', options, rules)
  const { channel = 'sms', codeLength = 6, ttlSeconds = 600 } = options
  const name = options.name ?? `twilio-${channel}`
  const { call, fault, close } = twilioApi('twilioVerify', options, name)
  refuseOfOtherChannels('twilioVerify', options, channelsOf, channel)

  return {
    name,
    vendor: 'twilio',
    assurance: 'low',
    amr: amrOfCode(channel),
    ttlSeconds,
    dwellSeconds: 30,
    sends: true,
    resendAfterSeconds,
    guessable: true,
    codeLength,
    codeGrammar: new RegExp(`^[0-9]{${codeLength}}$`),
    close,

    async start({ phoneNumber, locale }, context) {
      const form = {
        To: phoneNumber,
        Channel: channel,
        TemplateSid: options.templateSid,
        AppHash: options.appHash,
        RiskCheck: options.riskCheck,
      }
      const Locale = localeOf(locale)
      let answer = await call('send', { ...form, Locale }, context)
      // So Twilio refuses a language that the template lacks, and sends nothing; it then chooses by the number.
      if (Locale !== undefined && isMissing(answer)) answer = await call('send', form, context)
      if (!(answer instanceof TransportError)) {
        const started = readVerification(answer, phoneNumber, ttlSeconds)
        if (started) return { ...started, challenge: { type: 'enter_code', length: codeLength } }
        const meaning = meaningOf(answer, 'send')
        if (meaning === 'invalid_phone_number') throw new PhoneCheckError(meaning)
        if (meaning === 'busy' || meaning === 'blocked') return { unable: meaning }
      }
      throw sendFault(fault('send', answer, context), resendAfterSeconds)
    },

    async redeem(check, code, context) {
      const answer = await call('redeem', { VerificationSid: check.id, Code: code }, context)
      const outcome = answer instanceof TransportError ? undefined : judgeCheck(answer, check)
      return outcome ?? codeFault(answer, fault('redeem', answer, context))
    },
  }
}

function isMissing(answer: Attempt): boolean {
  return !(answer instanceof TransportError) && answer.status === 404 && errorCodeOf(answer) === 20404
}

/** The Verification, if it is one of this number that waits for its code. */
function readVerification(
  answer: VendorResponse,
  phoneNumber: string,
  ttlSeconds: number,
): { check: Check; expiresInSeconds: number } | undefined {
  if (!isSuccess(answer) || !isObject(answer.body)) return undefined
  const { sid, to, status } = answer.body
  if (typeof sid !== 'string' || !sidGrammar.test(sid) || to !== phoneNumber || status !== 'pending') return undefined
  const check = { id: sid, state: { to: phoneNumber } }
  return { check, expiresInSeconds: ttlSeconds - ageSeconds(answer.body, ttlSeconds) }
}

/**
 * How long the number has had this Verification: another message does not prolong it. By the
 * vendor's own two times, as its clock and ours may differ.
 */
function ageSeconds({ date_created, date_updated }: Record<string, unknown>, ttlSeconds: number): number {
  const age = (Date.parse(textOf(date_updated)) - Date.parse(textOf(date_created))) / 1000
  return age > 0 && age < ttlSeconds ? age : 0
}

const ends: Readonly<Record<string, Meaning & ('expired' | 'other')>> = {
  canceled: 'expired',
  deleted: 'expired',
  expired: 'expired',
  max_attempts_reached: 'expired',
  failed: 'other',
}

/** @returns undefined for an answer that is no verdict */
function judgeCheck(answer: VendorResponse, { id, state }: Check): Outcome | undefined {
  if (!isSuccess(answer)) return judgeRefusal(answer)
  const { body } = answer
  const to = isObject(state) ? state['to'] : undefined
  // An answer about another Verification, or another number, is no answer to this question.
  if (!isObject(body) || to === undefined || body['sid'] !== id || body['to'] !== to) return undefined
  const { status, valid } = body
  if (status === 'approved') return valid === true ? { outcome: 'verified' } : undefined
  if (status === 'pending') return valid === true ? undefined : { outcome: 'invalid_code' }
  const reason = typeof status === 'string' && Object.hasOwn(ends, status) ? ends[status] : undefined
  return reason && { outcome: 'unable', reason }
}

function judgeRefusal(answer: VendorResponse): Outcome | undefined {
  const meaning = meaningOf(answer, 'redeem')
  if (meaning === 'busy')
    return { outcome: 'pending', retryAfterSeconds: Math.min(Math.max(1, answer.retryAfterSeconds ?? 2), 60) }
  return meaning === 'expired' || meaning === 'blocked' ? { outcome: 'unable', reason: meaning } : undefined
}
