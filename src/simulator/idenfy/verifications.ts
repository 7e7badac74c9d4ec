import { randomBytes } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
import type { InboxItem } from '../phones/phone-record.js'
import type { SimulatorClock } from '../state/clock.js'
import type { Scheduler } from '../state/scheduler.js'

export interface NewVerification {
  readonly apiKey: string
  /** E.164 with plus. */
  readonly phoneNumber: string
  readonly senderName: string
}

interface Verification extends NewVerification {
  readonly id: string
  readonly sentAt: number
  readonly calls: boolean
  /** Of the SMS and the first call. */
  readonly firstCode: string
  /** Of the second call. */
  readonly secondCode: string
  state: 'open' | 'verified' | 'closed'
  wrongTries: number
}

export interface VerificationSurroundings {
  readonly clock: SimulatorClock
  readonly behaviour: Behaviour
  readonly scheduler: Scheduler
  /** Draws four digits. */
  readonly codes: () => string
  /** Carries an SMS or a call to whichever phone holds the SIM of that number. */
  readonly carry: (number: string, item: InboxItem) => void
}

const firstCallMs = 120_000
const secondCallMs = 300_000
const overMs = 600_000
// From Ofcom's range of fictional numbers.
const caller = '+442079460123'
const maxVerifications = 100_000

/** iDenfy's requests: an SMS, a call with the same code, a call with a new one, the end. */
export class Verifications {
  readonly #surroundings: VerificationSurroundings
  readonly #verifications = new Map<string, Verification>()
  readonly #latest = new Map<string, Verification>()

  constructor(surroundings: VerificationSurroundings) {
    this.#surroundings = surroundings
  }

  /** The request id; undefined when the last request for this number is open and stays so. */
  send(input: NewVerification): string | undefined {
    const { clock, behaviour, codes } = this.#surroundings
    const earlier = this.#latest.get(input.phoneNumber)
    if (earlier !== undefined && this.#isOpen(earlier)) {
      if (behaviour.idenfySecondSend === 'refuse') return undefined
      earlier.state = 'closed'
    }
    const firstCode = codes()
    const second = codes()
    const verification: Verification = {
      ...input,
      id: randomBytes(16).toString('hex'),
      sentAt: clock.now(),
      calls: behaviour.idenfyCalls,
      firstCode,
      // So that a new code is a new one, unless the drawer knows no other.
      secondCode: second === firstCode ? codes() : second,
      state: 'open',
      wrongTries: 0,
    }
    this.#keep(verification)
    this.#contact(verification)
    return verification.id
  }

  /** Whether that was the code; undefined when there is no such request or its time is over. */
  verify(apiKey: string, id: string, code: string): boolean | undefined {
    const verification = this.#verifications.get(id)
    if (verification?.apiKey !== apiKey) return undefined
    if (verification.state !== 'open') return false
    if (!this.#isOpen(verification)) return undefined
    if (code === this.#codeOf(verification)) {
      verification.state = 'verified'
      return true
    }
    verification.wrongTries += 1
    if (verification.wrongTries >= this.#surroundings.behaviour.idenfyMaxWrongTries) verification.state = 'closed'
    return false
  }

  #isOpen({ state, sentAt, calls }: Verification): boolean {
    return state === 'open' && this.#surroundings.clock.now() < sentAt + (calls ? overMs : secondCallMs)
  }

  #codeOf({ sentAt, firstCode, secondCode }: Verification): string {
    return this.#surroundings.clock.now() < sentAt + secondCallMs ? firstCode : secondCode
  }

  #contact(verification: Verification): void {
    const { scheduler, carry } = this.#surroundings
    const { phoneNumber, senderName, sentAt, calls, firstCode, secondCode } = verification
    carry(phoneNumber, {
      kind: 'sms',
      from: senderName,
      text: `${senderName} code: ${firstCode}. Valid for 5 minutes.`,
      at: sentAt,
    })
    if (!calls) return
    const call = (at: number, code: string) =>
      scheduler.at(at, () => {
        if (verification.state === 'open')
          carry(phoneNumber, { kind: 'call', from: caller, text: `Your ${senderName} code is ${code}.`, at })
      })
    call(sentAt + firstCallMs, firstCode)
    call(sentAt + secondCallMs, secondCode)
  }

  #keep(verification: Verification): void {
    this.#verifications.set(verification.id, verification)
    this.#latest.set(verification.phoneNumber, verification)
    const oldest = this.#verifications.size > maxVerifications ? this.#verifications.values().next().value : undefined
    if (oldest === undefined) return
    this.#verifications.delete(oldest.id)
    if (this.#latest.get(oldest.phoneNumber) === oldest) this.#latest.delete(oldest.phoneNumber)
  }
}
