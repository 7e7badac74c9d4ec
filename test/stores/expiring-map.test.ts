import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ExpiringMap } from '../../src/stores/memory/expiring-map.js'
import type { ExpiryQueue, Queued } from '../../src/stores/memory/expiry-queue.js'

let looks = 0

/** Counts how often somebody looks at its time. */
class Watched implements Queued<Watched> {
  readonly key: string
  readonly #since: number
  lane: ExpiryQueue<Watched> | undefined
  older: Watched | undefined
  newer: Watched | undefined

  constructor(key: string, since: number) {
    this.key = key
    this.#since = since
  }

  get since(): number {
    looks++
    return this.#since
  }
}

function filled(count: number, ttlOf: (index: number) => number): ExpiringMap<Watched> {
  const map = new ExpiringMap<Watched>(count)
  for (let index = 0; index < count; index++) map.place(new Watched(`key ${index}`, index), ttlOf(index))
  looks = 0
  return map
}

/** The keys that are left, found without touching the map's own expiry. */
const left = (map: ExpiringMap<Watched>, count: number) => {
  const keys: string[] = []
  for (let index = 0; index < count; index++) if (map.get(`key ${index}`, -1)) keys.push(`key ${index}`)
  return keys
}

describe('sweep', () => {
  test('looks at nothing while nothing is due', () => {
    const map = filled(100_000, () => 1_000_000)
    for (let now = 0; now < 1000; now++) map.sweep(now, 1000)
    expect(looks).toBe(0)
    expect(map.size).toBe(100_000)
  })

  test('looks only at what expires, not at what lives', () => {
    const map = filled(100_000, () => 1_000_000)
    expect(map.sweep(1_000_010, 1000)).toBe(11)
    expect(looks).toBeLessThan(40)
    expect(map.size).toBe(99_989)
  })

  test('drops the oldest first, and no more than it has steps', () => {
    const map = filled(100, () => 1000)
    while (map.size > 90) expect(map.sweep(5000, 3)).toBeLessThanOrEqual(3)
    expect(left(map, 100)).toEqual(Array.from({ length: map.size }, (_, index) => `key ${100 - map.size + index}`))
  })

  test('takes a constant number of steps for each of 200,000 that expire at once', () => {
    const map = filled(200_000, () => 1_000_000)
    let slices = 0
    for (; map.size > 0; slices++) expect(map.sweep(9_000_000, 1000)).toBeLessThanOrEqual(1000)
    expect(slices).toBeLessThanOrEqual(201)
    expect(looks).toBeLessThan(600_000)
    expect(map.nextExpiry).toBe(Number.POSITIVE_INFINITY)
  })

  test('finds what is due among many lanes, a few steps at a time', () => {
    const map = filled(1000, (index) => 10_000 + (index % 500) * 1000)
    for (let calls = 0; calls < 1000; calls++) map.sweep(50_000, 8)
    expect(left(map, 1000)).toEqual(
      Array.from({ length: 1000 }, (_, index) => index)
        .filter((index) => index + 10_000 + (index % 500) * 1000 > 50_000)
        .map((index) => `key ${index}`),
    )
    looks = 0
    map.sweep(50_000, 1000)
    expect(looks).toBe(0)
  })

  test('sees what is added behind its back during a round', () => {
    const map = filled(10, (index) => 1000 + index)
    map.sweep(1000, 2)
    map.place(new Watched('late', 0), 500)
    for (let calls = 0; calls < 20; calls++) map.sweep(1000, 2)
    expect(map.get('late', -1)).toBeUndefined()
  })
})

describe('room', () => {
  test('is made by dropping what has expired, and only as much as is needed', () => {
    const map = filled(100, () => 1000)
    expect(map.hasRoomFor(1, 999)).toBe(false)
    expect(map.hasRoomFor(3, 1099)).toBe(true)
    expect(map.size).toBe(97)
    expect(map.hasRoomFor(101, 1099)).toBe(false)
  })

  test('is found wherever the expired one stands', () => {
    const map = filled(1000, (index) => (index === 777 ? 10 : 1_000_000 + index))
    expect(map.hasRoomFor(1, 10_000)).toBe(true)
    expect(left(map, 1000)).not.toContain('key 777')
    expect(map.size).toBe(999)
  })

  test('costs one comparison while a full map waits for its next expiry', () => {
    const map = filled(1000, (index) => 1_000_000 + index)
    map.hasRoomFor(1, 1_000_000 - 1)
    looks = 0
    for (let calls = 0; calls < 1000; calls++) expect(map.hasRoomFor(1, 999_999)).toBe(false)
    expect(looks).toBe(0)
  })
})

test('an entry leaves from anywhere, and leaves nothing behind', () => {
  const map = filled(5, () => 1000)
  for (const key of ['key 2', 'key 0', 'key 4', 'key 1', 'key 3']) {
    const item = map.get(key, 0)
    if (item) map.delete(item)
    expect(item).toMatchObject({ lane: undefined, older: undefined, newer: undefined })
  }
  expect(map.size).toBe(0)
  expect(map.nextExpiry).toBe(Number.POSITIVE_INFINITY)
})

test('an entry whose time begins again goes to the end of its lane', () => {
  const map = filled(3, () => 1000)
  const again = new Watched('key 0', 500)
  const first = map.get('key 0', 0)
  if (first) map.delete(first)
  map.place(again, 1000)
  map.place(again, 1000)
  expect(map.sweep(1400, 100)).toBe(2)
  expect(map.size).toBe(1)
  expect(map.sweep(1500, 100)).toBe(1)
})

test('lanes that are empty again are not visited', () => {
  const map = new ExpiringMap<Watched>(10)
  for (let ttl = 1; ttl <= 10_000; ttl++) {
    const item = new Watched('passing', 0)
    map.place(item, ttl)
    map.delete(item)
  }
  map.place(new Watched('due', 0), 20_000)
  expect(map.sweep(20_000, 5)).toBe(1)
})

test('whatever comes and goes during a round, nothing that is due is missed', () => {
  const step = fc.oneof(
    fc.record({ place: fc.integer({ min: 0, max: 20 }), ttl: fc.constantFrom(5, 10, 50, 200) }),
    fc.record({ drop: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ sweep: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ pass: fc.integer({ min: 1, max: 15 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const map = new ExpiringMap<Watched>(100)
      const ends = new Map<string, number>()
      let now = 0
      for (const one of steps) {
        if ('pass' in one) now += one.pass
        if ('sweep' in one) map.sweep(now, one.sweep)
        if ('place' in one && !map.get(`${one.place}`, now)) {
          map.place(new Watched(`${one.place}`, now), one.ttl)
          ends.set(`${one.place}`, now + one.ttl)
        }
        const dropped = 'drop' in one && map.get(`${one.drop}`, now)
        if (dropped) {
          map.delete(dropped)
          ends.delete(dropped.key)
        }
        const alive = [...ends.values()].filter((end) => end > now)
        expect(map.nextExpiry).toBeLessThanOrEqual(Math.min(...alive))
      }
      map.sweep(now, 1000)
      const alive = [...ends].filter(([, end]) => end > now)
      expect(map.size).toBe(alive.length)
      for (const [key] of alive) expect(map.get(key, now)?.key).toBe(key)
      map.sweep(now + 1000, 1000)
      expect(map.size).toBe(0)
    }),
    { numRuns: 1000 },
  )
})
