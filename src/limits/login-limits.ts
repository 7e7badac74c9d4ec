import type { LimitOptions } from '../contracts/limits.js'
import { isWholeNumber, optionError } from '../lib/options.js'
import { limits } from './numbers.js'

/** The limits of one login that an application may set, as they are in force. */
export interface LoginLimits {
  triesPerCode: number
  triesPerFlow: number
  resendsPerFlow: number
  /** The least that any rung waits before its first resend. Seconds. */
  resendAfterSeconds: number
  sendsPerNumber: number
  wrongCodesPerNumber: number
}

/**
 * Least, safe, most. What lies above `safe` needs `acceptRisk: true`. NIST SP 800-63B section 3.2.2
 * (rate limiting) allows 100 consecutive failed attempts on one account.
 */
const ranges = {
  triesPerCode: [1, 5, 10],
  resendsPerFlow: [0, 5, 10],
  resendAfterSeconds: [10, 600, 600],
  sendsPerNumber: [1, 10, 100],
  wrongCodesPerNumber: [1, limits.nistFailedAttempts, 1_000],
} as const satisfies Partial<Record<keyof LimitOptions, readonly [least: number, safe: number, most: number]>>

/** Names of the limits that have a range. */
export const rangedLimits = Object.keys(ranges) as (keyof typeof ranges)[]

/** @throws TypeError that names the limit, its range, and what lies outside of it */
export function checkRanges(owner: string, options: LimitOptions): void {
  const { acceptRisk = false } = options
  if (typeof acceptRisk !== 'boolean') throw optionError(owner, 'limits.acceptRisk', 'must be true or false')
  for (const name of rangedLimits) {
    const fault = faultOf(name, options[name], acceptRisk)
    if (fault !== undefined) throw optionError(owner, `limits.${name}`, fault)
  }
}

function faultOf(name: keyof typeof ranges, value: number | undefined, acceptRisk: boolean): string | undefined {
  const [least, safe, most] = ranges[name]
  if (value === undefined || isWholeNumber(least, acceptRisk ? most : safe)(value)) return undefined
  if (acceptRisk || !isWholeNumber(least, most)(value))
    return `must be a whole number from ${least} to ${acceptRisk ? most : safe}`
  return `must be a whole number from ${least} to ${safe}; more, up to ${most}, needs limits.acceptRisk: true, as guesses or costs then exceed what is called safe`
}

export function loginLimits(options: LimitOptions = {}): LoginLimits {
  const { triesPerCode = limits.triesPerCode } = options
  return {
    triesPerCode,
    triesPerFlow: Math.max(limits.triesPerFlow, triesPerCode),
    resendsPerFlow: options.resendsPerFlow ?? limits.resendsPerFlow,
    resendAfterSeconds: options.resendAfterSeconds ?? 0,
    sendsPerNumber: options.sendsPerNumber ?? limits.sendsPerNumber.limit,
    wrongCodesPerNumber: options.wrongCodesPerNumber ?? limits.guesses.limit,
  }
}

/**
 * How many codes can be guessed for one number in a year by whoever fills each lock as soon as it
 * opens: it is closed for a day, then for twice as long each time, up to thirty days.
 */
export function guessesInAYear(perLock: number): number {
  const { windowSeconds, maxWindowSeconds } = limits.guesses
  const yearSeconds = 365 * windowSeconds
  let guesses = 0
  for (let at = 0, closed: number = windowSeconds; at < yearSeconds; closed = Math.min(closed * 2, maxWindowSeconds)) {
    guesses += perLock
    at += closed
  }
  return guesses
}
