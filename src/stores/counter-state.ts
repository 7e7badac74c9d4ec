import type { Hit } from '../contracts/store.js'

/** How many times `maxWindowSeconds` a consecutive counter that was ever closed is remembered: see {@link Hit}. */
export const memoryOfLocks = 12

/** What stands on a counter. It is forgotten `keepMs` after `since`. */
export interface CounterState {
  readonly count: number
  /** How often a consecutive counter has closed and opened again; 0 for others. */
  readonly level: number
  /** Milliseconds: when the window opened, or the last hit on a consecutive counter. */
  readonly since: number
  readonly keepMs: number
}

/** The tally as this hit finds it. A lock that has ended leaves an empty count, one level up. */
export function tallyAt(tally: CounterState | undefined, hit: Hit, now: number): CounterState | undefined {
  if (!tally || hit.maxWindowSeconds === undefined || tally.count < hit.limit || now < lockEnd(tally, hit)) return tally
  return { count: 0, level: tally.level + 1, since: tally.since, keepMs: tally.keepMs }
}

/** @returns 0 when the hit fits, else the whole seconds until one may. */
export function secondsUntilFit(tally: CounterState | undefined, hit: Hit, now: number): number {
  if (hit.cost === -1 || (tally?.count ?? 0) < hit.limit) return 0
  return Math.max(1, Math.ceil((closedUntil(tally, hit, now) - now) / 1000))
}

/** @returns what stands once a hit that fits is charged; undefined when there is still nothing to keep. */
export function charge(tally: CounterState | undefined, hit: Hit, now: number): CounterState | undefined {
  const { cost = 1, windowSeconds, maxWindowSeconds } = hit
  if (cost === 0) return tally
  if (cost === -1)
    return (
      tally && { count: Math.max(0, tally.count - 1), level: tally.level, since: tally.since, keepMs: tally.keepMs }
    )
  const count = (tally?.count ?? 0) + 1
  if (maxWindowSeconds !== undefined) {
    const level = tally?.level ?? 0
    const closes = count >= hit.limit
    const lockMs = closes ? lockSeconds(level, hit) * 1000 : 0
    return {
      count,
      level,
      since: now,
      keepMs: lockMs + (closes || level > 0 ? memoryOfLocks : 1) * maxWindowSeconds * 1000,
    }
  }
  return { count, level: 0, since: tally?.since ?? now, keepMs: tally?.keepMs ?? windowSeconds * 1000 }
}

function closedUntil(tally: CounterState | undefined, hit: Hit, now: number): number {
  // Only a limit of 0 refuses where nothing stands. It never passes; a window is as good an answer as any.
  if (!tally) return now + hit.windowSeconds * 1000
  return hit.maxWindowSeconds === undefined ? tally.since + tally.keepMs : lockEnd(tally, hit)
}

// Derived, not kept: a hit that is given back opens the key again, and a limit that a new release
// lowered holds from the last hit on.
function lockEnd(tally: CounterState, hit: Hit): number {
  return tally.since + lockSeconds(tally.level, hit) * 1000
}

function lockSeconds(level: number, { windowSeconds, maxWindowSeconds = windowSeconds }: Hit): number {
  return Math.min(windowSeconds * 2 ** level, maxWindowSeconds)
}
