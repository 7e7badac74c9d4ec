import type { Clock } from '../contracts/clock.js'
import type { Emit, OnEvent } from '../contracts/events.js'
import type { Store } from '../contracts/store.js'
import { isolateListener } from '../lib/application.js'
import { systemClock, wallTime } from '../lib/clock.js'
import { Drain } from '../lib/drain.js'
import { warnOperator } from '../lib/operator-warnings.js'
import { checkOptions, isBoolean, isFunction, knownOptions, type OptionRule } from '../lib/options.js'
import { secretFault } from '../lib/secret.js'
import { guardStore } from '../stores/guard.js'
import { AccessTokens } from './access-token.js'
import type { CustomClaims } from './claims.js'
import { complaint, type JwtKey, KeyRing } from './keys.js'
import { tokenLimits } from './numbers.js'
import { RefreshFamilies } from './refresh-families.js'
import { Revocations } from './revocations.js'

/** What a service that only verifies has to know; whoever issues shares its {@link JwtSettings} instead. */
export interface BearerSettings<Claims extends object = object> {
  /** Who issues the tokens, such as `https://app.example`. */
  issuer: string
  /** For whom they are, such as `https://api.example`. An API takes no token that is for another one. */
  audience: string
  /**
   * Keys whose tokens are taken; the first one signs. To change keys, put the new one first and
   * drop the old one 16 minutes later.
   */
  keys: readonly JwtKey[]
  /** Claims of your own, by which your `verify` callbacks are typed. Names that are ours cannot be used. */
  claims?: (user: Express.User) => CustomClaims<Claims>
  /** Keeps refresh families and revocations. Without it there are no refresh tokens. May be the strategy's. */
  store?: Store
  /**
   * At least 32 random bytes, required with `store`: keys the hashes of user ids in it. The same in
   * every process that shares the store, and for as long as logins live: under another one,
   * revocations are not found. May be the strategy's.
   */
  secret?: string | undefined
  /**
   * Asks the store at each request whether the login was ended since: by logout, by a reused
   * refresh token, by `revokeUser`. Default false: an access token is good until it expires.
   */
  checkRevoked?: boolean
  /** Longest time between two refreshes. Default 7 days, at most 365. */
  refreshIdleSeconds?: number
  /** Longest time between two logins. Default 30 days, at most 365. */
  refreshAbsoluteSeconds?: number
  /**
   * For this long after a refresh the used token brings the same new refresh token again, with a
   * fresh access token, as often as asked: for clients that lose answers or refresh twice at once.
   * A thief may use it too. Default 0, at most 60.
   */
  refreshGraceSeconds?: number
  /** As the strategy's: hears of everything; by default what only the operator can mend is a warning of the process. */
  onEvent?: OnEvent
  /** For tests. */
  clock?: Clock
}

/**
 * One object, shared by `issueJwt`, `refreshJwt`, `logoutJwt`, `revokeUser` and `BearerStrategy`.
 * Read once: later changes to it have no effect.
 */
export interface JwtSettings<Claims extends object = object> extends BearerSettings<Claims> {
  /**
   * The application's stable id of a user. Never the phone number, which is refused: numbers are
   * given to other people.
   */
  subject: (user: Express.User) => string
  /**
   * What the claim `client_id` says: the app whose tokens these are. RFC 9068 requires it of access
   * tokens, and strict verifiers ask for it. Default: no such claim.
   */
  clientId?: string
  /** How long an access token is good. Default 600, at most 900. */
  accessTtlSeconds?: number
  /**
   * Asked at each refresh, with what `subject` returned at login. No user, no tokens: the login is
   * over. Without it a login lives on whatever becomes of the user, and custom claims stay as they
   * were at login.
   */
  findUser?: (subject: string) => Verdict | Promise<Verdict>
}

type Verdict = Express.User | false | null | undefined

/** The settings, checked and made ready. */
export interface TokenService extends Pick<JwtSettings, 'findUser' | 'claims'> {
  readonly access: AccessTokens
  readonly issuer: string
  readonly audience: string
  readonly clientId: string | undefined
  readonly accessTtlSeconds: number
  readonly subject: ((user: Express.User) => string) | undefined
  readonly families: RefreshFamilies | undefined
  readonly revocations: Revocations | undefined
  readonly checkRevoked: boolean
  readonly emit: Emit
  readonly clock: Clock
  /** Seconds since the epoch. */
  readonly now: () => number
  /** Never closed: what these handlers do is brief. */
  readonly drain: Drain
}

const settingNames: readonly (keyof JwtSettings)[] = [
  'issuer',
  'audience',
  'keys',
  'subject',
  'claims',
  'findUser',
  'store',
  'secret',
  'clientId',
  'accessTtlSeconds',
  'refreshIdleSeconds',
  'refreshAbsoluteSeconds',
  'refreshGraceSeconds',
  'checkRevoked',
  'onEvent',
  'clock',
]

// Printable ASCII without quote and backslash: the audience is quoted in a header.
const nameGrammar = /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/

const rules: readonly OptionRule[] = [
  ['subject', isFunction, 'must be a function'],
  ['claims', isFunction, 'must be a function'],
  ['findUser', isFunction, 'must be a function'],
  [
    'clientId',
    (id) => typeof id === 'string' && nameGrammar.test(id),
    "must be a name without spaces, such as 'ios-app'",
  ],
  ['checkRevoked', isBoolean, 'must be true or false'],
  ['store', (store) => typeof store !== 'function', 'is a class; pass an instance, such as new MemoryStore()'],
]

const known = new WeakMap<object, TokenService>()

/**
 * The same for every function that is given these settings, so that keys are read once.
 * @throws TypeError that names the setting and the cure
 */
export function tokenServiceFor<Claims extends object>(settings: BearerSettings<Claims>): TokenService {
  if (typeof settings === 'function')
    throw new TypeError(
      'JwtSettings: the settings come first and the verify callback second: new BearerStrategy(settings, verify)',
    )
  if (typeof settings !== 'object' || settings === null)
    throw new TypeError('JwtSettings: pass an object of settings, with issuer, audience, keys and subject')
  const tokens = known.get(settings) ?? build(settings)
  known.set(settings, tokens)
  return tokens
}

function build(
  settings:
    | JwtSettings
    | (BearerSettings & {
        subject?: undefined
        clientId?: undefined
        accessTtlSeconds?: undefined
        findUser?: undefined
      }),
): TokenService {
  knownOptions('JwtSettings', settings, settingNames)
  const { issuer, audience, subject, claims, findUser, clock = systemClock, checkRevoked = false } = settings
  for (const [name, value] of Object.entries({ issuer, audience })) {
    if (typeof value !== 'string' || !nameGrammar.test(value))
      throw complaint(name, "must be a name without spaces, such as 'https://app.example'")
  }
  checkOptions('JwtSettings', settings, rules)
  const { accessSeconds, idleSeconds, absoluteSeconds, graceSeconds } = tokenLimits
  const accessTtlSeconds = seconds('accessTtlSeconds', settings.accessTtlSeconds, accessSeconds, 1)
  const refreshIdleSeconds = seconds('refreshIdleSeconds', settings.refreshIdleSeconds, idleSeconds, 1)
  const refreshAbsoluteSeconds = seconds('refreshAbsoluteSeconds', settings.refreshAbsoluteSeconds, absoluteSeconds, 1)
  const refreshGraceSeconds = seconds('refreshGraceSeconds', settings.refreshGraceSeconds, graceSeconds, 0)
  const access = new AccessTokens(new KeyRing(settings.keys), issuer, audience)
  const emit = isolateListener(settings.onEvent ?? warnOperator, clock)

  if (checkRevoked && !settings.store) throw complaint('checkRevoked', 'needs a store')
  if (settings.store !== undefined && !isStore(settings.store))
    throw complaint('store', 'is no store; pass one, such as new MemoryStore()')
  const secret = checkedSecret(settings)
  const store = settings.store && guardStore(settings.store, emit, clock)
  const revocations = store && secret !== undefined ? new Revocations(store, secret, issuer) : undefined
  const binding = {
    issuer,
    audience,
    idleSeconds: refreshIdleSeconds,
    absoluteSeconds: refreshAbsoluteSeconds,
    graceSeconds: refreshGraceSeconds,
    emit,
  }
  return {
    access,
    issuer,
    audience,
    clientId: settings.clientId,
    accessTtlSeconds,
    subject,
    ...(claims && { claims }),
    ...(findUser && { findUser }),
    families: store && revocations && new RefreshFamilies({ store, revocations, ...binding }),
    revocations,
    checkRevoked,
    emit,
    clock,
    now: () => Math.floor(wallTime(clock) / 1000),
    drain: new Drain(),
  }
}

function seconds(
  name: string,
  value: number | undefined,
  { default: usual, max }: { default: number; max: number },
  min: number,
): number {
  if (value === undefined) return usual
  if (!Number.isInteger(value) || value < min || value > max)
    throw complaint(name, `must be a whole number of seconds from ${min} to ${max}`)
  return value
}

/** @throws TypeError that says what is wrong, or that a store needs one */
function checkedSecret({ secret, store }: BearerSettings): string | undefined {
  if (secret === undefined && store === undefined) return undefined
  const fault = secretFault(secret)
  if (fault !== undefined) throw complaint('secret', fault)
  return secret
}

function isStore(store: Partial<Store> | null): boolean {
  const methods = ['insert', 'find', 'replace', 'remove'] as const
  return typeof store === 'object' && store !== null && methods.every((method) => typeof store[method] === 'function')
}
