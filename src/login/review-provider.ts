import { randomUUID, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../contracts/clock.js'
import type { Provider } from '../contracts/provider.js'
import { wallTime } from '../lib/clock.js'
import { fingerprint } from '../lib/crypto.js'
import { knownOptions } from '../lib/options.js'
import { parsePhoneNumber } from '../lib/phone-number.js'

/** A number with a fixed code, for the people who review an app before it may be in a store and have no SIM of ours. */
export interface ReviewNumber {
  /** E.164. */
  phoneNumber: string
  /** 4 to 10 digits. */
  code: string
  /** When it stops working: at most 90 days ahead. */
  until: Date | string
}

const maxDays = 90
const codeGrammar = /^[0-9]{4,10}$/

/**
 * A rung that calls nobody and knows its codes from configuration. Everything else holds for it:
 * binding, tries, locks, events.
 * @throws TypeError that names the number's field
 */
export class ReviewNumbers {
  readonly #codes = new Map<string, { code: string; untilMs: number }>()
  readonly #clock: Clock

  constructor(numbers: readonly ReviewNumber[], clock: Clock) {
    this.#clock = clock
    for (const number of numbers) {
      knownOptions('reviewNumbers', number, ['phoneNumber', 'code', 'until'])
      const { phoneNumber, code, until } = number
      const untilMs = new Date(until).getTime()
      if (!codeGrammar.test(code)) throw new TypeError('reviewNumbers: code must be a string of 4 to 10 digits')
      if (!(untilMs <= wallTime(clock) + maxDays * 86_400_000)) {
        throw new TypeError(
          `reviewNumbers: until must be a date at most ${maxDays} days ahead; a code that never ends is a password for everybody`,
        )
      }
      this.#codes.set(canonical(phoneNumber), { code, untilMs })
    }
  }

  /** The rung for this number, if it is one of them today. */
  rungFor(e164: string): Provider | undefined {
    const entry = this.#codes.get(e164)
    if (!entry || wallTime(this.#clock) >= entry.untilMs) return undefined
    return reviewRung(entry.code)
  }
}

function reviewRung(code: string): Provider {
  return {
    name: 'review',
    vendor: 'review',
    assurance: 'low',
    ttlSeconds: 300,
    dwellSeconds: 60,
    sends: false,
    guessable: true,
    codeGrammar,
    start: async () => ({
      challenge: { type: 'enter_code', length: code.length, resend_in: 300 },
      check: { id: randomUUID() },
      expiresInSeconds: 300,
    }),
    redeem: async (_check, given) => ({
      outcome: timingSafeEqual(Buffer.from(fingerprint(given)), Buffer.from(fingerprint(code)))
        ? 'verified'
        : 'invalid_code',
    }),
  }
}

function canonical(phoneNumber: string): string {
  try {
    return parsePhoneNumber(phoneNumber, {}).e164
  } catch {
    throw new TypeError('reviewNumbers: phoneNumber must be a valid mobile number in E.164 form, such as +12025550100')
  }
}
