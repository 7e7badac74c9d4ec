import type { CallContext, Challenge, Provider, Started, StartInput, Unable } from '../contracts/provider.js'
import type { TraceContext } from '../contracts/telemetry.js'
import { unableReason } from '../contracts/unable-reason.js'
import { enterRung } from '../flow/record.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { hasTimeForMore, secondsUntilFallback } from '../flow/timing.js'
import { shareOf } from '../lib/clock.js'
import { fingerprint } from '../lib/crypto.js'
import { asOutage, inProgress, PhoneCheckError } from '../lib/errors.js'
import { channels, traced } from '../lib/telemetry.js'
import { limits } from '../limits/numbers.js'
import { callContext, type LoginContext, type RequestContext, resendAfter, tracedFlow } from './context.js'
import { closesOneRung, endsLadder } from './failure-policy.js'
import { readStart } from './provider-answers.js'
import type { Skipped, Step } from './types.js'

/** A rung that was left: it said that it cannot work, or it failed without anything having been sent to the user. */
interface Left extends Unable {
  /** What to answer when no rung follows. Absent when the rung itself said "unable". */
  problem?: PhoneCheckError
  /** For how long a message that we sent is still open at the provider, which is why it sends no other one. Seconds. */
  openForSeconds?: number
}

/**
 * Asks the rungs for a check, one after the other, until one can be tried by this device. `flow`
 * must be claimed, with `from` as its rung.
 *
 * A rung that is down, over its quota, refuses our credentials, or that a limit of its own closes,
 * is left like one that says "unable", as long as nothing can have been sent to the user: each rung
 * may use an equal part of the time that is left, so that providers which hang leave time for those
 * after them.
 * @param isCharged whether `from` was charged and the application asked already
 * @throws PhoneCheckError `ladder_exhausted`, `provider_unavailable`, `delivery_unknown`,
 * `in_progress` when the lease was lost, 403 and 429 of the limiter
 */
export async function issueCheck(
  login: LoginContext,
  flow: UnsealedFlow,
  from: Provider,
  context: RequestContext,
  { isCharged = false }: { isCharged?: boolean } = {},
): Promise<Step> {
  const skipped: Skipped[] = []
  for (let rung = from; ; ) {
    const tried = () => tryRung(login, flow, rung, context, isCharged && rung === from)
    const answer = await (channels.rung.hasSubscribers
      ? traced(channels.rung, login.settings.clock, tracedFlow(flow, rung), tried, toldOf)
      : tried())
    if ('challenge' in answer) return { ...(await recordCheck(login, flow, rung, answer)), skipped }
    const left = await explain(login, flow, rung, answer)
    skipped.push({ method: rung.name, reason: left.unable })
    rung = await passOver(login, flow, rung, left)
  }
}

function toldOf(answer: Started | Left): TraceContext {
  return 'challenge' in answer ? { outcome: 'started' } : { outcome: 'unable', reason: unableReason(answer.unable) }
}

/** Goes on to the rung after one that was left. @throws PhoneCheckError when none may follow, `in_progress` */
async function passOver(login: LoginContext, flow: UnsealedFlow, rung: Provider, left: Left): Promise<Provider> {
  // One that was down may be back when the requester asks again.
  if (!left.problem) flow.passed = { method: rung.name, reason: left.unable }
  login.settings.emit({ type: 'rung_skipped', reason: left.unable, ...flow.facts })
  const next =
    left.stop || endsLadder(login, left.unable) ? undefined : login.ladder.next(rung.name, flow.content.floor)
  if (!next) throw exhausted(flow, left)
  // Written before the next provider is asked, like the first rung: the charge of a rung is on record before its call.
  if (!(await flow.write('claimed', enterRung(next.name, flow)))) throw inProgress()
  return next
}

/** A new check on the same rung. @throws as {@link issueCheck}, and `send_refused` when the provider sends none now */
export async function reissueCheck(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  context: RequestContext,
): Promise<Step> {
  const { number } = flow.content
  await login.limiter.consumeCheck(rung, number, flow.record.purpose, context.requester, flow.record.device)
  flow.isResend = true
  const answer = await createCheck(login, flow, rung, context, callContext(login, rung, context))
  if ('challenge' in answer) return { ...(await recordCheck(login, flow, rung, answer)), skipped: [] }
  const message = 'The provider sends no other message now. The last code is still good.'
  throw new PhoneCheckError('send_refused', { flowId: flow.id, reason: unableReason(answer.unable), message })
}

/**
 * @returns a check, or why the rung is left
 * @throws whatever ends the step: a limit of the requester's address, the application's veto, an
 * error of its `beforeSend`, a fault of the store, a message that may be out, an invalid number
 */
async function tryRung(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  context: RequestContext,
  isCharged: boolean,
): Promise<Started | Left> {
  const deadline = shareOf(context.deadline, login.ladder.countFrom(rung.name, flow.content.floor))
  flow.sending = false
  try {
    if (!isCharged)
      await login.limiter.consumeCheck(
        rung,
        flow.content.number,
        flow.record.purpose,
        context.requester,
        flow.record.device,
      )
  } catch (error) {
    if (closesOneRung(error)) return { unable: 'limit_reached', problem: error }
    throw error
  }
  try {
    return await createCheck(login, flow, rung, context, callContext(login, rung, { deadline })).then(orLater(flow))
  } catch (error) {
    const problem = asOutage(error)
    if (flow.sending || problem.code !== 'provider_unavailable') throw error
    return { unable: unableReason(problem.details.reason, 'provider_down'), problem: withWait(login, rung, problem) }
  }
}

/**
 * A rung that says when it can work is not passed for good: if none follows, the step may be taken
 * again then, and not before.
 */
const orLater =
  (flow: UnsealedFlow) =>
  (answer: Started | Unable): Started | Left => {
    if ('challenge' in answer || answer.retryAfterSeconds === undefined) return answer
    const retryAfterSeconds = Math.min(Math.max(1, answer.retryAfterSeconds), limits.quotaPauseSeconds.most)
    // Else its holder could have the provider asked without end, as what it refuses is not charged.
    flow.pauseSeconds = retryAfterSeconds
    const details = { flowId: flow.id, reason: answer.unable, retryAfterSeconds }
    return { ...answer, problem: new PhoneCheckError('too_early', details) }
  }

/** One rung's check. A charge for a message that was certainly not sent is given back. */
async function createCheck(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  context: RequestContext,
  call: CallContext,
): Promise<Started | Unable> {
  const refund = () => login.limiter.refundCheck(rung, flow.content.number, context.requester, flow.record.device)
  const input = startInput(login, flow, rung, context)
  try {
    flow.sending = rung.sends === true
    const asked = async () => readStart(rung, await rung.start(input, call))
    const answer = await login.breakers.run(rung.name, 'start', call.deadline, asked, () => tracedFlow(flow, rung))
    if ('challenge' in answer) return answer
    flow.sending = false
    await refund()
    // Nothing that a provider wrote freely travels further.
    return { ...answer, unable: unableReason(answer.unable) }
  } catch (error) {
    if (!(error instanceof PhoneCheckError)) throw error
    if (error.details.reason === 'quota_exceeded') flow.pauseSeconds = pauseSeconds(error)
    // Only what was certainly not sent: any other fault may have come after the message.
    if (error.details.untried || error.code === 'invalid_phone_number') {
      flow.sending = false
      await refund()
    }
    if (!flow.sending || error.code !== 'provider_unavailable') throw error
    throw deliveryUnknown(resendAfter(login, rung, flow.record), error)
  }
}

/** @param retryAfterSeconds until another message may be asked for; undefined where this was the last one */
function deliveryUnknown(retryAfterSeconds: number | undefined, cause: PhoneCheckError): PhoneCheckError {
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  return new PhoneCheckError('delivery_unknown', { ...wait, cause })
}

/** What a provider is told of a flow whose check it is to create. */
function startInput(
  { settings: { callbackUrl }, ladder }: LoginContext,
  {
    id,
    record: { delivery, purpose, consent, resends = 0 },
    content: { number, locale },
    left,
    isResend,
  }: UnsealedFlow,
  { vendor }: Provider,
  { redirectUrl, deviceIp }: RequestContext,
): StartInput {
  // Another vendor must not see it: a check is sealed because it is what a login is won with.
  const previous = left && ladder.find(left.method)?.vendor === vendor ? left.check : undefined
  return {
    phoneNumber: number.e164,
    flowId: id,
    purpose,
    // Counted for the whole flow: the first message of a later rung is none that was asked for again.
    resends: isResend ? resends : 0,
    delivery,
    ...(locale !== undefined && { locale }),
    ...(consent !== undefined && { consent }),
    ...(previous && { previous }),
    ...(delivery === 'redirect' && redirectUrl !== undefined && { redirectUrl }),
    ...(deviceIp !== undefined && { deviceIp }),
    ...(callbackUrl !== undefined && { callbackUrl }),
  }
}

function withWait({ breakers }: LoginContext, rung: Provider, problem: PhoneCheckError): PhoneCheckError {
  const isOpen = problem.details.retryAfterSeconds === undefined && breakers.isOpen(rung.name, 'start')
  return isOpen ? breakers.refusal(rung.name, 'start') : problem
}

/** Writes the new check into the flow. From now on it is the only one that counts. */
async function recordCheck(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  { check, challenge, expiresInSeconds }: Started,
): Promise<Omit<Step, 'skipped'>> {
  const { settings, checkIndex, openSends } = login
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
  const isAnnounced = rung.webhook && settings.callbackUrl
  const [written] = await Promise.all([
    flow.write('pending', changes, { ...flow.content, check }),
    // Lost, it only means that a result is noticed by asking.
    isAnnounced && checkIndex.add(rung.name, check.id, flow.key, Math.ceil((rungUntil - now) / 1000)).catch(() => {}),
    // Lost, it only means that a later refusal of the provider cannot say how long to wait.
    rung.sends && openSends.add(rung.name, flow.record.number, Math.ceil(expiresInSeconds)).catch(() => {}),
  ])
  if (!written) throw inProgress()
  if (rung.sends) settings.emit({ type: 'message_sent', resend: flow.isResend, ...flow.facts })
  return {
    method: rung.name,
    challenge: challenge.type === 'enter_code' ? enterCode(login, challenge.length, rung, flow) : challenge,
    checkId: check.id,
    expiresInSeconds: Math.floor((rungUntil - now) / 1000),
    ...whatFollows(login, flow, rung),
  }
}

function whatFollows(
  { ladder }: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
): Pick<Step, 'fallback' | 'fallbackInSeconds'> {
  const fallback = ladder.namesAfter(rung.name, flow.content.floor)
  if (fallback.length === 0 || !hasTimeForMore(flow.ageMs)) return { fallback }
  return { fallback, fallbackInSeconds: secondsUntilFallback(flow.record, flow.ageMs, rung.dwellSeconds) }
}

/**
 * A provider that keeps one open request for each number often refuses the second with no word of
 * why. If we sent the first, in a login that was left, that is why: the user has a code already, or
 * will have one soon.
 */
async function explain({ openSends }: LoginContext, flow: UnsealedFlow, rung: Provider, left: Left): Promise<Left> {
  if (!rung.sends || left.problem || (left.unable !== 'other' && left.unable !== 'busy')) return left
  const openForSeconds = await openSends.secondsLeft(rung.name, flow.record.number)
  return openForSeconds === undefined ? left : { ...left, unable: 'busy', openForSeconds }
}

/** The last rung's failure is the answer. */
function exhausted(flow: UnsealedFlow, { unable, problem, openForSeconds }: Left): PhoneCheckError {
  if (problem) return problem
  const details = { flowId: flow.id, reason: unable, ended: true }
  if (openForSeconds === undefined) return new PhoneCheckError('ladder_exhausted', details)
  const message =
    'A code is on its way to this number, or was sent already: it is good in the login that asked for it. Wait before asking for another.'
  return new PhoneCheckError('cooldown', { ...details, retryAfterSeconds: openForSeconds, message })
}

function pauseSeconds({ details: { retryAfterSeconds = 0 } }: PhoneCheckError): number {
  const { least, most } = limits.quotaPauseSeconds
  return Math.min(Math.max(retryAfterSeconds, least), most)
}

function enterCode(login: LoginContext, length: number, rung: Provider, flow: UnsealedFlow): Challenge {
  const resend = resendAfter(login, rung, flow.record)
  return { type: 'enter_code', length, ...(resend !== undefined && { resend_in: resend }) }
}
