import { fakeClock } from 'passport-phonecheck/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Clock } from '../../src/contracts/clock.js'
import { systemClock, withTimeout } from '../../src/lib/clock.js'

/** The clock of this process, with a count of the timers that still run. */
function counted(): { clock: Clock; running: () => number } {
  let running = 0
  const clock: Clock = {
    ...systemClock,
    timer(ms, run) {
      running += 1
      const cancel = systemClock.timer?.(ms, run)
      return () => {
        running -= 1
        cancel?.()
      }
    },
  }
  return { clock, running: () => running }
}

describe('the clock of this process', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  test('tells the time of day, and goes on where the performance timer does', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000)
    vi.stubGlobal('performance', { timeOrigin: 1_000, now: () => 234 })
    expect(systemClock.now()).toBe(1_234)
  })

  test('goes by Date where fake timers have made a function of the origin of time', () => {
    vi.stubGlobal('performance', { timeOrigin: () => undefined, now: () => 0 })
    vi.stubGlobal('Date', { now: () => 5_000 })
    expect(systemClock.now()).toBe(5_000)
  })
})

describe('within', () => {
  test('leaves no timer behind, whatever the answer is', async () => {
    const { clock, running } = counted()
    const answer = withTimeout(clock, 60_000, Promise.resolve('in time'), () => 'late')
    const failure = withTimeout(clock, 60_000, Promise.reject(new Error('no')), () => 'late')
    expect(running()).toBe(2)
    expect(await answer).toBe('in time')
    await expect(failure).rejects.toThrow('no')
    expect(running()).toBe(0)
  })

  test('nor a delay, on a clock that has no timers', async () => {
    const clock = fakeClock()
    expect(await withTimeout(clock, 60_000, Promise.resolve('in time'), () => 'late')).toBe('in time')
    expect(clock.pending).toBe(0)
  })

  test('takes what `late` makes of an answer that does not come, also when that is an error', async () => {
    const clock = fakeClock()
    const never = new Promise<string>(() => {})
    const late = withTimeout(clock, 1000, never, () => 'late')
    const failed = withTimeout(clock, 1000, never, () => {
      throw new Error('too late')
    })
    const refused = expect(failed).rejects.toThrow('too late')
    await clock.advance(1000)
    expect(await late).toBe('late')
    await refused
  })
})
