import type { CallContext, Outcome, Provider } from '../providers/provider.js'
import { publicAddress } from './address.js'
import { deadlineIn } from './clock.js'
import { asOutage, PhoneCheckError, type PhoneCheckErrorCode, type ProblemDetails } from './errors.js'
import { factsOf, type OnEvent } from './events.js'
import { createSecret, fingerprint, flowId, flowKey, isSecret, keyedHash, matches } from './handle.js'
import { FlowBook, type OpenFlow, openFlow } from './held-flow.js'
import type { PhoneIdentity } from './identity.js'
import { Ladder } from './ladder.js'
import { limits } from './limits.js'
import type { Accept, LoginFlowSettings, Redeemed, RedeemRequest, StartedFlow, StartRequest } from './login-requests.js'
import { parsePhoneNumber } from './phone-number.js'
import { type UnableReason, unableReason } from './unable-reason.js'

/**
 * The protocol: `start` creates a check and says what the device must do; `redeem` turns what the device brings back into a user.
 *
 * At most one login per flow, on every store, under any interleaving and across crashes. The argument: a flow yields a user only in {@link LoginFlow.#admit},
 * after a `replace` by version made it `redeemed`, and nothing leads out of `redeemed`. Of all requests that read version N, one gets the `replace` to
 * N+1 (claimed); the others learn so and leave before the provider is asked. The winner's later writes name N+1 and onward, so if its lease ran out and
 * another request took the flow over, its writes fail and it ends without a user. A crash at any point leaves a lease that runs out, or `redeemed`.
 */
export class LoginFlow {
  readonly #ladder: Ladder
  readonly #book: FlowBook
  readonly #hashNumber: (e164: string) => string
  readonly #settings: LoginFlowSettings

  constructor(settings: LoginFlowSettings) {
    this.#ladder = new Ladder(settings.ladder)
    this.#book = new FlowBook(settings.store, settings.clock, settings.emit)
    this.#hashNumber = keyedHash(settings.secret, 'passport-phonecheck/number/1')
    this.#settings = settings
  }

  /**
   * Creates a check on the first rung that does not refuse this device at once.
   * @throws PhoneCheckError 400 for the number, `ladder_exhausted` when every rung refuses, `provider_unavailable`, `store_unavailable`
   */
  async start(request: StartRequest): Promise<StartedFlow> {
    const number = parsePhoneNumber(request.phoneNumber, this.#settings)
    const deviceIp = this.#deviceIp(request)
    const handle = createSecret()
    const secret = request.binding === 'cookie' ? createSecret() : handle
    const key = flowKey(handle)
    // Written before the provider is asked: whatever was charged is on record even if this process dies now.
    const flow = await this.#book.insert(
      key,
      {
        state: 'claimed',
        leaseUntil: limits.leaseMs,
        purpose: request.purpose,
        subject: request.subject === undefined ? undefined : fingerprint(request.subject),
        binding: request.binding,
        owner: fingerprint(secret),
        number: this.#hashNumber(number.e164),
        delivery: request.delivery,
        rung: this.#ladder.first.name,
        rungSince: 0,
        tries: 0,
        flowTries: 0,
      },
      { number },
      secret,
      limits.flowTtlSeconds,
    )
    try {
      const begun = await this.#ladder.climb(flow, this.#ladder.first, this.#callContext(), {
        phoneNumber: number.e164,
        flowId: flowId(key),
        delivery: request.delivery,
        ...(request.redirectUrl !== undefined && { redirectUrl: request.redirectUrl }),
        ...(deviceIp && { deviceIp }),
      })
      this.#emit({ type: 'flow_started', ...factsOf(flow) })
      return { handle, secret, id: flowId(key), ...begun }
    } catch (error) {
      // Nobody was told its handle. If this fails too, the record just ages away.
      await this.#book.remove(key).catch(() => {})
      throw error
    }
  }

  /**
   * Exchanges what the device brought for the application's user.
   * @throws PhoneCheckError for every verdict but yes, and for outages; or whatever `accept` threw, in which case the same request may be repeated for a minute
   */
  async redeem<User>(request: RedeemRequest, accept: Accept<User>): Promise<Redeemed<User>> {
    const flow = await this.#open(request)
    if (flow.content.verifiedAt !== undefined) {
      await this.#claim(flow)
      return this.#admit(flow, flow.content.verifiedAt, accept)
    }
    const rung = await this.#liveRung(flow)
    if (request.error !== undefined) throw await this.#spend(flow, 'rung_unable', unableReason(request.error, 'reported'))
    const outcome = await this.#ask(flow, rung, request.code)
    switch (outcome.outcome) {
      case 'verified':
        return this.#admit(flow, this.#settings.clock.now(), accept)
      case 'mismatch':
        this.#emit({ type: 'suspicious', reason: 'mismatch', ...factsOf(flow) })
        throw await this.#spend(flow, 'mismatch', 'mismatch')
      case 'unable':
        throw await this.#spend(flow, 'rung_unable', outcome.reason, outcome.stop || this.#isHijack(flow, outcome.reason))
      case 'invalid_code':
        throw await this.#rejectCode(flow)
      case 'pending':
        await this.#release(flow)
        throw new PhoneCheckError('pending', { retryAfterSeconds: outcome.retryAfterSeconds })
    }
  }

  /** Finds the flow and makes sure that the requester is its starter. A stranger learns nothing and costs the owner nothing. */
  async #open(request: RedeemRequest): Promise<OpenFlow> {
    if (!isSecret(request.handle)) throw new PhoneCheckError('flow_invalid')
    const held = await this.#book.find(flowKey(request.handle))
    if (!held || held.age() >= limits.flowTtlSeconds * 1000) throw new PhoneCheckError('flow_invalid', { ended: true })
    const { record, key } = held
    const secret = request.proof.binding === 'cookie' ? request.proof.secret : request.handle
    const subject = request.subject === undefined ? undefined : fingerprint(request.subject)
    if (request.proof.binding !== record.binding || !matches(secret, record.owner)) throw this.#foreign(key, 'binding')
    if (request.purpose !== record.purpose || subject !== record.subject) throw this.#foreign(key, 'purpose')
    const flow = openFlow(held, secret)
    if (!flow || record.state === 'redeemed' || record.state === 'failed') throw new PhoneCheckError('flow_invalid', { ended: true })
    if (request.checkId !== undefined && record.check !== fingerprint(request.checkId)) throw this.#foreign(key, 'check')
    if (flow.isClaimed) throw new PhoneCheckError('in_progress', { retryAfterSeconds: 1 })
    if (flow.isProofStale) throw new PhoneCheckError('flow_invalid', { ended: true })
    return flow
  }

  /** The provider whose check this flow waits for. A rung that can win no more is reported, and written off if it was not yet. */
  async #liveRung(flow: OpenFlow): Promise<Provider> {
    const { record } = flow
    const rung = this.#ladder.find(record.rung)
    if (!rung) throw new PhoneCheckError('flow_invalid')
    // A start that died before its check was known left the rung charged and empty: only the next step of the ladder goes on from there.
    if (record.spent || !flow.content.check) throw this.#refusal(flow, 'rung_unable', { reason: 'other' })
    if (flow.ageMs >= (record.rungUntil ?? 0)) throw await this.#spend(flow, 'rung_unable', 'expired')
    if (record.tries >= limits.triesPerCode || record.flowTries >= limits.triesPerFlow)
      throw await this.#spend(flow, 'invalid_code', 'tries')
    return rung
  }

  /** Asks the provider, at most one request at a time, with the try counted before it is asked. */
  async #ask(flow: OpenFlow, rung: Provider, code: unknown): Promise<Outcome> {
    const { check } = flow.content
    if (!rung.redeem || !check) throw new PhoneCheckError('pending', { retryAfterSeconds: 2 })
    if (typeof code !== 'string' || !rung.codeGrammar?.test(code)) {
      throw new PhoneCheckError('invalid_request', { message: `code must be a string that looks like a code of ${rung.name}.` })
    }
    await this.#claim(flow, 1)
    try {
      return await rung.redeem(check, code, this.#callContext())
    } catch (error) {
      await this.#release(flow)
      throw asOutage(error)
    }
  }

  async #claim(flow: OpenFlow, tries: 0 | 1 = 0): Promise<void> {
    const claimed = await flow.write('claimed', {
      leaseUntil: flow.ageMs + limits.leaseMs,
      tries: flow.record.tries + tries,
      flowTries: flow.record.flowTries + tries,
    })
    if (!claimed) throw new PhoneCheckError('in_progress', { retryAfterSeconds: 1 })
  }

  /** Gives the flow back with its try: no verdict was reached. If this fails too, the lease runs out by itself. */
  async #release(flow: OpenFlow): Promise<void> {
    const { tries, flowTries } = flow.record
    await flow.write('pending', { leaseUntil: undefined, tries: tries - 1, flowTries: flowTries - 1 }).catch(() => false)
  }

  async #rejectCode(flow: OpenFlow): Promise<PhoneCheckError> {
    const { tries, flowTries } = flow.record
    const attemptsLeft = Math.min(limits.triesPerCode - tries, limits.triesPerFlow - flowTries)
    this.#emit({ type: 'code_rejected', attemptsLeft, ...factsOf(flow) })
    if (attemptsLeft <= 0) return this.#spend(flow, 'invalid_code', 'tries')
    await flow.write('pending', { leaseUntil: undefined })
    return this.#refusal(flow, 'invalid_code', { attemptsLeft })
  }

  /** Writes the rung off; the flow too, when nothing may follow. */
  async #spend(
    flow: OpenFlow,
    code: PhoneCheckErrorCode,
    reason: UnableReason | 'mismatch' | 'tries',
    stop = false,
  ): Promise<PhoneCheckError> {
    const ended = stop || !this.#ladder.next(flow.record.rung) || flow.record.flowTries >= limits.triesPerFlow
    await flow.write(ended ? 'failed' : 'pending', { spent: true, leaseUntil: undefined })
    this.#emit({ type: 'rung_spent', reason, ...factsOf(flow) })
    if (ended) this.#emit({ type: 'flow_failed', ...factsOf(flow) })
    return this.#refusal(flow, code, { ended, ...(code === 'invalid_code' ? { attemptsLeft: 0 } : { reason }) })
  }

  #refusal(flow: OpenFlow, code: PhoneCheckErrorCode, details: ProblemDetails): PhoneCheckError {
    const fallback = details.ended ? [] : this.#ladder.namesAfter(flow.record.rung)
    return new PhoneCheckError(code, { flowId: flowId(flow.key), fallback, ...details })
  }

  /**
   * Lets the application decide on a proven identity, and only then, by version, spends the flow. The answer counts only if that write succeeds.
   *
   * When the application fails instead of deciding, the proof is kept for a minute: the code is used up at the provider, but the fault was not the user's.
   */
  async #admit<User>(flow: OpenFlow, verifiedAt: number, accept: Accept<User>): Promise<Redeemed<User>> {
    const identity = this.#identity(flow, verifiedAt)
    let user: User | false
    try {
      user = await this.#withinLease(flow, accept(identity))
    } catch (error) {
      const provenUntil = flow.record.provenUntil ?? flow.ageMs + limits.provenMs
      const kept = await flow.write('proven', { leaseUntil: undefined, provenUntil }, { ...flow.content, verifiedAt }).catch(() => false)
      this.#emit({ type: 'verify_callback_failed', canRepeat: kept, ...factsOf(flow) })
      throw error
    }
    if (!(await flow.write('redeemed', { leaseUntil: undefined }))) throw new PhoneCheckError('in_progress', { retryAfterSeconds: 1 })
    if (user === false) {
      this.#emit({ type: 'user_refused', ...factsOf(flow) })
      throw this.#refusal(flow, 'user_refused', { ended: true })
    }
    this.#emit({ type: 'identity_verified', ...factsOf(flow) })
    return { user, identity }
  }

  async #withinLease<T>(flow: OpenFlow, answer: Promise<T>): Promise<T> {
    const ms = Math.max(0, (flow.record.leaseUntil ?? 0) - limits.leaseMarginMs - flow.ageMs)
    const timer = new AbortController()
    const late = this.#settings.clock.delay(ms, timer.signal).then(() => {
      throw new Error(`The verify callback did not answer within ${Math.round(ms / 1000)} seconds.`)
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      late.catch(() => {})
      timer.abort()
    }
  }

  /** A phone that changed its address between start and check may be two phones; where the address is required, that ends the flow. */
  #isHijack(flow: OpenFlow, reason: UnableReason): boolean {
    if (reason !== 'ip_mismatch') return false
    this.#emit({ type: 'suspicious', reason: 'ip_mismatch', ...factsOf(flow) })
    return this.#settings.deviceIp === 'require'
  }

  #deviceIp(request: StartRequest): string | undefined {
    const mode = this.#settings.deviceIp ?? (request.delivery === 'redirect' ? 'prefer' : 'off')
    const address = mode === 'off' ? undefined : publicAddress(request.address)
    if (mode === 'require' && !address) {
      throw new PhoneCheckError('invalid_request', {
        message: "deviceIp is 'require', but the requester's public address is not known. Behind a proxy, set Express's `trust proxy`.",
      })
    }
    return address
  }

  #identity(flow: OpenFlow, verifiedAt: number): PhoneIdentity {
    const rung = this.#ladder.find(flow.record.rung)
    if (!rung) throw new PhoneCheckError('flow_invalid')
    const { e164, country } = flow.content.number
    return {
      phoneNumber: e164,
      country,
      method: rung.name,
      assurance: rung.assurance,
      provider: rung.vendor,
      verifiedAt: new Date(verifiedAt),
      purpose: flow.record.purpose,
      flowId: flowId(flow.key),
    }
  }

  #foreign(key: string, reason: 'binding' | 'purpose' | 'check'): PhoneCheckError {
    this.#emit({ type: 'foreign_redeem', flowId: flowId(key), reason })
    return new PhoneCheckError('flow_invalid')
  }

  #callContext(): CallContext {
    return { deadline: deadlineIn(limits.requestDeadlineMs, this.#settings.clock), emit: this.#settings.emit }
  }

  get #emit(): OnEvent {
    return this.#settings.emit
  }
}
