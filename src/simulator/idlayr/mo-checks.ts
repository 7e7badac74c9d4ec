import { randomUUID } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
import { randomDigits } from '../idenfy/codes.js'
import type { Sms } from '../phones/messages.js'
import { e164 } from '../phones/number.js'
import type { SimulatorClock } from '../state/clock.js'
import type { NumberOverride } from '../state/override.js'
import type { Scheduler } from '../state/scheduler.js'
import { type CheckStatus, endOf, isOpen, type PhoneCheckErrorCode } from './checks.js'

export interface NewMoCheck {
  readonly clientId: string
  /** E.164 with plus. */
  readonly phoneNumber: string
  readonly referenceId: string | null
  readonly callbackUrl: string | null
}

export interface MoCheck extends NewMoCheck {
  readonly id: string
  readonly receiver: string
  readonly body: string
  readonly ttlSeconds: number
  readonly createdAt: number
  updatedAt: number
  status: CheckStatus
  /** Known once COMPLETED. */
  verified: boolean | null
  /** Known once ERROR. */
  errorCode: PhoneCheckErrorCode | null
}

export interface MoCheckSurroundings {
  readonly clock: SimulatorClock
  readonly behaviour: Behaviour
  readonly scheduler: Scheduler
  readonly overrides: ReadonlyMap<string, NumberOverride>
  /** Hears once of each check that is COMPLETED, EXPIRED or ERROR. */
  readonly onEnd: (check: MoCheck) => void
}

// The long one is from Ofcom's range of fictional numbers.
const receivers = { plus: '+447700900123', bare: '447700900123', short: '50505' } as const
const maxChecks = 100_000

/** The state machine of MOChecks: ACCEPTED until their SMS arrives or their time is over. */
export class MoChecks {
  readonly #surroundings: MoCheckSurroundings
  readonly #checks = new Map<string, MoCheck>()
  readonly #openByBody = new Map<string, MoCheck>()

  constructor(surroundings: MoCheckSurroundings) {
    this.#surroundings = surroundings
  }

  create(input: NewMoCheck): MoCheck {
    const { clock, behaviour, scheduler } = this.#surroundings
    const now = clock.now()
    const check: MoCheck = {
      ...input,
      id: randomUUID(),
      receiver: receivers[behaviour.moReceiver],
      body: this.#newBody(),
      ttlSeconds: behaviour.moTtlSeconds,
      createdAt: now,
      updatedAt: now,
      status: 'ACCEPTED',
      verified: null,
      errorCode: null,
    }
    this.#checks.set(check.id, check)
    this.#openByBody.set(check.body, check)
    if (this.#checks.size > maxChecks) this.#dropOldest()
    if (check.callbackUrl !== null) scheduler.at(endOf(check), () => this.#age(check))
    return check
  }

  /** The check with its status brought up to date. */
  find(id: string): MoCheck | undefined {
    const check = this.#checks.get(id)
    if (check !== undefined) this.#age(check)
    return check
  }

  all(): MoCheck[] {
    const checks = [...this.#checks.values()]
    for (const check of checks) this.#age(check)
    return checks
  }

  /** Whether the SMS has reached the vendor; what it brought about is told to the app only. */
  receive(sms: Sms): boolean {
    if (!Object.values(receivers).some((receiver) => isSame(receiver, sms.to))) return false
    const check = this.#openByBody.get(sms.body)
    if (check !== undefined) this.#age(check)
    if (check !== undefined && isOpen(check) && isSame(check.receiver, sms.to))
      this.#judge(check, isSame(check.phoneNumber, sms.from))
    else if (this.#surroundings.behaviour.moWrongBody === 'complete') this.#failNewest(sms)
    return true
  }

  #judge(check: MoCheck, rightSender: boolean): void {
    const { behaviour, overrides } = this.#surroundings
    const override = overrides.get(check.phoneNumber)?.moCheck
    const verified = override?.verified ?? rightSender
    if (override?.errorCode !== undefined) {
      check.errorCode = override.errorCode
      this.#end(check, 'ERROR')
    } else if (verified || behaviour.moWrongSender === 'complete') {
      check.verified = verified
      this.#end(check, 'COMPLETED')
    }
  }

  #failNewest({ from, to }: Sms): void {
    const newest = this.all().findLast(
      (check) => isOpen(check) && isSame(check.receiver, to) && isSame(check.phoneNumber, from),
    )
    if (newest === undefined) return
    newest.verified = false
    this.#end(newest, 'COMPLETED')
  }

  #age(check: MoCheck): void {
    if (isOpen(check) && this.#surroundings.clock.now() >= endOf(check)) this.#end(check, 'EXPIRED', endOf(check))
  }

  #end(check: MoCheck, status: CheckStatus, at = this.#surroundings.clock.now()): void {
    this.#openByBody.delete(check.body)
    check.status = status
    check.updatedAt = at
    this.#surroundings.onEnd(check)
  }

  // An SMS finds its check by its body, so no two open checks have the same.
  #newBody(): string {
    for (;;) {
      const code = randomDigits(6)
      const body =
        this.#surroundings.behaviour.moBody === 'otp'
          ? code
          : `Log in to "Käse & Co"? #${code}: 100% me + it's ok; a=b/c`
      if (!this.#openByBody.has(body)) return body
    }
  }

  #dropOldest(): void {
    const oldest = this.#checks.values().next().value
    if (oldest === undefined) return
    this.#openByBody.delete(oldest.body)
    this.#checks.delete(oldest.id)
  }
}

/** Numbers with or without their plus; a short code is only itself. */
function isSame(one: string, other: string): boolean {
  return (e164(one) ?? one) === (e164(other) ?? other)
}
