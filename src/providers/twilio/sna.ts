import type { Check, Outcome, Provider, Unable } from '../../contracts/provider.js'
import { type UnableReason, unableReason } from '../../contracts/unable-reason.js'
import { createSecret } from '../../lib/crypto.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { isLoopback } from '../../lib/ip-address.js'
import { isObject } from '../../lib/json.js'
import { isSuccess, type VendorResponse } from '../http/client.js'
import { TransportError } from '../http/transport.js'
import { checkCommon } from '../options.js'
import { accountNames, sidGrammar, type TwilioAccount, twilioApi } from './api.js'
import { errorCodeOf, meaningOf } from './errors.js'
import { readSnaText } from './sna-text.js'

export interface TwilioSnaOptions extends TwilioAccount {
  /** Name of the rung, when a ladder has two of a kind. Default `twilio-sna`. */
  name?: string
}

const factory = 'twilioSna'
const names: readonly string[] = [...accountNames, 'name']
const ttlSeconds = 600
/** The text of the page that the device read, as it stands. */
const textGrammar = /^[\x20-\x7e]{1,4096}(\r?\n)?$/

interface State {
  sid: string
  to: string
  /** This login's own attempt: others of the same number are in the same Verification. */
  attempt: string
}

/**
 * Silent network authentication of Twilio Verify: an app opens a URL over mobile data, and brings the
 * text that it ends in.
 *
 * Twilio keeps one Verification for each number, which all logins of that number share. So it is
 * never asked whether a Verification was approved: the owner's yes would be a stranger's as well. The
 * client token is always demanded (`EnableSnaClientToken`); it is told to the device that opened the
 * URL alone, and only a login that brings it is won.
 *
 * Apps only (`delivery: 'body'`): the page has no way back to a browser.
 * @experimental Twilio documents neither where in the text the token is nor what it looks like. It is
 * read leniently, and was tried against the simulator alone.
 * @throws TypeError that names the option and the cure
 * @example
 * twilioSna({ serviceSid: 'VA…', apiKeySid: 'SK…', apiKeySecret: process.env.TWILIO_SECRET })
 */
export function twilioSna(options: TwilioSnaOptions): Provider {
  checkCommon(factory, options, names)
  const { name = 'twilio-sna' } = options
  const api = twilioApi(factory, options, name)

  return {
    name,
    vendor: 'twilio',
    assurance: 'high',
    ttlSeconds,
    dwellSeconds: 15,
    codeGrammar: textGrammar,
    close: api.close,

    async start({ phoneNumber, delivery }, context) {
      if (delivery === 'redirect') return { unable: 'mno_redirect_unsupported' }
      const form = { To: phoneNumber, Channel: 'sna', EnableSnaClientToken: 'true' }
      const answer = await api.call('send', form, context)
      if (!(answer instanceof TransportError)) {
        const started = readVerification(answer, phoneNumber, api.origin)
        if (started) {
          const { url, state } = started
          return {
            challenge: { type: 'open_url', url, answer: 'text' },
            check: { id: createSecret(), state },
            expiresInSeconds: ttlSeconds,
          }
        }
        const meaning = meaningOf(answer, 'send')
        if (meaning === 'invalid_phone_number') throw new PhoneCheckError(meaning)
        if (meaning === 'busy' || meaning === 'blocked') return { unable: meaning }
      }
      throw api.fault('send', answer, context)
    },

    async redeem(check, text, context) {
      const state = readState(check)
      const read = textGrammar.test(text) ? readSnaText(text) : undefined
      if (!state || read === undefined) return other
      // Hearsay: it ends this rung, and nothing is asked.
      if ('errorCode' in read) return { outcome: 'unable', ...judgeText(read.errorCode) }
      const form = { VerificationSid: state.sid, SnaClientToken: read.token }
      const answer = await api.call('redeem', form, context)
      const outcome = answer instanceof TransportError ? undefined : judgeCheck(answer, state)
      if (outcome) return outcome
      // A second check of what was approved finds nothing: nobody can tell then.
      const problem = api.fault('redeem', answer, context)
      // What one device's token provokes must not look like an outage to all others.
      if (!(answer instanceof TransportError) && errorCodeOf(answer) === invalidParameter) return other
      if (problem.details.untried) throw problem
      return { outcome: 'unable', reason: 'other', lost: true }
    },

    judgeReport(error): Unable {
      return { unable: unableReason(error, 'reported') }
    },
  }
}

function readState({ state }: Check): State | undefined {
  if (!isObject(state)) return undefined
  const { sid, to, attempt } = state
  return typeof sid === 'string' && typeof to === 'string' && typeof attempt === 'string'
    ? { sid, to, attempt }
    : undefined
}

function readVerification(
  answer: VendorResponse,
  phoneNumber: string,
  origin: string,
): { url: string; state: State } | undefined {
  if (!isSuccess(answer) || !isObject(answer.body)) return undefined
  const { sid, to, status, sna, send_code_attempts: attempts } = answer.body
  const url = isObject(sna) ? sna['url'] : undefined
  const last: unknown = Array.isArray(attempts) ? attempts.at(-1) : undefined
  const attempt = isObject(last) ? last['attempt_sid'] : undefined
  if (typeof sid !== 'string' || !sidGrammar.test(sid) || to !== phoneNumber || status !== 'pending') return undefined
  if (typeof url !== 'string' || !isDeviceUrl(url, origin) || typeof attempt !== 'string') return undefined
  return { url, state: { sid, to: phoneNumber, attempt } }
}

/** The hosts of its carriers' partners are not documented: https, or a simulator beside the API. */
function isDeviceUrl(text: string, origin: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, origin: own } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' ? !isLoopback(hostname) : own === origin
}

/** What became of an attempt: Twilio's codes for silent network authentication. */
const attemptCodes: Readonly<Record<number, UnableReason>> = {
  60510: 'other',
  60511: 'mno_server_error',
  60517: 'other',
  60520: 'other',
  60531: 'not_mobile_ip',
  60532: 'ip_msisdn_mismatch',
  60533: 'mno_response_error',
  60534: 'mno_response_error',
  60540: 'other',
  60550: 'other',
}
/** Twilio: an SMS would fail too. */
const endsAll = 60540
const noMatch = 60500
/** The URL was not opened yet, by what Twilio knows. */
const notOpened = 60519
const wrongToken = 60007
const invalidParameter = 60200
const other = { outcome: 'unable', reason: 'other' } as const

function judgeText(code: number): { reason: UnableReason } {
  return { reason: (Object.hasOwn(attemptCodes, code) && attemptCodes[code]) || 'reported' }
}

/** @returns undefined for an answer that is no verdict */
function judgeCheck(answer: VendorResponse, { sid, to, attempt }: State): Outcome | undefined {
  if (errorCodeOf(answer) === wrongToken) return { outcome: 'invalid_code' }
  if (!isSuccess(answer)) {
    const meaning = meaningOf(answer, 'redeem')
    return meaning === 'expired' || meaning === 'blocked' ? { outcome: 'unable', reason: meaning } : undefined
  }
  const { body } = answer
  if (!isObject(body) || body['sid'] !== sid || body['to'] !== to) return undefined
  const { status, valid, sna_attempts_error_codes: failures } = body
  if (status === 'approved') return valid === true ? { outcome: 'verified' } : undefined
  if (status !== 'pending') return typeof status === 'string' ? { outcome: 'unable', reason: 'expired' } : undefined
  if (valid === true) return undefined
  // Of this login's attempt alone: those of a stranger are in the same list.
  const own = (Array.isArray(failures) ? (failures as unknown[]) : []).find(
    (failure) => isObject(failure) && failure['attempt_sid'] === attempt,
  )
  const code = isObject(own) ? own['code'] : undefined
  if (code === noMatch) return { outcome: 'mismatch' }
  if (typeof code !== 'number' || code === notOpened) return { outcome: 'pending', retryAfterSeconds: 3 }
  const reason = (Object.hasOwn(attemptCodes, code) && attemptCodes[code]) || 'other'
  return code === endsAll ? { outcome: 'unable', reason, stop: true } : { outcome: 'unable', reason }
}
