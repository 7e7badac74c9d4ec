import type { KeyObject } from 'node:crypto'
import type { CallContext, Check, Outcome, Provider, Unable } from '../../contracts/provider.js'
import { type UnableReason, unableReason } from '../../contracts/unable-reason.js'
import { systemClock } from '../../lib/clock.js'
import { createSecret, isSecret } from '../../lib/crypto.js'
import { isObject, optionError } from '../../lib/options.js'
import { isSuccess } from '../http/client.js'
import type { Attempt } from '../http/retry.js'
import { TransportError } from '../http/transport.js'
import { timeoutsOf } from '../options.js'
import { camaraApi, wordOf } from './api.js'
import { assertionSigner, type CamaraAlgorithm, type CamaraClientAuth } from './client-auth.js'
import { type CamaraOptions, operatorTokenNames } from './options.js'
import { bindingClaims, readPresentation } from './presentation.js'
import { numberVerifier } from './verify.js'

export interface OperatorTokenOptions extends Omit<CamaraOptions, 'clientAuth'> {
  /** The aggregator's endpoint for credential requests, whole: https, no query. */
  credentialsUrl: string | undefined
  /** PEM, or a KeyObject: signs the assertion that carries the device's token to the aggregator. */
  privateKey: string | KeyObject | undefined
  /** The `kid` of that key at the aggregator. */
  keyId: string | undefined
  /** Default RS256 for RSA keys, and what belongs to the curve for EC keys. */
  algorithm?: CamaraAlgorithm
  /** How the token endpoint knows you, beside the signed assertion. Default: by that alone. */
  clientAuth?: CamaraClientAuth
  /**
   * Your own apps and pages, as a device names whoever asked it: `android:apk-key-hash:…`, or an
   * origin such as `https://app.example`. A token that another app asked for is refused.
   */
  audiences: readonly string[]
  /** Default `openid dpv:FraudPreventionAndDetection number-verification:verify`. */
  scope?: string
  /** Default `v2`. */
  apiVersion?: string
  /** Whether the number is sent to `verify` as a SHA-256 only. Default false. */
  hashed?: boolean
  /** Milliseconds for one call, body included. Default: credentials 5,000, token 5,000, verify 6,000. */
  timeoutsMs?: Partial<Record<'credentials' | 'token' | 'verify', number>>
}

const factory = 'operatorToken'
const defaultScope = 'openid dpv:FraudPreventionAndDetection number-verification:verify'
const ttlSeconds = 120
const protocol = 'openid4vp-v1-unsigned'
const codeGrammar = /^\{[\x20-\x7e]{1,16000}\}$/
/** Goes to the device as it is, and into its storage. */
const maxCredentialLength = 8_192

/** Sealed with the flow. The device is told the nonce; that it is this flow's, only the seal says. */
interface Secrets {
  nonce: string
  phoneNumber: string
  credentialId: string
}

/**
 * An operator token (TS.43) by way of an aggregator: the phone's system asks the SIM's operator for
 * it, on Wi-Fi too, after one dialog. Android's Credential Manager, or `navigator.credentials.get({
 * digital })` in a browser that has it.
 *
 * The challenge is `get_token` of kind `digital_credential`; `request` is what either API takes. The
 * device brings the credential as JSON: `{ protocol, data: { vp_token } }`. Before anything of it is
 * sent on, its Binding JWT must hold the nonce of this very login and one of `audiences`: without the
 * first, a token that a phone made for one login would win another; without the second, one that a
 * foreign app had asked for on its user's phone. The signatures are verified by the aggregator, which
 * sees the whole token.
 *
 * Written from CAMARA's companion guide v0.1 of 2026-06 (informative) and Android's documents, and
 * tried against the simulator alone.
 * @throws TypeError that names the option and the cure
 * @example
 * operatorToken({
 *   credentialsUrl: 'https://aggregator.example/openid4vp/credentials',
 *   tokenUrl: 'https://aggregator.example/token',
 *   apiRoot: 'https://aggregator.example',
 *   clientId: process.env.AGGREGATOR_CLIENT_ID,
 *   privateKey,
 *   keyId: '2026-11',
 *   audiences: ['https://app.example'],
 * })
 */
export function operatorToken(options: OperatorTokenOptions): Provider {
  const { name = 'operator-token' } = options ?? {}
  const timeoutsMs = timeoutsOf(factory, options?.timeoutsMs, { credentials: 5_000, token: 5_000, verify: 6_000 })
  const settings = { name, api: 'number-verification', version: 'v2', timeoutsMs, clientAuth: 'optional' } as const
  const api = camaraApi(factory, options, operatorTokenNames, settings)
  const { audiences, scope = defaultScope, clock = systemClock, hashed, privateKey, keyId, algorithm } = options
  if (!Array.isArray(audiences) || audiences.length === 0 || !audiences.every((one) => typeof one === 'string' && one))
    throw optionError(factory, 'audiences', "must list your apps and pages, such as ['https://app.example']")
  const key = { privateKey, keyId, ...(algorithm !== undefined && { algorithm }) }
  const assert = assertionSigner(`${factory}:`, key, { clientId: api.clientId, tokenUrl: api.tokenUrl, clock })
  const askForCredential = api.json(factory, 'credentialsUrl', options.credentialsUrl)
  const verifier = numberVerifier(api, { hashed, timeoutMs: timeoutsMs.verify })

  /** @returns the SD-JWT, if it was made for this login by one of our apps */
  function readOwn(code: string, { nonce, credentialId }: Secrets): string | undefined {
    const token = codeGrammar.test(code) ? readPresentation(code, protocol, credentialId) : undefined
    const claims = token === undefined ? undefined : bindingClaims(token)
    const isOurs = claims?.['nonce'] === nonce && audiences.some((audience) => audience === claims['aud'])
    return isOurs ? token : undefined
  }

  return {
    name,
    vendor: options.vendor ?? 'camara',
    assurance: 'high',
    ttlSeconds,
    dwellSeconds: 10,
    codeGrammar,
    close: api.close,

    async start({ phoneNumber, locale = 'en' }, context) {
      const nonce = createSecret()
      const ask = (lang: string) => askForCredential({ scope, lang, nonce }, timeoutsMs.credentials, context)
      let answer = await ask(locale)
      // A language comes from the requester, who must not be able to have our calls refused.
      if (locale !== 'en' && isRefused(answer)) answer = await ask('en')
      if (!(answer instanceof TransportError)) {
        if (wordOf(answer) === 'carrier_not_supported') return { unable: 'mno_not_supported' }
        const credential = isSuccess(answer) ? answer.body : undefined
        if (isCredential(credential)) {
          const secrets: Secrets = { nonce, phoneNumber, credentialId: credential.id }
          const data = {
            response_type: 'vp_token',
            response_mode: 'dc_api',
            nonce,
            dcql_query: { credentials: [credential] },
          }
          return {
            challenge: { type: 'get_token', kind: 'digital_credential', request: { requests: [{ protocol, data }] } },
            check: { id: createSecret(), state: secrets },
            expiresInSeconds: ttlSeconds,
          }
        }
      }
      throw api.fault('credentials', answer, context)
    },

    async redeem(check, code, context): Promise<Outcome> {
      const secrets = readSecrets(check)
      if (!secrets) return { outcome: 'unable', reason: 'other' }
      const token = readOwn(code, secrets)
      if (token === undefined) return { outcome: 'invalid_code' }
      return exchange(token, secrets, context)
    },

    judgeReport(error): Unable {
      const known = Object.hasOwn(reports, error) ? reports[error] : undefined
      return { unable: known ?? unableReason(error, 'sdk_error') }
    },
  }

  async function exchange(token: string, { phoneNumber }: Secrets, context: CallContext): Promise<Outcome> {
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: assert({ sub: `vp_token:${token}`, scope }),
    }
    const granted = await verifier.exchange(form, context)
    return 'outcome' in granted ? granted : verifier.verify(granted.token, phoneNumber, context)
  }
}

/** For what was in the request: not for who we are, nor for how often we ask. */
function isRefused(answer: Attempt): boolean {
  return (
    !(answer instanceof TransportError) &&
    (answer.status === 400 || answer.status === 422) &&
    wordOf(answer) !== 'carrier_not_supported'
  )
}

interface Credential {
  id: string
}

/** A DCQL query for one operator token. */
function isCredential(value: Record<string, unknown> | undefined): value is Record<string, unknown> & Credential {
  return (
    value !== undefined &&
    typeof value['id'] === 'string' &&
    // OpenID4VP section 6.1.
    /^[\w-]{1,64}$/.test(value['id']) &&
    value['format'] === 'dc-authorization+sd-jwt' &&
    isObject(value['meta']) &&
    JSON.stringify(value).length <= maxCredentialLength
  )
}

function readSecrets({ state }: Check): Secrets | undefined {
  if (!isObject(state)) return undefined
  const { nonce, phoneNumber, credentialId } = state
  const isWhole = isSecret(nonce) && typeof phoneNumber === 'string' && typeof credentialId === 'string'
  return isWhole ? { nonce, phoneNumber, credentialId } : undefined
}

/** What a platform reports: DOMException names of browsers, class names and types of Android's Credential Manager. */
const reports: Readonly<Record<string, UnableReason>> = {
  NotAllowedError: 'declined',
  AbortError: 'declined',
  GetCredentialCancellationException: 'declined',
  'android.credentials.GetCredentialException.TYPE_USER_CANCELED': 'declined',
  NotSupportedError: 'mno_not_supported',
  NoCredentialException: 'mno_not_supported',
  'android.credentials.GetCredentialException.TYPE_NO_CREDENTIAL': 'mno_not_supported',
}
