import { hash } from 'node:crypto'
import type { CallContext, Check, Outcome, Provider, Unable } from '../../contracts/provider.js'
import { type UnableReason, unableReason } from '../../contracts/unable-reason.js'
import { systemClock } from '../../lib/clock.js'
import { createSecret, isSecret } from '../../lib/crypto.js'
import { isObject, optionError } from '../../lib/options.js'
import { isSuccess, type VendorResponse } from '../http/client.js'
import { vendorUrl } from '../http/origin.js'
import { type Attempt, outcomeUnknown } from '../http/retry.js'
import { TransportError } from '../http/transport.js'
import { camaraApi, wordOf } from './api.js'
import { isToken } from './client-auth.js'
import { judgeIdToken } from './id-token.js'
import { type CamaraNumberVerificationOptions, numberVerificationNames } from './options.js'

const factory = 'camaraNumberVerification'
const defaultScope = 'openid dpv:FraudPreventionAndDetection number-verification:verify'
const other = { outcome: 'unable', reason: 'other' } as const

/** Sealed with the flow: whoever reads the store learns neither, and no other flow can use them. */
interface Secrets {
  codeVerifier?: string
  nonce?: string
  phoneNumber: string
  redirectUri: string
}

/**
 * CAMARA Number Verification by the authorization code flow: the phone opens the operator's
 * authorization endpoint over mobile data, the operator recognises its SIM without any page
 * (`prompt=none`), and the code that comes back buys one look at whether the number matches.
 *
 * `state` is 256 random bits and the check's id: it never holds the number. PKCE, nonce and the
 * number are sealed with the flow. The code is used once: after the token call was sent nothing is
 * repeated, and every fault ends the rung.
 *
 * What is not checked: an id_token's signature, as it comes from the token endpoint over TLS (OpenID
 * Connect Core 3.1.3.7); and whether the operator honours PKCE, which a client cannot see.
 * @throws TypeError that names the option and the cure
 * @example
 * camaraNumberVerification({
 *   authorizeUrl: 'https://operator.example/authorize',
 *   tokenUrl: 'https://operator.example/token',
 *   apiRoot: 'https://operator.example',
 *   clientId: process.env.CAMARA_CLIENT_ID,
 *   clientAuth: { kind: 'private_key_jwt', privateKey, keyId: '2026-11' },
 * })
 */
export function camaraNumberVerification(options: CamaraNumberVerificationOptions): Provider {
  const { name = 'number-verification' } = options ?? {}
  const timeoutsMs = { token: 5_000, verify: 6_000, ...options?.timeoutsMs }
  const settings = { name, api: 'number-verification', version: 'v2', timeoutsMs }
  const api = camaraApi(factory, options, numberVerificationNames, settings)
  const { pkce = true, nonce: withNonce = true, clock = systemClock, hashed, issuer, loginHint } = options
  const authorizeUrl = readAuthorizeUrl(options)
  if (!pkce && !withNonce)
    throw optionError(factory, 'pkce', 'and nonce must not both be false: a stolen code could be used in another login')
  const { clientId } = api

  function authorizationUrl(state: string, { codeVerifier, nonce, phoneNumber, redirectUri }: Secrets): string {
    const url = new URL(authorizeUrl)
    const query = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: options.scope ?? defaultScope,
      state,
      prompt: 'none',
      ...(nonce !== undefined && { nonce }),
      ...(codeVerifier !== undefined && {
        code_challenge: hash('sha256', codeVerifier, 'base64url'),
        code_challenge_method: 'S256',
      }),
      ...(loginHint && { login_hint: loginHintOf(loginHint, phoneNumber) }),
    }
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
    return url.href
  }

  /** The secrets of a check, all that were made for it: without one of them a code must not be redeemed. */
  function readSecrets({ state }: Check): Secrets | undefined {
    if (!isObject(state)) return undefined
    const { codeVerifier, nonce, phoneNumber, redirectUri } = state
    if ((pkce && !isSecret(codeVerifier)) || (withNonce && !isSecret(nonce))) return undefined
    return typeof phoneNumber === 'string' && typeof redirectUri === 'string'
      ? (state as unknown as Secrets)
      : undefined
  }

  /** Exchanges the code. @returns the access token, or what ends the rung */
  async function exchange(secrets: Secrets, code: string, context: CallContext): Promise<string | Outcome> {
    const { codeVerifier, nonce, redirectUri } = secrets
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      ...(codeVerifier !== undefined && { code_verifier: codeVerifier }),
    }
    const answer = await api.token(form, 'send', context)
    if (answer instanceof TransportError || !isSuccess(answer)) return judgeTokenRefusal(answer, context)
    const { access_token: token, token_type: type, id_token: idToken } = answer.body ?? {}
    // Of another type, such as DPoP, it would need a proof that we do not send.
    const isBearer = type === undefined || (typeof type === 'string' && type.toLowerCase() === 'bearer')
    if (!isToken(token) || !isBearer) return spent('token', answer, context)
    if (idToken === undefined && pkce) return token
    const verdict = judgeIdToken(idToken, { nonce, issuer, clientId, clock })
    if (verdict === 'good') return token
    // Somebody else's code: its id_token repeats the nonce of another login.
    return verdict === 'foreign' ? { outcome: 'invalid_code' } : spent('token', answer, context)
  }

  function judgeTokenRefusal(answer: Attempt, context: CallContext): Outcome {
    if (outcomeUnknown(answer)) return spent('token', answer, context)
    if (answer instanceof TransportError) throw api.fault('token', answer, context)
    const word = wordOf(answer)
    if (answer.status === 400 && word === 'invalid_grant') return { outcome: 'invalid_code' }
    const problem = api.fault('token', answer, context)
    if (answer.status === 401 || answer.status === 429 || clientFaults.includes(word ?? '')) throw problem
    // What one user's code provokes must not look like an outage to all others.
    return other
  }

  /** After the code was taken: told to the operator, and the end of the rung. */
  function spent(operation: 'token' | 'verify', answer: Attempt, context: CallContext): Outcome {
    api.fault(operation, answer, context)
    if (answer instanceof TransportError || answer.status >= 500 || answer.status < 300) return { ...other, lost: true }
    return answer.status === 429 ? { outcome: 'unable', reason: 'quota_exceeded' } : other
  }

  return {
    name,
    vendor: options.vendor ?? 'camara',
    assurance: 'high',
    ttlSeconds: 120,
    dwellSeconds: 10,
    // RFC 6749 appendix A.11. The operators do not say how long theirs are.
    codeGrammar: /^[\x20-\x7e]{1,2048}$/,
    close: api.close,

    async start(input, { emit }) {
      const redirectUri = input.redirectUrl ?? options.redirectUri
      if (redirectUri === undefined) {
        const message = `${name}: a login with delivery 'body' needs the option redirectUri: where the operator sends the device, as registered there.`
        emit({ type: 'misconfiguration', code: 'redirect_uri_missing', message })
        return { unable: 'misconfigured' }
      }
      // Of the number there is nothing in it: it is in browser histories and in the operator's logs.
      const state = createSecret()
      const secrets: Secrets = {
        ...(pkce && { codeVerifier: createSecret() }),
        ...(withNonce && { nonce: createSecret() }),
        phoneNumber: input.phoneNumber,
        redirectUri,
      }
      return {
        challenge: { type: 'open_url', url: authorizationUrl(state, secrets) },
        check: { id: state, state: secrets },
        expiresInSeconds: 120,
      }
    },

    async redeem(check, code, context) {
      const secrets = readSecrets(check)
      // Mix-up (RFC 9700 section 4.4): another operator's code must not be shown to this one's token endpoint.
      const isForeign = issuer !== undefined && context.issuer !== undefined && context.issuer !== issuer
      if (!secrets || isForeign) return other
      const token = await exchange(secrets, code, context)
      if (typeof token !== 'string') return token
      const { phoneNumber } = secrets
      const body = hashed ? { hashedPhoneNumber: hash('sha256', phoneNumber) } : { phoneNumber }
      const answer = await api.post('/verify', token, body, timeoutsMs.verify, context)
      return judgeVerify(answer) ?? spent('verify', answer, context)
    },

    judgeReport(error): Unable {
      const known = Object.hasOwn(reports, error) ? reports[error] : undefined
      return { unable: known ?? unableReason(error, 'reported') }
    },
  }
}

/** RFC 6749 section 5.2: what is said of us and not of the code. */
const clientFaults = ['invalid_client', 'unauthorized_client', 'invalid_scope', 'unsupported_grant_type']

/** What the return leg may report: RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6, CAMARA's profile. */
const reports: Readonly<Record<string, UnableReason>> = {
  access_denied: 'declined',
  consent_required: 'consent_required',
  interaction_required: 'consent_required',
  account_selection_required: 'consent_required',
  // With prompt=none: the network did not recognise the SIM.
  login_required: 'not_mobile_ip',
  server_error: 'mno_server_error',
  temporarily_unavailable: 'mno_server_error',
  invalid_request: 'misconfigured',
  invalid_request_object: 'misconfigured',
  invalid_scope: 'misconfigured',
  unauthorized_client: 'misconfigured',
  unsupported_response_type: 'misconfigured',
}

function loginHintOf(form: 'tel:' | '+' | 'bare', phoneNumber: string): string {
  if (form === 'bare') return phoneNumber.slice(1)
  return form === '+' ? phoneNumber : `tel:${phoneNumber}`
}

/** @returns undefined for an answer that is no verdict */
function judgeVerify(answer: Attempt): Outcome | undefined {
  if (answer instanceof TransportError) return undefined
  const { status, body } = answer
  const word = wordOf(answer)
  if (status === 200) return judgeMatch(body)
  if (status === 403 && word === 'USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK')
    return { outcome: 'unable', reason: 'not_mobile_ip' }
  if (status === 422 && word === 'SERVICE_NOT_APPLICABLE') return { outcome: 'unable', reason: 'mno_not_supported' }
  return undefined
}

function judgeMatch(body: VendorResponse['body']): Outcome | undefined {
  const match = body?.['devicePhoneNumberVerified']
  if (match === true) return { outcome: 'verified' }
  return match === false ? { outcome: 'mismatch' } : undefined
}

/** @throws TypeError without one, however the number would reach the operator instead */
function readAuthorizeUrl({ authorizeUrl }: CamaraNumberVerificationOptions): string {
  if (authorizeUrl === undefined)
    throw optionError(
      factory,
      'authorizeUrl',
      'is missing: only a device that opens it proves its SIM. A number that the server names itself, as login_hint or as the subject of a JWT bearer grant, proves nothing',
    )
  return vendorUrl(factory, 'authorizeUrl', authorizeUrl, 'https://operator.example/authorize').href
}
