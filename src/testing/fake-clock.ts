import { setImmediate as everyMicrotaskIsDone } from 'node:timers/promises'
import type { Clock } from '../contracts/clock.js'

/** A clock that stands still until it is told to move. Give it to whatever takes a `clock`. */
export interface FakeClock extends Clock {
  /**
   * Moves the time on by `ms` milliseconds, 0 or more. Delays that fall due on the way end in time
   * order, each at its own instant, and what waits for them runs before the next one does: delays
   * that it begins are part of the same journey. Real I/O is not waited for.
   * @throws RangeError for a time that is negative or not finite.
   */
  advance(ms: number): Promise<void>
  /** How many delays have begun and not ended. */
  readonly pending: number
}

interface Wait {
  dueAt: number
  end(): void
}

/** @param startMs the first value of `now()`, in milliseconds since the epoch. Default: the beginning of 2026, UTC. */
export function fakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs
  let journey: Promise<void> = Promise.resolve()
  /** The next one to end comes first; of those that end together, the one that began first. */
  const waits: Wait[] = []

  async function travel(ms: number): Promise<void> {
    const target = now + ms
    for (;;) {
      await everyMicrotaskIsDone()
      const next = waits[0]
      if (!next || next.dueAt > target) break
      now = next.dueAt
      next.end()
    }
    now = target
  }

  return {
    now: () => now,
    get pending() {
      return waits.length
    },
    delay: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const wait: Wait = {
          // As setTimeout has it, so that a loop of empty delays cannot hold the time still.
          dueAt: now + Math.max(ms || 0, 1),
          end() {
            const index = waits.indexOf(wait)
            if (index >= 0) waits.splice(index, 1)
            signal?.removeEventListener('abort', wait.end)
            resolve()
          },
        }
        const later = waits.findIndex((other) => other.dueAt > wait.dueAt)
        waits.splice(later < 0 ? waits.length : later, 0, wait)
        signal?.addEventListener('abort', wait.end, { once: true })
      }),
    advance(ms) {
      if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
        return Promise.reject(new RangeError('advance: ms must be a finite number of at least 0'))
      // One journey at a time: two that overlap would take the clock back.
      journey = journey.then(() => travel(ms))
      return journey
    },
  }
}
