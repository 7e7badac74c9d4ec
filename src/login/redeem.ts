import { requireIdleFlow } from '../flow/ownership.js'
import type { UnsealedFlow } from '../flow/repository.js'
import type { RedeemRequest } from '../flow/requests.js'
import { wallTime } from '../lib/clock.js'
import { channels, traced } from '../lib/telemetry.js'
import { completeLogin } from './complete-login.js'
import { createRequestContext, type LoginContext, type RequestContext, tracedFlow } from './context.js'
import { recordOutcome, recordReport } from './record-outcome.js'
import type { Redeemed, ResolveUser } from './types.js'
import { acquireLease, requireLiveRung, verifyProof } from './verify-proof.js'

/**
 * Exchanges what the device brought for the application's user.
 *
 * At most one login per flow, on every store, under any interleaving and across crashes. The
 * argument: every write of a flow is one `Store.replace` by version, in `UnsealedFlow.write`, and
 * each store says at its `replace` why one of several wins. Two of these writes matter: the claim,
 * in `acquireLease`, and `consumed`, in {@link completeLogin}. A flow yields a user only after the
 * latter. Out of `consumed` leads one way only, back to `proven`, by the version that this
 * very request wrote, and only after Passport failed to establish the session for it: the user was
 * given back. Of all requests that read version N, one gets the `replace` to N+1 (claimed); the
 * others learn so and leave before the provider is asked. The winner's later writes name N+1 and
 * onward, so if its lease ran out and another request took the flow over, its writes fail and it
 * ends without a user. A crash at any point leaves a lease that runs out, or `consumed`.
 *
 * A provider is asked by one request at a time. The deadline of a request begins before it reads
 * the flow and is shorter than the lease that it takes after; a call is not begun when the deadline
 * is over, and given up at its end. Only a process that stands still between that look and the call
 * can make two calls overlap, which costs a call and never a second login.
 * @throws PhoneCheckError for every verdict but yes, and for outages; or whatever `resolveUser`
 * threw, in which case the same request may be repeated for a minute
 */
export async function redeem<User>(
  login: LoginContext,
  request: RedeemRequest,
  resolveUser: ResolveUser<User>,
): Promise<Redeemed<User>> {
  const context = createRequestContext(login, request)
  const flow = await requireIdleFlow(login, request)
  const run = () => redeemOwn(login, flow, request, context, resolveUser)
  if (!channels.redeem.hasSubscribers) return run()
  const told = tracedFlow(flow, login.ladder.rungOf(flow))
  return traced(channels.redeem, login.settings.clock, told, run, () => ({ outcome: 'verified' }))
}

async function redeemOwn<User>(
  login: LoginContext,
  flow: UnsealedFlow,
  request: RedeemRequest,
  context: RequestContext,
  resolveUser: ResolveUser<User>,
): Promise<Redeemed<User>> {
  const { verifiedAt } = flow.content
  if (verifiedAt !== undefined) {
    await acquireLease(flow)
    const proof = { rung: login.ladder.rungOf(flow), verifiedAt }
    return completeLogin(login, flow, proof, resolveUser, request.requester)
  }
  const rung = await requireLiveRung(login, flow)
  if (request.error !== undefined) throw await recordReport(login, flow, rung, request.error, request.errorDescription)
  const outcome = await verifyProof(login, flow, rung, context, request.code)
  if (outcome.outcome !== 'verified') throw await recordOutcome(login, flow, outcome)
  const proof = { rung, verifiedAt: wallTime(login.settings.clock) }
  return completeLogin(login, flow, proof, resolveUser, request.requester)
}
