import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../src/testing/index.js'

test('stands still until it is told to move', async () => {
  const clock = fakeClock(1000)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(clock.now()).toBe(1000)
  await clock.advance(250)
  expect(clock.now()).toBe(1250)
  await clock.advance(0)
  expect(clock.now()).toBe(1250)
})

test('begins in a year in which certificates and tokens of tests make sense', () => {
  expect(new Date(fakeClock().now()).toISOString()).toBe('2026-01-01T00:00:00.000Z')
})

describe('advance', () => {
  test('ends delays in time order, each at its own instant', async () => {
    const clock = fakeClock(0)
    const ended: [string, number][] = []
    for (const [name, ms] of [
      ['late', 300],
      ['early', 100],
      ['first of two', 200],
      ['second of two', 200],
      ['not yet', 301],
    ] as const) {
      void clock.delay(ms).then(() => ended.push([name, clock.now()]))
    }
    expect(clock.pending).toBe(5)
    await clock.advance(300)
    expect(ended).toEqual([
      ['early', 100],
      ['first of two', 200],
      ['second of two', 200],
      ['late', 300],
    ])
    expect(clock.now()).toBe(300)
    expect(clock.pending).toBe(1)
  })

  test('takes delays along that begin on the way, behind chains of promises', async () => {
    const clock = fakeClock(0)
    const seen: number[] = []
    const loop = async () => {
      for (;;) {
        await clock.delay(100)
        for (let hops = 0; hops < 50; hops++) await Promise.resolve()
        await new Promise<void>((resolve) => process.nextTick(resolve))
        seen.push(clock.now())
      }
    }
    void loop()
    await clock.advance(350)
    expect(seen).toEqual([100, 200, 300])
    expect(clock.now()).toBe(350)
    await clock.advance(50)
    expect(seen).toEqual([100, 200, 300, 400])
  })

  test('lets what is already under way begin its delay first', async () => {
    const clock = fakeClock(0)
    let done = false
    void (async () => {
      await Promise.resolve()
      await clock.delay(10)
      done = true
    })()
    await clock.advance(10)
    expect(done).toBe(true)
  })

  test('ends a loop of empty delays, which last a millisecond each', async () => {
    const clock = fakeClock(0)
    let rounds = 0
    void (async () => {
      for (;;) {
        await clock.delay(rounds % 2 === 0 ? 0 : Number.NaN)
        rounds++
      }
    })()
    await clock.advance(5)
    expect(rounds).toBe(5)
  })

  test('adds up when called before the last one is over', async () => {
    const clock = fakeClock(0)
    const ended: number[] = []
    for (const ms of [50, 150]) void clock.delay(ms).then(() => ended.push(clock.now()))
    await Promise.all([clock.advance(100), clock.advance(100)])
    expect(clock.now()).toBe(200)
    expect(ended).toEqual([50, 150])
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %s, and works on', async (ms) => {
    const clock = fakeClock(0)
    await expect(clock.advance(ms)).rejects.toThrow(RangeError)
    await clock.advance(5)
    expect(clock.now()).toBe(5)
  })
})

describe('a signal', () => {
  test('ends a delay at once', async () => {
    const clock = fakeClock(0)
    const controller = new AbortController()
    const waiting = clock.delay(1000, controller.signal)
    expect(clock.pending).toBe(1)
    controller.abort()
    await waiting
    expect(clock.pending).toBe(0)
    expect(clock.now()).toBe(0)
  })

  test('that has fired before lets no delay begin', async () => {
    const clock = fakeClock(0)
    await clock.delay(1000, AbortSignal.abort())
    expect(clock.pending).toBe(0)
  })

  test('is let go of when the delay ends by itself', async () => {
    const clock = fakeClock(0)
    const controller = new AbortController()
    void clock.delay(10, controller.signal)
    const other = clock.delay(500)
    await clock.advance(10)
    controller.abort()
    expect(clock.pending).toBe(1)
    await clock.advance(490)
    await other
  })
})
