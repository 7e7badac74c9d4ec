import { deepStrictEqual, strictEqual } from 'node:assert'
import type { Store } from '../../contracts/store.js'
import { type Bench, boundedTo, type Promised } from './bench.js'
import { fits } from './expect.js'

type Method = NonNullable<Store['search']>

/** A store without the method breaks no promise: `flows`, `cancel` and `erase` then say that they need it. */
function whereIts(check: (bench: Bench & { search: Method }) => Promise<void>): Promised['check'] {
  return async (bench) => {
    if (bench.store.search) await check({ ...bench, search: bench.store.search.bind(bench.store) })
  }
}

export const searchPromises: readonly Promised[] = [
  {
    name: 'search, where there is one, finds records and counters by a part of their keys, and records by a part of their text',
    level: 'recommended',
    why: 'What an operator was asked to erase would stay.',
    check: whereIts(async ({ store, key, search }) => {
      const needle = key('search').replace(/\W/g, '_')
      const [byText, byKey, counter] = [key(), `a/${needle}/z`, `b/${needle}`]
      await store.insert(byText, `{"number":"${needle}"}`, 60)
      await store.insert(byKey, 'a record', 60)
      await store.insert(key(), 'another record', 60)
      await fits(store, { key: counter, limit: 2, windowSeconds: 60 })
      await fits(store, { key: byKey, limit: 2, windowSeconds: 60 })
      const found = await search(needle, boundedTo * 10)
      deepStrictEqual([...new Set(found)].toSorted(), [byText, byKey, counter].toSorted())
      strictEqual((await search(needle, 2)).length, 2)
      deepStrictEqual(await search(`${needle}%`, 10), [])
      for (const name of found) await store.remove(name)
      deepStrictEqual(await search(needle, 10), [])
    }),
  },
  {
    name: 'search finds nothing that has expired',
    level: 'recommended',
    why: 'An operator would see logins that are over.',
    check: whereIts(async ({ store, key, pass, search }) => {
      const needle = key('search').replace(/\W/g, '_')
      await store.insert(needle, 'a record', 1)
      await fits(store, { key: `b/${needle}`, limit: 2, windowSeconds: 1 })
      await pass(1000)
      deepStrictEqual(await search(needle, 10), [])
    }),
  },
]
