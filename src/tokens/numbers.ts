const minute = 60
const day = 24 * 60 * minute

/** The numbers that bound a token, in seconds. */
export const tokenLimits = {
  /** Nothing ends an access token before its time unless each request is checked, so it is short. */
  accessSeconds: { default: 10 * minute, max: 15 * minute },
  /** How far the clocks of issuer and verifier may lie apart. */
  leewaySeconds: 30,
  /** Without a refresh for this long, a login is over. */
  idleSeconds: { default: 7 * day, max: 365 * day },
  /** However busy it is. NIST SP 800-63B asks for a new login after 30 days. */
  absoluteSeconds: { default: 30 * day, max: 365 * day },
  /** Logins of one user that can be refreshed. One more ends the oldest. */
  familiesPerUser: 20,
  graceSeconds: { default: 0, max: minute },
  /** Longer than any token of ours; whatever is longer is not even decoded. Node takes 16 KiB of headers. */
  tokenLength: 8192,
} as const
