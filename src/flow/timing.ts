import { limits } from '../limits/numbers.js'
import type { FlowRecord } from './record.js'

/**
 * Milliseconds until the provider may be asked for the rung's result; 0 when it may be now.
 *
 * The pace is in the record, so all clients and processes share it: every 3 s, then every 5 s, then
 * every 15 s. A webhook's hint makes the next question due at once.
 */
export function msUntilPoll(record: FlowRecord, ageMs: number): number {
  if (record.resultAnnounced) return 0
  const { first, later, laterAfter, last, lastAfter } = limits.pollEverySeconds
  const seconds = (ageMs - record.rungSince) / 1000
  const every = seconds < laterAfter ? first : seconds < lastAfter ? later : last
  return Math.max(0, (record.polledAt ?? record.rungSince) + every * 1000 - ageMs)
}

/**
 * Milliseconds until `fallback` opens; 0 when it is open.
 * @param dwellSeconds how long the rung may be tried before; 0 once it is spent
 */
export function msUntilFallback({ rungSince, stepAfter = 0 }: FlowRecord, ageMs: number, dwellSeconds = 0): number {
  return Math.max(0, rungSince + dwellSeconds * 1000 - ageMs, stepAfter - ageMs)
}

/** The same in whole seconds, rounded up. */
export function secondsUntilFallback(record: FlowRecord, ageMs: number, dwellSeconds: number): number {
  return Math.ceil(msUntilFallback(record, ageMs, dwellSeconds) / 1000)
}

/** Whether another check could still be begun: one that could live less than half a minute is not. */
export function hasTimeForMore(ageMs: number): boolean {
  return limits.flowTtlSeconds * 1000 - ageMs >= limits.leastRungMs
}

/**
 * Milliseconds until another message may be asked for on this rung.
 * @param waitSeconds from the last message
 */
export function msUntilResend(record: FlowRecord, ageMs: number, waitSeconds: number): number {
  const sentAt = record.sentAt ?? record.rungSince
  return Math.max(0, sentAt + waitSeconds * 1000 - ageMs, (record.stepAfter ?? 0) - ageMs)
}
