import { randomUUID, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../contracts/clock.js'
import type { CallContext, Provider, StartInput } from '../../contracts/provider.js'
import { type UnableReason, unableReason } from '../../contracts/unable-reason.js'
import { isPromise } from '../../lib/application.js'
import { systemClock } from '../../lib/clock.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { isObject } from '../../lib/json.js'
import {
  checkOptions,
  isFunction,
  isWholeNumber,
  isWord,
  type OptionRule,
  oneOf,
  optionError,
} from '../../lib/options.js'
import { amrOfCode, checkCommon } from '../options.js'
import { callHook, hookFault } from './hooks.js'
import { type MessageText, smsSize, type TextInput, textWriter } from './message-text.js'

/** How a message reaches the user. */
export type MessageChannel = 'sms' | 'voice' | 'whatsapp'

/** What `send` is to deliver. */
export interface OwnMessage {
  /** E.164 with plus. Keep it out of logs. */
  to: string
  /** The whole message, with the lines for WebOTP and Android where they are set. */
  text: string
  /** The code alone, for templates that the gateway keeps. Keep it out of logs. */
  code: string
  /** BCP 47 tag of the user's language, where it is known. */
  locale?: string
  /** What the login is for, such as `login`. */
  purpose: string
  channel: MessageChannel
  /** Public id of the login, as in events. */
  flowId: string
  /** The same for every try to deliver this one message, and for no other: the gateway's idempotency key. */
  messageId: string
  /** Whether the user asked for it again. */
  resend: boolean
  /** Aborts when the request's time is over. */
  signal: AbortSignal
}

export interface OwnSmsOptions {
  /**
   * Delivers one message. What it answers is not looked at, but for two things:
   * - `{ refused: reason }` says that nothing was sent, and why; the ladder goes on.
   * - `ok: false`, as a `Response` of `fetch` has it, counts as thrown.
   *
   * What it throws is `delivery_unknown`: a message may be out, so none is sent by itself and no
   * other rung is tried. An error with `untried: true` (and `retryAfterSeconds`, where known) says
   * that certainly none is; then the ladder goes on.
   */
  send(message: OwnMessage): unknown
  /** Who sends: part of the default text. Required without `text`. */
  brand?: string
  /** Default: `<code> is your <brand> code. It is good for <minutes> minutes. Give it to nobody.` */
  text?: MessageText
  /** Digits of a code, 4 to 10. Default 6. */
  digits?: number
  /** How long a code is good after its last message, 60 to 600 seconds. Default 300. */
  ttlSeconds?: number
  /** Seconds before the first resend, 30 to 300; each later one waits twice as long. Default 60. */
  resendAfterSeconds?: number
  /** Seconds before the rung after this one may be asked for. Default 60. */
  dwellSeconds?: number
  /** Default `sms`. The others get the text without the lines that phones read. */
  channel?: MessageChannel
  /** Host of your login page, such as `example.com`: lets browsers read the code from the SMS (WebOTP). Default: none. */
  webOtpHost?: string
  /** The 11 characters of your Android app, for its SMS Retriever. Default: none. */
  appHash?: string
  /** The most SMS that one message may be sent as, 1 to 6. Default 1. */
  maxSegments?: number
  /** Name of the rung. Default `own-sms`, `own-voice` or `own-whatsapp`. */
  name?: string
  /** Who vouches for the result. Default `own`. */
  vendor?: string
  /** For tests. */
  clock?: Clock
}

const optionNames = [
  'send',
  'brand',
  'text',
  'digits',
  'ttlSeconds',
  'resendAfterSeconds',
  'dwellSeconds',
  'channel',
  'webOtpHost',
  'appHash',
  'maxSegments',
  'name',
  'vendor',
  'clock',
] as const satisfies readonly (keyof OwnSmsOptions)[]

const isGsmText = (value: unknown) => isWord(value) && smsSize(String(value)).alphabet === 'GSM-7'
const isHost = (value: unknown) =>
  typeof value === 'string' && URL.canParse(`https://${value}`) && new URL(`https://${value}`).host === value
const rules: readonly OptionRule[] = [
  ['send', isFunction, 'must be a function that delivers one message'],
  ['brand', isGsmText, 'must be a text in the GSM alphabet, such as Acme'],
  ['digits', isWholeNumber(4, 10), 'must be a whole number from 4 to 10'],
  ['ttlSeconds', isWholeNumber(60, 600), 'must be a whole number of seconds from 60 to 600'],
  ['resendAfterSeconds', isWholeNumber(30, 300), 'must be a whole number of seconds from 30 to 300'],
  ['dwellSeconds', isWholeNumber(0, 600), 'must be a whole number of seconds from 0 to 600'],
  ['channel', oneOf('sms', 'voice', 'whatsapp'), "must be 'sms', 'voice' or 'whatsapp'"],
  ['webOtpHost', isHost, 'must be a host alone, in lower case, such as example.com'],
  ['appHash', (value) => /^[A-Za-z0-9+/]{11}$/.test(String(value)), 'must be the 11 characters of the app'],
  ['maxSegments', isWholeNumber(1, 6), 'must be a whole number from 1 to 6'],
  ['vendor', isWord, 'must be a word, such as acme-gateway'],
]

/**
 * A code by a sender of your own: any gateway that can send a text.
 *
 * The library makes the code, binds it to the login, checks it, and counts wrong ones. It keeps the
 * code nowhere: a code is computed from the login's id under the strategy's `secret`, so neither a
 * copy of the store nor the requester's cookie tells it, and every message of one login has the same.
 * @throws TypeError that names the option and the cure
 * @example
 * ```ts
 * ownSms({
 *   brand: 'Acme',
 *   send: ({ to, text, messageId, signal }) => gateway.send({ to, text, idempotencyKey: messageId, signal }),
 * })
 * ```
 */
export function ownSms(options: OwnSmsOptions): Provider {
  checkCommon('ownSms', options, optionNames)
  checkOptions('ownSms', options, rules)
  const { send, channel = 'sms', digits = 6, ttlSeconds = 300, clock = systemClock, maxSegments = 1 } = options
  const { name = `own-${channel}`, vendor = 'own' } = options
  if (send === undefined) throw optionError('ownSms', 'send', 'is missing; it delivers one message')
  const minutes = Math.floor(ttlSeconds / 60)
  const endingOf = (code: string) => (channel === 'sms' ? ending(options, code) : '')
  const sizeFault = (text: string): string | undefined => {
    const { segments, alphabet, length } = smsSize(text + endingOf('0'.repeat(digits)))
    if (channel !== 'sms' || segments <= maxSegments) return undefined
    return `would be sent as ${segments} SMS (${length} characters, ${alphabet}); shorten it${alphabet === 'UCS-2' ? ', keep to the GSM alphabet' : ''}, or raise maxSegments`
  }
  const write = textWriter('ownSms', options.text ?? defaultText(options.brand), sizeFault)

  function messageOf(input: StartInput, code: string, context: CallContext): Omit<OwnMessage, 'signal'> {
    const { purpose, locale, flowId, resends, phoneNumber: to } = input
    const text = written({ code, purpose, minutes, locale }, context)
    const fault = typeof text !== 'string' || !text.includes(code) ? 'does not hold the code' : sizeFault(text)
    if (fault !== undefined) {
      const message = `${name}: the text for the purpose '${purpose}' ${fault}. Nothing was sent.`
      context.emit({ type: 'misconfiguration', code: 'message_text', message })
      throw new PhoneCheckError('provider_unavailable', { reason: 'misconfigured', untried: true })
    }
    // A gateway that knows the key already sends nothing: each channel of a login needs its own.
    const messageId = `${flowId}-${name}-${resends + 1}`
    const language = locale === undefined ? {} : { locale }
    return {
      to,
      text: text + endingOf(code),
      code,
      purpose,
      channel,
      flowId,
      messageId,
      resend: resends > 0,
      ...language,
    }
  }

  /** @throws PhoneCheckError when an application's `text` does: nothing was sent then */
  function written(input: TextInput, context: CallContext): unknown {
    try {
      const text: unknown = write(input)
      // Not waited for. But its rejection, unheard, would end the process.
      isPromise(text)
      return text
    } catch (thrown) {
      throw hookFault(context, name, 'text', thrown, true)
    }
  }

  async function deliver(message: Omit<OwnMessage, 'signal'>, context: CallContext): Promise<UnableReason | undefined> {
    try {
      const answer = await callHook(clock, context, (signal) => send({ ...message, signal }))
      if (!isObject(answer)) return undefined
      if (answer['refused'] !== undefined) return unableReason(answer['refused'])
      if (answer['ok'] === false) throw new Error('The gateway answered that it failed.')
      return undefined
    } catch (thrown) {
      throw hookFault(context, name, 'send', thrown)
    }
  }

  return {
    name,
    vendor,
    assurance: 'low',
    amr: amrOfCode(channel),
    ttlSeconds,
    dwellSeconds: options.dwellSeconds ?? 60,
    sends: true,
    resendAfterSeconds: options.resendAfterSeconds ?? 60,
    guessable: true,
    codeLength: digits,
    codeGrammar: new RegExp(`^[0-9]{${digits}}$`),

    async start(input, context) {
      const code = codeFor(input.flowId, digits, context)
      const refused = await deliver(messageOf(input, code, context), context)
      if (refused) return { unable: refused }
      // The flow's id and not the code: what is kept must not tell it.
      const check = { id: (input.resends > 0 && input.previous?.id) || randomUUID(), state: input.flowId }
      return { challenge: { type: 'enter_code', length: digits }, check, expiresInSeconds: ttlSeconds }
    },

    async redeem({ state }, given, context) {
      const code = Buffer.from(codeFor(String(state), digits, context))
      const typed = Buffer.from(given)
      const isRight = typed.length === code.length && timingSafeEqual(typed, code)
      return { outcome: isRight ? 'verified' : 'invalid_code' }
    },
  }
}

/** The code of a login. 132 bits shared out evenly among its 10^digits values: no value is likelier by more than 2^-98. */
function codeFor(flowId: string, digits: number, { keyedHash }: CallContext): string {
  const bits = BigInt(`0x${Buffer.from(keyedHash(`code ${flowId}`), 'base64url').toString('hex')}`)
  return String(bits % 10n ** BigInt(digits)).padStart(digits, '0')
}

/** What phones read: the app's hash for Android, and last, as WebOTP demands it, the host with the code. */
function ending({ appHash, webOtpHost }: OwnSmsOptions, code: string): string {
  const lines = [appHash, webOtpHost && `@${webOtpHost} #${code}`].filter((line) => line !== undefined)
  return lines.length === 0 ? '' : `\n\n${lines.join('\n')}`
}

function defaultText(brand: string | undefined): string {
  if (brand === undefined)
    throw optionError('ownSms', 'brand', 'is missing; it is part of the default text. Or set `text`')
  return `{code} is your ${brand} code. It is good for {minutes} minutes. Give it to nobody.`
}
