import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Hit, Store } from '../../src/contracts/store.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/index.js'
import { NaiveStore } from '../support/stores/naive-store.js'

type Step = { name: string; apply: (store: Store) => Promise<unknown> } | { name: string; passMs: number }

const key = fc.constantFrom('a', 'b', 'c')
const seconds = fc.constantFrom(1, 2, 5, 60)

// One key always has the same mode, limit and windows, as in the library: what a change between two
// hits means, the contract leaves open.
const rules: Record<string, Omit<Hit, 'key' | 'cost'>> = {
  none: { limit: 0, windowSeconds: 3 },
  one: { limit: 1, windowSeconds: 2 },
  three: { limit: 3, windowSeconds: 5 },
  locked: { limit: 2, windowSeconds: 1, maxWindowSeconds: 6 },
  steady: { limit: 3, windowSeconds: 4, maxWindowSeconds: 4 },
}

const hit: fc.Arbitrary<Hit> = fc
  .record({ rule: fc.constantFrom(...Object.keys(rules)), cost: fc.constantFrom<(1 | 0 | -1)[]>(1, 1, 1, 0, -1) })
  .map(({ rule, cost }) => ({ key: rule, limit: 0, windowSeconds: 1, ...rules[rule], cost }))

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(key, seconds).map(
    ([name, ttl]): Step => ({
      name: `insert ${name} for ${ttl} s`,
      apply: (store) => store.insert(name, `${name} ${ttl}`, ttl),
    }),
  ),
  key.map((name): Step => ({ name: `find ${name}`, apply: (store) => store.find(name) })),
  fc.tuple(key, fc.integer({ min: 1, max: 4 })).map(
    ([name, version]): Step => ({
      name: `replace ${name} ${version}`,
      apply: (store) => store.replace(name, version, `after ${version}`),
    }),
  ),
  fc
    .constantFrom('a', 'b', ...Object.keys(rules))
    .map((name): Step => ({ name: `remove ${name}`, apply: (store) => store.remove(name) })),
  {
    weight: 3,
    arbitrary: fc
      .array(hit, { maxLength: 4 })
      .map((hits): Step => ({ name: `count ${JSON.stringify(hits)}`, apply: (store) => store.count(hits) })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(1, 999, 1000, 1001, 2500, 7000)
      .map((passMs): Step => ({ name: `pass ${passMs} ms`, passMs })),
  },
)

test('answers as a naive store does, whatever is done in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const clock = fakeClock()
      const [store, model] = [new MemoryStore({ clock }), new NaiveStore(clock)]
      for (const one of steps) {
        if ('passMs' in one) await clock.advance(one.passMs)
        else expect(await one.apply(store), one.name).toEqual(await one.apply(model))
      }
      await clock.advance(120_000)
      expect(clock.pending, 'nothing is left').toBe(0)
    }),
    { numRuns: 500 },
  )
})
