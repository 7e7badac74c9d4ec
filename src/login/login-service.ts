import type { PhoneCheckErrorCode } from '../contracts/problems.js'
import type { CallContext, Provider, WebhookRequest } from '../contracts/provider.js'
import { flowId, flowKey } from '../flow/ids.js'
import { authenticateRequester, requireIdleFlow } from '../flow/ownership.js'
import type { UnsealedFlow } from '../flow/repository.js'
import type { FlowRequest, RedeemRequest } from '../flow/requests.js'
import { hasTimeForMore, msUntilFallback, msUntilResend } from '../flow/timing.js'
import { shareOf, wallTime, withTimeout } from '../lib/clock.js'
import { createSecret } from '../lib/crypto.js'
import { asOutage, PhoneCheckError, type ProblemDetails } from '../lib/errors.js'
import { maskPhoneNumber, type PhoneNumber, parsePhoneNumber } from '../lib/phone-number.js'
import { limits } from '../limits/numbers.js'
import { beginOnOpenRung } from './begin-flow.js'
import { completeLogin } from './complete-login.js'
import type { LoginServiceSettings } from './context.js'
import { createLoginContext, type LoginContext } from './context.js'
import { CheckIssuer, enterRung } from './issue-check.js'
import { deviceIpFor, startInput } from './provider-input.js'
import { recover } from './recover.js'
import { isPollDue, pollForStatus, statusOf } from './status.js'
import type { FlowStatus, NextStep, Readiness, Redeemed, ResolveUser, StartedFlow, StartRequest } from './types.js'
import { ProofVerifier } from './verify-proof.js'
import { takeAnnouncement } from './webhook.js'

/**
 * The protocol. `start` creates a check and says what the device must do; `fallback` and `resend` go on when that does not work; `redeem` turns what the
 * device brings back into a user; `status` tells how far it is.
 *
 * At most one login per flow, on every store, under any interleaving and across crashes. The argument: a flow yields a user only in {@link completeLogin},
 * after a `replace` by version made it `consumed`. Out of `consumed` leads one way only, back to `proven`, by the version that this very request wrote, and
 * only after Passport failed to establish the session for it: the user was given back. Of all requests that read version N, one gets the `replace` to
 * N+1 (claimed); the others learn so and leave before the provider is asked. The winner's later writes name N+1 and onward, so if its lease ran out and
 * another request took the flow over, its writes fail and it ends without a user. A crash at any point leaves a lease that runs out, or `consumed`.
 *
 * A provider is asked by one request at a time. The deadline of a request begins before it reads the flow and is shorter than the lease that it takes after;
 * a call is not begun when the deadline is over, and given up at its end. Only a process that stands still between that look and the call can make two calls
 * overlap, which costs a call and never a second login.
 */
export class LoginService {
  readonly #parts: LoginContext
  readonly #climber: CheckIssuer
  readonly #attempts: ProofVerifier

  /** @throws TypeError that names the option and the cure */
  constructor(settings: LoginServiceSettings) {
    this.#parts = createLoginContext(settings)
    this.#climber = new CheckIssuer(this.#parts)
    this.#attempts = new ProofVerifier(this.#parts)
  }

  /**
   * Creates a check on the first rung that does not refuse this device at once.
   * @throws PhoneCheckError 400 for the number, 403 and 429 for limits, `ladder_exhausted` when every rung refuses, 503
   */
  async start(request: StartRequest): Promise<StartedFlow> {
    const { settings, ladder, flows } = this.#parts
    const number = parsePhoneNumber(request.phoneNumber, settings)
    const deviceIp = deviceIpFor(settings, request.deviceAddress)
    const context = this.#parts.callContext()
    const handle = createSecret()
    const secret = request.binding === 'cookie' ? createSecret() : handle
    const key = flowKey(handle)
    const refused = this.#refusalOfStart(key, request.purpose, ladder.firstFor(number), number)
    const { flow, rung, skipped } = await beginOnOpenRung(this.#parts, request, number, { key, secret }).catch(refused)
    try {
      for (const { method, reason } of skipped) settings.emit({ type: 'rung_skipped', reason, ...flow.facts, method })
      const input = startInput(settings, flow, request.redirectUrl, deviceIp)
      const step = await this.#climber.issue(flow, rung, context, input, request.requester, true)
      settings.emit({ type: 'flow_started', ...flow.facts })
      return { handle, secret, id: flowId(key), ...step, skipped: [...skipped, ...step.skipped] }
    } catch (error) {
      // Nobody was told its handle. If this fails too, the record just ages away.
      await flows.remove(key).catch(() => {})
      return refused(error)
    }
  }

  /**
   * Goes to the next rung, which the server chooses: at once when the present one is spent, else after its dwell time.
   * @throws PhoneCheckError `too_early`, `ladder_exhausted`, 403 and 429 for limits, 503; the flow is then as it was, unless a message may be on its way
   */
  async fallback(request: FlowRequest): Promise<NextStep> {
    const context = this.#parts.callContext()
    const flow = await this.#openUnproven(request, 'fallback')
    // What the user did already must not be thrown away, nor paid for twice: a text that arrived is noticed before its rung is left.
    if (isPollDue(this.#parts, flow)) {
      // A vendor that hangs must not keep its users from the rungs after it.
      const deadline = shareOf(context.deadline, this.#parts.ladder.countFrom(flow.record.rung))
      await pollForStatus(this.#parts, this.#attempts, flow, request.requester, { ...context, deadline })
    }
    if (flow.content.verifiedAt !== undefined) throw this.#proven(flow, 'fallback')
    const next = this.#parts.ladder.next(flow.record.rung)
    // The answer to that question may have been one that nothing follows.
    if (!next || flow.record.state === 'failed' || !hasTimeForMore(flow.ageMs))
      throw this.#refuse(flow, 'fallback', 'ladder_exhausted', { fallback: [] })
    const waitMs = msUntilFallback(flow.record, flow.ageMs, flow.isSpent ? 0 : this.#parts.ladder.find(flow.record.rung)?.dwellSeconds)
    if (waitMs > 0) throw this.#refuse(flow, 'fallback', 'too_early', { retryAfterSeconds: waitMs / 1000 })
    return this.#step(flow, next, request, 'fallback', context)
  }

  /**
   * Sends another message on the same rung. The check before it stays good until the provider accepted the new one.
   * @throws PhoneCheckError `cooldown`, `send_refused`, 429 for limits, 503
   */
  async resend(request: FlowRequest): Promise<NextStep> {
    const flow = await this.#openUnproven(request, 'resend')
    const rung = this.#parts.ladder.find(flow.record.rung)
    if (!rung?.sends) throw this.#refuse(flow, 'resend', 'send_refused', { message: 'This rung sends no messages.' })
    if ((flow.record.resends ?? 0) >= limits.resendsPerFlow) {
      throw this.#refuse(flow, 'resend', 'send_refused', { message: 'This login has had its last message.' })
    }
    if (!hasTimeForMore(flow.ageMs)) {
      const message = 'There is no time left for another message. The last code is still good.'
      throw this.#refuse(flow, 'resend', 'send_refused', { message })
    }
    const waitMs = msUntilResend(flow.record, flow.ageMs, rung.resendAfterSeconds)
    if (waitMs > 0) throw this.#refuse(flow, 'resend', 'cooldown', { retryAfterSeconds: waitMs / 1000 })
    return this.#step(flow, rung, request, 'resend', this.#parts.callContext())
  }

  /**
   * Exchanges what the device brought for the application's user.
   * @throws PhoneCheckError for every verdict but yes, and for outages; or whatever `accept` threw, in which case the same request may be repeated for a minute
   */
  async redeem<User>(request: RedeemRequest, accept: ResolveUser<User>): Promise<Redeemed<User>> {
    const context = this.#parts.callContext()
    const flow = await requireIdleFlow(this.#parts, request)
    if (flow.content.verifiedAt !== undefined) {
      await this.#attempts.acquireLease(flow)
      return completeLogin(this.#parts, flow, flow.content.verifiedAt, accept, request.requester)
    }
    const rung = await this.#attempts.requireLiveRung(flow)
    if (request.error !== undefined) throw await this.#attempts.recordReport(flow, request.error)
    const outcome = await this.#attempts.verify(flow, rung, request.requester, context, request.code)
    if (outcome.outcome === 'verified')
      return completeLogin(this.#parts, flow, wallTime(this.#parts.settings.clock), accept, request.requester)
    throw await this.#attempts.recordOutcome(flow, outcome)
  }

  /**
   * Tells the starter how far the flow is. On a rung that is asked for its result this may ask the provider, at the pace that all requesters share; it never
   * logs anyone in.
   * @throws PhoneCheckError `flow_invalid`, `store_unavailable`
   */
  async status(request: FlowRequest): Promise<FlowStatus> {
    const context = this.#parts.callContext()
    const flow = await authenticateRequester(this.#parts, request)
    if (isPollDue(this.#parts, flow)) await pollForStatus(this.#parts, this.#attempts, flow, request.requester, context)
    return statusOf(this.#parts, this.#attempts, flow)
  }

  /** As {@link takeAnnouncement}. */
  async webhook(request: WebhookRequest): Promise<void> {
    await takeAnnouncement(this.#parts, request, this.#parts.callContext())
  }

  /** Forgets the wrong codes counted for a number, and makes strangers of its known devices. @throws PhoneCheckError `invalid_phone_number`, `number_type_not_allowed`, `store_unavailable` */
  async unlock(phoneNumber: string): Promise<void> {
    const { limiter } = this.#parts
    const { e164, country } = this.#numberOfAnyCountry(phoneNumber)
    const number = limiter.hashNumber(e164)
    await Promise.all([limiter.resetAttempts({ number }), limiter.devices.forget(number)])
    this.#parts.settings.emit({ type: 'number_unlocked', country, number: maskPhoneNumber(e164) })
  }

  /** Makes strangers of a number's known devices. @throws as {@link LoginService.unlock} */
  async forgetDevices(phoneNumber: string): Promise<void> {
    const { limiter } = this.#parts
    await limiter.devices.forget(limiter.hashNumber(this.#numberOfAnyCountry(phoneNumber).e164))
  }

  /** The number may have logged in when its country was still admitted. */
  #numberOfAnyCountry(phoneNumber: string): PhoneNumber {
    const { defaultCountry } = this.#parts.settings
    return parsePhoneNumber(phoneNumber, defaultCountry === undefined ? {} : { defaultCountry })
  }

  /** Asks the store whether it answers, and nobody else. */
  async ready(): Promise<Readiness> {
    const { flows, breakers, settings } = this.#parts
    const ping = flows.find(flowKey('ready')).then(
      () => true,
      () => false,
    )
    const ready = await withTimeout(settings.clock, limits.pingMs, ping, () => false)
    return { ready, store: ready ? 'ok' : 'failed', breakers: breakers.states() }
  }

  /** Lets go of the providers' connections. */
  async close(): Promise<void> {
    await this.#parts.ladder.close()
  }

  async #openUnproven(request: FlowRequest, step: 'fallback' | 'resend'): Promise<UnsealedFlow> {
    const flow = await requireIdleFlow(this.#parts, request)
    if (flow.content.verifiedAt === undefined) return flow
    throw this.#proven(flow, step)
  }

  #proven(flow: UnsealedFlow, step: 'fallback' | 'resend'): PhoneCheckError {
    return this.#refuse(flow, step, 'too_early', { message: 'The number is proven already: call verify.' })
  }

  /** Claims the flow for another check, and gives it back as it was when there certainly is none. */
  async #step(
    flow: UnsealedFlow,
    rung: Provider,
    request: FlowRequest,
    kind: 'fallback' | 'resend',
    context: CallContext,
  ): Promise<NextStep> {
    const { requester, deviceAddress } = request
    const { record, content } = flow
    const isResend = kind === 'resend'
    const deviceIp = deviceIpFor(this.#parts.settings, deviceAddress)
    const charged = { resends: (record.resends ?? 0) + 1, sentAt: flow.ageMs }
    if (isResend) await this.#attempts.acquireLease(flow, charged)
    else if (!(await flow.write('claimed', enterRung(rung.name, flow), { number: content.number })))
      throw new PhoneCheckError('in_progress')
    try {
      if (isResend) await this.#parts.limiter.consumeSend(rung, content.number, request.purpose, requester, record.device)
      const input = startInput(this.#parts.settings, flow, request.redirectUrl, deviceIp)
      const step = isResend
        ? await this.#climber.reissue(flow, rung, context, input, requester)
        : await this.#climber.issue(flow, rung, context, input, requester)
      this.#parts.settings.emit({ type: 'rung_started', ...flow.facts })
      return { id: flowId(flow.key), ...step }
    } catch (error) {
      const problem = asOutage(error)
      await recover(flow, { record, content }, problem, isResend ? charged : undefined)
      // Not a refusal and no outage: the application's own function failed, and its error handler is to hear of it.
      if (!(error instanceof PhoneCheckError)) throw error
      throw this.#refuseStep(flow, kind, problem)
    }
  }

  /** Tells the operator of a login that could not begin, and rejects with why. */
  #refusalOfStart(key: string, purpose: string, rung: Provider, { e164, country }: PhoneNumber): (error: unknown) => never {
    return (error) => {
      const facts = { flowId: flowId(key), purpose, method: rung.name, country, number: maskPhoneNumber(e164, country) }
      this.#parts.settings.emit({ type: 'step_refused', step: 'start', code: asOutage(error).code, ...facts })
      throw error
    }
  }

  #refuse(flow: UnsealedFlow, step: 'fallback' | 'resend', code: PhoneCheckErrorCode, details: ProblemDetails = {}): PhoneCheckError {
    return this.#refuseStep(flow, step, this.#attempts.refusal(flow, code, details))
  }

  #refuseStep(flow: UnsealedFlow, step: 'fallback' | 'resend', problem: PhoneCheckError): PhoneCheckError {
    this.#parts.settings.emit({ type: 'step_refused', step, code: problem.code, ...flow.facts })
    return problem
  }
}
