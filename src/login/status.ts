import { authenticateRequester } from '../flow/ownership.js'
import type { UnsealedFlow } from '../flow/repository.js'
import type { FlowRequest } from '../flow/requests.js'
import { hasTimeForMore, msUntilPoll, secondsUntilFallback } from '../flow/timing.js'
import { wallTime } from '../lib/clock.js'
import { PhoneCheckError } from '../lib/errors.js'
import { limits } from '../limits/numbers.js'
import { createRequestContext, type LoginContext, type RequestContext } from './context.js'
import { canContinue, recordOutcome } from './record-outcome.js'
import type { FlowStatus } from './types.js'
import { verifyProof } from './verify-proof.js'

/**
 * Tells the starter how far the flow is. On a rung that is asked for its result this may ask the
 * provider, at the pace that all requesters share; it never logs anyone in.
 * @throws PhoneCheckError `flow_invalid`, `store_unavailable`
 */
export async function readStatus(login: LoginContext, request: FlowRequest): Promise<FlowStatus> {
  const context = createRequestContext(login, request)
  const flow = await authenticateRequester(login, request)
  if (isPollDue(login, flow)) await pollForStatus(login, flow, context)
  return statusOf(login, flow)
}

/** Whether the rung is one that is asked for its result, and may be asked now. */
export function isPollDue({ ladder }: LoginContext, flow: UnsealedFlow): boolean {
  const { state, rung } = flow.record
  return (
    state === 'pending' &&
    ladder.find(rung)?.poll !== undefined &&
    !flow.isSpent &&
    msUntilPoll(flow.record, flow.ageMs) === 0
  )
}

/** Asks once, and writes down what comes of it. That the provider cannot be asked now is no news for the requester. */
export async function pollForStatus(login: LoginContext, flow: UnsealedFlow, context: RequestContext): Promise<void> {
  try {
    const outcome = await verifyProof(login, flow, login.ladder.rungOf(flow), context)
    if (outcome.outcome !== 'verified') {
      await recordOutcome(login, flow, outcome)
      return
    }
    const verifiedAt = wallTime(login.settings.clock)
    await flow.write(
      'proven',
      { leaseUntil: undefined, provenUntil: flow.ageMs + limits.provenMs },
      { ...flow.content, verifiedAt },
    )
  } catch (error) {
    if (!(error instanceof PhoneCheckError) || error.code === 'store_unavailable') throw error
  }
}

/** What the flow's starter may know of it. */
export function statusOf(login: LoginContext, flow: UnsealedFlow): FlowStatus {
  const state = publicState(login, flow)
  const rung = state === 'verified' || !flow.isSpent ? 'live' : 'spent'
  const reason = state === 'verified' ? undefined : reasonOf(flow, state)
  const retryAfterSeconds = isUnderWay(state, flow) ? secondsUntilNews(login, flow) : undefined
  return {
    state,
    rung,
    ...whatFollows(login, flow, state),
    ...(reason !== undefined && { reason }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  }
}

function publicState(login: LoginContext, flow: UnsealedFlow): FlowStatus['state'] {
  const { state, outcome } = flow.record
  if (state === 'consumed') return outcome === 'refused' ? 'failed' : 'verified'
  if (state === 'failed') return 'failed'
  if (flow.content.verifiedAt !== undefined) return flow.isProofStale ? 'failed' : 'verified'
  if (state === 'claimed' || !flow.isSpent) return 'pending'
  return canContinue(login, flow) ? 'pending' : 'expired'
}

/** Why the rung is spent or the flow failed, from a closed list. */
function reasonOf(flow: UnsealedFlow, state: FlowStatus['state']): string | undefined {
  const { record } = flow
  if (record.outcome === 'refused') return 'user_refused'
  if (record.reason !== undefined) return record.reason
  const isTooOld = flow.content.check !== undefined && flow.ageMs >= (record.rungUntil ?? 0)
  return state !== 'pending' || (record.state !== 'claimed' && isTooOld) ? 'expired' : undefined
}

/** Whether a result may still come on this rung, from the device or from a request that holds the flow. */
function isUnderWay(state: FlowStatus['state'], flow: UnsealedFlow): boolean {
  return state === 'pending' && (flow.record.state === 'claimed' || !flow.isSpent)
}

function secondsUntilNews({ ladder }: LoginContext, flow: UnsealedFlow): number {
  const isPolled = ladder.rungOf(flow).poll !== undefined
  const waitMs = isPolled ? msUntilPoll(flow.record, flow.ageMs) : limits.pollEverySeconds.first * 1000
  return Math.max(1, Math.ceil(waitMs / 1000))
}

function whatFollows(
  { ladder }: LoginContext,
  flow: UnsealedFlow,
  state: FlowStatus['state'],
): Pick<FlowStatus, 'fallback' | 'fallbackInSeconds'> {
  const isOver = flow.record.state === 'failed' || flow.record.state === 'consumed' || !hasTimeForMore(flow.ageMs)
  const fallback = isOver ? [] : ladder.namesAfter(flow.record.rung, flow.content.floor)
  if (fallback.length === 0 || state !== 'pending') return { fallback }
  const dwellSeconds = flow.isSpent ? 0 : (ladder.find(flow.record.rung)?.dwellSeconds ?? 0)
  return { fallback, fallbackInSeconds: secondsUntilFallback(flow.record, flow.ageMs, dwellSeconds) }
}
