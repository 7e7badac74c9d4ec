import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inspect, promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock, storeContract } from '../../src/testing/index.js'

describe('keeps the contract', () => {
  const clock = fakeClock()
  let latest = new MemoryStore({ clock })
  const cases = storeContract({
    create: () => {
      latest = new MemoryStore({ clock })
      return latest
    },
    another: () => latest,
    createBounded: (maxRecords) => new MemoryStore({ maxRecords, clock }),
    advance: (ms) => clock.advance(ms),
  })
  test.each(cases)('$level: $name', ({ run }) => run())
})

describe('options', () => {
  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10_000_001, '5'])(
    'a bound of %s is a TypeError that names the option',
    (value) => {
      expect(() => new MemoryStore({ maxRecords: value as number })).toThrow(
        new TypeError('MemoryStore: maxRecords must be a whole number from 1 to 10,000,000'),
      )
      expect(() => new MemoryStore({ maxCounters: value as number })).toThrow(/maxCounters/)
    },
  )

  test('a clock without its methods is a TypeError', () => {
    expect(() => new MemoryStore({ clock: {} as never })).toThrow(
      new TypeError('MemoryStore: clock must have the methods now() and delay()'),
    )
    expect(() => new MemoryStore({ clock: { now: () => 0 } as never })).toThrow(TypeError)
  })

  test('without options it takes 10,000 records and 50,000 counters', async () => {
    const store = new MemoryStore()
    for (let index = 0; index < 10_000; index++) await store.insert(`${index}`, 'a record', 60)
    await expect(store.insert('one more', 'a record', 60)).rejects.toThrow('full of live records; raise maxRecords')
    for (let index = 0; index < 50_000; index++) await store.count([{ key: `${index}`, limit: 1, windowSeconds: 60 }])
    await expect(store.count([{ key: 'one more', limit: 1, windowSeconds: 60 }])).rejects.toThrow(
      'full of live counters; raise maxCounters',
    )
  })
})

describe('input that would never end is refused', () => {
  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, undefined])('%s seconds', async (seconds) => {
    const store = new MemoryStore({ clock: fakeClock() })
    const bad = seconds as number
    await expect(store.insert('key', 'a record', bad)).rejects.toThrow('ttlSeconds')
    await expect(store.count([{ key: 'key', limit: 1, windowSeconds: bad }])).rejects.toThrow('windowSeconds')
    if (seconds !== undefined) {
      await expect(store.count([{ key: 'key', limit: 1, windowSeconds: 1, maxWindowSeconds: bad }])).rejects.toThrow(
        'maxWindowSeconds',
      )
    }
    expect(await store.find('key')).toBeUndefined()
  })
})

describe('full of counters', () => {
  const hit = (key: string) => ({ key, limit: 5, windowSeconds: 10 })

  test('rejects a list that needs one more, and charges none of it', async () => {
    const clock = fakeClock()
    const store = new MemoryStore({ maxCounters: 2, clock })
    await store.count([hit('a')])
    await expect(store.count([hit('a'), hit('b'), hit('c')])).rejects.toThrow('full of live counters')
    expect(await store.count([hit('a'), { ...hit('b'), limit: 1 }])).toEqual({ allowed: true })
    expect(await store.count([{ ...hit('a'), limit: 2 }])).toMatchObject({ allowed: false })
  })

  test('still answers for those it holds, still asks, and frees what has expired', async () => {
    const clock = fakeClock()
    const store = new MemoryStore({ maxCounters: 2, clock })
    await store.count([hit('a')])
    await clock.advance(5000)
    await store.count([hit('b')])
    expect(await store.count([hit('a'), hit('b')])).toEqual({ allowed: true })
    expect(
      await store.count([
        { ...hit('c'), cost: 0 },
        { ...hit('d'), cost: -1 },
      ]),
    ).toEqual({ allowed: true })
    await clock.advance(5000)
    expect(await store.count([hit('c')])).toEqual({ allowed: true })
    await expect(store.count([hit('d')])).rejects.toThrow('full of live counters')
  })
})

test('a consecutive counter that is hit again does not hide those that expire before it', async () => {
  const clock = fakeClock()
  const store = new MemoryStore({ maxCounters: 2, clock })
  const hit = (key: string) => ({ key, limit: 9, windowSeconds: 1, maxWindowSeconds: 10 })
  await store.count([hit('a'), hit('b')])
  await clock.advance(5000)
  await store.count([hit('a')])
  await expect(store.count([hit('c')])).rejects.toThrow('full')
  await clock.advance(5000)
  expect(await store.count([hit('c')])).toEqual({ allowed: true })
})

describe('the timer', () => {
  test('sweeps in slices of 1,000, and stops when nothing is left', async () => {
    const clock = fakeClock()
    let slices = 0
    const counting = {
      now: clock.now,
      delay: async (ms: number) => {
        await clock.delay(ms)
        slices++
      },
    }
    const store = new MemoryStore({ maxRecords: 200_000, clock: counting })
    for (let index = 0; index < 200_000; index++) await store.insert(`key ${index}`, 'a record', 600)
    expect(clock.pending).toBe(1)
    await clock.advance(599_999)
    slices = 0
    await clock.advance(60_000)
    // One step of a slice goes to finding the lane.
    expect(slices).toBeGreaterThanOrEqual(200)
    expect(slices).toBeLessThanOrEqual(202)
    expect(clock.pending).toBe(0)
  })

  test('begins again with the next record or counter, and there is never more than one', async () => {
    const clock = fakeClock()
    const store = new MemoryStore({ clock })
    expect(clock.pending).toBe(0)
    for (let round = 0; round < 3; round++) {
      await Promise.all([
        store.insert('key', 'a record', 5),
        store.count([{ key: 'key', limit: 9, windowSeconds: 7 }]),
        store.insert('other', 'a record', 9),
      ])
      expect(clock.pending).toBe(1)
      await clock.advance(20_000)
      expect(clock.pending).toBe(0)
    }
  })

  test('does not wake up for nothing during a lock of 30 days', async () => {
    const clock = fakeClock()
    let wakes = 0
    const store = new MemoryStore({
      clock: {
        now: clock.now,
        delay: (ms) => {
          wakes++
          return clock.delay(ms)
        },
      },
    })
    await store.count([{ key: 'key', limit: 1, windowSeconds: 2_592_000, maxWindowSeconds: 2_592_000 }])
    // The lock, and twelve times as long again for its level.
    await clock.advance(13 * 2_592_000_000)
    expect(wakes).toBeLessThan(60_000)
    expect(clock.pending).toBe(0)
  })

  test('does not keep the process alive', async () => {
    const script = fileURLToPath(new URL('../support/stores/live-store.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], { timeout: 12_000 })
    expect(stdout).toBe('a record lives\n')
  })
})

test('a printed store shows no record', async () => {
  const store = new MemoryStore({ clock: fakeClock() })
  await store.insert('a key', 'a secret', 60)
  expect(inspect(store, { depth: 9, showHidden: true })).not.toMatch(/a key|a secret/)
})
