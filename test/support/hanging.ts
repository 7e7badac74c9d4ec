import type { Clock } from 'passport-phonecheck'
import type { FaultHandle } from 'passport-phonecheck/simulator'
import type { FakeClock } from 'passport-phonecheck/testing'
import { expect } from 'vitest'

/**
 * For adapters: they time out by the test's clock alone, however slow the machine is. The pauses
 * between two attempts of a call take no time.
 */
export function adapterClock(clock: FakeClock): Clock {
  return {
    now: clock.now,
    delay: (_ms, signal) => new Promise((resolve) => (signal?.aborted ? resolve() : void setImmediate(resolve))),
    timer: (ms, run) => {
      const stop = new AbortController()
      void clock.delay(ms, stop.signal).then(() => stop.signal.aborted || run())
      return () => stop.abort()
    },
  }
}

/**
 * The answer to a request whose vendor never answers.
 * @param waits how long each of its calls waits, in milliseconds: all of them, in order
 */
export async function outlast<T>(
  request: Promise<T>,
  fault: FaultHandle,
  clock: FakeClock,
  waits: readonly number[],
): Promise<T> {
  for (const [index, ms] of waits.entries()) {
    await expect.poll(() => fault.hits, { interval: 5 }).toBe(index + 1)
    await clock.advance(ms)
  }
  return request
}
