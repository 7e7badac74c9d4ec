import type { Outcome, Provider, Started } from '../../contracts/provider.js'
import { unableReason } from '../../contracts/unable-reason.js'
import { isObject } from '../../lib/json.js'
import { isSuccess } from '../http/client.js'
import { type IdlayrAnswer, idlayrApi } from './api.js'
import { checkIdGrammar, judgeRefusal } from './check.js'
import type { IdlayrOptions } from './options.js'
import { webhookVerifier } from './webhook-signature.js'

export type MoCheckOptions = IdlayrOptions

const path = '/mo_check/v0.1/checks'
/** The vendor names no time to live for certain; our own cap is below any likely one. */
const defaultTtlSeconds = 300

/**
 * MOCheck v0.1 of IDlayr / tru.ID: the user sends a given text to a given number, and the operator
 * says from which SIM it came. Works over Wi-Fi.
 *
 * Whether it arrived is learnt by asking the vendor, never from the device and never from a
 * webhook. It can be socially engineered: whoever gets somebody to send the text logs in as them,
 * which is why its assurance is `medium`.
 * @throws TypeError that names the option and the cure
 */
export function moCheck(options: MoCheckOptions): Provider {
  const name = options?.name ?? 'mocheck'
  const api = idlayrApi(name, 'moCheck', 'mo_check', options)
  const verify = webhookVerifier(api, name, options.clock)

  return {
    name,
    vendor: api.vendor,
    probe: api.probe,
    close: api.close,
    assurance: 'medium',
    ttlSeconds: 180,
    dwellSeconds: 20,
    ownCheck: true,

    async start(input, context) {
      const answer = await api.call(
        {
          kind: 'create',
          method: 'POST',
          path,
          contentType: 'application/json',
          body: { phone_number: input.phoneNumber, reference_id: input.flowId, callback_url: input.callbackUrl },
        },
        context,
      )
      if (isSuccess(answer)) {
        const started = readCheck(answer.body)
        if (started) return started
      }
      return judgeRefusal(answer) ?? Promise.reject(api.malformed('create', answer, context))
    },

    async poll(check, context) {
      const answer = await api.call(
        { kind: 'read', method: 'GET', path: `${path}/${encodeURIComponent(check.id)}` },
        context,
      )
      return judgeResult(answer, check.id) ?? Promise.reject(api.malformed('read', answer, context))
    },

    async webhook(request, context) {
      const { product, body, nonce } = await verify(request, context)
      // PhoneCheck's callbacks are signed alike. They are authentic and of no use: PhoneCheck is
      // won by its redeem alone.
      const checkId = isObject(body) ? body['check_id'] : undefined
      return product === 'mo_check' && typeof checkId === 'string' ? { checkId, nonce } : undefined
    },
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a user cannot send control characters as they are
const unsendable = /[\u0000-\u0009\u000b-\u001f\u007f]/

function readCheck(body: IdlayrAnswer['body']): Started | undefined {
  if (!body) return undefined
  const { check_id: id, mo_receiver: to, mo_body: text, ttl } = body
  if (typeof id !== 'string' || !checkIdGrammar.test(id)) return undefined
  if (typeof to !== 'string' || !/^\+?[0-9]{3,15}$/.test(to)) return undefined
  if (typeof text !== 'string' || text.length < 1 || text.length > 320 || unsendable.test(text)) return undefined
  return {
    challenge: { type: 'send_sms', to, body: text, href: smsLink(to, text) },
    check: { id },
    expiresInSeconds: typeof ttl === 'number' && ttl > 0 ? ttl : defaultTtlSeconds,
  }
}

/** Android wants `?body=`, older iPhones `&body=`; each skips what it does not know of `?&body=`. */
function smsLink(to: string, text: string): string {
  return `sms:${to}?&body=${encodeURIComponent(text)}`
}

/** @returns undefined for an answer that makes no sense */
function judgeResult(answer: IdlayrAnswer, checkId: string): Outcome | undefined {
  const { status, body } = answer
  if (status === 404 || status === 410) return { outcome: 'unable', reason: 'expired' }
  if (status > 400 && status < 500) return { outcome: 'unable', reason: 'other' }
  if (!isSuccess(answer) || body?.['check_id'] !== checkId) return undefined
  // The vendor leaves a result out, or sends null, as long as there is none.
  const state = body['status'] ?? undefined
  const verified = body['verified'] ?? undefined
  if (verified !== undefined && typeof verified !== 'boolean') return undefined
  if (state !== undefined && typeof state !== 'string') return undefined
  if (verified === true) return notYet.some((known) => known === state) ? undefined : { outcome: 'verified' }
  switch (state) {
    case 'COMPLETED':
      return verified === false ? { outcome: 'mismatch' } : undefined
    case 'EXPIRED':
      return { outcome: 'unable', reason: 'expired' }
    case 'ERROR':
      return { outcome: 'unable', reason: unableReason(body['error_code']) }
    default:
      // Statuses are undocumented: one that is not known says nothing, and the user's text may still arrive.
      return { outcome: 'pending', retryAfterSeconds: 3 }
  }
}

/** Statuses that contradict a yes. */
const notYet = ['ACCEPTED', 'PENDING', 'EXPIRED', 'ERROR']
