import type { PhoneCheckErrorCode } from '../contracts/problems.js'
import type { CallContext, Outcome, Provider } from '../contracts/provider.js'
import { type UnableReason, unableReason } from '../contracts/unable-reason.js'
import { flowId } from '../flow/ids.js'
import type { FlowRecord } from '../flow/record.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { hasTimeForMore, msUntilPoll } from '../flow/timing.js'
import { asOutage, PhoneCheckError, type ProblemDetails } from '../lib/errors.js'
import { typedCode } from '../lib/typed-text.js'
import type { Requester } from '../limits/login-limiter.js'
import { limits } from '../limits/numbers.js'
import type { LoginContext } from './context.js'
import { failurePolicy } from './failure-policy.js'

/** One question to the provider of a flow's rung, and the writing down of every answer but yes. */
export class ProofVerifier {
  readonly #parts: LoginContext
  /** Flows for which this process is taking a try right now. */
  readonly #trying = new Set<string>()

  constructor(parts: LoginContext) {
    this.#parts = parts
  }

  /** The provider whose check this flow waits for. A rung that can win no more is reported, and written off if it was not yet. */
  async requireLiveRung(flow: UnsealedFlow): Promise<Provider> {
    const { record } = flow
    const rung = this.#parts.ladder.rungOf(flow)
    // A call that died before its check was known left the rung charged and empty: only the next step of the ladder goes on from there.
    if (record.spent || !flow.content.check) throw this.refusal(flow, 'rung_unable', { reason: 'other' })
    if (flow.isSpent) throw await this.retireRung(flow, 'rung_unable', 'expired')
    if (record.tries >= limits.triesPerCode || record.flowTries >= limits.triesPerFlow)
      throw await this.retireRung(flow, 'invalid_code', 'tries')
    return rung
  }

  /**
   * Asks the provider, one request at a time. A try is counted, and limits are charged, before it is asked.
   * @throws PhoneCheckError `invalid_request` for a code that cannot be one, `in_progress`, 429 for limits, 503
   */
  async verify(flow: UnsealedFlow, rung: Provider, requester: Requester, context: CallContext, code?: unknown): Promise<Outcome> {
    const { redeem, poll } = rung
    const { check } = flow.content
    const { limiter } = this.#parts
    if (!check || !(redeem || poll)) throw this.refusal(flow, 'rung_unable', { reason: 'other' })
    if (!redeem) {
      const waitMs = msUntilPoll(flow.record, flow.ageMs)
      if (waitMs > 0) return { outcome: 'pending', retryAfterSeconds: waitMs / 1000 }
      await this.acquireLease(flow, { polledAt: flow.ageMs, resultAnnounced: undefined })
      return this.#run(flow, rung, 'poll', context, async () => rung.poll?.(check, context))
    }
    const given = codeOf(rung, code)
    // A provider that said "not yet" to a code is not asked again at once, however often the requester asks.
    const waitMs = flow.record.polledAt === undefined ? 0 : msUntilPoll(flow.record, flow.ageMs)
    if (waitMs > 0) return { outcome: 'pending', retryAfterSeconds: waitMs / 1000 }
    await this.#claimTry(flow, rung, requester)
    const takeBack = () => limiter.refundAttempt(rung, flow.record, requester)
    const outcome = await this.#run(flow, rung, 'redeem', context, async () => rung.redeem?.(check, given, context)).catch(
      async (error) => {
        // A guess that may have reached the provider stays counted, or a lost answer would be a free one.
        if (!rung.guessable || error.details?.untried) await takeBack()
        throw error
      },
    )
    if (outcome.outcome === 'pending' || (outcome.outcome === 'unable' && !rung.guessable)) await takeBack()
    return outcome
  }

  async acquireLease(flow: UnsealedFlow, changes: Partial<FlowRecord> = {}): Promise<void> {
    const claimed = await flow.write('claimed', { ...changes, leaseUntil: flow.ageMs + limits.leaseMs })
    if (!claimed) throw new PhoneCheckError('in_progress', { retryAfterSeconds: 1 })
  }

  /** Writes down every outcome but yes. @returns what to tell the requester */
  async recordOutcome(flow: UnsealedFlow, outcome: Exclude<Outcome, { outcome: 'verified' }>): Promise<PhoneCheckError> {
    switch (outcome.outcome) {
      case 'mismatch':
        return this.retireRung(flow, 'mismatch', 'mismatch')
      case 'unable':
        return this.retireRung(flow, 'rung_unable', unableReason(outcome.reason), outcome.stop)
      case 'invalid_code':
        return this.#rejectCode(flow)
      case 'pending':
        if (flow.record.state === 'claimed') await this.#release(flow, true, { polledAt: flow.ageMs })
        return this.refusal(flow, 'pending', { retryAfterSeconds: outcome.retryAfterSeconds })
    }
  }

  /** Writes the rung off; the flow too, when nothing may follow. @returns what to tell the requester */
  async retireRung(
    flow: UnsealedFlow,
    code: PhoneCheckErrorCode,
    reason: UnableReason | 'mismatch' | 'tries',
    stop = false,
  ): Promise<PhoneCheckError> {
    const { emit, deviceIp } = this.#parts.settings
    const stops = stop || failurePolicy[reason] === 'stop' || (reason === 'ip_mismatch' && deviceIp === 'require')
    const ended = stops || flow.record.flowTries >= limits.triesPerFlow || !this.canContinue(flow)
    // Somebody else took the next step first, perhaps to a success: theirs is the news.
    if (!(await flow.write(ended ? 'failed' : 'pending', { spent: true, reason, leaseUntil: undefined }))) {
      return new PhoneCheckError('in_progress', { retryAfterSeconds: 1 })
    }
    if (reason === 'mismatch' || (reason === 'ip_mismatch' && deviceIp === 'require')) emit({ type: 'suspicious', reason, ...flow.facts })
    emit({ type: 'rung_spent', reason, ...flow.facts })
    if (ended) emit({ type: 'flow_failed', ...flow.facts })
    return this.refusal(flow, code, { ended, ...(code === 'invalid_code' ? { attemptsLeft: 0 } : { reason }) })
  }

  /** Takes down what the device reported instead of a code. @returns what to tell the requester */
  async recordReport(flow: UnsealedFlow, error: string): Promise<PhoneCheckError> {
    // The vendor limits how often a check URL is opened; the check itself is as good as before.
    if (error === 'too_many_requests') {
      const message = 'The provider limits how often the check URL is opened. Open the same URL again after the wait that its answer names.'
      return this.refusal(flow, 'pending', { reason: 'quota_exceeded', retryAfterSeconds: limits.pollEverySeconds.later, message })
    }
    return this.retireRung(flow, 'rung_unable', unableReason(error, 'reported'))
  }

  /** Whether a fallback or a resend can still follow. */
  canContinue({ record, ageMs }: UnsealedFlow): boolean {
    const { ladder } = this.#parts
    if (!hasTimeForMore(ageMs)) return false
    if (ladder.next(record.rung)) return true
    return ladder.find(record.rung)?.sends === true && (record.resends ?? 0) < limits.resendsPerFlow
  }

  refusal(flow: UnsealedFlow, code: PhoneCheckErrorCode, details: ProblemDetails): PhoneCheckError {
    const fallback = details.ended || !hasTimeForMore(flow.ageMs) ? [] : this.#parts.ladder.namesAfter(flow.record.rung)
    return new PhoneCheckError(code, { flowId: flowId(flow.key), fallback, ...details })
  }

  async #run(
    flow: UnsealedFlow,
    rung: Provider,
    operation: 'redeem' | 'poll',
    { deadline }: CallContext,
    call: () => Promise<Outcome | undefined>,
  ): Promise<Outcome> {
    try {
      const asked = () => call().catch((error) => Promise.reject(asOutage(error)))
      const outcome = await this.#parts.breakers.run(rung.name, operation, deadline, asked)
      return outcome ?? { outcome: 'unable', reason: 'other' }
    } catch (error) {
      const { untried, reason } = asOutage(error).details
      // What a quota refused is not asked again at once, or a requester could keep the quota used up at no cost. The circuit stays closed for it.
      const pause = reason === 'quota_exceeded' ? { polledAt: flow.ageMs } : {}
      // If this fails too, the lease runs out by itself.
      await this.#release(flow, !rung.guessable || untried === true, pause).catch(() => {})
      throw error
    }
  }

  /**
   * Claim and charges go out together; whichever succeeded alone is undone, so that a loser of the race charges nothing. Within one process there is no
   * race: a second request leaves before it charges, and cannot lock a number even for the moment until its charge is given back.
   */
  async #claimTry(flow: UnsealedFlow, rung: Provider, requester: Requester): Promise<void> {
    if (this.#trying.has(flow.key)) throw new PhoneCheckError('in_progress', { retryAfterSeconds: 1 })
    this.#trying.add(flow.key)
    try {
      await this.#claimAndCharge(flow, rung, requester)
    } finally {
      this.#trying.delete(flow.key)
    }
  }

  async #claimAndCharge(flow: UnsealedFlow, rung: Provider, requester: Requester): Promise<void> {
    const account = flow.record
    const { tries, flowTries } = account
    const [claim, charge] = await Promise.allSettled([
      this.acquireLease(flow, { tries: tries + 1, flowTries: flowTries + 1 }),
      this.#parts.limiter.consumeAttempt(rung, account, requester),
    ])
    if (claim.status === 'fulfilled' && charge.status === 'rejected') await this.#release(flow)
    if (claim.status === 'rejected' && charge.status === 'fulfilled') await this.#parts.limiter.refundAttempt(rung, account, requester)
    if (claim.status === 'rejected') throw claim.reason
    if (charge.status === 'rejected') {
      const { code, status } = asOutage(charge.reason)
      if (status !== 503) this.#parts.settings.emit({ type: 'step_refused', step: 'verify', code, ...flow.facts })
      throw charge.reason
    }
  }

  /** Gives the flow back, with its try unless the provider may have judged it: no verdict was reached. */
  async #release(flow: UnsealedFlow, withTry = true, changes: Partial<FlowRecord> = {}): Promise<void> {
    const { tries, flowTries } = flow.record
    const back = withTry && this.#parts.ladder.rungOf(flow).redeem ? 1 : 0
    await flow.write('pending', { ...changes, leaseUntil: undefined, tries: tries - back, flowTries: flowTries - back })
  }

  async #rejectCode(flow: UnsealedFlow): Promise<PhoneCheckError> {
    const { tries, flowTries } = flow.record
    const attemptsLeft = Math.min(limits.triesPerCode - tries, limits.triesPerFlow - flowTries)
    this.#parts.settings.emit({ type: 'code_rejected', attemptsLeft, ...flow.facts })
    if (attemptsLeft <= 0) return this.retireRung(flow, 'invalid_code', 'tries')
    await flow.write('pending', { leaseUntil: undefined })
    return this.refusal(flow, 'invalid_code', { attemptsLeft })
  }
}

/**
 * The code as the provider is to see it. One that a person types is read as numbers are; one that a device carries stays as it is, byte by byte.
 * @throws PhoneCheckError `invalid_request` for what cannot be a code of this rung
 */
function codeOf({ name, codeGrammar, guessable, sends }: Provider, code: unknown): string {
  if (typeof code === 'string') {
    if (codeGrammar?.test(code)) return code
    const typed = guessable || sends ? typedCode(code) : code
    if (codeGrammar?.test(typed)) return typed
  }
  throw new PhoneCheckError('invalid_request', { message: `code must be a string that looks like a code of ${name}.` })
}
