/** The numbers that bound a flow. One place, so that the documentation can be checked against what the code enforces. */
export const limits = {
  /** A flow with all its rungs, from start to redeem. NIST SP 800-63B and ASVS 6.5.5 cap an out-of-band request at ten minutes. */
  flowTtlSeconds: 600,
  /** How long one request may hold a flow before another may take it over. Longer than {@link limits.requestDeadlineMs}. */
  leaseMs: 20_000,
  /** How long a proof survives a verify callback that failed, so that the same requester can try again without a new check. */
  provenMs: 60_000,
  /** All provider calls made for one request together. */
  requestDeadlineMs: 12_000,
  /** Verify callbacks are cut off this long before the lease ends, so that the result can still be written. */
  leaseMarginMs: 1_000,
  triesPerCode: 3,
  triesPerFlow: 5,
} as const
