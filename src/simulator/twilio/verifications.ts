import { randomBytes } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
import { randomDigits } from '../idenfy/codes.js'
import type { InboxItem } from '../phones/phone-record.js'
import type { SimulatorClock } from '../state/clock.js'

export const twilioChannels = ['sms', 'call', 'whatsapp'] as const
export type TwilioChannel = (typeof twilioChannels)[number]

export interface NewMessage {
  readonly service: string
  readonly account: string
  /** E.164 with plus. */
  readonly to: string
  readonly channel: TwilioChannel
  readonly appHash: string | undefined
}

/** One number's Verification at one service. */
export interface TwilioVerification {
  readonly sid: string
  readonly service: string
  readonly account: string
  readonly to: string
  readonly code: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly attempts: { readonly sid: string; readonly channel: TwilioChannel | 'sna'; readonly at: number }[]
  channel: TwilioChannel | 'sna'
  updatedAt: number
  checks: number
  status: 'pending' | 'approved' | 'canceled' | 'max_attempts_reached'
}

interface Surroundings {
  readonly clock: SimulatorClock
  readonly behaviour: Behaviour
  /** Draws the digits of a code. Default: random ones. */
  readonly codes: (() => string) | undefined
  /** Carries a message or call to whichever phone holds the SIM of that number. */
  readonly carry: (number: string, item: InboxItem) => void
}

const maxSends = 5
const maxChecks = 5
const maxKept = 100_000
// From Ofcom's range of fictional numbers.
const senders: Record<TwilioChannel, string> = { sms: 'VERIFY', call: '+442079460124', whatsapp: 'WhatsApp' }

/** One Verification for each number and service: whoever asks while it lives gets the same one, with the same code. */
export class TwilioVerifications {
  readonly #surroundings: Surroundings
  readonly #bySid = new Map<string, TwilioVerification>()
  readonly #byNumber = new Map<string, TwilioVerification>()

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  /** Sends the code; undefined when five messages went out already. */
  send({ service, account, to, channel, appHash }: NewMessage): TwilioVerification | undefined {
    const verification = this.ofNumber(service, to) ?? this.#create(service, account, to, channel)
    if (verification.attempts.length >= maxSends) return undefined
    const at = this.#surroundings.clock.now()
    verification.attempts.push({ sid: sid('VL'), channel, at })
    verification.channel = channel
    verification.updatedAt = at
    const text = `Your verification code is: ${verification.code}`
    this.#surroundings.carry(to, {
      kind: channel,
      from: senders[channel],
      text: appHash === undefined ? text : `<#> ${text} ${appHash}`,
      at,
    })
    return verification
  }

  /** Begins an attempt by the network, without a message; undefined as with {@link send}. */
  openNetwork({
    service,
    account,
    to,
  }: Pick<NewMessage, 'service' | 'account' | 'to'>): TwilioVerification | undefined {
    const verification = this.ofNumber(service, to) ?? this.#create(service, account, to, 'sna')
    if (verification.attempts.length >= maxSends) return undefined
    const at = this.#surroundings.clock.now()
    verification.attempts.push({ sid: sid('VL'), channel: 'sna', at })
    verification.channel = 'sna'
    verification.updatedAt = at
    return verification
  }

  /** The one that waits for its code. */
  ofNumber(service: string, to: string): TwilioVerification | undefined {
    const verification = this.#byNumber.get(`${service} ${to}`)
    return verification && this.#isAlive(verification) ? verification : undefined
  }

  /** The same by its SID; with one whose checks are used up, until its time is over. */
  find(service: string, wanted: string): TwilioVerification | undefined {
    const verification = this.#bySid.get(wanted)
    if (verification?.service !== service) return undefined
    const isSpent = verification.status === 'max_attempts_reached' && this.#hasTime(verification)
    return isSpent || this.#isAlive(verification) ? verification : undefined
  }

  /** Compares a code, which ends the Verification if it is right. */
  check(verification: TwilioVerification, code: string): 'pending' | 'approved' {
    verification.checks += 1
    if (code !== verification.code) {
      if (verification.checks >= maxChecks) this.end(verification, 'max_attempts_reached')
      return 'pending'
    }
    this.end(verification, 'approved')
    return 'approved'
  }

  end(verification: TwilioVerification, status: Exclude<TwilioVerification['status'], 'pending'>): void {
    verification.status = status
    verification.updatedAt = this.#surroundings.clock.now()
  }

  #isAlive(verification: TwilioVerification): boolean {
    return verification.status === 'pending' && this.#hasTime(verification)
  }

  #hasTime({ createdAt }: TwilioVerification): boolean {
    const { clock, behaviour } = this.#surroundings
    return clock.now() < createdAt + behaviour.twilioTtlSeconds * 1000
  }

  #create(service: string, account: string, to: string, channel: TwilioChannel | 'sna'): TwilioVerification {
    const { clock, behaviour, codes } = this.#surroundings
    const code = codes?.() ?? randomDigits(behaviour.twilioCodeLength)
    if (!/^\d{4,10}$/.test(code)) throw new TypeError('twilioCodes() must return 4 to 10 digits')
    const now = clock.now()
    const verification: TwilioVerification = {
      sid: sid('VE'),
      service,
      account,
      to,
      code,
      createdAt: now,
      attempts: [],
      channel,
      updatedAt: now,
      checks: 0,
      status: 'pending',
    }
    this.#bySid.set(verification.sid, verification)
    this.#byNumber.set(`${service} ${to}`, verification)
    const oldest = this.#bySid.size > maxKept ? this.#bySid.values().next().value : undefined
    if (oldest) this.#bySid.delete(oldest.sid)
    return verification
  }
}

function sid(kind: string): string {
  return kind + randomBytes(16).toString('hex')
}
