import type { FlowRecord } from './flow.js'
import { limits } from './limits.js'

/**
 * Milliseconds until the provider may be asked for the rung's result; 0 when it may be now.
 *
 * The pace is in the record, so all clients and processes share it: every 3 s, then every 5 s. A webhook's hint makes the next question due at once.
 */
export function msUntilPoll(record: FlowRecord, ageMs: number): number {
  if (record.hinted) return 0
  const { first, later, laterAfter } = limits.pollEverySeconds
  const every = ageMs - record.rungSince < laterAfter * 1000 ? first : later
  return Math.max(0, (record.polledAt ?? record.rungSince) + every * 1000 - ageMs)
}

/** Whether another check could still be begun: one that could live less than half a minute is not. */
export function hasTimeForMore(ageMs: number): boolean {
  return limits.flowTtlSeconds * 1000 - ageMs >= limits.leastRungMs
}

/** Milliseconds until another message may be asked for on this rung: 125 s after the last one, then twice that. */
export function msUntilResend(record: FlowRecord, ageMs: number): number {
  const waitMs = limits.resendAfterSeconds * 1000 * 2 ** (record.resends ?? 0)
  return Math.max(0, (record.sentAt ?? record.rungSince) + waitMs - ageMs)
}
