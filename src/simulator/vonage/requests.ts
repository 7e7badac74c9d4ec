import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
import type { InboxItem } from '../phones/phone-record.js'
import type { SimulatorClock } from '../state/clock.js'
import type { Scheduler } from '../state/scheduler.js'
import type { VonageErrorName } from './error.js'

export interface VonageStep {
  readonly channel: 'silent_auth' | 'sms' | 'voice' | 'whatsapp'
  /** E.164 with plus. */
  readonly to: string
  readonly from: string | null
  readonly redirectUrl: string | null
  readonly coverageCheck: boolean
  readonly appHash: string | null
}

export interface NewRequest {
  /** Account or application. */
  readonly caller: string
  readonly brand: string
  readonly clientRef: string | null
  readonly timeoutSeconds: number
  readonly codeLength: number
  readonly workflow: readonly VonageStep[]
}

export interface VonageRequest extends NewRequest {
  readonly id: string
  readonly startedAt: number
  status: 'open' | 'completed' | 'failed' | 'expired' | 'cancelled'
  /** Index of the step at work. */
  at: number
  stepSince: number
  /** Of the step at work; undefined until a device has brought one. */
  code: string | undefined
  wrongTries: number
}

export interface RequestSurroundings {
  readonly clock: SimulatorClock
  readonly behaviour: Behaviour
  readonly scheduler: Scheduler
  /** Carries a message or a call to whichever phone holds the SIM of that number. */
  readonly carry: (number: string, item: InboxItem) => void
}

const maxRequests = 100_000
const cancelAfterMs = 30_000
const caller = '+442079460123'

/** Vonage's requests: one alive for each number, each a workflow of steps. */
export class VonageRequests {
  readonly #surroundings: RequestSurroundings
  readonly #requests = new Map<string, VonageRequest>()
  readonly #latest = new Map<string, VonageRequest>()

  constructor(surroundings: RequestSurroundings) {
    this.#surroundings = surroundings
  }

  /** undefined while another request for one of the numbers is alive. */
  create(input: NewRequest): VonageRequest | undefined {
    const numbers = input.workflow.map(({ to }) => to)
    if (numbers.some((number) => this.#latest.get(number)?.status === 'open')) return undefined
    const now = this.#surroundings.clock.now()
    const request: VonageRequest = {
      ...input,
      id: randomUUID(),
      startedAt: now,
      status: 'open',
      at: 0,
      stepSince: now,
      code: undefined,
      wrongTries: 0,
    }
    this.#requests.set(request.id, request)
    for (const number of numbers) this.#latest.set(number, request)
    const oldest = this.#requests.size > maxRequests ? this.#requests.values().next().value : undefined
    if (oldest !== undefined) this.#requests.delete(oldest.id)
    this.#begin(request)
    return request
  }

  find(id: string): VonageRequest | undefined {
    return this.#requests.get(id)
  }

  /** The device has walked the chain. */
  giveCode(request: VonageRequest): string {
    request.code = randomBytes(3).toString('hex')
    return request.code
  }

  /** The step at work can win no more: the next one begins, or the request is over. */
  fail(request: VonageRequest, status: 'failed' | 'expired' = 'failed'): void {
    if (request.at + 1 >= request.workflow.length) request.status = status
    else this.next(request)
  }

  next(request: VonageRequest): boolean {
    if (request.at + 1 >= request.workflow.length) return false
    request.at += 1
    request.stepSince = this.#surroundings.clock.now()
    request.code = undefined
    request.wrongTries = 0
    this.#begin(request)
    return true
  }

  /** The name of the error, or undefined when that was the code. */
  check(request: VonageRequest, code: string): VonageErrorName | undefined {
    if (request.status !== 'open') return this.#spent(request)
    if (request.code === undefined) return 'no-code'
    if (request.code === code) {
      request.status = 'completed'
      return undefined
    }
    request.wrongTries += 1
    const isSilent = request.workflow[request.at]?.channel === 'silent_auth'
    if (request.wrongTries < (isSilent ? 1 : 3)) return 'invalid-code'
    if (isSilent) this.fail(request)
    else request.status = 'failed'
    return isSilent ? 'invalid-code' : 'expired'
  }

  /** Whether it was cancelled: from 30 seconds on, and before the second step. */
  cancel(request: VonageRequest): boolean {
    const isTime = this.#surroundings.clock.now() >= request.startedAt + cancelAfterMs
    if (request.status !== 'open' || !isTime || request.at > 0) return false
    request.status = 'cancelled'
    return true
  }

  #spent({ status, wrongTries }: VonageRequest): VonageErrorName {
    return status === 'failed' && wrongTries > 0 && this.#surroundings.behaviour.vonageSpentCode === 410
      ? 'expired'
      : 'request-not-found'
  }

  #begin(request: VonageRequest): void {
    const { clock, scheduler, carry } = this.#surroundings
    const step = request.workflow[request.at]
    if (step === undefined) return
    const { at } = request
    scheduler.at(clock.now() + request.timeoutSeconds * 1000, () => {
      if (request.status === 'open' && request.at === at) this.fail(request, 'expired')
    })
    // The number decides: 99 fails, another odd digit is the user's no, an even one goes on.
    if (isPlayground(step.to) && Number(step.to.at(-1)) % 2 === 1) {
      this.fail(request)
      return
    }
    if (step.channel === 'silent_auth') return
    request.code = String(randomInt(10 ** request.codeLength)).padStart(request.codeLength, '0')
    carry(step.to, message(request, step, request.code, clock.now()))
  }
}

/** Numbers of the vendor's test country, for applications that it calls playgrounds. */
export function isPlayground(number: string): boolean {
  return number.startsWith('+990')
}

function message(
  { brand }: VonageRequest,
  { channel, from, appHash }: VonageStep,
  code: string,
  at: number,
): InboxItem {
  if (channel === 'voice') return { kind: 'call', from: caller, text: `Your ${brand} code is ${code}.`, at }
  const text = `${code} is your ${brand} code.${appHash === null ? '' : `\n${appHash}`}`
  return { kind: 'sms', from: channel === 'whatsapp' ? `WhatsApp ${from}` : (from ?? brand), text, at }
}
