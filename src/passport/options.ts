import type { Clock } from '../contracts/clock.js'
import type { Emit, OnEvent } from '../contracts/events.js'
import type { Assurance } from '../contracts/identity.js'
import type { LimitOptions } from '../contracts/limits.js'
import type { Provider } from '../contracts/provider.js'
import type { Store } from '../contracts/store.js'
import type { BeforeSend, HandlerContext } from '../express/context.js'
import { addressReader } from '../express/context.js'
import { isOriginText } from '../express/csrf.js'
import { FlowCookies } from '../express/flow-cookie.js'
import type { OfRequest } from '../express/http-types.js'
import { isolateListener } from '../lib/application.js'
import { isClock, systemClock } from '../lib/clock.js'
import { Drain } from '../lib/drain.js'
import { warnOperator } from '../lib/operator-warnings.js'
import {
  checkOptions,
  isBoolean,
  isFunction,
  isObject,
  isWholeNumber,
  isWord,
  knownOptions,
  type OptionRule,
  oneOf,
} from '../lib/options.js'
import { isCountry, regionOfNumbers } from '../lib/phone-number.js'
import { secretFault } from '../lib/secret.js'
import { Timelines } from '../lib/timelines.js'
import { checkRanges, rangedLimits } from '../limits/login-limits.js'
import { LoginService } from '../login/login-service.js'
import type { ReviewNumber } from '../login/review-provider.js'
import { demand, noCountry, noOrigin } from './complaints.js'
import { checkUrls, isRedirectUrl, notSecure } from './urls.js'

export interface PhoneCheckStrategyOptions {
  /** Providers in the order in which they are tried. */
  ladder: readonly Provider[]
  /** Where flows live between start and redeem. */
  store: Store
  /** At least 32 random bytes, the same in all processes. Keys the hashes of numbers. */
  secret: string | undefined
  /**
   * Where a provider sends a browser back to: the absolute URL of the return route. Without it,
   * codes come back by `body`.
   */
  redirectUrl?: string
  /** Where a failed return goes, as `<loginUrl>?phonecheck=<code>`. Required with `redirectUrl`. */
  loginUrl?: string
  /**
   * Public https URL of the `phone.webhook()` route, for providers that announce results.
   * Signatures are checked against it. Default: none.
   */
  callbackUrl?: string
  /** ISO 3166-1 alpha-2 regions whose numbers may log in. Required as soon as a rung sends messages. Default: all. */
  countries?: readonly string[]
  /** Region of numbers without a country code. Default: such numbers are refused. */
  defaultCountry?: string
  /** Other origins whose pages may call the handlers, such as `https://www.example.com`. Default: none. */
  origins?: readonly string[]
  /**
   * Whether providers are told the device's public address at start: `prefer` where it is known,
   * `require` refuses without one. Default `off`, because a phone that reaches the app and the
   * vendor by different addresses (IPv6 and IPv4, a CDN, several exits) then fails with
   * `ip_mismatch`, although its SIM is right.
   */
  deviceIp?: 'off' | 'prefer' | 'require'
  /**
   * The weakest assurance that may ever be used: rungs below it are left out, whatever happens to
   * the others. Default `low`.
   */
  floor?: Assurance
  /** Asked before a message is sent: false vetoes it. For captchas and risk; budgets are `limits`. */
  beforeSend?: BeforeSend
  /** `true` asks `beforeSend` before silent checks and MOChecks too, which are paid as well. Default false. */
  beforeSendOnChecks?: boolean
  /**
   * The language of the messages to a user, as a BCP 47 tag such as `de-CH`, for requests whose body
   * does not say (`locale`). Default: none, and senders use their own default.
   * @example `locale: (req) => req.acceptsLanguages('en', 'de') || undefined`
   */
  locale?: OfRequest<[], string | undefined>
  /** Limits of your own. */
  limits?: LimitOptions
  /** Numbers with fixed codes for app-store review, at most 90 days ahead. */
  reviewNumbers?: readonly ReviewNumber[]
  /**
   * `secure: false` lets the cookie travel over plain http, for development on loopback. Default
   * true, with a `__Host-` name.
   */
  cookie?: { secure: boolean }
  /** Name under which Passport knows the strategy. Default `phonecheck`. */
  name?: string
  /** `true` puts the request first in the verify callback; see {@link PhoneCheckStrategyOptionsWithRequest}. */
  passReqToCallback?: false
  /**
   * Hears of everything that happens; never awaited, and free to throw. Default: what only the
   * operator can mend is a warning of the process, once.
   */
  onEvent?: OnEvent
  /**
   * Of how many logins this process remembers the events, for `phone.timeline()`: 1 to 100,000, about
   * 5 KB each. Default 0: none.
   */
  timelines?: number
  /** For tests. */
  clock?: Clock
}

export interface PhoneCheckStrategyOptionsWithRequest extends Omit<PhoneCheckStrategyOptions, 'passReqToCallback'> {
  /** Puts the request first in the verify callback. */
  passReqToCallback: true
}

export type AnyOptions = PhoneCheckStrategyOptions | PhoneCheckStrategyOptionsWithRequest

/**
 * Checks the options once, and builds from them what the handlers share.
 * @throws TypeError that names the option and the cure
 */
export function buildContext(options: AnyOptions): HandlerContext {
  const {
    store,
    redirectUrl,
    loginUrl,
    callbackUrl,
    cookie,
    origins = [],
    countries,
    defaultCountry,
    deviceIp,
    floor,
    clock = systemClock,
  } = options
  const production = process.env['NODE_ENV'] === 'production'
  const { onEvent = warnOperator } = options
  const timelines = options.timelines ? new Timelines(options.timelines) : undefined
  const listener: OnEvent = (event) => {
    timelines?.add(event)
    return onEvent(event)
  }
  const emit = isolateListener(timelines ? listener : onEvent, clock)
  const secureCookie = cookie?.secure ?? true

  knownOptions('PhoneCheckStrategy', options, optionNames, calledElsewhere)
  checkOptions('PhoneCheckStrategy', options, rules)
  if (cookie !== undefined) {
    demand(
      typeof cookie === 'object' && typeof cookie.secure === 'boolean',
      'cookie must be { secure: true } or { secure: false }',
    )
    knownOptions('PhoneCheckStrategy: cookie', cookie, ['secure'])
  }
  demand(Array.isArray(options.ladder), 'ladder must be an array of providers, such as [phoneCheck({ … })]')
  options.ladder.forEach((rung: Partial<Provider> | undefined, index) => {
    const isProvider = typeof rung?.name === 'string' && typeof rung.start === 'function'
    demand(
      isProvider,
      `ladder[${index}] is no provider; make it with phoneCheck({ … }), moCheck({ … }) or idenfySms({ … })`,
    )
  })
  checkStore(store)
  const secret = checkSecret(options.secret)
  for (const country of countries ?? []) {
    demand(isCountry(country), `countries must be ISO codes, such as ['US', 'DE']; ${noCountry(country)}`)
    const region = regionOfNumbers(country)
    demand(
      region === undefined,
      `countries: ${country} has no mobile numbers of its own; its phones have numbers of ${region}, so list '${region}'`,
    )
  }
  demand(
    countries !== undefined || !options.ladder.some((rung) => rung.sends),
    "countries is missing; a ladder that sends messages must say to which regions, such as ['US', 'DE']",
  )
  demand(
    defaultCountry === undefined || isCountry(defaultCountry),
    `defaultCountry must be an ISO code, such as 'US'; ${noCountry(defaultCountry)}`,
  )
  demand(!options.beforeSendOnChecks || options.beforeSend !== undefined, 'beforeSendOnChecks needs beforeSend')
  knownOptions('PhoneCheckStrategy: limits', options.limits ?? {}, limitNames)
  checkRanges('PhoneCheckStrategy', options.limits ?? {})
  for (const [name, limit] of Object.entries(options.limits ?? {})) {
    if (name === 'acceptRisk' || rangedLimits.some((ranged) => ranged === name)) continue
    if (name === 'sendsPerCountryPerDay' && typeof limit === 'object' && limit !== null) checkCountries(limit)
    else
      demand(
        limit === undefined || isLimit(limit),
        `limits.${name} must be a whole number; 0 allows none, Infinity any number`,
      )
  }
  for (const origin of origins) {
    demand(
      isOriginText(origin),
      `origins must be a list of origins alone, such as ['https://www.example.com', 'capacitor://localhost']; ${noOrigin(origin)}`,
    )
  }
  demand(secureCookie || !production, notSecure)
  checkUrls(redirectUrl, loginUrl, secureCookie)
  demand(
    callbackUrl === undefined || isRedirectUrl(callbackUrl),
    'callbackUrl must be an absolute https URL; http only on loopback and not in production',
  )

  remindOfSandboxes(options.ladder, emit)
  return {
    logins: new LoginService({
      strategyName: options.name ?? 'phonecheck',
      ladder: options.ladder,
      store,
      secret,
      clock,
      emit,
      ...(countries && { countries }),
      ...(defaultCountry !== undefined && { defaultCountry }),
      ...(deviceIp !== undefined && { deviceIp }),
      ...(floor !== undefined && { floor }),
      ...(callbackUrl !== undefined && { callbackUrl }),
      ...(options.limits && { limits: options.limits }),
      ...(options.reviewNumbers && { reviewNumbers: options.reviewNumbers }),
    }),
    drain: new Drain(),
    clock,
    cookies: new FlowCookies(secureCookie),
    secure: secureCookie,
    emit,
    ...(timelines && { timelines }),
    addressOf: addressReader(emit),
    origins,
    purpose: 'login',
    ...(redirectUrl !== undefined && { redirectUrl }),
    hasWebhook: options.ladder.some((rung) => rung.webhook),
    ...(options.beforeSend && { beforeSend: options.beforeSend }),
    ...(options.locale && { locale: options.locale }),
    beforeChecks: options.beforeSendOnChecks ?? false,
    ...(loginUrl !== undefined && { loginUrl }),
    ...(callbackUrl !== undefined && { callbackUrl }),
  }
}

/** A sandbox project is told apart by nothing in its answers, so nobody but the operator can notice. */
function remindOfSandboxes(ladder: readonly Provider[], emit: Emit): void {
  if (!ladder.some(({ vendor }) => vendor === 'tru.id' || vendor === 'idlayr')) return
  const message =
    "Make sure that the vendor's project is live: a sandbox project believes every number that ends in an even digit."
  emit({ type: 'reminder', code: 'sandbox_projects', message })
}

const rules: readonly OptionRule[] = [
  ['onEvent', isFunction, 'must be a function'],
  ['timelines', isWholeNumber(0, 100_000), 'must be a whole number of logins, from 0 to 100000'],
  ['countries', (list) => Array.isArray(list) && list.length > 0, "must be ISO codes, such as ['US', 'DE']"],
  ['deviceIp', oneOf('off', 'prefer', 'require'), "must be 'off', 'prefer' or 'require'"],
  ['floor', oneOf('low', 'medium', 'high'), "must be 'low', 'medium' or 'high'"],
  ['beforeSend', isFunction, 'must be a function'],
  ['beforeSendOnChecks', isBoolean, 'must be true or false'],
  ['locale', isFunction, 'must be a function'],
  ['name', isWord, 'must be a word, such as phonecheck'],
  ['passReqToCallback', isBoolean, 'must be true or false'],
  ['clock', isClock, 'must have the methods now() and delay()'],
  ['limits', isObject, 'must be an object, such as { startsPerAddress: 300 }'],
  ['reviewNumbers', Array.isArray, 'must be a list of { phoneNumber, code, until }'],
  [
    'origins',
    Array.isArray,
    "must be a list of origins alone, such as ['https://www.example.com', 'capacitor://localhost']",
  ],
  ['store', (store) => typeof store !== 'function', 'is a class; pass an instance, such as new MemoryStore()'],
]

/** The name that OAuth strategies of Passport have for it; one of nearly that name is something else here. */
export const calledElsewhere = {
  callbackURL:
    'the address that a browser returns to is called redirectUrl here, and callbackUrl is the address of the webhook',
}

const optionNames = [
  'ladder',
  'store',
  'secret',
  'redirectUrl',
  'loginUrl',
  'callbackUrl',
  'countries',
  'defaultCountry',
  'origins',
  'deviceIp',
  'floor',
  'beforeSend',
  'beforeSendOnChecks',
  'locale',
  'limits',
  'reviewNumbers',
  'cookie',
  'name',
  'passReqToCallback',
  'onEvent',
  'timelines',
  'clock',
] as const satisfies readonly (keyof PhoneCheckStrategyOptions)[]

const limitNames = [
  'startsPerAddress',
  'sendsPerAddress',
  'failedVerifiesPerAddress',
  'sendsPerBlock',
  'sendsPerDay',
  'sendsPerCountryPerDay',
  'checksPerDay',
  'checksPerNumber',
  ...rangedLimits,
  'acceptRisk',
] as const satisfies readonly (keyof LimitOptions)[] as readonly string[]

function isLimit(limit: unknown): boolean {
  return limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && (limit as number) >= 0)
}

function checkCountries(perCountry: Readonly<Record<string, unknown>>): void {
  for (const [country, limit] of Object.entries(perCountry)) {
    demand(isCountry(country), `limits.sendsPerCountryPerDay: ${country} is no ISO code, such as US`)
    demand(
      isLimit(limit),
      `limits.sendsPerCountryPerDay.${country} must be a whole number; 0 allows none, Infinity any number`,
    )
  }
}

function checkSecret(secret: string | undefined): string {
  const fault = secretFault(secret)
  demand(fault === undefined, `secret ${fault}`)
  return String(secret)
}

function checkStore(store: Partial<Store> | null | undefined): void {
  demand(typeof store === 'object' && store !== null, 'store is missing; pass one, such as new MemoryStore()')
  const missing = (['insert', 'find', 'replace', 'remove', 'count'] as const).filter(
    (method) => typeof store[method] !== 'function',
  )
  demand(missing.length === 0, `store is no store of this library: it has no ${missing.join(', no ')}`)
}
