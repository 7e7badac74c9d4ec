import type { FlowRecord } from './flow.js'
import { limits } from './limits.js'

/**
 * Milliseconds until the provider may be asked for the rung's result; 0 when it may be now.
 *
 * The pace is in the record, so all clients and processes share it: every 3 s, then every 5 s, then every 15 s. A webhook's hint makes the next question due at once.
 */
export function msUntilPoll(record: FlowRecord, ageMs: number): number {
  if (record.hinted) return 0
  const { first, later, laterAfter, last, lastAfter } = limits.pollEverySeconds
  const seconds = (ageMs - record.rungSince) / 1000
  const every = seconds < laterAfter ? first : seconds < lastAfter ? later : last
  return Math.max(0, (record.polledAt ?? record.rungSince) + every * 1000 - ageMs)
}

/** Seconds until `fallback` opens on a rung that is not spent, rounded up; 0 when it is open. */
export function secondsUntilFallback(record: FlowRecord, ageMs: number, dwellSeconds: number): number {
  return Math.max(0, Math.ceil((record.rungSince + dwellSeconds * 1000 - ageMs) / 1000))
}

/** Whether another check could still be begun: one that could live less than half a minute is not. */
export function hasTimeForMore(ageMs: number): boolean {
  return limits.flowTtlSeconds * 1000 - ageMs >= limits.leastRungMs
}

/**
 * Milliseconds until another message may be asked for on this rung: after the provider's own rhythm, then twice that.
 * @param resendAfterSeconds as the provider states it; default 125
 */
export function msUntilResend(record: FlowRecord, ageMs: number, resendAfterSeconds: number = limits.resendAfterSeconds): number {
  const waitMs = resendAfterSeconds * 1000 * 2 ** (record.resends ?? 0)
  return Math.max(0, (record.sentAt ?? record.rungSince) + waitMs - ageMs)
}
