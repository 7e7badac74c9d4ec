import type { PhoneCheckErrorCode } from '../contracts/problems.js'
import type { Provider } from '../contracts/provider.js'
import { requireIdleFlow } from '../flow/ownership.js'
import { enterRung } from '../flow/record.js'
import { type UnsealedFlow, withoutCheck } from '../flow/repository.js'
import type { FlowRequest } from '../flow/requests.js'
import { hasTimeForMore, msUntilFallback, msUntilResend } from '../flow/timing.js'
import { shareOf } from '../lib/clock.js'
import { asOutage, inProgress, PhoneCheckError, type ProblemDetails } from '../lib/errors.js'
import { createRequestContext, deviceIpFor, type LoginContext, type RequestContext, resendAfter } from './context.js'
import { issueCheck, reissueCheck } from './issue-check.js'
import { isAtLeast } from './ladder.js'
import { rejection } from './record-outcome.js'
import { recover } from './recover.js'
import { isPollDue, pollForStatus } from './status.js'
import type { NextStep, Step } from './types.js'
import { acquireLease } from './verify-proof.js'

type Kind = 'fallback' | 'resend'

/**
 * Goes to the next rung, which the server chooses: at once when the present one is spent, else after its dwell time.
 * @throws PhoneCheckError `too_early`, `ladder_exhausted`, 403 and 429 for limits, 503; the flow is
 * then as it was, unless a message may be on its way
 */
export async function fallBack(login: LoginContext, request: FlowRequest): Promise<NextStep> {
  const { ladder } = login
  const context = createRequestContext(login, request)
  const flow = await openUnproven(login, request, 'fallback')
  // What the user did already must not be thrown away, nor paid for twice: a text that arrived is
  // noticed before its rung is left.
  if (isPollDue(login, flow)) {
    // A vendor that hangs must not keep its users from the rungs after it.
    const deadline = shareOf(context.deadline, ladder.countFrom(flow.record.rung, flow.content.floor))
    await pollForStatus(login, flow, { ...context, deadline })
  }
  if (flow.content.verifiedAt !== undefined) throw alreadyProven(login, flow, 'fallback')
  const next = ladder.next(flow.record.rung, flow.content.floor)
  // The answer to that question may have been one that nothing follows.
  if (!next || flow.record.state === 'failed' || !hasTimeForMore(flow.ageMs)) {
    throw refuse(login, flow, 'fallback', 'ladder_exhausted', { fallback: [] })
  }
  const dwellSeconds = flow.isSpent ? 0 : ladder.find(flow.record.rung)?.dwellSeconds
  const waitMs = msUntilFallback(flow.record, flow.ageMs, dwellSeconds)
  if (waitMs > 0) throw refuse(login, flow, 'fallback', 'too_early', { retryAfterSeconds: waitMs / 1000 })
  return takeStep(login, flow, request, 'fallback', context, { rung: next })
}

/**
 * Sends another message on the same rung. The check before it stays good until the provider accepted the new one.
 * @throws PhoneCheckError `cooldown`, `send_refused`, 429 for limits, 503
 */
export async function resend(login: LoginContext, request: FlowRequest): Promise<NextStep> {
  const flow = await openUnproven(login, request, 'resend')
  const rung = login.ladder.find(flow.record.rung)
  const refused = (message: string) => refuse(login, flow, 'resend', 'send_refused', { message })
  if (!rung?.sends) throw refused('This rung sends no messages.')
  // Its code could win no more, and would be paid for.
  if (!isAtLeast(rung, flow.content.floor)) throw refused('This login needs a stronger way in now.')
  const waitSeconds = resendAfter(login, rung, flow.record)
  if (waitSeconds === undefined) throw refused('This login has had its last message.')
  if (!hasTimeForMore(flow.ageMs))
    throw refused('There is no time left for another message. The last code is still good.')
  const waitMs = msUntilResend(flow.record, flow.ageMs, waitSeconds)
  if (waitMs > 0) throw refuse(login, flow, 'resend', 'cooldown', { retryAfterSeconds: waitMs / 1000 })
  const charged = { resends: (flow.record.resends ?? 0) + 1, sentAt: flow.ageMs }
  return takeStep(login, flow, request, 'resend', createRequestContext(login, request), { rung, charged })
}

async function openUnproven(login: LoginContext, request: FlowRequest, kind: Kind): Promise<UnsealedFlow> {
  const flow = await requireIdleFlow(login, request)
  if (flow.content.verifiedAt === undefined) return flow
  throw alreadyProven(login, flow, kind)
}

/**
 * Claims the flow for another check, and gives it back as it was when there certainly is none.
 * @param charged what a resend is charged; undefined for a fallback
 */
async function takeStep(
  login: LoginContext,
  flow: UnsealedFlow,
  request: FlowRequest,
  kind: Kind,
  context: RequestContext,
  { rung, charged }: { rung: Provider; charged?: { resends: number; sentAt: number } },
): Promise<NextStep> {
  const { record, content } = flow
  const creating = { ...context, deviceIp: deviceIpFor(login, request.deviceAddress) }
  flow.left = content.check && { method: record.rung, check: content.check }
  if (charged) await acquireLease(flow, charged)
  else if (!(await flow.write('claimed', enterRung(rung.name, flow), withoutCheck(content)))) {
    throw inProgress()
  }
  try {
    const step: Step = await (charged ? reissueCheck : issueCheck)(login, flow, rung, creating)
    login.settings.emit({ type: 'rung_started', ...flow.facts })
    return { id: flow.id, ...step }
  } catch (error) {
    const problem = asOutage(error)
    await recover(flow, { record, content }, problem, charged)
    // Not a refusal and no outage: the application's own function failed, and its error handler is to hear of it.
    if (!(error instanceof PhoneCheckError)) throw error
    throw tellRefusal(login, flow, kind, problem)
  }
}

function alreadyProven(login: LoginContext, flow: UnsealedFlow, kind: Kind): PhoneCheckError {
  return refuse(login, flow, kind, 'too_early', { message: 'The number is proven already: call verify.' })
}

function refuse(
  login: LoginContext,
  flow: UnsealedFlow,
  kind: Kind,
  code: PhoneCheckErrorCode,
  details: ProblemDetails,
): PhoneCheckError {
  return tellRefusal(login, flow, kind, rejection(login, flow, code, details))
}

function tellRefusal(
  { settings }: LoginContext,
  flow: UnsealedFlow,
  step: Kind,
  problem: PhoneCheckError,
): PhoneCheckError {
  settings.emit({ type: 'step_refused', step, code: problem.code, ...flow.facts })
  return problem
}
