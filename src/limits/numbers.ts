const minute = 60
const day = 24 * 60 * minute

/** The numbers that bound a login. One place, so that the documentation can be computed from what the code enforces. */
export const limits = {
  /**
   * A flow with all its rungs, from start to redeem. NIST SP 800-63B and ASVS 6.5.5 cap an
   * out-of-band request at ten minutes.
   */
  flowTtlSeconds: 600,
  /**
   * How long one request may hold a flow before another may take it over. Longer than {@link
   * limits.requestDeadlineMs}.
   */
  leaseMs: 20_000,
  /** How long a proof waits for a verify callback that failed, or for the redeem after a status said `verified`. */
  provenMs: 60_000,
  /** All provider calls made for one request together. */
  requestDeadlineMs: 12_000,
  /** Verify callbacks are cut off this long before the lease ends, so that the result can still be written. */
  leaseMarginMs: 1_000,
  /** How long the application may take to find the user of an access or refresh token. */
  findUserMs: 10_000,
  /** How long the application's `beforeSend` may think. No answer is a no. */
  hookMs: 3_000,

  /** How long a login that is won waits for its device to be written down. */
  deviceMs: 1_000,

  /** How long `close()` waits for requests that have begun, and `ready()` for the store. */
  drainMs: 10_000,
  pingMs: 500,

  /** A rung that could live less than this is not begun, and no message sent for it. */
  leastRungMs: 30_000,

  triesPerCode: 3,
  triesPerFlow: 5,

  /**
   * The first resend; each later one waits twice as long. The provider's own voice call with the
   * same code comes after 120 s.
   */
  resendAfterSeconds: 125,
  resendsPerFlow: 2,

  /** How long a flow pauses whose next check a provider's quota refused: as the provider says, within these bounds. */
  quotaPauseSeconds: { least: 5, most: 60 },

  /** How often a provider is asked for a result, however many clients and processes want to know. */
  pollEverySeconds: { first: 3, later: 5, laterAfter: 30, last: 15, lastAfter: 180 },

  /** Consecutive failed attempts on one account that NIST SP 800-63B section 3.2.2 allows. */
  nistFailedAttempts: 100,
  /** Wrong codes in a row for one number, over all flows; then its code rung is locked, for twice as long each time. */
  guesses: { limit: 10, windowSeconds: day, maxWindowSeconds: 30 * day },
  /**
   * The same for all known devices of a number together, beside the {@link limits.guesses} of each:
   * whoever collects many device values gains no more.
   */
  guessesByDevices: { limit: 20, windowSeconds: day, maxWindowSeconds: 30 * day },
  /**
   * Messages to one number by devices that never logged in with it: three, then none for ten
   * minutes, and twice as long each time, up to an hour. So a stranger holds nobody's messages back
   * for longer than that at a time.
   */
  sendsPerNumber: { limit: 3, windowSeconds: 10 * minute, maxWindowSeconds: 60 * minute },
  /** Messages by one device that logged in with this number before: what strangers do does not count here. */
  sendsPerDevice: [
    { limit: 3, windowSeconds: 10 * minute },
    { limit: 5, windowSeconds: day },
  ],
  /** Silent checks and MOChecks of one number by devices that never logged in with it, and by each device that did. */
  checksPerNumber: { limit: 30, windowSeconds: 10 * minute },
  /** Generous, because mobile users share their carrier's addresses by the thousand. */
  perAddress: { starts: 300, sends: 30, failedVerifies: 100, windowSeconds: 10 * minute },
  /** How many times as much the networks around an address may do, in the same time. */
  networks: { 'IPv4 /24': 10, 'IPv6 /56': 3, 'IPv6 /48': 10 },
  /** Messages to numbers that differ only in their last four digits. */
  sendsPerBlock: { limit: 100, windowSeconds: 60 * minute },
  /**
   * By the UTC day of the process. A ceiling for what an attack can cost; an app that outgrows it
   * hears so by an event.
   */
  perDay: { sends: 1_000, sendsPerCountry: 500, checks: 10_000 },
  /**
   * Of a day's messages and checks, and of a block's messages: what devices that are not known can
   * use. Of a day, what those of one network (IPv4 /24, IPv6 /48) can. The rest is kept for known
   * devices: without it whoever uses up the day or the block locks out everybody.
   */
  shareOfStrangers: 0.8,
  shareOfNetwork: 0.2,
  /**
   * What all known devices of one number together get of a day at most, and never more than this
   * share of it: half of what is kept for known devices.
   */
  perDayByDevices: { sends: 20, checks: 100 },
  shareOfNumber: 0.1,

  /**
   * A device that is known by a number: for how long, and how many may become known in a day.
   * Browsers keep no cookie for longer than 400 days.
   */
  devices: { lifeSeconds: 400 * day, newPerDay: 5, perBrowser: 3 },
} as const
