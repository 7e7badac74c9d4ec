import type { Clock } from '../contracts/clock.js'
import type { OnEvent } from '../contracts/events.js'
import type { Assurance } from '../contracts/identity.js'
import type { LimitOptions } from '../contracts/limits.js'
import type { Provider } from '../contracts/provider.js'
import type { Store } from '../contracts/store.js'
import { addressReader } from '../express/client-address.js'
import type { BeforeSend, HandlerContext } from '../express/context.js'
import { isOriginText } from '../express/csrf.js'
import { FlowCookies } from '../express/flow-cookie.js'
import { isClock, systemClock } from '../lib/clock.js'
import { Drain } from '../lib/drain.js'
import { isLoopback } from '../lib/ip-address.js'
import { isolateListener } from '../lib/listeners.js'
import { warnOperator } from '../lib/operator-warnings.js'
import { knownOptions } from '../lib/options.js'
import { isCountry, regionOfNumbers } from '../lib/phone-number.js'
import { secretFault } from '../lib/secret.js'
import { LoginService } from '../login/login-service.js'
import type { ReviewNumber } from '../login/review-provider.js'

export interface PhoneCheckStrategyOptions {
  /** Providers in the order in which they are tried. */
  ladder: readonly Provider[]
  /** Where flows live between start and redeem. */
  store: Store
  /** At least 32 random bytes, the same in all processes. Keys the hashes of numbers. */
  secret: string | undefined
  /** Where a provider sends a browser back to: the absolute URL of the return route. Without it, codes come back by `body`. */
  redirectUrl?: string
  /** Where a failed return goes, as `<loginUrl>?phonecheck=<code>`. Required with `redirectUrl`. */
  loginUrl?: string
  /** Public https URL of the `phone.webhook()` route, for providers that announce results. Signatures are checked against it. Default: none. */
  callbackUrl?: string
  /** ISO 3166-1 alpha-2 regions whose numbers may log in. Required as soon as a rung sends messages. Default: all. */
  countries?: readonly string[]
  /** Region of numbers without a country code. Default: such numbers are refused. */
  defaultCountry?: string
  /** Other origins whose pages may call the handlers, such as `https://www.example.com`. Default: none. */
  origins?: readonly string[]
  /**
   * Whether providers are told the device's public address at start: `prefer` where it is known, `require` refuses without one. Default `off`, because a phone
   * that reaches the app and the vendor by different addresses (IPv6 and IPv4, a CDN, several exits) then fails with `ip_mismatch`, although its SIM is right.
   */
  deviceIp?: 'off' | 'prefer' | 'require'
  /** The weakest assurance that may ever be used: rungs below it are left out, whatever happens to the others. Default `low`. */
  floor?: Assurance
  /** Asked before a message is sent: false vetoes it. For captchas and risk; budgets are `limits`. */
  beforeSend?: BeforeSend
  /** `true` asks `beforeSend` before silent checks and MOChecks too, which are paid as well. Default false. */
  beforeSendOnChecks?: boolean
  /** Limits of your own. */
  limits?: LimitOptions
  /** Numbers with fixed codes for app-store review, at most 90 days ahead. */
  reviewNumbers?: readonly ReviewNumber[]
  /** `secure: false` lets the cookie travel over plain http, for development on loopback. Default true, with a `__Host-` name. */
  cookie?: { secure: boolean }
  /** Name under which Passport knows the strategy. Default `phonecheck`. */
  name?: string
  /** `true` puts the request first in the verify callback; see {@link PhoneCheckStrategyOptionsWithRequest}. */
  passReqToCallback?: false
  /**
   * Hears of everything that happens; never awaited, and free to throw. Default: what only the operator can mend is a warning of the process, once.
   */
  onEvent?: OnEvent
  /** For tests. */
  clock?: Clock
}

export interface PhoneCheckStrategyOptionsWithRequest extends Omit<PhoneCheckStrategyOptions, 'passReqToCallback'> {
  /** Puts the request first in the verify callback. */
  passReqToCallback: true
}

export type AnyOptions = PhoneCheckStrategyOptions | PhoneCheckStrategyOptionsWithRequest

/** Checks the options once, and builds from them what the handlers share. @throws TypeError that names the option and the cure */
export function buildFront(options: AnyOptions): HandlerContext {
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
  const emit = isolateListener(options.onEvent ?? warnOperator)
  const secureCookie = cookie?.secure ?? true

  knownOptions('PhoneCheckStrategy', options, optionNames)
  if (cookie !== undefined) {
    demand(typeof cookie === 'object' && typeof cookie.secure === 'boolean', 'cookie must be { secure: true } or { secure: false }')
    knownOptions('PhoneCheckStrategy: cookie', cookie, ['secure'])
  }
  demand(options.onEvent === undefined || typeof options.onEvent === 'function', 'onEvent must be a function')
  demand(Array.isArray(options.ladder), 'ladder must be an array of providers, such as [phoneCheck({ … })]')
  options.ladder.forEach((rung: Partial<Provider> | undefined, index) => {
    const isProvider = typeof rung?.name === 'string' && typeof rung.start === 'function'
    demand(isProvider, `ladder[${index}] is no provider; make it with phoneCheck({ … }), moCheck({ … }) or idenfySms({ … })`)
  })
  checkStore(store)
  const secret = checkSecret(options.secret)
  demand(
    countries === undefined || (Array.isArray(countries) && countries.length > 0 && countries.every(isCountry)),
    "countries must be ISO codes, such as ['US', 'DE']",
  )
  for (const country of countries ?? []) {
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
  demand(defaultCountry === undefined || isCountry(defaultCountry), "defaultCountry must be an ISO code, such as 'US'")
  demand([undefined, 'off', 'prefer', 'require'].includes(deviceIp), "deviceIp must be 'off', 'prefer' or 'require'")
  demand([undefined, 'low', 'medium', 'high'].includes(floor), "floor must be 'low', 'medium' or 'high'")
  demand(options.beforeSend === undefined || typeof options.beforeSend === 'function', 'beforeSend must be a function')
  demand([undefined, true, false].includes(options.beforeSendOnChecks), 'beforeSendOnChecks must be true or false')
  demand(!options.beforeSendOnChecks || options.beforeSend !== undefined, 'beforeSendOnChecks needs beforeSend')
  demand(options.name === undefined || (typeof options.name === 'string' && options.name !== ''), 'name must be a word, such as phonecheck')
  demand([undefined, true, false].includes(options.passReqToCallback), 'passReqToCallback must be true or false')
  demand(isClock(clock), 'clock must have the methods now() and delay()')
  demand(
    options.limits === undefined || (typeof options.limits === 'object' && options.limits !== null),
    'limits must be an object, such as { startsPerAddress: 300 }',
  )
  demand(
    options.reviewNumbers === undefined || Array.isArray(options.reviewNumbers),
    'reviewNumbers must be a list of { phoneNumber, code, until }',
  )
  for (const [name, limit] of Object.entries(options.limits ?? {})) {
    demand(limitNames.includes(name), `limits.${name} is no limit; there are ${limitNames.join(', ')}`)
    if (name === 'sendsPerCountryPerDay' && typeof limit === 'object' && limit !== null) checkCountries(limit)
    else demand(limit === undefined || isLimit(limit), `limits.${name} must be a whole number; 0 allows none, Infinity any number`)
  }
  demand(
    Array.isArray(origins) && origins.every(isOriginText),
    "origins must be a list of origins alone, such as ['https://www.example.com', 'capacitor://localhost']",
  )
  demand(secureCookie || !production, notSecure)
  checkUrls(redirectUrl, loginUrl, secureCookie)
  demand(
    callbackUrl === undefined || isRedirectUrl(callbackUrl),
    'callbackUrl must be an absolute https URL; http only on loopback and not in production',
  )

  remindOfSandboxes(options.ladder, emit)
  return {
    flow: new LoginService({
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
    addressOf: addressReader(emit),
    origins,
    purpose: 'login',
    ...(redirectUrl !== undefined && { redirectUrl }),
    hasWebhook: options.ladder.some((rung) => rung.webhook),
    ...(options.beforeSend && { beforeSend: options.beforeSend }),
    beforeChecks: options.beforeSendOnChecks ?? false,
    ...(loginUrl !== undefined && { loginUrl }),
    ...(callbackUrl !== undefined && { callbackUrl }),
  }
}

/** A sandbox project is told apart by nothing in its answers, so nobody but the operator can notice. */
function remindOfSandboxes(ladder: readonly Provider[], emit: OnEvent): void {
  if (!ladder.some(({ vendor }) => vendor === 'tru.id' || vendor === 'idlayr')) return
  const message = "Make sure that the vendor's project is live: a sandbox project believes every number that ends in an even digit."
  emit({ type: 'reminder', code: 'sandbox_projects', message })
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
  'limits',
  'reviewNumbers',
  'cookie',
  'name',
  'passReqToCallback',
  'onEvent',
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
] as const satisfies readonly (keyof LimitOptions)[] as readonly string[]

function isLimit(limit: unknown): boolean {
  return limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && (limit as number) >= 0)
}

function checkCountries(perCountry: Readonly<Record<string, unknown>>): void {
  for (const [country, limit] of Object.entries(perCountry)) {
    demand(isCountry(country), `limits.sendsPerCountryPerDay: ${country} is no ISO code, such as US`)
    demand(isLimit(limit), `limits.sendsPerCountryPerDay.${country} must be a whole number; 0 allows none, Infinity any number`)
  }
}

const notSecure = 'cookie.secure: false is for plain http in development; leave it out'

/** Where browsers are sent, with which cookies. @throws TypeError */
export function checkUrls(redirectUrl: string | undefined, loginUrl: string | undefined, secureCookie: boolean): void {
  if (redirectUrl !== undefined) {
    demand(isRedirectUrl(redirectUrl), 'redirectUrl must be an absolute https URL; http only on loopback and not in production')
    demand(loginUrl !== undefined, 'loginUrl is missing; a failed return needs a page to go to')
    const isHttps = redirectUrl.startsWith('https:')
    demand(secureCookie || !isHttps, notSecure)
    demand(
      !secureCookie || isHttps,
      'redirectUrl is plain http, over which browsers send no Secure cookie; for development set cookie: { secure: false }',
    )
  }
  demand(
    loginUrl === undefined || redirectUrl !== undefined,
    'loginUrl is where a failed return leg goes, so it needs redirectUrl; leave it out where codes come back by body',
  )
  demand(loginUrl === undefined || isLoginUrl(loginUrl), 'loginUrl must be a path such as /login, or an absolute URL, without a fragment')
}

export function demand(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new TypeError(`PhoneCheckStrategy: ${sentence}`)
}

function checkSecret(secret: string | undefined): string {
  const fault = secretFault(secret)
  demand(fault === undefined, `secret ${fault}`)
  return String(secret)
}

function checkStore(store: Partial<Store> | null | undefined): void {
  demand(typeof store === 'object' && store !== null, 'store is missing; pass one, such as new MemoryStore()')
  const missing = (['insert', 'find', 'replace', 'remove', 'count'] as const).filter((method) => typeof store[method] !== 'function')
  demand(missing.length === 0, `store is no store of this library: it has no ${missing.join(', no ')}`)
}

function isRedirectUrl(text: string): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { protocol, hostname, username, hash } = new URL(text)
  if (username || hash) return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname) && process.env['NODE_ENV'] !== 'production')
}

function isLoginUrl(text: string): boolean {
  return typeof text === 'string' && /^(\/(?![/\\])|https?:\/\/)[\x21-\x5b\x5d-\x7e]*$/.test(text) && !text.includes('#')
}
