import type { Clock } from '../../contracts/clock.js'
import { checkOptions, isBoolean, isWholeNumber, matches, oneOf, optionError } from '../../lib/options.js'
import type { FetchLike } from '../http/fetch.js'
import { checkCommon, refuseOfOtherChannels, required, timeoutsOf } from '../options.js'
import { applicationJwt } from './application-jwt.js'

const channels = ['silent_auth', 'sms', 'voice', 'whatsapp'] as const

/** How to reach Vonage Verify v2: as an application, or with the account's key. */
export interface VonageOptions {
  /**
   * How the number is proven. `silent_auth`: the phone opens a URL over mobile data. `sms`,
   * `voice`, `whatsapp`: a code.
   */
  channel: 'silent_auth' | 'sms' | 'voice' | 'whatsapp'
  /** Who the user is told that the code is for: 1 to 18 characters, none of `/ { } : $`. */
  brand: string
  /** UUID of the application, together with `privateKey`. */
  applicationId?: string | undefined
  /** The application's RSA key, PEM. Signs a token of five minutes for each call. Never logged, and part of no error. */
  privateKey?: string | undefined
  /** The account's key, together with `apiSecret`; in place of an application. */
  apiKey?: string | undefined
  /** Never logged, and part of no error. */
  apiSecret?: string | undefined
  /** Digits of a code, 4 to 10. Default 6. */
  codeLength?: number
  /** Seconds that a code is good for, 15 to 900. Default 180; of `silent_auth` always 60. */
  channelTimeout?: number
  /** Sender. `whatsapp`: required, the number of your WhatsApp business account. `sms`: optional, at most 15 characters. */
  from?: string
  /** `sms` only: the 11 characters by which Android's SMS Retriever knows your app. */
  appHash?: string
  /**
   * `silent_auth` only: whether the vendor asks the operator before it hands out a URL. Default
   * `true`, so that a number without coverage goes on to the next rung without its phone being asked.
   */
  coverageCheck?: boolean
  /** Default `https://api.nexmo.com`; a regional host such as `https://api-eu.vonage.com`. */
  baseUrl?: string | undefined
  /** Name of the rung. Default `vonage-silent`, `vonage-sms`, `vonage-voice` or `vonage-whatsapp`. */
  name?: string
  /** Replaces the connection pool, for proxies and tests. Must not follow redirects. */
  fetch?: FetchLike
  /** For tests. */
  clock?: Clock
  /** Milliseconds for one call, body included. Default: create 8,000, redeem 8,000, cancel 2,000. */
  timeoutsMs?: Partial<Record<'create' | 'redeem' | 'cancel', number>>
}

const optionNames = [
  'channel',
  'brand',
  'applicationId',
  'privateKey',
  'apiKey',
  'apiSecret',
  'codeLength',
  'channelTimeout',
  'from',
  'appHash',
  'coverageCheck',
  'baseUrl',
  'name',
  'fetch',
  'clock',
  'timeoutsMs',
] as const satisfies readonly (keyof VonageOptions)[]

export const factory = 'vonageVerify'
export const defaultTimeoutsMs = { create: 8_000, redeem: 8_000, cancel: 2_000 }

/** What belongs to some channels only. */
const owners = {
  codeLength: ['sms', 'voice', 'whatsapp'],
  channelTimeout: ['sms', 'voice', 'whatsapp'],
  from: ['sms', 'whatsapp'],
  appHash: ['sms'],
  coverageCheck: ['silent_auth'],
} as const satisfies Partial<Record<keyof VonageOptions, readonly string[]>>

/** @throws TypeError that names the option and the cure */
export function checkVonageOptions(options: VonageOptions): void {
  checkCommon(factory, options, optionNames)
  timeoutsOf(factory, options.timeoutsMs, defaultTimeoutsMs)
  if (!options.brand) throw optionError(factory, 'brand', 'is missing; it is the name that users read in the message')
  if (options.channel === undefined) throw optionError(factory, 'channel', `is missing; it is ${channels.join(', ')}`)
  checkOptions(factory, options, [
    ['channel', oneOf(...channels), `must be one of ${channels.join(', ')}`],
    ['brand', matches(/^[^/{}:$\p{Cc}]{1,18}$/u), 'must be 1 to 18 characters, none of them / { } : or $'],
    ['codeLength', isWholeNumber(4, 10), 'must be a whole number from 4 to 10'],
    ['channelTimeout', isWholeNumber(15, 900), 'must be a whole number of seconds from 15 to 900'],
    ['from', matches(/^[\x20-\x7e]{1,15}$/), 'must be 1 to 15 characters of plain ASCII'],
    ['appHash', matches(/^[\x21-\x7e]{11}$/), "must be the 11 characters of your app's hash"],
    ['coverageCheck', isBoolean, 'must be true or false'],
  ])
  refuseOfOtherChannels(factory, options, owners, options.channel)
  if (options.channel === 'whatsapp' && !options.from)
    throw optionError(factory, 'from', 'is missing; it is the WhatsApp number that sends')
}

/** The Authorization header, for each call. @throws TypeError unless there is exactly one whole way to authenticate */
export function authorizationOf(options: VonageOptions, clock: Clock): () => string {
  const { applicationId, privateKey, apiKey, apiSecret } = options
  const [isApplication, isAccount] = [applicationId ?? privateKey, apiKey ?? apiSecret].map(
    (value) => value !== undefined,
  )
  if (isApplication && isAccount)
    throw optionError(factory, 'apiKey', 'cannot be used together with applicationId; name one of the two ways')
  if (isAccount) {
    const credentials = `${required(factory, 'apiKey', apiKey)}:${required(factory, 'apiSecret', apiSecret)}`
    const header = `Basic ${Buffer.from(credentials).toString('base64')}`
    return () => header
  }
  const id = required(factory, 'applicationId', applicationId)
  return applicationJwt(factory, id, required(factory, 'privateKey', privateKey), clock)
}
