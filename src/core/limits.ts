const minute = 60
const day = 24 * 60 * minute

/** The numbers that bound a login. One place, so that the documentation can be computed from what the code enforces. */
export const limits = {
  /** A flow with all its rungs, from start to redeem. NIST SP 800-63B and ASVS 6.5.5 cap an out-of-band request at ten minutes. */
  flowTtlSeconds: 600,
  /** How long one request may hold a flow before another may take it over. Longer than {@link limits.requestDeadlineMs}. */
  leaseMs: 20_000,
  /** How long a proof waits for a verify callback that failed, or for the redeem after a status said `verified`. */
  provenMs: 60_000,
  /** All provider calls made for one request together. */
  requestDeadlineMs: 12_000,
  /** Verify callbacks are cut off this long before the lease ends, so that the result can still be written. */
  leaseMarginMs: 1_000,
  /** How long the application's `beforeSend` may think. No answer is a no. */
  hookMs: 3_000,

  /** How long `close()` waits for requests that have begun, and `ready()` for the store. */
  drainMs: 10_000,
  pingMs: 500,

  /** A rung that could live less than this is not begun, and no message sent for it. */
  leastRungMs: 30_000,

  triesPerCode: 3,
  triesPerFlow: 5,

  /** The first resend; each later one waits twice as long. The provider's own voice call with the same code comes after 120 s. */
  resendAfterSeconds: 125,
  resendsPerFlow: 2,

  /** How often a provider is asked for a result, however many clients and processes want to know. */
  pollEverySeconds: { first: 3, later: 5, laterAfter: 30 },

  /** Wrong codes in a row for one number, over all flows; then its code rung is locked, for twice as long each time. */
  guesses: { limit: 10, windowSeconds: day, maxWindowSeconds: 30 * day },
  sendsPerNumber: [
    { limit: 3, windowSeconds: 10 * minute },
    { limit: 5, windowSeconds: day },
  ],
  /** Generous, because mobile users share their carrier's addresses by the thousand. */
  perAddress: { starts: 300, sends: 30, failedRedeems: 100, windowSeconds: 10 * minute },
  sendsPerBlockWindowSeconds: 60 * minute,
} as const

/** What an application may set for itself. */
export interface LimitOptions {
  /** Starts from one IPv4 address or IPv6 /64 in ten minutes. Default 300. */
  startsPerAddress?: number
  /** Messages caused from one address in ten minutes. Default 30. */
  sendsPerAddress?: number
  /** Redeems from one address in ten minutes that were not a success. Default 100. */
  failedRedeemsPerAddress?: number
  /** Messages in an hour to numbers that differ only in their last four digits. Default: not limited. */
  sendsPerBlock?: number
}
