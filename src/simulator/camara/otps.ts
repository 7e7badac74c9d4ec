import { randomUUID } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
import { randomDigits } from '../idenfy/codes.js'
import type { InboxItem } from '../phones/phone-record.js'
import type { SimulatorClock } from '../state/clock.js'

interface Otp {
  readonly phoneNumber: string
  readonly code: string
  readonly sentAt: number
  wrong: number
  over: boolean
}

export interface OtpSurroundings {
  readonly clock: SimulatorClock
  readonly behaviour: Behaviour
  /** Carries an SMS to whichever phone holds the SIM of that number. */
  readonly carry: (number: string, item: InboxItem) => void
}

const maxOtps = 100_000

/** The operator's codes: six digits, in a text of the application's. */
export class Otps {
  readonly #surroundings: OtpSurroundings
  readonly #otps = new Map<string, Otp>()

  constructor(surroundings: OtpSurroundings) {
    this.#surroundings = surroundings
  }

  /** The authenticationId; undefined when this number had as many codes as the operator sends in their lifetime. */
  send(phoneNumber: string, message: string): string | undefined {
    const { clock, behaviour, carry } = this.#surroundings
    const open = [...this.#otps.values()].filter((otp) => otp.phoneNumber === phoneNumber && !this.#isStale(otp))
    if (open.length >= behaviour.camaraOtpSends) return undefined
    const [id, code, at] = [randomUUID(), randomDigits(6), clock.now()]
    this.#otps.set(id, { phoneNumber, code, sentAt: at, wrong: 0, over: false })
    const oldest = this.#otps.size > maxOtps ? this.#otps.keys().next().value : undefined
    if (oldest !== undefined) this.#otps.delete(oldest)
    carry(phoneNumber, { kind: 'sms', from: 'Operator', text: message.replaceAll('{{code}}', code), at })
    return id
  }

  validate(
    id: string,
    code: string,
  ): 'VALID' | 'NOT_FOUND' | 'INVALID_OTP' | 'VERIFICATION_EXPIRED' | 'VERIFICATION_FAILED' {
    const otp = this.#otps.get(id)
    if (!otp) return 'NOT_FOUND'
    if (otp.over || this.#isStale(otp)) return 'VERIFICATION_EXPIRED'
    if (otp.wrong >= this.#surroundings.behaviour.camaraOtpTries) return 'VERIFICATION_FAILED'
    otp.over = code === otp.code
    if (otp.over) return 'VALID'
    otp.wrong += 1
    return 'INVALID_OTP'
  }

  #isStale({ sentAt }: Otp): boolean {
    const { clock, behaviour } = this.#surroundings
    return clock.now() >= sentAt + behaviour.camaraOtpSeconds * 1000
  }
}
