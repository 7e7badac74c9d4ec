import type { Assurance } from '../contracts/identity.js'
import { guessesInAYear } from '../limits/login-limits.js'
import { limits } from '../limits/numbers.js'
import { type LoginContext, resendAfter } from './context.js'

/** What a strategy has in force. */
export interface LoginDescription {
  /** In the order in which they are tried. */
  ladder: RungDescription[]
  limits: {
    triesPerCode: number
    triesPerLogin: number
    resendsPerLogin: number
    /** In ten minutes, by devices that never logged in with the number. */
    sendsPerNumber: number
    wrongCodesPerNumber: number
  }
  /** Absent where no rung has codes that can be guessed. */
  guessing?: GuessBound
}

export interface RungDescription {
  method: string
  vendor: string
  assurance: Assurance
  sends: boolean
  ttlSeconds: number
  dwellSeconds: number
  /** Before the first resend; absent where nothing is sent. */
  resendAfterSeconds?: number
  /** Digits of a code; absent where there is none, or its length is not known. */
  codeLength?: number
}

/** What somebody gains who never stops guessing the codes of one number. */
export interface GuessBound {
  /** The rung with the shortest codes; one whose length is not known is taken for four digits. */
  method: string
  /** By devices that never logged in with it, and by known devices together. */
  guessesPerYear: { strangers: number; knownDevices: number }
  /** That one of the strangers' guesses is right: guesses divided by the number of codes. */
  chancePerYear: number
  /** Whether a number can take more than the 100 wrong codes in a row of NIST SP 800-63B section 3.2.2. */
  worseThanNist: boolean
}

/** Says what is in force. Nothing of it is secret. */
export function describeLogin(login: LoginContext): LoginDescription {
  const { ladder, limits: own } = login
  const rungs = ladder.rungs.map((rung) => {
    const resendAfterSeconds = resendAfter(login, rung, {})
    return {
      method: rung.name,
      vendor: rung.vendor,
      assurance: rung.assurance,
      sends: rung.sends === true,
      ttlSeconds: rung.ttlSeconds,
      dwellSeconds: rung.dwellSeconds,
      ...(resendAfterSeconds !== undefined && { resendAfterSeconds }),
      ...(rung.codeLength !== undefined && { codeLength: rung.codeLength }),
    }
  })
  const guessing = guessBound(login)
  return {
    ladder: rungs,
    limits: {
      triesPerCode: own.triesPerCode,
      triesPerLogin: own.triesPerFlow,
      resendsPerLogin: own.resendsPerFlow,
      sendsPerNumber: own.sendsPerNumber,
      wrongCodesPerNumber: own.wrongCodesPerNumber,
    },
    ...(guessing && { guessing }),
  }
}

function guessBound({ ladder, limits: { wrongCodesPerNumber } }: LoginContext): GuessBound | undefined {
  const lengthOf = ({ codeLength = 4 }: { codeLength?: number }) => codeLength
  const [weakest] = ladder.rungs
    .filter(({ guessable }) => guessable)
    .toSorted((one, other) => lengthOf(one) - lengthOf(other))
  if (!weakest) return undefined
  const strangers = guessesInAYear(wrongCodesPerNumber)
  return {
    method: weakest.name,
    guessesPerYear: { strangers, knownDevices: 2 * strangers },
    chancePerYear: Math.min(1, strangers / 10 ** lengthOf(weakest)),
    worseThanNist: wrongCodesPerNumber > limits.nistFailedAttempts,
  }
}
