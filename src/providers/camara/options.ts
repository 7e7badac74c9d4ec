import type { Clock } from '../../contracts/clock.js'
import { isBoolean, isWord, type OptionRule, oneOf } from '../../lib/options.js'
import type { FetchLike } from '../http/fetch.js'
import type { CamaraClientAuth } from './client-auth.js'

/** How to reach an operator or aggregator that speaks CAMARA (GSMA Open Gateway). Nothing is discovered. */
export interface CamaraOptions {
  /** The token endpoint, whole: https, no query. */
  tokenUrl: string | undefined
  /** What stands before `/number-verification/v2` or `/one-time-password-sms/v1`, such as `https://api.example.com/camara`. */
  apiRoot: string | undefined
  /** Of your application at the operator. */
  clientId: string | undefined
  /** How the token endpoint knows you. CAMARA's security profile has `private_key_jwt` alone. */
  clientAuth: CamaraClientAuth
  /** Separated by spaces. CAMARA wants exactly one purpose (`dpv:`) among them. */
  scope?: string
  /** Sent with each call to token endpoint and API, such as a gateway's key. Never logged, and part of no error. */
  headers?: Readonly<Record<string, string>>
  /** Of the API's path, such as `v2` or `v0`. */
  apiVersion?: string
  /** Name of the rung, when a ladder has two of a kind. */
  name?: string
  /** The `provider` of identities, such as `telefonica`. Default `camara`. */
  vendor?: string
  /** Replaces the connection pool, for proxies and tests. Must not follow redirects. */
  fetch?: FetchLike
  /** For tests. */
  clock?: Clock
}

export interface CamaraNumberVerificationOptions extends CamaraOptions {
  /** The authorization endpoint, whole: the device opens it over mobile data, and the operator recognises its SIM. */
  authorizeUrl: string | undefined
  /** Default `openid dpv:FraudPreventionAndDetection number-verification:verify`. */
  scope?: string
  /** Default `v2`. */
  apiVersion?: string
  /**
   * Whether the operator is told the number in advance, and how it is written: `tel:+34…`, `+34…`
   * or `34…`. A hint, never the proof. Default false.
   */
  loginHint?: false | 'tel:' | '+' | 'bare'
  /**
   * PKCE with S256 (RFC 7636). Operators without it ignore it. Only for one that refuses it:
   * `false`, and then its id_token with our nonce is demanded. Default true.
   */
  pkce?: boolean
  /** Whether an id_token must repeat a nonce of this login. Default true. */
  nonce?: boolean
  /** The operator's issuer. When set, an `iss` on the return leg (RFC 9207) and that of an id_token must be it. */
  issuer?: string
  /** Whether the number is sent to `verify` as a SHA-256 only. Default false. */
  hashed?: boolean
  /**
   * Where the operator sends the device in logins with delivery `body`, such as an app link that
   * the app's opener reports instead of loading it. With `redirect` it is the strategy's `redirectUrl`.
   */
  redirectUri?: string
  /** Milliseconds for one call, body included. Default: token 5,000, verify 6,000. */
  timeoutsMs?: Partial<Record<'token' | 'verify', number>>
}

export interface CamaraOtpSmsOptions extends CamaraOptions {
  /** Default `one-time-password-sms:send-validate`. */
  scope?: string
  /** Default `v1`. */
  apiVersion?: string
  /** The text, at most 160 characters, with `{{code}}` where the operator puts its code. Its last line may be WebOTP's. */
  message: string
  /** Characters of the operator's codes, for the user's input. CAMARA does not say; ask. Default 6. */
  codeLength?: number
  /** Seconds for which a code is good. CAMARA does not say; ask. Default 300. */
  ttlSeconds?: number
  /** Milliseconds for one call, body included. Default: token 4,000, send 10,000, redeem 8,000. */
  timeoutsMs?: Partial<Record<'token' | 'send' | 'redeem', number>>
}

export const camaraOptionNames = [
  'tokenUrl',
  'apiRoot',
  'clientId',
  'clientAuth',
  'scope',
  'headers',
  'apiVersion',
  'name',
  'vendor',
  'fetch',
  'clock',
  'timeoutsMs',
] as const satisfies readonly (keyof CamaraNumberVerificationOptions & keyof CamaraOtpSmsOptions)[]

export const numberVerificationNames = [
  ...camaraOptionNames,
  'authorizeUrl',
  'loginHint',
  'pkce',
  'nonce',
  'issuer',
  'hashed',
  'redirectUri',
] as const satisfies readonly (keyof CamaraNumberVerificationOptions)[]

export const otpSmsNames = [
  ...camaraOptionNames,
  'message',
  'codeLength',
  'ttlSeconds',
] as const satisfies readonly (keyof CamaraOtpSmsOptions)[]

export const operatorTokenNames: readonly string[] = [
  ...camaraOptionNames,
  'credentialsUrl',
  'privateKey',
  'keyId',
  'algorithm',
  'audiences',
  'hashed',
]

/** Set by the adapter; another value would change whom a call is from or what is in it. */
const ownHeaders = ['authorization', 'content-type', 'content-length', 'host', 'x-correlator']

function isHeaders(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(
    ([name, text]) =>
      /^[A-Za-z0-9-]{1,64}$/.test(name) &&
      !ownHeaders.includes(name.toLowerCase()) &&
      typeof text === 'string' &&
      /^[\x20-\x7e]{1,4096}$/.test(text),
  )
}

export const camaraRules: readonly OptionRule[] = [
  ['scope', isWord, 'must be scopes, separated by spaces'],
  ['headers', isHeaders, `must hold texts by header name, and none of ${ownHeaders.join(', ')}`],
  ['apiVersion', (value) => typeof value === 'string' && /^v\w{1,16}$/.test(value), 'must be such as v2'],
  ['vendor', isWord, 'must be a word, such as telefonica'],
  ['loginHint', oneOf('tel:', '+', 'bare'), "must be false, 'tel:', '+' or 'bare'"],
  ['pkce', isBoolean, 'must be true or false'],
  ['nonce', isBoolean, 'must be true or false'],
  ['hashed', isBoolean, 'must be true or false'],
  ['issuer', isWord, "must be the operator's issuer URL"],
  [
    'redirectUri',
    (value) => typeof value === 'string' && URL.canParse(value) && !value.includes('#'),
    'must be an absolute URL without fragment',
  ],
  [
    'message',
    (value) => typeof value === 'string' && value.length <= 160 && value.includes('{{code}}'),
    'must be at most 160 characters with {{code}} in them',
  ],
  [
    'codeLength',
    (value) => Number.isInteger(value) && (value as number) >= 4 && (value as number) <= 10,
    'must be 4 to 10',
  ],
  ['ttlSeconds', (value) => Number.isInteger(value) && (value as number) >= 30, 'must be at least 30 seconds'],
]
