import { hash } from 'node:crypto'
import type { CallContext, Check, Outcome, Provider, Unable } from '../../contracts/provider.js'
import { type UnableReason, unableReason } from '../../contracts/unable-reason.js'
import { systemClock } from '../../lib/clock.js'
import { createSecret, isSecret } from '../../lib/crypto.js'
import { isObject, optionError } from '../../lib/options.js'
import { vendorUrl } from '../http/origin.js'
import { timeoutsOf } from '../options.js'
import { camaraApi } from './api.js'
import { judgeIdToken } from './id-token.js'
import { type CamaraNumberVerificationOptions, numberVerificationNames } from './options.js'
import { numberVerifier } from './verify.js'

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
  const timeoutsMs = timeoutsOf(factory, options?.timeoutsMs, { token: 5_000, verify: 6_000 })
  const settings = { name, api: 'number-verification', version: 'v2', timeoutsMs }
  const api = camaraApi(factory, options, numberVerificationNames, settings)
  const { pkce = true, nonce: withNonce = true, clock = systemClock, hashed, issuer, loginHint } = options
  const authorizeUrl = readAuthorizeUrl(options)
  if (!pkce && !withNonce)
    throw optionError(factory, 'pkce', 'and nonce must not both be false: a stolen code could be used in another login')
  const { clientId } = api
  const verifier = numberVerifier(api, { hashed, timeoutMs: timeoutsMs.verify })

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
    const granted = await verifier.exchange(form, context)
    if ('outcome' in granted) return granted
    const { token, idToken, answer } = granted
    if (idToken === undefined && pkce) return token
    const verdict = judgeIdToken(idToken, { nonce, issuer, clientId, clock })
    if (verdict === 'good') return token
    // Somebody else's code: its id_token repeats the nonce of another login.
    return verdict === 'foreign' ? { outcome: 'invalid_code' } : verifier.spent('token', answer, context)
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
      return verifier.verify(token, secrets.phoneNumber, context)
    },

    judgeReport(error): Unable {
      const known = Object.hasOwn(reports, error) ? reports[error] : undefined
      return { unable: known ?? unableReason(error, 'reported') }
    },
  }
}

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
