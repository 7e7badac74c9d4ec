import type { Check, Outcome, Provider } from '../contracts/provider.js'
import type { FlowRecord } from '../flow/record.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { msUntilPoll } from '../flow/timing.js'
import { asOutage, inProgress, PhoneCheckError } from '../lib/errors.js'
import { typedCode } from '../lib/typed-text.js'
import type { Requester } from '../limits/login-limiter.js'
import { limits } from '../limits/numbers.js'
import { callContext, type LoginContext, type RequestContext, tracedFlow } from './context.js'
import { readOutcome } from './provider-answers.js'
import { rejection, releaseLease, retireRung } from './record-outcome.js'

/**
 * The provider whose check this flow waits for. A rung that can win no more is reported, and
 * written off if it was not yet.
 */
export async function requireLiveRung(login: LoginContext, flow: UnsealedFlow): Promise<Provider> {
  const { record } = flow
  const rung = login.ladder.rungOf(flow)
  if (record.spent) throw rejection(login, flow, 'rung_unable', { reason: record.reason ?? 'other' })
  // A call that was lost before its check was known left the rung charged and empty.
  if (!flow.content.check) throw rejection(login, flow, 'rung_unable', { reason: 'other', message: noCheck })
  if (flow.isSpent) throw await retireRung(login, flow, 'rung_unable', 'expired')
  const { triesPerCode, triesPerFlow } = login.limits
  const hasTries = record.tries < triesPerCode && record.flowTries < triesPerFlow
  if (!hasTries) throw await retireRung(login, flow, 'invalid_code', 'tries')
  return rung
}

const noCheck =
  'This step has no check: its request was lost, or a message may be on its way. Ask for another message, or for the next step.'

/**
 * Asks the provider for its verdict, one request at a time. A try is counted, and limits are
 * charged, before it is asked.
 * @throws PhoneCheckError `invalid_request` for a code that cannot be one, `in_progress`, 429 for limits, 503
 */
export async function verifyProof(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  context: RequestContext,
  code?: unknown,
): Promise<Outcome> {
  const { check } = flow.content
  if (check && rung.redeem) return redeemCode(login, flow, rung, context, check, codeOf(rung, code))
  if (check && rung.poll) return pollResult(login, flow, rung, context, check)
  throw rejection(login, flow, 'rung_unable', { reason: 'other' })
}

async function pollResult(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  context: RequestContext,
  check: Check,
): Promise<Outcome> {
  const waitMs = msUntilPoll(flow.record, flow.ageMs)
  if (waitMs > 0) return { outcome: 'pending', retryAfterSeconds: waitMs / 1000 }
  await acquireLease(flow, { polledAt: flow.ageMs, resultAnnounced: undefined })
  const call = callContext(login, rung, context)
  return callProvider(login, flow, rung, 'poll', context, async () => rung.poll?.(check, call))
}

async function redeemCode(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  context: RequestContext,
  check: Check,
  code: string,
): Promise<Outcome> {
  // A provider that said "not yet" to a code is not asked again at once, however often the requester asks.
  const waitMs = flow.record.polledAt === undefined ? 0 : msUntilPoll(flow.record, flow.ageMs)
  if (waitMs > 0) return { outcome: 'pending', retryAfterSeconds: waitMs / 1000 }
  await claimTry(login, flow, rung, context.requester)
  const refund = () => login.limiter.refundAttempt(rung, flow.record, context.requester)
  const call = callContext(login, rung, context)
  try {
    const outcome = await callProvider(login, flow, rung, 'redeem', context, async () =>
      rung.redeem?.(check, code, call),
    )
    if (outcome.outcome === 'pending' || (outcome.outcome === 'unable' && !rung.guessable)) await refund()
    return outcome
  } catch (error) {
    // A guess that may have reached the provider stays counted, or a lost answer would be a free one.
    if (!rung.guessable || asOutage(error).details.untried) await refund()
    throw error
  }
}

/** Holds the flow for this request alone. @throws PhoneCheckError `in_progress` when another request was first */
export async function acquireLease(flow: UnsealedFlow, changes: Partial<FlowRecord> = {}): Promise<void> {
  const isOurs = await flow.write('claimed', { ...changes, leaseUntil: flow.ageMs + limits.leaseMs })
  if (!isOurs) throw inProgress()
}

async function callProvider(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  operation: 'redeem' | 'poll',
  { deadline }: RequestContext,
  call: () => Promise<Outcome | undefined>,
): Promise<Outcome> {
  try {
    const asked = async () => readOutcome(rung, await call())
    return await login.breakers.run(rung.name, operation, deadline, asked, () => tracedFlow(flow, rung))
  } catch (error) {
    const { untried, reason } = asOutage(error).details
    // What a quota refused is not asked again at once, or a requester could keep the quota used up
    // at no cost. The circuit stays closed for it.
    const pause = reason === 'quota_exceeded' ? { polledAt: flow.ageMs } : {}
    // If this fails too, the lease runs out by itself.
    await releaseLease(login, flow, !rung.guessable || untried === true, pause).catch(() => {})
    throw error
  }
}

/**
 * Claim and charges go out together; whichever succeeded alone is undone, so that a loser of the
 * race charges nothing. `flowsBeingTried` saves that within one process: a second request leaves
 * before it charges, and cannot lock a number even for the moment until its charge is given back.
 * It is not what keeps logins apart: the version of the flow is.
 */
async function claimTry(login: LoginContext, flow: UnsealedFlow, rung: Provider, requester: Requester): Promise<void> {
  if (login.flowsBeingTried.has(flow.key)) throw inProgress()
  login.flowsBeingTried.add(flow.key)
  try {
    await claimAndCharge(login, flow, rung, requester)
  } finally {
    login.flowsBeingTried.delete(flow.key)
  }
}

async function claimAndCharge(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  requester: Requester,
): Promise<void> {
  const account = flow.record
  const { tries, flowTries } = account
  const [lease, charge] = await Promise.allSettled([
    acquireLease(flow, { tries: tries + 1, flowTries: flowTries + 1 }),
    login.limiter.consumeAttempt(rung, account, requester),
  ])
  if (lease.status === 'rejected') {
    if (charge.status === 'fulfilled') await login.limiter.refundAttempt(rung, account, requester)
    throw lease.reason
  }
  if (charge.status === 'fulfilled') return
  await releaseLease(login, flow)
  const { code, status } = asOutage(charge.reason)
  if (status !== 503) login.settings.emit({ type: 'step_refused', step: 'verify', code, ...flow.facts })
  throw charge.reason
}

/**
 * The code as the provider is to see it. One that a person types is read as numbers are; one that a
 * device carries stays as it is, byte by byte.
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
