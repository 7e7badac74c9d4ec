import type { LimitOptions } from 'passport-phonecheck'

/** For tests of something else that come from one address, to many numbers, on one day. */
export const endless: LimitOptions = {
  startsPerAddress: Number.POSITIVE_INFINITY,
  sendsPerAddress: Number.POSITIVE_INFINITY,
  failedVerifiesPerAddress: Number.POSITIVE_INFINITY,
  sendsPerBlock: Number.POSITIVE_INFINITY,
  sendsPerDay: Number.POSITIVE_INFINITY,
  sendsPerCountryPerDay: Number.POSITIVE_INFINITY,
  checksPerDay: Number.POSITIVE_INFINITY,
  checksPerNumber: Number.POSITIVE_INFINITY,
}
