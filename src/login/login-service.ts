import type { Finding } from '../contracts/finding.js'
import type { WebhookRequest } from '../contracts/provider.js'
import { flowKey } from '../flow/record.js'
import type { FlowRequest, RedeemRequest } from '../flow/requests.js'
import { withTimeout } from '../lib/clock.js'
import { maskPhoneNumber, type PhoneNumber, parsePhoneNumber } from '../lib/phone-number.js'
import { limits } from '../limits/numbers.js'
import { cancelFlow, eraseNumber, type FlowInfo, listFlows } from './admin.js'
import { createLoginContext, type LoginContext, type LoginServiceSettings } from './context.js'
import { describeLogin, type LoginDescription } from './describe.js'
import { diagnoseLogin } from './diagnose.js'
import { fallBack, resend } from './next-rung.js'
import { redeem } from './redeem.js'
import { startLogin } from './start.js'
import { readStatus } from './status.js'
import type { FlowStatus, NextStep, Readiness, Redeemed, ResolveUser, StartedFlow, StartRequest } from './types.js'
import { takeAnnouncement } from './webhook.js'

/**
 * The protocol. `start` creates a check and says what the device must do; `fallback` and `resend`
 * go on when that does not work; `redeem` turns what the device brings back into a user; `status`
 * tells how far it is. Each step has a file of its own. Why there is at most one login per flow is
 * said at {@link redeem}.
 */
export class LoginService {
  readonly #context: LoginContext

  /** @throws TypeError that names the option and the cure */
  constructor(settings: LoginServiceSettings) {
    this.#context = createLoginContext(settings)
  }

  /** As {@link startLogin}. */
  start(request: StartRequest): Promise<StartedFlow> {
    return startLogin(this.#context, request)
  }

  /** As {@link fallBack}. */
  fallback(request: FlowRequest): Promise<NextStep> {
    return fallBack(this.#context, request)
  }

  /** As {@link resend}. */
  resend(request: FlowRequest): Promise<NextStep> {
    return resend(this.#context, request)
  }

  /** As {@link redeem}. */
  redeem<User>(request: RedeemRequest, resolveUser: ResolveUser<User>): Promise<Redeemed<User>> {
    return redeem(this.#context, request, resolveUser)
  }

  /** As {@link readStatus}. */
  status(request: FlowRequest): Promise<FlowStatus> {
    return readStatus(this.#context, request)
  }

  /** As {@link takeAnnouncement}. */
  webhook(request: WebhookRequest): Promise<void> {
    return takeAnnouncement(this.#context, request)
  }

  /**
   * Forgets the wrong codes counted for a number, and makes strangers of its known devices.
   * @throws PhoneCheckError `invalid_phone_number`, `number_type_not_allowed`, `store_unavailable`
   */
  async unlock(phoneNumber: string): Promise<void> {
    const { limiter, settings } = this.#context
    const { e164, country } = this.#numberOfAnyCountry(phoneNumber)
    const number = limiter.hashNumber(e164)
    await Promise.all([limiter.resetAttempts({ number }), limiter.devices.forget(number)])
    settings.emit({ type: 'number_unlocked', country, number: maskPhoneNumber(e164) })
  }

  /** As {@link listFlows}. */
  async flows(phoneNumber: string): Promise<FlowInfo[]> {
    return listFlows(this.#context, this.#numberOfAnyCountry(phoneNumber))
  }

  /** As {@link cancelFlow}. */
  cancel(flowId: string): Promise<boolean> {
    return cancelFlow(this.#context, flowId)
  }

  /** As {@link eraseNumber}. */
  async erase(phoneNumber: string): Promise<number> {
    return eraseNumber(this.#context, this.#numberOfAnyCountry(phoneNumber))
  }

  /** Makes strangers of a number's known devices. @throws as {@link LoginService.unlock} */
  async forgetDevices(phoneNumber: string): Promise<void> {
    const { limiter } = this.#context
    await limiter.devices.forget(limiter.hashNumber(this.#numberOfAnyCountry(phoneNumber).e164))
  }

  /** Asks the store whether it answers, and nobody else. */
  async ready(): Promise<Readiness> {
    const { flows, breakers, settings } = this.#context
    const ping = flows.find(flowKey('ready')).then(
      () => true,
      () => false,
    )
    const ready = await withTimeout(settings.clock, limits.pingMs, ping, () => false)
    return { ready, store: ready ? 'ok' : 'failed', breakers: breakers.states(), refused: breakers.refusedMethods() }
  }

  /** As {@link diagnoseLogin}. */
  diagnose(): Promise<Finding[]> {
    return diagnoseLogin(this.#context)
  }

  /** As {@link describeLogin}. */
  describe(): LoginDescription {
    return describeLogin(this.#context)
  }

  /** Lets go of the providers' connections. */
  close(): Promise<void> {
    return this.#context.ladder.close()
  }

  /** The number may have logged in when its country was still admitted. */
  #numberOfAnyCountry(phoneNumber: string): PhoneNumber {
    const { defaultCountry } = this.#context.settings
    return parsePhoneNumber(phoneNumber, defaultCountry === undefined ? {} : { defaultCountry })
  }
}
