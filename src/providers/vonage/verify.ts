import type { CallContext, Check, Provider, Started, StartInput } from '../../contracts/provider.js'
import { systemClock, wallTime } from '../../lib/clock.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { isLoopback } from '../../lib/ip-address.js'
import { isObject } from '../../lib/json.js'
import { httpClient } from '../http/client.js'
import { vendorOrigin } from '../http/origin.js'
import { type Attempt, withRepeats } from '../http/retry.js'
import { TransportError } from '../http/transport.js'
import { vendorFault } from '../http/vendor-fault.js'
import { amrOfCode, timeoutsOf } from '../options.js'
import { faultFacts, judgeCheck, judgeCreate, judgeReport } from './errors.js'
import { vonageLocale } from './locale.js'
import { authorizationOf, checkVonageOptions, defaultTimeoutsMs, factory, type VonageOptions } from './options.js'

const path = '/v2/verify/'
/** What the ids of requests look like. Anything else is never put into a path. */
const idGrammar = /^[0-9a-zA-Z][0-9a-zA-Z-]{7,63}$/
/** The vendor's own, which no option of its changes. */
const silentSeconds = 60
/** A request may be cancelled from then on; a second more, as its time began before we knew of it. */
const cancelAfterMs = 31_000

/**
 * Vonage Verify v2, one channel for each rung.
 *
 * A request has a workflow of one step only. The vendor moves on to a second step by itself, after a
 * minute, and would send a message that no limit of ours has seen.
 *
 * It keeps one request for each number and refuses another with 409: then this rung is `busy` and the
 * ladder goes on. The request that this very login leaves behind (at a resend, or at a fallback from
 * another Vonage rung) is cancelled first, which the vendor allows after 30 seconds.
 * @throws TypeError that names the option and the cure
 * @example
 * vonageVerify({ channel: 'sms', brand: 'Acme', applicationId: process.env.VONAGE_APPLICATION_ID, privateKey })
 */
export function vonageVerify(options: VonageOptions): Provider {
  checkVonageOptions(options)
  const { channel, clock = systemClock, codeLength = 6 } = options
  const isSilent = channel === 'silent_auth'
  const { name = isSilent ? 'vonage-silent' : `vonage-${channel}`, channelTimeout = 180 } = options
  const lifeSeconds = isSilent ? silentSeconds : channelTimeout
  const authorization = authorizationOf(options, clock)
  const origin = vendorOrigin(factory, options.baseUrl ?? 'https://api.nexmo.com')
  const http = httpClient(origin, clock, options.fetch)
  const timeoutsMs = timeoutsOf(factory, options.timeoutsMs, defaultTimeoutsMs)

  function call(
    kind: keyof typeof timeoutsMs,
    target: string,
    body: object | undefined,
    { deadline }: CallContext,
  ): Promise<Attempt> {
    // There is no idempotency key, and a second check burns a try: again only if it never left.
    return withRepeats('send', { clock, deadline }, async () =>
      http.request({
        method: kind === 'cancel' ? 'DELETE' : 'POST',
        path: target,
        headers: {
          authorization: authorization(),
          accept: 'application/json, application/problem+json',
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        timeoutMs: timeoutsMs[kind],
        deadline,
      }),
    )
  }

  const fault = (operation: 'create' | 'redeem', answer: Attempt, context: CallContext) =>
    vendorFault(answer, { method: name, operation }, (said) => faultFacts(operation, said), context)

  function request({ phoneNumber, flowId, locale: tag, redirectUrl }: StartInput): object {
    const to = phoneNumber.slice(1)
    const { brand, from, appHash: app_hash, coverageCheck: coverage_check = true } = options
    const common = { brand, client_ref: flowId }
    if (isSilent) {
      return {
        ...common,
        workflow: [{ channel, to, coverage_check, ...(redirectUrl && { redirect_url: redirectUrl }) }],
      }
    }
    const locale = vonageLocale(tag)
    return {
      ...common,
      ...(locale && { locale }),
      channel_timeout: channelTimeout,
      code_length: codeLength,
      workflow: [{ channel, to, ...(from && { from }), ...(app_hash && { app_hash }) }],
    }
  }

  /** @returns undefined when the answer is not a whole one, or its URL may be anybody's */
  function readStarted(body: unknown): Started | undefined {
    if (!isObject(body)) return undefined
    const { request_id: id, check_url } = body
    if (typeof id !== 'string' || !idGrammar.test(id)) return undefined
    const url = isSilent ? safeUrl(check_url, origin) : undefined
    if (isSilent && url === undefined) return undefined
    return {
      challenge: url === undefined ? { type: 'enter_code', length: codeLength } : { type: 'open_url', url },
      check: { id, state: { at: wallTime(clock) } },
      expiresInSeconds: lifeSeconds,
    }
  }

  function foreignUrl(host: string, { emit }: CallContext): PhoneCheckError {
    const message = `${name}: the check URL is on ${host}, which is none of vonage.com or nexmo.com. Check \`baseUrl\`, and what stands between you and the vendor.`
    emit({ type: 'provider_outage', method: name, operation: 'create', kind: 'check_url', message })
    return new PhoneCheckError('provider_unavailable', { reason: 'provider_down' })
  }

  return {
    name,
    vendor: 'vonage',
    assurance: isSilent ? 'high' : 'low',
    ...(!isSilent && { amr: amrOfCode(channel) }),
    ttlSeconds: lifeSeconds,
    dwellSeconds: isSilent ? 10 : 60,
    ...(!isSilent && { sends: true, resendAfterSeconds: 60, guessable: true }),
    ...(!isSilent && { codeLength }),
    codeGrammar: isSilent ? /^[A-Za-z0-9]{4,10}$/ : new RegExp(`^[0-9]{${codeLength}}$`),
    close: http.close,
    ...(isSilent && { judgeReport }),

    async start(input, context) {
      const left = input.previous && ageOf(input.previous, wallTime(clock))
      // Whatever comes of it, the create after it says whether the number is free.
      if (left && left.ageMs >= cancelAfterMs) await call('cancel', path + left.id, undefined, context)
      const answer = await call('create', path, request(input), context)
      if (answer instanceof TransportError) throw fault('create', answer, context)
      if (answer.status === 202) {
        const started = readStarted(answer.body)
        if (started) return started
        const host = isSilent ? foreignHost(answer.body, origin) : undefined
        if (host !== undefined) throw foreignUrl(host, context)
      }
      const unable = judgeCreate(answer)
      if (unable?.unable !== 'busy' || !left || left.ageMs >= cancelAfterMs)
        return unable ?? Promise.reject(fault('create', answer, context))
      return { ...unable, retryAfterSeconds: Math.ceil((cancelAfterMs - left.ageMs) / 1000) }
    },

    async redeem({ id }, code, context) {
      const answer = await call('redeem', path + id, { code }, context)
      const outcome = answer instanceof TransportError ? undefined : judgeCheck(answer, id, isSilent)
      return outcome ?? Promise.reject(fault('redeem', answer, context))
    },
  }
}

/** The request that this login leaves behind, and its age. */
function ageOf({ id, state }: Check, now: number): { id: string; ageMs: number } | undefined {
  const at = isObject(state) ? state['at'] : undefined
  return typeof at === 'number' && idGrammar.test(id) ? { id, ageMs: Math.max(0, now - at) } : undefined
}

/** Hosts are regional, and not always that of the call. */
function safeUrl(href: unknown, apiOrigin: string): string | undefined {
  // The parser forgives control characters and backslashes; a URL that needs forgiving is not one a vendor sends.
  if (typeof href !== 'string' || !/^[\x21-\x5b\x5d-\x7e]+$/.test(href) || !URL.canParse(href)) return undefined
  const url = new URL(href)
  const isVendors = url.protocol === 'https:' && /^[a-z0-9.-]+\.(vonage|nexmo)\.com$/.test(url.host)
  const isSimulator = url.origin === apiOrigin && isLoopback(url.hostname)
  return (isVendors || isSimulator) && !url.username && !url.password ? url.href : undefined
}

/** The host of a check URL that is a proper https URL, but none of the vendor's. */
function foreignHost(body: unknown, apiOrigin: string): string | undefined {
  const href = isObject(body) ? body['check_url'] : undefined
  if (typeof href !== 'string' || !URL.canParse(href) || safeUrl(href, apiOrigin)) return undefined
  const { host, protocol } = new URL(href)
  return protocol === 'https:' && host.length <= 255 ? host : undefined
}
