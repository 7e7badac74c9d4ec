/** How much is measured. Every loop of the benchmark is bounded by one of these, so that it ends by itself. */
export interface Sizes {
  /** Virtual users, each with one login at a time. */
  users: number
  /** Whether the contestants on databases take part. */
  databases: boolean
  /** Logins of each contestant before anything is measured. */
  warmup: number
  rounds: number
  /** Logins of each contestant in one round. */
  logins: number
  coldStarts: number
  redeemsAtOnce: number
  /** Flows whose bytes are measured. */
  flows: number
  /** Flows that expire at once. */
  expiring: number
  /** Pending flows of the two servers that are compared. */
  pending: { few: number; many: number }
  pendingRounds: number
  pendingWarmup: number
  /** How often the expiry is looked at. */
  expiries: number
  /** Simulated traffic. */
  traffic: { seconds: number; startsPerSecond: number }
  /** After this long everything is killed. */
  watchdogMs: number
}

export const full: Sizes = {
  users: 32,
  databases: true,
  warmup: 5_000,
  rounds: 9,
  logins: 1_500,
  coldStarts: 1_000,
  redeemsAtOnce: 100,
  flows: 200_000,
  expiring: 200_000,
  pending: { few: 1_000, many: 1_000_000 },
  pendingRounds: 9,
  pendingWarmup: 2_000,
  expiries: 3,
  traffic: { seconds: 3_600, startsPerSecond: 20 },
  watchdogMs: 20 * 60_000,
}

/** The same in less than a minute: noisier, without databases, and with fewer flows where they take long to make. */
export const quick: Sizes = {
  ...full,
  databases: false,
  warmup: 1_500,
  rounds: 3,
  logins: 300,
  flows: 50_000,
  pending: { few: 1_000, many: 50_000 },
  pendingRounds: 3,
  pendingWarmup: 300,
  expiries: 1,
  traffic: { seconds: 3_600, startsPerSecond: 2 },
  watchdogMs: 3 * 60_000,
}

/** For the test of the harness: its numbers mean nothing. */
export const tiny: Sizes = {
  users: 4,
  databases: true,
  warmup: 8,
  rounds: 2,
  logins: 12,
  coldStarts: 20,
  redeemsAtOnce: 10,
  flows: 200,
  expiring: 2_000,
  pending: { few: 10, many: 500 },
  pendingRounds: 2,
  pendingWarmup: 8,
  expiries: 1,
  traffic: { seconds: 1_500, startsPerSecond: 0.1 },
  watchdogMs: 2 * 60_000,
}
