import type { JWTPayload } from 'jose'
import type { Clock } from '../../contracts/clock.js'
import type { CallContext, Check, Outcome, Provider, Unable } from '../../contracts/provider.js'
import { type UnableReason, unableReason } from '../../contracts/unable-reason.js'
import { deadlineIn, systemClock, wallTime } from '../../lib/clock.js'
import { createSecret, isSecret } from '../../lib/crypto.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { checkOptions, isBoolean, isObject, matches, type OptionRule, optionError } from '../../lib/options.js'
import { httpClient } from '../http/client.js'
import type { FetchLike } from '../http/fetch.js'
import { vendorOrigin } from '../http/origin.js'
import { withRepeats } from '../http/retry.js'
import { TransportError } from '../http/transport.js'
import { vendorFault } from '../http/vendor-fault.js'
import { checkCommon, timeoutsOf } from '../options.js'
import { loadJose } from './jose.js'
import { KeySet, KeysUnavailable } from './key-set.js'

export interface FirebasePnvOptions {
  /** Of the Firebase project: digits. */
  projectNumber: string | undefined
  /** Of the same project, such as `my-app-1a2b3`. */
  projectId: string | undefined
  /**
   * Whether tokens of the console's test numbers count: a country code and zeros. They are valid in
   * production too, for whoever has the app's test session. The login must be of that very number.
   * Default false.
   */
  allowTestNumbers?: boolean
  /** Where the keys are. Default `https://fpnv.googleapis.com`. */
  baseUrl?: string
  /** Milliseconds for fetching the keys, body included. Default: jwks 4,000. */
  timeoutsMs?: Partial<Record<'jwks', number>>
  /** Name of the rung, when a ladder has two of a kind. */
  name?: string
  /** Replaces the connection pool, for proxies and tests. Must not follow redirects. */
  fetch?: FetchLike
  /** For tests. */
  clock?: Clock
}

const factory = 'firebasePnv'
const issuerRoot = 'https://fpnv.googleapis.com/projects/'
const names = [
  'projectNumber',
  'projectId',
  'allowTestNumbers',
  'baseUrl',
  'timeoutsMs',
  'name',
  'fetch',
  'clock',
] as const satisfies readonly (keyof FirebasePnvOptions)[]
const rules: readonly OptionRule[] = [
  ['allowTestNumbers', isBoolean, 'must be true or false'],
  ['projectNumber', matches(/^[0-9]{1,20}$/), 'must be digits, as a text'],
  ['projectId', matches(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/), 'must be a project id, such as my-app-1a2b3'],
]

/** Life of a check, and so of a token that was asked for by it. The vendor's sample has the same. */
const ttlSeconds = 180
const tokenGrammar = /^[\w-]{1,1024}\.[\w-]{1,8192}\.[\w-]{1,512}$/
/** For clocks that differ. */
const leewaySeconds = 60

/** Sealed with the flow. The device is told the nonce; that it is this flow's, only the seal says. */
interface Secrets {
  nonce: string
  phoneNumber: string
}

/**
 * Firebase Phone Number Verification: an Android app asks the system for the number of its SIM, on
 * Wi-Fi too, and brings a token that Google signed.
 *
 * The challenge is `get_token` of kind `firebase_pnv` with `{ nonce }`. Only the custom flow
 * (`getDigitalCredentialPayload(nonce)`) puts it into the token; one of `getVerifiedPhoneNumber()`
 * is refused, since whoever came by it could log in with it until it expires.
 *
 * A token is checked whole, by jose: ES256 by a key of the issuer's JWKS, `iss`, both audiences,
 * `typ`, `exp`, `iat`, the nonce, and then whose number it is. Nothing but the JWKS is fetched.
 * Source: firebase.google.com/docs/phone-number-verification, 2026-06.
 * @throws TypeError that names the option and the cure
 * @example
 * firebasePnv({ projectNumber: '123456789012', projectId: 'my-app-1a2b3' })
 */
export function firebasePnv(options: FirebasePnvOptions): Provider {
  checkCommon(factory, options, names)
  checkOptions(factory, options, rules)
  const { projectNumber, projectId, name = 'firebase-pnv', clock = systemClock } = options
  if (projectNumber === undefined) throw optionError(factory, 'projectNumber', 'is missing; take it from the console')
  if (projectId === undefined) throw optionError(factory, 'projectId', 'is missing; take it from the console')
  const { jwks: timeoutMs } = timeoutsOf(factory, options.timeoutsMs, { jwks: 4_000 })
  const http = httpClient(vendorOrigin(factory, options.baseUrl ?? 'https://fpnv.googleapis.com'), clock, options.fetch)
  const issuer = issuerRoot + projectNumber
  const audiences = [issuer, issuerRoot + projectId]
  /** Of whoever needed the keys last: a fetch is shared, and its failure is told once. */
  let emit: CallContext['emit'] = () => {}

  const keys = new KeySet(async () => {
    const request = { method: 'GET', path: '/v1beta/jwks', headers: { accept: 'application/json' }, timeoutMs } as const
    const deadline = deadlineIn(timeoutMs, clock)
    const answer = await withRepeats('read', { clock, deadline }, () => http.request({ ...request, deadline }))
    if (!(answer instanceof TransportError) && answer.status === 200 && Array.isArray(answer.body?.['keys']))
      return answer.body
    const facts = () => ({ ours: false, quota: false, untried: true })
    throw vendorFault(answer, { method: name, operation: 'jwks' }, facts, { emit })
  }, clock)

  async function readToken(token: string): Promise<JWTPayload | Outcome> {
    const { jwtVerify, errors } = await loadJose()
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        algorithms: ['ES256'],
        typ: 'JWT',
        issuer,
        audience: issuer,
        requiredClaims: ['sub', 'exp', 'iat', 'nonce'],
        // A token with this check's nonce is no older than the check.
        maxTokenAge: ttlSeconds,
        clockTolerance: leewaySeconds,
        currentDate: new Date(wallTime(clock)),
      })
      return payload
    } catch (error) {
      if (error instanceof KeysUnavailable) {
        // Anybody can name a key that does not exist: that must not look like an outage to all others.
        if (error.isUsable) return { outcome: 'unable', reason: 'other' }
        throw new PhoneCheckError('provider_unavailable', { cause: error, reason: 'provider_down', untried: true })
      }
      return error instanceof errors.JWTExpired ? { outcome: 'unable', reason: 'expired' } : { outcome: 'invalid_code' }
    }
  }

  function isOurs({ aud, nonce, sub }: JWTPayload, secrets: Secrets): boolean {
    const isForProject = Array.isArray(aud) && audiences.every((audience) => aud.includes(audience))
    const isTestNumber = typeof sub === 'string' && /^\+[1-9][0-9]{0,2}0+$/.test(sub)
    return isForProject && nonce === secrets.nonce && (!isTestNumber || options.allowTestNumbers === true)
  }

  return {
    name,
    vendor: 'firebase',
    assurance: 'high',
    ttlSeconds,
    dwellSeconds: 10,
    codeGrammar: tokenGrammar,
    close: () => http.close(),

    async start({ phoneNumber }) {
      const nonce = createSecret()
      const secrets: Secrets = { nonce, phoneNumber }
      return {
        challenge: { type: 'get_token', kind: 'firebase_pnv', request: { nonce } },
        check: { id: createSecret(), state: secrets },
        expiresInSeconds: ttlSeconds,
      }
    },

    async redeem(check, token, context) {
      const secrets = readSecrets(check)
      if (!secrets) return { outcome: 'unable', reason: 'other' }
      // Decoders of base64 pass over blanks: one token would have many spellings.
      if (!tokenGrammar.test(token)) return { outcome: 'invalid_code' }
      emit = context.emit
      const claims = await readToken(token)
      if ('outcome' in claims) return claims as Outcome
      // A token of another login, of another project, or one that was asked for without our nonce.
      if (!isOurs(claims, secrets)) return { outcome: 'invalid_code' }
      return claims.sub === secrets.phoneNumber ? { outcome: 'verified' } : { outcome: 'mismatch' }
    },

    judgeReport(error): Unable {
      const known = Object.hasOwn(reports, error) ? reports[error] : undefined
      return { unable: known ?? unableReason(error, 'reported') }
    },
  }
}

function readSecrets({ state }: Check): Secrets | undefined {
  if (!isObject(state) || !isSecret(state['nonce']) || typeof state['phoneNumber'] !== 'string') return undefined
  return { nonce: state['nonce'], phoneNumber: state['phoneNumber'] }
}

/**
 * The app's errors, as com.google.firebase.pnv names them. The user's no is one of Credential Manager's,
 * whose exception the custom flow brings by the name of its class.
 */
const reports: Readonly<Record<string, UnableReason>> = {
  'pnv/carrier-not-supported': 'mno_not_supported',
  'pnv/unsupported-operation': 'mno_not_supported',
  'pnv/preflight-check-failed': 'mno_not_supported',
  'pnv/integrity-check-failed': 'blocked',
  'pnv/credential-manager-error': 'declined',
  GetCredentialCancellationException: 'declined',
  'pnv/invalid-digital-credential-response': 'sdk_error',
}
