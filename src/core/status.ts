import type { Attempts } from './attempt.js'
import { wallTime } from './clock.js'
import { PhoneCheckError } from './errors.js'
import type { Requester } from './gate.js'
import type { OpenFlow } from './held-flow.js'
import { limits } from './limits.js'
import type { FlowStatus } from './login-requests.js'
import { hasTimeForMore, msUntilPoll } from './pace.js'
import type { Parts } from './parts.js'

/** Whether the rung is one that is asked for its result, and may be asked now. */
export function isPollDue({ ladder }: Parts, flow: OpenFlow): boolean {
  const { state, rung } = flow.record
  return state === 'pending' && ladder.find(rung)?.poll !== undefined && !flow.isSpent && msUntilPoll(flow.record, flow.ageMs) === 0
}

/** Asks once, and writes down what comes of it. That the provider cannot be asked now is no news for the requester. */
export async function pollForStatus(parts: Parts, attempts: Attempts, flow: OpenFlow, by: Requester): Promise<void> {
  try {
    const outcome = await attempts.ask(flow, parts.ladder.rungOf(flow), by)
    if (outcome.outcome !== 'verified') {
      await attempts.settle(flow, outcome)
      return
    }
    const verifiedAt = wallTime(parts.settings.clock)
    await flow.write('proven', { leaseUntil: undefined, provenUntil: flow.ageMs + limits.provenMs }, { ...flow.content, verifiedAt })
  } catch (error) {
    if (!(error instanceof PhoneCheckError) || error.code === 'store_unavailable') throw error
  }
}

/** What the flow's starter may know of it. */
export function statusOf({ ladder }: Parts, attempts: Attempts, flow: OpenFlow): FlowStatus {
  const { state, rung } = flow.record
  const { isSpent } = flow
  const fallback = state === 'failed' || !hasTimeForMore(flow.ageMs) ? [] : ladder.namesAfter(rung)
  const report = (state: FlowStatus['state'], live = !isSpent): FlowStatus => ({ state, rung: live ? 'live' : 'spent', fallback })
  if (state === 'redeemed' || (flow.content.verifiedAt !== undefined && !flow.isProofStale)) return report('verified', true)
  if (state === 'failed' || flow.isProofStale) return report('failed')
  if (isSpent && state !== 'claimed') return report(attempts.hasMore(flow) ? 'pending' : 'expired')
  const waitMs = ladder.rungOf(flow).poll ? msUntilPoll(flow.record, flow.ageMs) : limits.pollEverySeconds.first * 1000
  return { ...report('pending'), retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) }
}
