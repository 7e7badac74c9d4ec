import type { Clock, Deadline } from '../contracts/clock.js'
import type { Emit, PhoneCheckEvent } from '../contracts/events.js'
import type { TraceContext } from '../contracts/telemetry.js'
import { unableReason } from '../contracts/unable-reason.js'
import { withTimeout } from './clock.js'
import { asOutage, PhoneCheckError } from './errors.js'
import { channels, traced } from './telemetry.js'

const windowMs = 30_000
const openMs = 30_000
const consecutive = 5
const sample = 20
/**
 * How much longer than its time a call may take before it is given up: providers that keep to their
 * deadline end before, with an explanation of their own.
 */
export const graceMs = 500
/**
 * Calls to one provider that may be under way at once, those included that wait for a connection.
 * Far above what a healthy one ever has.
 */
const maxInFlight = 1_024
/**
 * How long a used-up quota is believed: as long as the vendor says, but never for longer than this;
 * and for this long where it does not say.
 */
const quotaSeconds = { most: 60, unsaid: 5 }

interface Circuit {
  readonly method: string
  readonly operation: string
  consecutiveFailures: number
  /** Calls since `since`, and how many of them failed. */
  calls: number
  failed: number
  since: number
  openUntil: number
  /** When the one call that may probe went out; it is given up for lost after as long as the circuit was open. */
  probingSince: number | undefined
  /** Until when the vendor said that its quota is used up. */
  quotaUntil: number
}

/**
 * Stops asking a provider that keeps failing: after 5 outages in a row, or half of at least 20
 * calls within 30 s, for 30 s; then one call may probe.
 *
 * Only outages count, never a verdict, so no user can open it. It remembers no verdict either: an
 * open circuit means "cannot tell", and the ladder's floor holds whatever is open. One per provider
 * and operation, in this process.
 *
 * Nor does it ask one whose quota is used up until that is over: nothing is charged for such a
 * call, so else anybody could keep the quota used up at no cost.
 */
export class CircuitBreakers {
  readonly #clock: Clock
  readonly #emit: Emit
  readonly #circuits = new Map<string, Circuit>()
  /** Calls under way, by provider. */
  readonly #inFlight = new Map<string, number>()
  readonly #refused = new Set<string>()
  /** Providers of which the operator was told that they are full. */
  readonly #overloaded = new Set<string>()

  constructor(clock: Clock, emit: Emit) {
    this.#clock = clock
    this.#emit = emit
  }

  /** What is known of every operation that was ever asked for. */
  states(): { method: string; operation: string; state: 'closed' | 'open' }[] {
    const now = this.#clock.now()
    return [...this.#circuits.values()].map((circuit) => {
      const { method, operation } = circuit
      return { method, operation, state: refuses(circuit, now) ? 'open' : 'closed' }
    })
  }

  /** Providers that refused our credentials and have not answered since. */
  refusedMethods(): string[] {
    return [...this.#refused]
  }

  /** Whether a call would be refused now. */
  isOpen(method: string, operation: string): boolean {
    return refuses(this.#circuit(method, operation), this.#clock.now())
  }

  /**
   * @param told what is published of the call beside method and operation, asked only where somebody listens
   * @throws PhoneCheckError `provider_unavailable` at once when open; else whatever `call` does
   */
  async run<T>(
    method: string,
    operation: string,
    deadline: Deadline,
    call: () => Promise<T>,
    told?: () => TraceContext,
  ): Promise<T> {
    const circuit = this.#circuit(method, operation)
    const now = this.#clock.now()
    const leftMs = deadline.leftMs()
    if (refuses(circuit, now)) throw this.refusal(method, operation)
    if (now < circuit.quotaUntil) throw quotaRefusal(circuit, now)
    // Claims and charges may have taken all the time there was: a call that nobody waits for any
    // more must not be made, and not be paid.
    if (leftMs <= 0) throw new PhoneCheckError('provider_unavailable', { reason: 'provider_down', untried: true })
    const inFlight = this.#inFlight.get(method) ?? 0
    if (inFlight >= maxInFlight) throw this.#overload(method)
    this.#inFlight.set(method, inFlight + 1)
    try {
      const run = () => this.#call(circuit, now, deadline, call)
      if (!channels.provider.hasSubscribers) return await run()
      return await traced(channels.provider, this.#clock, { method, operation, ...told?.() }, run, toldOf)
    } finally {
      this.#leave(method)
    }
  }

  async #call<T>(circuit: Circuit, now: number, deadline: Deadline, call: () => Promise<T>): Promise<T> {
    // A call that began before the circuit opened, and ends after, decides nothing: it tells of an earlier time.
    const probes = circuit.openUntil > 0
    if (probes) circuit.probingSince = now
    const tellsOf = () => probes || circuit.openUntil === 0
    if (now - circuit.since >= windowMs) {
      circuit.calls = 0
      circuit.failed = 0
      circuit.since = now
    }
    try {
      // Providers are asked to keep to the deadline; one that does not must not hold a flow, a probe
      // and a user for ever.
      const answer = call()
      const result = await withTimeout(this.#clock, deadline.leftMs() + graceMs, answer, () => this.#giveUp(circuit))
      this.#refused.delete(circuit.method)
      if (tellsOf()) this.#record(circuit, !isLostOutcome(result))
      return result
    } catch (error) {
      const problem = asOutage(error)
      if (problem.details.reason === 'misconfigured') this.#refused.add(circuit.method)
      if (problem.details.reason === 'quota_exceeded') circuit.quotaUntil = this.#clock.now() + quotaMs(problem)
      if (isDefect(error)) this.#emit(defect(circuit, error instanceof PhoneCheckError ? error.cause : error))
      if (tellsOf()) this.#record(circuit, !isProviderFault(problem))
      throw problem
    }
  }

  refusal(method: string, operation: string): PhoneCheckError {
    const waitMs = Math.max(1_000, this.#circuit(method, operation).openUntil - this.#clock.now())
    return new PhoneCheckError('provider_unavailable', {
      retryAfterSeconds: Math.ceil(waitMs / 1000),
      reason: 'provider_down',
      untried: true,
    })
  }

  #overload(method: string): PhoneCheckError {
    if (!this.#overloaded.has(method)) {
      this.#overloaded.add(method)
      const message = `${maxInFlight} calls to ${method} are under way. More are refused until some of them end, and the ladder goes on without it.`
      this.#emit({ type: 'provider_overloaded', method, message })
    }
    return new PhoneCheckError('provider_unavailable', { reason: 'provider_down', untried: true, retryAfterSeconds: 5 })
  }

  #leave(method: string): void {
    const left = (this.#inFlight.get(method) ?? 1) - 1
    this.#inFlight.set(method, left)
    if (left < maxInFlight / 2) this.#overloaded.delete(method)
  }

  #giveUp({ method, operation }: Circuit): never {
    const message = `${method}: ${operation} did not end in the time that the request had for it.`
    this.#emit({ type: 'provider_outage', method, operation, kind: 'timeout', message })
    throw new PhoneCheckError('provider_unavailable', { reason: 'provider_down' })
  }

  #record(circuit: Circuit, answered: boolean): void {
    if (answered) this.#succeed(circuit)
    else this.#fail(circuit)
  }

  #succeed(circuit: Circuit): void {
    const { method, operation } = circuit
    if (circuit.openUntil > 0) this.#emit({ type: 'breaker_closed', method, operation })
    circuit.consecutiveFailures = 0
    circuit.calls += 1
    circuit.openUntil = 0
    circuit.probingSince = undefined
  }

  #fail(circuit: Circuit): void {
    const { method, operation } = circuit
    circuit.consecutiveFailures += 1
    circuit.calls += 1
    circuit.failed += 1
    const tooMany =
      circuit.consecutiveFailures >= consecutive || (circuit.calls >= sample && circuit.failed * 2 >= circuit.calls)
    if (circuit.probingSince === undefined && !tooMany) return
    const message = `${method} failed too often at ${operation}, and is not asked again for ${openMs / 1000} seconds. The events provider_outage say why.`
    this.#emit({ type: 'breaker_opened', method, operation, message })
    circuit.consecutiveFailures = 0
    circuit.calls = 0
    circuit.failed = 0
    circuit.openUntil = this.#clock.now() + openMs
    circuit.probingSince = undefined
  }

  #circuit(method: string, operation: string): Circuit {
    const name = `${method} ${operation}`
    const circuit = this.#circuits.get(name) ?? {
      method,
      operation,
      consecutiveFailures: 0,
      calls: 0,
      failed: 0,
      since: this.#clock.now(),
      openUntil: 0,
      probingSince: undefined,
      quotaUntil: 0,
    }
    this.#circuits.set(name, circuit)
    return circuit
  }
}

/** What the channel is told of an answer: words of closed lists, and a network code. */
function toldOf(answer: unknown): TraceContext {
  if (typeof answer !== 'object' || answer === null) return { outcome: 'unable' }
  const { outcome, reason, unable, operator } = answer as Record<string, unknown>
  const why = reason ?? unable
  return {
    outcome: typeof outcome === 'string' ? outcome : unable === undefined ? 'started' : 'unable',
    ...(why !== undefined && { reason: unableReason(why) }),
    ...(typeof operator === 'string' && networkCode.test(operator) && { operator }),
  }
}

/** MCC and MNC. */
const networkCode = /^[0-9]{5,6}$/

function refuses({ openUntil, probingSince }: Circuit, now: number): boolean {
  return now < openUntil || (probingSince !== undefined && now < probingSince + openMs)
}

function quotaRefusal({ quotaUntil }: Circuit, now: number): PhoneCheckError {
  const retryAfterSeconds = Math.ceil((quotaUntil - now) / 1000)
  return new PhoneCheckError('provider_unavailable', { retryAfterSeconds, reason: 'quota_exceeded', untried: true })
}

/**
 * A provider may answer "cannot tell" because the answer was lost: for the flow that is an outcome,
 * for the breaker an outage.
 */
function isLostOutcome(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'lost' in result && result.lost === true
}

function quotaMs({ details: { retryAfterSeconds = quotaSeconds.unsaid } }: PhoneCheckError): number {
  return Math.min(Math.max(retryAfterSeconds, 1), quotaSeconds.most) * 1000
}

/** A quota that is used up is no outage: the provider answers, and will serve again by itself. */
function isProviderFault({ status, code, details }: PhoneCheckError): boolean {
  return status === 503 && code !== 'store_unavailable' && details.reason !== 'quota_exceeded'
}

/**
 * A provider says why it failed. One that threw something else has a fault of its own, of which its
 * operator would never hear.
 */
function isDefect(error: unknown): boolean {
  if (!(error instanceof PhoneCheckError)) return true
  return error.code === 'provider_unavailable' && error.cause !== undefined && error.details.reason === undefined
}

/** Names the class of the error alone: its text may hold anything. */
function defect({ method, operation }: Circuit, cause: unknown): PhoneCheckEvent {
  const name = cause instanceof Error && /^[A-Za-z]{1,64}$/.test(cause.name) ? cause.name : typeof cause
  const message = `${method}: ${operation} threw ${name} instead of a PhoneCheckError, which is a defect of this method. It counts as an outage.`
  return { type: 'provider_outage', method, operation, kind: 'defect', message }
}
