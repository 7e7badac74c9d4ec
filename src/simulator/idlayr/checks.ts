import { randomBytes, randomUUID } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
import type { Device } from '../phones/phones.js'
import type { SimulatorClock } from '../state/clock.js'
import type { Scheduler } from '../state/scheduler.js'

export type CheckStatus = 'ACCEPTED' | 'PENDING' | 'COMPLETED' | 'EXPIRED' | 'ERROR'

/** Error codes of the vendor's check resource. */
export type PhoneCheckErrorCode =
  | 'not_mobile_ip'
  | 'mno_not_supported'
  | 'mno_redirect_unsupported'
  | 'mno_timeout'
  | 'mno_user_not_found'
  | 'mno_response_error'
  | 'mno_server_error'
  | 'mno_no_data_available'
  | 'ip_mismatch'
  | 'ip_msisdn_mismatch'

/** What the chain found out; the device never learns a match. */
export type Verdict = { readonly match: boolean } | { readonly errorCode: PhoneCheckErrorCode }

export interface NewCheck {
  readonly clientId: string
  /** E.164 with plus. */
  readonly phoneNumber: string
  readonly referenceId: string | null
  readonly redirectUrl: string | null
  readonly callbackUrl: string | null
  readonly phoneIp: string | null
}

/** One passage of a device through the operator. */
export interface Run {
  readonly session: string
  readonly check: Check
  readonly cookie: string
  /** Whom the operator saw at its first hop; undefined until then. */
  device: Device | undefined
}

export interface Check extends NewCheck {
  readonly id: string
  readonly ttlSeconds: number
  readonly createdAt: number
  updatedAt: number
  status: CheckStatus
  opens: number
  run: Run | undefined
  code: string | undefined
  verdict: Verdict | undefined
}

const maxChecks = 100_000

/** The state machine of checks: ACCEPTED -> PENDING -> COMPLETED, EXPIRED or ERROR. */
export class Checks {
  readonly #clock: SimulatorClock
  readonly #behaviour: Behaviour
  readonly #scheduler: Scheduler
  readonly #onEnd: (check: Check) => void
  readonly #checks = new Map<string, Check>()
  readonly #runs = new Map<string, Run>()

  /** @param onEnd hears once of each check that is COMPLETED, EXPIRED or ERROR. */
  constructor(clock: SimulatorClock, behaviour: Behaviour, scheduler: Scheduler, onEnd: (check: Check) => void) {
    this.#clock = clock
    this.#behaviour = behaviour
    this.#scheduler = scheduler
    this.#onEnd = onEnd
  }

  create(input: NewCheck): Check {
    const now = this.#clock.now()
    const check: Check = {
      ...input,
      id: randomUUID(),
      ttlSeconds: this.#behaviour.ttlSeconds,
      createdAt: now,
      updatedAt: now,
      status: 'ACCEPTED',
      opens: 0,
      run: undefined,
      code: undefined,
      verdict: undefined,
    }
    this.#checks.set(check.id, check)
    if (this.#checks.size > maxChecks) this.#dropOldest()
    // Otherwise nobody is told, and it is early enough to notice when somebody looks.
    if (check.callbackUrl !== null) this.#scheduler.at(endOf(check), () => this.#age(check))
    return check
  }

  /** The check with its status brought up to date. */
  find(id: string): Check | undefined {
    const check = this.#checks.get(id)
    if (check !== undefined) this.#age(check)
    return check
  }

  all(): Check[] {
    const checks = [...this.#checks.values()]
    for (const check of checks) this.#age(check)
    return checks
  }

  /** The device has opened the check URL and is sent to the operator. An earlier run, and its code, is dead. */
  open(check: Check): Run {
    this.#endRun(check)
    const run: Run = { session: secret(), check, cookie: secret(), device: undefined }
    this.#runs.set(run.session, run)
    check.run = run
    check.code = undefined
    check.verdict = undefined
    this.#become(check, 'PENDING')
    return run
  }

  /** A run that is on its way; its check is neither finished nor too old. */
  run(session: string): Run | undefined {
    const run = this.#runs.get(session)
    return run !== undefined && this.find(run.check.id)?.status === 'PENDING' ? run : undefined
  }

  /** The operator has answered: the device gets a code, whatever the verdict. */
  giveCode(check: Check, verdict: Verdict): string {
    this.#endRun(check)
    const code = secret().slice(0, 12)
    check.code = code
    check.verdict = verdict
    check.updatedAt = this.#clock.now()
    return code
  }

  /** The chain has failed and the device is told so. */
  fail(check: Check, errorCode: PhoneCheckErrorCode): void {
    this.#endRun(check)
    check.verdict = { errorCode }
    this.#become(check, 'ERROR')
  }

  /** The server has exchanged the code. */
  complete(check: Check, verdict: Verdict): void {
    this.#become(check, 'match' in verdict ? 'COMPLETED' : 'ERROR')
  }

  #become(check: Check, status: CheckStatus): void {
    check.status = status
    check.updatedAt = this.#clock.now()
    if (!isOpen(check)) this.#onEnd(check)
  }

  #age(check: Check): void {
    if (!isOpen(check) || this.#clock.now() < endOf(check)) return
    this.#endRun(check)
    check.status = 'EXPIRED'
    check.updatedAt = endOf(check)
    this.#onEnd(check)
  }

  #endRun(check: Check): void {
    if (check.run !== undefined) this.#runs.delete(check.run.session)
    check.run = undefined
  }

  #dropOldest(): void {
    const oldest = this.#checks.values().next().value
    if (oldest === undefined) return
    this.#endRun(oldest)
    this.#checks.delete(oldest.id)
  }
}

export function isOpen({ status }: { readonly status: CheckStatus }): boolean {
  return status === 'ACCEPTED' || status === 'PENDING'
}

export function endOf(check: { readonly createdAt: number; readonly ttlSeconds: number }): number {
  return check.createdAt + check.ttlSeconds * 1000
}

// Hex only, because SDKs rewrite some characters of a Location.
function secret(): string {
  return randomBytes(16).toString('hex')
}
