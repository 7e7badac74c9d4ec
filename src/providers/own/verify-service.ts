import type { Clock } from '../../contracts/clock.js'
import type { Outcome, Provider } from '../../contracts/provider.js'
import { type UnableReason, unableReason } from '../../contracts/unable-reason.js'
import { systemClock } from '../../lib/clock.js'
import { isObject } from '../../lib/json.js'
import { checkOptions, isFunction, isWholeNumber, isWord, type OptionRule, optionError } from '../../lib/options.js'
import { amrOfCode, checkCommon } from '../options.js'
import { callHook, hookFault } from './hooks.js'

/** What `start` is to ask the service for. */
export interface ServiceStart {
  /** E.164 with plus. Keep it out of logs. */
  to: string
  /** BCP 47 tag of the user's language, where it is known. */
  locale?: string
  /** What the login is for, such as `login`. */
  purpose: string
  /** Whether the user asked for the message again. */
  resend: boolean
  /** Public id of the login: fit for the service's reference. */
  flowId: string
  /** The device's public address, where the strategy's `deviceIp` sends it. */
  deviceIp?: string
  /** The service's id of the check that is left behind: this rung's own at a resend, or another one's of this `vendor`. */
  previous?: string
  /** Aborts when the request's time is over. */
  signal: AbortSignal
}

/** The service took the request: `id` names its check, 1 to 512 characters. */
export interface ServiceStarted {
  id: string
  /** Digits of this code. Default: the option `codeLength`. */
  codeLength?: number
  /** Default: the option `ttlSeconds`. */
  expiresInSeconds?: number
}

/** The service will not serve this number now; it sent nothing. `stop`: no other rung may be tried either. */
export interface ServiceUnable {
  unable: UnableReason
  stop?: true
}

export interface VerifyServiceOptions {
  /**
   * Has the service send a code. What it throws is `delivery_unknown`, unless the error has
   * `untried: true`: then certainly nothing was sent, and the ladder goes on.
   */
  start(request: ServiceStart): ServiceStarted | ServiceUnable | PromiseLike<ServiceStarted | ServiceUnable>
  /**
   * Asks the service for its verdict. Answer `verified` only for its explicit yes to this very `id`.
   * Anything but these answers, and whatever it throws, is an outage and logs nobody in.
   */
  check(request: {
    id: string
    to: string
    code: string
    signal: AbortSignal
  }): ServiceVerdict | PromiseLike<ServiceVerdict>
  /** Name of the rung, such as `prelude-sms`. */
  name: string
  /** Who vouches for the result, such as `prelude`. */
  vendor: string
  /** Digits of a code, 4 to 10. Default 6. */
  codeLength?: number
  /** What a code looks like; anything else costs no try and is not asked for. Default: 4 to 10 digits. */
  codeGrammar?: RegExp
  /** How long the service keeps a code, 30 to 600 seconds. Default 300. */
  ttlSeconds?: number
  /** Seconds before the first resend, 10 to 300; each later one waits twice as long. Default 60. */
  resendAfterSeconds?: number
  /** Seconds before the rung after this one may be asked for. Default 60. */
  dwellSeconds?: number
  /** For tests. */
  clock?: Clock
}

export type ServiceVerdict = 'verified' | 'invalid_code' | 'expired' | { unable: UnableReason }

const optionNames = [
  'start',
  'check',
  'name',
  'vendor',
  'codeLength',
  'codeGrammar',
  'ttlSeconds',
  'resendAfterSeconds',
  'dwellSeconds',
  'clock',
] as const satisfies readonly (keyof VerifyServiceOptions)[]

const rules: readonly OptionRule[] = [
  ['start', isFunction, 'must be a function'],
  ['check', isFunction, 'must be a function'],
  ['vendor', isWord, 'must be a word, such as prelude'],
  ['codeLength', isWholeNumber(4, 10), 'must be a whole number from 4 to 10'],
  [
    'codeGrammar',
    (value) => value instanceof RegExp && !value.global && !value.sticky,
    'must be a RegExp without g and y',
  ],
  ['ttlSeconds', isWholeNumber(30, 600), 'must be a whole number of seconds from 30 to 600'],
  ['resendAfterSeconds', isWholeNumber(10, 300), 'must be a whole number of seconds from 10 to 300'],
  ['dwellSeconds', isWholeNumber(0, 600), 'must be a whole number of seconds from 0 to 600'],
]

/**
 * A code by a service that makes, sends and checks it: Prelude, Plivo, Sinch, Infobip, or one of
 * your own.
 *
 * The library binds the service's check to the login, limits messages and tries, and never repeats a
 * call by itself.
 * @throws TypeError that names the option and the cure
 */
export function verifyService(options: VerifyServiceOptions): Provider {
  checkCommon('verifyService', options, optionNames)
  checkOptions('verifyService', options, rules)
  for (const option of ['start', 'check', 'name', 'vendor'] as const)
    if (options[option] === undefined) throw optionError('verifyService', option, 'is missing')
  const { name, vendor, codeLength = 6, ttlSeconds = 300, clock = systemClock } = options

  /** @throws PhoneCheckError for what it threw, and for an answer that is none */
  async function ask<T>(
    operation: 'start' | 'check',
    context: Parameters<Provider['start']>[1],
    call: (signal: AbortSignal) => unknown,
    read: (answer: unknown) => T | undefined,
  ): Promise<T> {
    try {
      const answer = read(await callHook(clock, context, call))
      if (answer === undefined)
        throw new TypeError(`${operation}() of ${name} answered with something else than it may`)
      return answer
    } catch (thrown) {
      throw hookFault(context, name, operation, thrown)
    }
  }

  return {
    name,
    vendor,
    assurance: 'low',
    amr: amrOfCode('other'),
    ttlSeconds,
    dwellSeconds: options.dwellSeconds ?? 60,
    sends: true,
    resendAfterSeconds: options.resendAfterSeconds ?? 60,
    guessable: true,
    codeLength,
    codeGrammar: options.codeGrammar ?? /^[0-9]{4,10}$/,

    async start({ phoneNumber: to, locale, purpose, resends, flowId, deviceIp, previous }, context) {
      const request = {
        to,
        purpose,
        flowId,
        resend: resends > 0,
        ...(locale !== undefined && { locale }),
        ...(deviceIp !== undefined && { deviceIp }),
        ...(previous && { previous: previous.id }),
      }
      const answer = await ask('start', context, (signal) => options.start({ ...request, signal }), readStart)
      if ('unable' in answer) return answer
      return {
        challenge: { type: 'enter_code', length: answer.codeLength ?? codeLength },
        check: { id: answer.id, state: to },
        expiresInSeconds: answer.expiresInSeconds ?? ttlSeconds,
      }
    },

    redeem: ({ id, state }, code, context) =>
      ask('check', context, (signal) => options.check({ id, to: String(state), code, signal }), readVerdict),
  }
}

function readStart(answer: unknown): ServiceStarted | ServiceUnable | undefined {
  if (!isObject(answer)) return undefined
  const { id, codeLength, expiresInSeconds, unable, stop } = answer
  if (unable !== undefined) return { unable: unableReason(unable), ...(stop === true && { stop }) }
  if (typeof id !== 'string' || id === '' || id.length > 512) return undefined
  return {
    id,
    ...(isWholeNumber(4, 10)(codeLength) && { codeLength: codeLength as number }),
    ...(isWholeNumber(1, 86_400)(expiresInSeconds) && { expiresInSeconds: expiresInSeconds as number }),
  }
}

/** Only the word itself is a yes: no truthy value, and no object that holds it. */
function readVerdict(answer: unknown): Outcome | undefined {
  if (answer === 'verified' || answer === 'invalid_code') return { outcome: answer }
  if (answer === 'expired') return { outcome: 'unable', reason: 'expired' }
  if (isObject(answer) && answer['unable'] !== undefined)
    return { outcome: 'unable', reason: unableReason(answer['unable']) }
  return undefined
}
