import { type Assurance, strength } from '../contracts/identity.js'
import { isPromise } from '../lib/application.js'
import { holdsNumber } from '../lib/phone-number.js'
import { tokenLimits } from './numbers.js'
import type { Epochs } from './revocations.js'

/** What every access token says. Times are in seconds since the epoch. */
export interface AccessTokenClaims {
  readonly iss: string
  readonly aud: string
  /** The application's own id of the user; never the phone number. */
  readonly sub: string
  readonly iat: number
  readonly exp: number
  readonly jti: string
  /** When the user proved their number. Refreshing does not change it. */
  readonly auth_time: number
  /** By which methods: names of RFC 8176 where there is one, and the rung's own name. */
  readonly amr: readonly string[]
  /** How strongly the login was bound to the SIM. */
  readonly acr: Assurance
  /** Which client got it, where the setting `clientId` says so. */
  readonly client_id?: string
  /** Public id of the login's refresh family; absent without refresh tokens. */
  readonly sid?: string
  /** What had been revoked when the login was made. For the library alone. */
  readonly rev?: string
}

// The last two are what a session keeps of a proof: in a token they would be read beside `acr` and `auth_time`.
const reserved = [
  'iss',
  'aud',
  'sub',
  'iat',
  'exp',
  'nbf',
  'jti',
  'auth_time',
  'amr',
  'acr',
  'client_id',
  'sid',
  'rev',
  'assurance',
  'verifiedAt',
] as const

/** Claims of the application's own: any names but ours. */
export type CustomClaims<Claims> = Claims & { [Name in (typeof reserved)[number]]?: never }

/** What a login granted, repeated in each of its access tokens. */
export interface Grant {
  readonly subject: string
  readonly acr: Assurance
  readonly amr: readonly string[]
  readonly authTime: number
  readonly epochs: Epochs
  readonly claims?: object
}

/**
 * The user's id as the application gives it.
 * @throws TypeError when it cannot be one. The number is never an id: numbers are given to other people.
 */
export function checkedSubject(subject: unknown, phoneNumber: string | undefined): string {
  if (typeof subject !== 'string' || !/^[^\p{Cc}]{1,255}$/u.test(subject)) {
    throw new TypeError('JwtSettings: subject must return a string of 1 to 255 characters, the stable id of the user')
  }
  // In it, too: whoever reads a token reads the id.
  if (phoneNumber !== undefined && holdsNumber(subject, phoneNumber))
    throw new TypeError(
      "JwtSettings: subject returned the user's phone number; numbers are recycled, return an id of your own",
    )
  return subject
}

/**
 * The claims as they will stand in the token: what JSON makes of them is judged, and nothing else is signed.
 * @throws TypeError for claims that are ours to set, or that would be lost
 */
export function checkedClaims(claims: unknown): object {
  // A promise or a Map would become an empty object, and a claim that restricts would be gone without a word.
  const prototype: unknown =
    typeof claims === 'object' && claims !== null && !isPromise(claims) ? Object.getPrototypeOf(claims) : undefined
  const copy: unknown =
    prototype === Object.prototype || prototype === null ? JSON.parse(JSON.stringify(claims)) : undefined
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy))
    throw new TypeError('JwtSettings: claims must return a plain object, and no promise of one')
  // Names that every object has are taken for something else by those who read a token, jsonwebtoken among them.
  const taken = Object.keys(copy).find(
    (name) => reserved.includes(name as (typeof reserved)[number]) || name in Object.prototype,
  )
  if (taken !== undefined) throw new TypeError(`JwtSettings: claims must not set ${taken}`)
  return copy
}

/** Whose tokens are taken, and at what time. */
export interface Expected {
  issuer: string
  audience: string
  /** Seconds since the epoch. */
  now: number
}

/**
 * Whether these are the claims of an access token of ours. Every one must be there, with its exact
 * type: a token that says less than ours do was not made for here, even if its signature is good.
 */
export function isAccessTokenClaims(
  payload: unknown,
  { issuer, audience, now }: Expected,
): payload is AccessTokenClaims {
  if (typeof payload !== 'object' || payload === null) return false
  const { iss, aud, sub, iat, exp, jti, auth_time, amr, acr, client_id, sid, rev } = payload as Record<
    keyof AccessTokenClaims,
    unknown
  >
  return (
    iss === issuer &&
    aud === audience &&
    isText(sub) &&
    isText(jti) &&
    isTime(iat) &&
    isTime(exp) &&
    isTime(auth_time) &&
    iat <= now + tokenLimits.leewaySeconds &&
    exp > iat &&
    exp - iat <= tokenLimits.accessSeconds.max &&
    exp + tokenLimits.leewaySeconds > now &&
    Array.isArray(amr) &&
    amr.length > 0 &&
    amr.every(isText) &&
    isText(acr) &&
    Object.hasOwn(strength, acr) &&
    (client_id === undefined || isText(client_id)) &&
    (sid === undefined || isText(sid)) &&
    (rev === undefined || isText(rev))
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 255
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}
