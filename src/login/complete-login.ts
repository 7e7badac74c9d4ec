import type { PhoneIdentity } from '../contracts/identity.js'
import type { Provider } from '../contracts/provider.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { answerWithin } from '../lib/application.js'
import { withTimeout } from '../lib/clock.js'
import { inProgress, PhoneCheckError } from '../lib/errors.js'
import type { Requester } from '../limits/login-limiter.js'
import { limits } from '../limits/numbers.js'
import type { LoginContext } from './context.js'
import { weigh } from './step-up.js'
import { type Redeemed, type ResolveUser, StepUp } from './types.js'

/** The provider said yes. */
export interface Proof {
  rung: Provider
  /** Milliseconds since the epoch. */
  verifiedAt: number
}

/**
 * Lets the application decide on a proven identity, and only then, by version, spends the flow. The
 * answer counts only if that write succeeds.
 *
 * When the application fails instead of deciding, the proof is kept for a minute: the code is used
 * up at the provider, but the fault was not the user's. `flow` must be claimed.
 */
export async function completeLogin<User>(
  login: LoginContext,
  flow: UnsealedFlow,
  { rung, verifiedAt }: Proof,
  resolveUser: ResolveUser<User>,
  requester: Requester,
): Promise<Redeemed<User>> {
  const { emit } = login.settings
  const identity = identityOf(flow, rung, verifiedAt)
  // Nobody waits for it: a store that hangs on a refund must not eat a login that was won.
  void refundAfterSuccess(login, flow, rung, requester).catch(() => {})
  let answer: User | StepUp | false | undefined
  try {
    answer = await withinLease(login, flow, () => resolveUser(identity))
  } catch (error) {
    const kept = await flow.write('proven', untilProofLapses(flow), { ...flow.content, verifiedAt }).catch(() => false)
    emit({ type: 'verify_callback_failed', canRepeat: kept, message: callbackFailed, ...flow.facts })
    throw error
  }
  const { user, refusal } =
    answer instanceof StepUp || flow.content.floor !== undefined
      ? await weigh(login, flow, rung, answer)
      : { user: answer }
  const [isWritten, devices] = await Promise.all([
    flow.write('consumed', { leaseUntil: undefined, outcome: user ? 'accepted' : 'refused' }),
    user ? devicesFor(login, flow, requester) : undefined,
  ])
  if (!isWritten) throw inProgress()
  if (!user) {
    const why = user === false ? ({ reason: 'refused' } as const) : noAnswer
    emit({ type: 'user_refused', ...(refusal ?? why), ...flow.facts })
    throw new PhoneCheckError('user_refused', { flowId: flow.id, ended: true })
  }
  emit({ type: flow.record.rung === 'review' ? 'review_login' : 'identity_verified', ...flow.facts })
  const reopen = () =>
    flow
      .write('proven', { ...untilProofLapses(flow), outcome: undefined }, { ...flow.content, verifiedAt })
      .catch(() => false)
  return { user, identity, reopen, ...(devices && { devices }) }
}

const callbackFailed =
  'A verify callback threw, rejected or gave no answer in time. The error went to your error handler: look there.'

const noAnswer = {
  reason: 'no_answer',
  message:
    'A verify callback gave no answer, which refuses the user. Return the user, or false to refuse: a `return` may be missing.',
} as const

/**
 * Refunds the counter of failed attempts. A success that no guesser could have had also forgives
 * the number's wrong codes; a typed code does not, or every login of the owner would hand an
 * attacker ten new guesses.
 */
async function refundAfterSuccess(
  { ladder, limiter }: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  requester: Requester,
): Promise<void> {
  const { provenUntil } = flow.record
  const forgives = !rung.guessable && ladder.isGuessable
  await Promise.all([
    rung.redeem && provenUntil === undefined && limiter.refundAttempt(rung, flow.record, requester),
    forgives && limiter.resetAttempts(flow.record).catch(() => {}),
  ])
}

/** A proof is kept for one minute, however often the application fails to use it. */
function untilProofLapses({ record, ageMs }: UnsealedFlow) {
  return { leaseUntil: undefined, provenUntil: record.provenUntil ?? ageMs + limits.provenMs }
}

/** By which the device is told from strangers the next time. A login that is won does not fail for want of it. */
async function devicesFor(
  { limiter, settings }: LoginContext,
  flow: UnsealedFlow,
  requester: Requester,
): Promise<string[] | undefined> {
  const { rung, number, device } = flow.record
  // Many people know the code of a review number.
  if (rung === 'review') return undefined
  const issuing = limiter.devices.issue(number, device).catch(() => undefined)
  const issued = await withTimeout(settings.clock, limits.deviceMs, issuing, () => undefined)
  return issued === undefined ? undefined : [issued, ...limiter.devices.ofOthers(requester.devices ?? [], number)]
}

function withinLease<T>({ settings }: LoginContext, flow: UnsealedFlow, work: () => Promise<T>): Promise<T> {
  const ms = Math.max(0, (flow.record.leaseUntil ?? 0) - limits.leaseMarginMs - flow.ageMs)
  return answerWithin(settings.clock, ms, 'The verify callback', work())
}

function identityOf(flow: UnsealedFlow, rung: Provider, verifiedAt: number): PhoneIdentity {
  const { e164, country } = flow.content.number
  return {
    phoneNumber: e164,
    country,
    method: rung.name,
    assurance: rung.assurance,
    ...(rung.amr && { amr: rung.amr }),
    vendor: rung.vendor,
    verifiedAt: new Date(verifiedAt),
    purpose: flow.record.purpose,
    flowId: flow.id,
    ...(flow.record.consent !== undefined && { consent: flow.record.consent }),
  }
}
