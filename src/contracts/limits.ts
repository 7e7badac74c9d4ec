/** What an application may set for itself. */
export interface LimitOptions {
  /**
   * Starts from one IPv4 address or IPv6 /64 in ten minutes; three times as many from a /56, ten
   * times from an IPv6 /48 or IPv4 /24. Devices that logged in before are not counted by address.
   * Default 300.
   */
  startsPerAddress?: number
  /** Messages caused from one address in ten minutes, and from the networks around it as above. Default 30. */
  sendsPerAddress?: number
  /**
   * Redeems from one address in ten minutes that were not a success, and from the networks around
   * it as above. Default 100.
   */
  failedVerifiesPerAddress?: number
  /**
   * Messages in an hour to numbers that differ only in their last four digits. One fifth is kept
   * for devices that logged in before. Default 100; Infinity for no limit.
   */
  sendsPerBlock?: number
  /**
   * Messages in a day (UTC), to all numbers together. One fifth is kept for devices that logged in
   * before. Default 1,000; Infinity for no limit.
   */
  sendsPerDay?: number
  /**
   * Messages in a day (UTC) to numbers of one region: one number for each, or some by name, such as
   * `{ US: 2000, DE: 300 }`. Default 500; Infinity for no limit.
   */
  sendsPerCountryPerDay?: number | Readonly<Record<string, number>>
  /**
   * Silent checks and MOChecks in a day (UTC). One fifth is kept for devices that logged in before.
   * Default 10,000; Infinity for no limit.
   */
  checksPerDay?: number
  /**
   * Silent checks and MOChecks of one number in ten minutes; each device that logged in with it
   * before has as many of its own. Default 30; Infinity for no limit.
   */
  checksPerNumber?: number
  /**
   * Messages to one number in ten minutes by devices that never logged in with it; then none for
   * ten minutes, and twice as long each time, up to an hour. 1 to 10, default 3.
   */
  sendsPerNumber?: number
  /** Tries for one code. A login has five, or as many as this. 1 to 5, default 3. */
  triesPerCode?: number
  /** How many more messages one login may ask for, on all its rungs together. 0 to 5, default 2. */
  resendsPerFlow?: number
  /**
   * The least that any rung waits before its first resend; each later one waits twice as long. 10
   * to 600 seconds, default: what each rung states.
   */
  resendAfterSeconds?: number
  /**
   * Wrong codes in a row for one number, over all logins, before its code rungs are closed for a
   * day, and twice as long each time. Known devices have as many each, and twice as many together.
   * 1 to 100, default 10. NIST SP 800-63B allows 100.
   */
  wrongCodesPerNumber?: number
  /** `true` allows what lies above these ranges: ten times as much, of `triesPerCode` and `resendsPerFlow` twice. */
  acceptRisk?: boolean
}
