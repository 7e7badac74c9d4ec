import type { CallContext, Outcome, Provider, Started } from '../../contracts/provider.js'
import { unableReason } from '../../contracts/unable-reason.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { isSuccess } from '../http/client.js'
import { type IdlayrAnswer, idlayrApi } from './api.js'
import { checkIdGrammar, judgeRefusal } from './check.js'
import { type IdlayrOptions, platformOrigins } from './options.js'

export interface PhoneCheckOptions extends IdlayrOptions {
  /** Origins beside the API's own, of either brand, that a check URL may have, such as `https://checks.example.com`. */
  checkUrlOrigins?: readonly string[]
}

const path = '/phone_check/v0.2/checks'
/** The vendor's default time to live, for an answer that names none. */
const defaultTtlSeconds = 120

/**
 * PhoneCheck v0.2 of tru.ID / IDlayr: the phone opens a URL over mobile data, the operator
 * recognises its SIM, and the phone brings back a code.
 *
 * The code alone proves nothing, as a phone with another SIM gets one too: only the PATCH that
 * redeems it says whether the number matched.
 * @throws TypeError that names the option and the cure
 */
export function phoneCheck(options: PhoneCheckOptions): Provider {
  const name = options?.name ?? 'phonecheck'
  const api = idlayrApi(name, 'phoneCheck', 'phone_check', options, ['checkUrlOrigins'])
  const { checkUrlOrigins: more = [] } = options
  if (!Array.isArray(more))
    throw new TypeError("phoneCheck: checkUrlOrigins must be a list, such as ['https://check.example']")
  const checkUrlOrigins = [...platformOrigins(api.origin), ...more.map(httpsOrigin)]

  /** A check whose URL may be anybody's is as good as none, and only the operator can say that it is the vendor's. */
  function refusedUrl(origin: string, { emit }: CallContext): PhoneCheckError {
    const message = `${name}: the check URL has the origin ${origin}, which is not the API's own. If it is the vendor's, add it to \`checkUrlOrigins\`.`
    emit({ type: 'provider_outage', method: name, operation: 'create', kind: 'check_url', message })
    return new PhoneCheckError('provider_unavailable', { reason: 'provider_down' })
  }

  return {
    name,
    vendor: api.vendor,
    probe: api.probe,
    close: api.close,
    assurance: 'high',
    ttlSeconds: 120,
    dwellSeconds: 10,
    codeGrammar: /^[\x21-\x7e]{1,256}$/,

    async start(input, context) {
      const answer = await api.call(
        {
          kind: 'create',
          method: 'POST',
          path,
          contentType: 'application/json',
          body: {
            phone_number: input.phoneNumber,
            reference_id: input.flowId,
            redirect_url: input.redirectUrl,
            phone_ip: input.deviceIp,
          },
        },
        context,
      )
      if (isSuccess(answer)) {
        const started = readCheck(answer.body, checkUrlOrigins)
        if (started) return started
        const foreign = foreignOrigin(answer.body, checkUrlOrigins)
        if (foreign !== undefined) throw refusedUrl(foreign, context)
      }
      return judgeRefusal(answer) ?? Promise.reject(api.malformed('create', answer, context))
    },

    async redeem(check, code, context) {
      const answer = await api.call(
        {
          kind: 'redeem',
          method: 'PATCH',
          path: `${path}/${encodeURIComponent(check.id)}`,
          contentType: 'application/json-patch+json',
          body: [{ op: 'add', path: '/code', value: code }],
        },
        context,
      )
      return judgeRedeem(answer, check.id) ?? Promise.reject(api.malformed('redeem', answer, context))
    },
  }
}

/** The created check, if everything about it is as it must be before a stranger's URL is handed to a phone. */
function readCheck(body: IdlayrAnswer['body'], origins: readonly string[]): Started | undefined {
  if (!body) return undefined
  const { check_id: id, ttl } = body
  const url = safeUrl(checkUrlOf(body), origins)
  if (typeof id !== 'string' || !checkIdGrammar.test(id) || !url) return undefined
  const expiresInSeconds = typeof ttl === 'number' && ttl > 0 ? ttl : defaultTtlSeconds
  return { challenge: { type: 'open_url', url }, check: { id }, expiresInSeconds }
}

function checkUrlOf(body: IdlayrAnswer['body']): unknown {
  const { _links: links } = (body ?? {}) as { _links?: { check_url?: { href?: unknown } | null } | null }
  return links?.check_url?.href
}

/** The origin of a check URL that is a proper https URL, but none of ours. */
function foreignOrigin(body: IdlayrAnswer['body'], origins: readonly string[]): string | undefined {
  const href = checkUrlOf(body)
  if (typeof href !== 'string' || !URL.canParse(href)) return undefined
  const { origin, protocol } = new URL(href)
  return protocol === 'https:' && !origins.includes(origin) && origin.length <= 255 ? origin : undefined
}

function safeUrl(href: unknown, origins: readonly string[]): string | undefined {
  // The parser forgives control characters and backslashes; a URL that needs forgiving is not one a vendor sends.
  if (typeof href !== 'string' || !/^[\x21-\x5b\x5d-\x7e]+$/.test(href) || !URL.canParse(href)) return undefined
  const url = new URL(href)
  return origins.includes(url.origin) && !url.username && !url.password ? url.href : undefined
}

function httpsOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' || url.href !== `${url.origin}/`)
    throw new TypeError(`phoneCheck: checkUrlOrigins must hold https origins, not '${text}'`)
  return url.origin
}

/** @returns undefined for an answer that is no verdict. */
function judgeRedeem({ status, body, repeated }: IdlayrAnswer, checkId: string): Outcome | undefined {
  // 404 covers a wrong code, one used before, and a URL never opened. After a lost first attempt
  // the code may have been spent by ourselves.
  if (status === 404 || status === 400)
    return repeated ? { outcome: 'unable', reason: 'other' } : { outcome: 'invalid_code' }
  if (status === 410) return { outcome: 'unable', reason: 'expired' }
  // Undocumented, but about this check: what one user's code provokes must not look like an outage to all others.
  if (status > 400 && status < 500) return { outcome: 'unable', reason: 'other' }
  if (status !== 200 || body?.['check_id'] !== checkId) return undefined
  switch (body['status']) {
    case 'COMPLETED':
      if (body['match'] === true) return { outcome: 'verified', ...operatorOf(body) }
      return body['match'] === false ? { outcome: 'mismatch', ...operatorOf(body) } : undefined
    case 'EXPIRED':
      return { outcome: 'unable', reason: 'expired' }
    case 'ERROR':
      return { outcome: 'unable', reason: unableReason(body['error_code']) }
    case 'ACCEPTED':
    case 'PENDING':
      return { outcome: 'pending', retryAfterSeconds: 2 }
    default:
      return undefined
  }
}

function operatorOf({ network_id: operator }: Record<string, unknown>): { operator?: string } {
  return typeof operator === 'string' ? { operator } : {}
}
