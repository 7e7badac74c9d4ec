import type { PhoneCheckErrorCode } from '../contracts/problems.js'
import type { Outcome, Provider } from '../contracts/provider.js'
import { type UnableReason, unableReason } from '../contracts/unable-reason.js'
import type { FlowRecord } from '../flow/record.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { hasTimeForMore } from '../flow/timing.js'
import { inProgress, PhoneCheckError, type ProblemDetails } from '../lib/errors.js'
import { limits } from '../limits/numbers.js'
import { type LoginContext, resendAfter } from './context.js'
import { endsLadder, isSuspicious, type LeaveReason } from './failure-policy.js'
import { isAtLeast } from './ladder.js'

/** Writes down every verdict but yes. @returns what to tell the requester */
export async function recordOutcome(
  login: LoginContext,
  flow: UnsealedFlow,
  outcome: Exclude<Outcome, { outcome: 'verified' }>,
): Promise<PhoneCheckError> {
  switch (outcome.outcome) {
    case 'mismatch':
      return retireRung(login, flow, 'mismatch', 'mismatch')
    case 'unable':
      return retireRung(login, flow, 'rung_unable', unableReason(outcome.reason), outcome.stop)
    case 'invalid_code':
      return rejectCode(login, flow, outcome.spent)
    case 'pending':
      if (flow.record.state === 'claimed') await releaseLease(login, flow, true, { polledAt: flow.ageMs })
      return rejection(login, flow, 'pending', { retryAfterSeconds: outcome.retryAfterSeconds })
  }
}

/**
 * Takes down what the device reported instead of a code. It is hearsay: all that it can do is end
 * the rung of the flow that it was reported for.
 * @returns what to tell the requester
 */
export async function recordReport(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  error: string,
  description?: string,
): Promise<PhoneCheckError> {
  // The vendor limits how often a check URL is opened; the check itself is as good as before.
  if (error === 'too_many_requests') {
    const message =
      'The provider limits how often the check URL is opened. Open the same URL again after the wait that its answer names.'
    return rejection(login, flow, 'pending', {
      reason: 'quota_exceeded',
      retryAfterSeconds: limits.pollEverySeconds.later,
      message,
    })
  }
  const { reason, stop } = judge(rung, error, description)
  return retireRung(login, flow, 'rung_unable', reason, stop)
}

/** What the rung makes of it. A rung that fails at that, or has no word for it, changes nothing: the report counts. */
function judge(
  rung: Provider,
  error: string,
  description: string | undefined,
): { reason: UnableReason; stop: boolean } {
  const otherwise = unableReason(error, 'reported')
  try {
    const judged = rung.judgeReport?.(error, description)
    return { reason: unableReason(judged?.unable, otherwise), stop: judged?.stop === true }
  } catch {
    return { reason: otherwise, stop: false }
  }
}

/** Writes the rung off; the flow too, when nothing may follow. @returns what to tell the requester */
export async function retireRung(
  login: LoginContext,
  flow: UnsealedFlow,
  code: PhoneCheckErrorCode,
  reason: LeaveReason,
  stop = false,
): Promise<PhoneCheckError> {
  const { emit } = login.settings
  const ended =
    stop || endsLadder(login, reason) || flow.record.flowTries >= login.limits.triesPerFlow || !canContinue(login, flow)
  // Another request took the next step first, perhaps to a success: it answers for the flow, and we do not report ours.
  if (!(await flow.write(ended ? 'failed' : 'pending', { spent: true, reason, leaseUntil: undefined }))) {
    return inProgress()
  }
  if (isSuspicious(login, reason)) emit({ type: 'suspicious', reason, ...flow.facts })
  emit({ type: 'rung_spent', reason, ...flow.facts })
  if (ended) emit({ type: 'flow_failed', ...flow.facts })
  return rejection(login, flow, code, { ended, ...(code === 'invalid_code' ? { attemptsLeft: 0 } : { reason }) })
}

/** Whether a fallback or a resend can still follow. */
export function canContinue(login: LoginContext, flow: UnsealedFlow): boolean {
  if (!hasTimeForMore(flow.ageMs)) return false
  const { rung } = flow.record
  const { floor } = flow.content
  if (login.ladder.next(rung, floor)) return true
  const own = login.ladder.find(rung)
  return own !== undefined && isAtLeast(own, floor) && resendAfter(login, own, flow.record) !== undefined
}

/** The answer to the requester of a flow that goes on, or that is over. */
export function rejection(
  { ladder }: LoginContext,
  flow: UnsealedFlow,
  code: PhoneCheckErrorCode,
  details: ProblemDetails,
): PhoneCheckError {
  const fallback =
    details.ended || !hasTimeForMore(flow.ageMs) ? [] : ladder.namesAfter(flow.record.rung, flow.content.floor)
  return new PhoneCheckError(code, { flowId: flow.id, fallback, ...details })
}

/** Gives the flow back, with its try unless the provider may have judged it: no verdict was reached. */
export async function releaseLease(
  { ladder }: LoginContext,
  flow: UnsealedFlow,
  withTry = true,
  changes: Partial<FlowRecord> = {},
): Promise<void> {
  const { tries, flowTries } = flow.record
  const back = withTry && ladder.rungOf(flow).redeem ? 1 : 0
  await flow.write('pending', { ...changes, leaseUntil: undefined, tries: tries - back, flowTries: flowTries - back })
}

async function rejectCode(login: LoginContext, flow: UnsealedFlow, spent = false): Promise<PhoneCheckError> {
  const { tries, flowTries } = flow.record
  const { triesPerCode, triesPerFlow } = login.limits
  const attemptsLeft = spent ? 0 : Math.min(triesPerCode - tries, triesPerFlow - flowTries)
  login.settings.emit({ type: 'code_rejected', attemptsLeft, ...flow.facts })
  if (attemptsLeft <= 0) return retireRung(login, flow, 'invalid_code', 'tries')
  await flow.write('pending', { leaseUntil: undefined })
  return rejection(login, flow, 'invalid_code', { attemptsLeft })
}
