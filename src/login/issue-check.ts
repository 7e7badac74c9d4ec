import type { CallContext, Challenge, Provider, Started, StartInput, Unable } from '../contracts/provider.js'
import { unableReason } from '../contracts/unable-reason.js'
import { flowId } from '../flow/ids.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { hasTimeForMore, secondsUntilFallback } from '../flow/timing.js'
import { shareOf } from '../lib/clock.js'
import { fingerprint } from '../lib/crypto.js'
import { asOutage, PhoneCheckError } from '../lib/errors.js'
import type { Requester } from '../limits/login-limiter.js'
import { limits } from '../limits/numbers.js'
import type { LoginContext } from './context.js'
import { failurePolicy } from './failure-policy.js'
import type { Skipped, Step } from './types.js'

/** A rung that was left: it said that it cannot work, or it failed without anything having been sent to the user. */
interface Left extends Unable {
  /** What to answer when no rung follows. Absent when the rung itself said "unable". */
  problem?: PhoneCheckError
  /** For how long a message that we sent is still open at the provider, which is why it sends no other one. Seconds. */
  openForSeconds?: number
}

/** Creates checks: on one rung, or on the first of several that this device can use. */
export class CheckIssuer {
  readonly #parts: LoginContext

  constructor(parts: LoginContext) {
    this.#parts = parts
  }

  /**
   * Asks the rungs for a check, one after the other, until one can be tried by this device. `flow` must be claimed, with `from` as its rung.
   *
   * A rung that is down, over its quota, refuses our credentials, or that a limit of its own closes, is left like one that says "unable", as long as nothing
   * can have been sent to the user: each rung may use an equal part of the time that is left, so that providers which hang leave time for those after them.
   * @param isCharged whether `from` was charged and the application asked already
   * @throws PhoneCheckError `ladder_exhausted`, `provider_unavailable`, `delivery_unknown`, `in_progress` when the lease was lost, 403 and 429 of the gate
   */
  async issue(
    flow: UnsealedFlow,
    from: Provider,
    context: CallContext,
    input: StartInput,
    requester: Requester,
    isCharged = false,
  ): Promise<Step> {
    const skipped: Skipped[] = []
    for (let rung = from; ; ) {
      const deadline = shareOf(context.deadline, this.#parts.ladder.countFrom(rung.name))
      const closed = isCharged && rung === from ? undefined : await this.#charge(flow, rung, requester)
      const answer =
        closed ??
        (await this.#createCheck(flow, rung, { ...context, deadline }, input, requester).catch((error) => this.#leave(flow, rung, error)))
      if ('challenge' in answer) return { ...(await this.#recordCheck(flow, rung, answer, context, input)), skipped }
      const left = await this.#explain(flow, rung, answer)
      // One that was down may be back when the requester asks again.
      if (!left.problem) flow.passed = { method: rung.name, reason: left.unable }
      skipped.push({ method: rung.name, reason: left.unable })
      context.emit({ type: 'rung_skipped', reason: left.unable, ...flow.facts })
      const next = this.#mayFollow(left) ? this.#parts.ladder.next(rung.name) : undefined
      if (!next) throw this.#exhausted(flow, left)
      // Written before the next provider is asked, like the first rung: the charge of a rung is on record before its call.
      if (!(await flow.write('claimed', enterRung(next.name, flow)))) throw new PhoneCheckError('in_progress')
      rung = next
    }
  }

  /** A new check on the same rung. @throws as {@link CheckIssuer.issue}, and `send_refused` when the provider sends none now */
  async reissue(flow: UnsealedFlow, rung: Provider, context: CallContext, input: StartInput, requester: Requester): Promise<Step> {
    const answer = await this.#createCheck(flow, rung, context, input, requester)
    if ('challenge' in answer) return { ...(await this.#recordCheck(flow, rung, answer, context, input)), skipped: [] }
    const message = 'The provider sends no other message now. The last code is still good.'
    throw new PhoneCheckError('send_refused', { flowId: flowId(flow.key), reason: unableReason(answer.unable), message })
  }

  /**
   * @returns why the rung is left, when a limit of its own closes it
   * @throws whatever else stops the step: a limit of the requester's address, the application's veto, an error of its `beforeSend`, a fault of the store
   */
  async #charge(flow: UnsealedFlow, rung: Provider, requester: Requester): Promise<Left | undefined> {
    flow.sending = false
    try {
      await this.#parts.limiter.consumeSend(rung, flow.content.number, flow.record.purpose, requester, flow.record.device)
      return undefined
    } catch (error) {
      if (error instanceof PhoneCheckError && closesOneRung(error)) return { unable: 'limit_reached', problem: error }
      throw error
    }
  }

  /** One rung's check. A charge for a message that was certainly not sent is given back. */
  async #createCheck(
    flow: UnsealedFlow,
    rung: Provider,
    context: CallContext,
    input: StartInput,
    requester: Requester,
  ): Promise<Started | Unable> {
    const takeBack = () => this.#parts.limiter.refundSend(rung, flow.content.number, requester, flow.record.device)
    try {
      flow.sending = rung.sends === true
      const answer = await this.#parts.breakers.run(rung.name, 'start', context.deadline, async () =>
        meaningful(await rung.start(input, context)),
      )
      if ('challenge' in answer) return answer
      flow.sending = false
      await takeBack()
      // Nothing that a provider wrote freely travels further.
      return { ...answer, unable: unableReason(answer.unable) }
    } catch (error) {
      if (error instanceof PhoneCheckError && error.details.reason === 'quota_exceeded') flow.pauseSeconds = pauseSeconds(error)
      // Only what was certainly not sent: any other fault may have come after the message.
      if (error instanceof PhoneCheckError && (error.details.untried || error.code === 'invalid_phone_number')) {
        flow.sending = false
        await takeBack()
      }
      if (flow.sending && error instanceof PhoneCheckError && error.code === 'provider_unavailable') {
        throw new PhoneCheckError('delivery_unknown', { retryAfterSeconds: resendAfter(rung), cause: error })
      }
      throw error
    }
  }

  /** What a failed rung means for the ladder. Rejects again with whatever ends the step: a message that may be out, a fault of the store, an invalid number. */
  #leave(flow: UnsealedFlow, rung: Provider, error: unknown): Left {
    const problem = asOutage(error)
    if (flow.sending || problem.code !== 'provider_unavailable') throw error
    return { unable: unableReason(problem.details.reason, 'provider_down'), problem: this.#withWait(rung, problem) }
  }

  #withWait(rung: Provider, problem: PhoneCheckError): PhoneCheckError {
    const isOpen = problem.details.retryAfterSeconds === undefined && this.#parts.breakers.isOpen(rung.name, 'start')
    return isOpen ? this.#parts.breakers.refusal(rung.name, 'start') : problem
  }

  /** Writes the new check into the flow. From now on it is the only one that counts. */
  async #recordCheck(
    flow: UnsealedFlow,
    rung: Provider,
    { check, challenge, expiresInSeconds }: Started,
    context: CallContext,
    { callbackUrl }: StartInput,
  ): Promise<Omit<Step, 'skipped'>> {
    const now = flow.ageMs
    const rungUntil = Math.min(now + Math.min(expiresInSeconds, rung.ttlSeconds) * 1000, limits.flowTtlSeconds * 1000)
    const changes = {
      leaseUntil: undefined,
      rungSince: now,
      rungUntil,
      check: fingerprint(check.id),
      tries: 0,
      spent: undefined,
      reason: undefined,
      ...(rung.sends && { sentAt: now }),
    }
    const [written] = await Promise.all([
      flow.write('pending', changes, { ...flow.content, check }),
      // Lost, it only means that a result is noticed by asking.
      rung.webhook &&
        callbackUrl &&
        this.#parts.checkIndex.add(rung.name, check.id, flow.key, Math.ceil((rungUntil - now) / 1000)).catch(() => {}),
      // Lost, it only means that a later refusal of the provider cannot say how long to wait.
      rung.sends && this.#parts.openSends.add(rung.name, flow.record.number, Math.ceil(expiresInSeconds)).catch(() => {}),
    ])
    if (!written) throw new PhoneCheckError('in_progress')
    if (rung.sends) context.emit({ type: 'message_sent', resend: (flow.record.resends ?? 0) > 0, ...flow.facts })
    return {
      method: rung.name,
      challenge: challenge.type === 'enter_code' ? enterCode(challenge.length, rung, flow) : challenge,
      checkId: check.id,
      expiresInSeconds: Math.floor((rungUntil - now) / 1000),
      ...this.#whatFollows(flow, rung),
    }
  }

  #mayFollow({ unable, stop }: Unable): boolean {
    return !stop && failurePolicy[unable] !== 'stop' && !(unable === 'ip_mismatch' && this.#parts.settings.deviceIp === 'require')
  }

  #whatFollows(flow: UnsealedFlow, rung: Provider): Pick<Step, 'fallback' | 'fallbackInSeconds'> {
    const fallback = this.#parts.ladder.namesAfter(rung.name)
    if (fallback.length === 0 || !hasTimeForMore(flow.ageMs)) return { fallback }
    return { fallback, fallbackInSeconds: secondsUntilFallback(flow.record, flow.ageMs, rung.dwellSeconds) }
  }

  /**
   * A provider that keeps one open request for each number often refuses the second with no word of why. If we sent the first, in a login that was left,
   * that is why: the user has a code already, or will have one soon.
   */
  async #explain(flow: UnsealedFlow, rung: Provider, left: Left): Promise<Left> {
    if (!rung.sends || left.problem || (left.unable !== 'other' && left.unable !== 'busy')) return left
    const openForSeconds = await this.#parts.openSends.secondsLeft(rung.name, flow.record.number)
    return openForSeconds === undefined ? left : { ...left, unable: 'busy', openForSeconds }
  }

  /** The last rung's failure is the answer. */
  #exhausted(flow: UnsealedFlow, { unable, problem, openForSeconds }: Left): PhoneCheckError {
    if (problem) return problem
    if (openForSeconds !== undefined) {
      const message =
        'A code is on its way to this number, or was sent already: it is good in the login that asked for it. Wait before asking for another.'
      return new PhoneCheckError('cooldown', {
        flowId: flowId(flow.key),
        reason: unable,
        retryAfterSeconds: openForSeconds,
        message,
        ended: true,
      })
    }
    return new PhoneCheckError('ladder_exhausted', { flowId: flowId(flow.key), reason: unable, ended: true })
  }
}

/** Whether a limit refused that says nothing of the rungs after: messages to the number, checks of it, wrong codes. An address that asks too much is refused everywhere. */
export function closesOneRung({ code }: PhoneCheckError): boolean {
  return code === 'number_limit' || code === 'code_locked' || code === 'spending_limit'
}

function pauseSeconds({ details: { retryAfterSeconds = 0 } }: PhoneCheckError): number {
  const { least, most } = limits.quotaPauseSeconds
  return Math.min(Math.max(retryAfterSeconds, least), most)
}

function enterCode(length: number, rung: Provider, flow: UnsealedFlow): Challenge {
  const resend = resendIn(rung, flow)
  return { type: 'enter_code', length, ...(resend !== undefined && { resend_in: resend }) }
}

function resendAfter(rung: Provider): number {
  return rung.resendAfterSeconds ?? limits.resendAfterSeconds
}

/** Seconds until the server would send another message; undefined where it would not: the rung sends none, or the flow had its last one. */
function resendIn(rung: Provider, { record }: UnsealedFlow): number | undefined {
  const resends = record.resends ?? 0
  return rung.sends && resends < limits.resendsPerFlow ? resendAfter(rung) * 2 ** resends : undefined
}

/** A flow that goes to another rung leaves everything of the old one behind. */
export function enterRung(name: string, flow: UnsealedFlow) {
  return {
    rung: name,
    rungSince: flow.ageMs,
    rungUntil: undefined,
    check: undefined,
    spent: undefined,
    reason: undefined,
    tries: 0,
    sentAt: undefined,
    polledAt: undefined,
    resultAnnounced: undefined,
    stepAfter: undefined,
    leaseUntil: flow.ageMs + limits.leaseMs,
  }
}

/** @throws TypeError for what is neither a check nor a reason: a defect, and no answer */
function meaningful(answer: Started | Unable): Started | Unable {
  if (typeof answer === 'object' && answer !== null && ('unable' in answer || ('challenge' in answer && 'check' in answer))) return answer
  throw new TypeError('start() of a provider must answer with a challenge and a check, or with `unable`')
}
