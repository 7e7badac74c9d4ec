import { deepStrictEqual, rejects, strictEqual } from 'node:assert'
import type { Hit, Store } from '../../contracts/store.js'
import { atOnce, type Bench, boundedTo, type Promised } from './bench.js'
import { found, hasRoomFor, missing } from './expect.js'

type Method = NonNullable<Store['insertCharged']>

/**
 * Runs the check where the store has the method. One without it breaks no promise: the library
 * counts first and inserts after that.
 */
function whereIts(check: (bench: Bench & { insertCharged: Method }) => Promise<void>): Promised['check'] {
  return async (bench) => {
    const { store } = bench
    if (store.insertCharged) await check({ ...bench, insertCharged: store.insertCharged.bind(store) })
  }
}

const windowSeconds = 60

export const chargedInsertPromises: readonly Promised[] = [
  {
    name: 'insertCharged, where there is one, keeps the record and charges every hit',
    level: 'required',
    why: 'Without the record there is no login; a limit that is left out bounds nothing.',
    check: whereIts(async ({ store, other, key, insertCharged }) => {
      const name = key()
      const hits: Hit[] = [
        { key: key(), limit: 3, windowSeconds },
        { key: key(), limit: 2, windowSeconds, maxWindowSeconds: 120 },
        { key: key(), limit: 1, windowSeconds, cost: 0 },
      ]
      deepStrictEqual(await insertCharged(name, 'a record', 60, hits), { allowed: true })
      await found(other, name, 'a record', 1)
      for (const [index, hit] of hits.entries()) await hasRoomFor([2, 1, 1][index] ?? 0, store, { ...hit, cost: 1 })
      deepStrictEqual(await insertCharged(key(), 'without limits', 60, []), { allowed: true })
    }),
  },
  {
    name: 'insertCharged keeps a record for its time and no longer',
    level: 'required',
    why: 'A login that does not end can be stolen for ever.',
    check: whereIts(async ({ store, key, pass, insertCharged }) => {
      const name = key()
      await insertCharged(name, 'a record', 1, [{ key: key(), limit: 1, windowSeconds }])
      await pass(1000)
      await missing(store, name)
      deepStrictEqual(
        await insertCharged(name, 'the next', 60, []),
        { allowed: true },
        'an expired record takes no key',
      )
      await found(store, name, 'the next', 1)
    }),
  },
  {
    name: 'insertCharged that a limit refuses keeps no record and charges no other limit',
    level: 'required',
    why: 'Requests that are refused would fill the store, and use up the limits of others.',
    check: whereIts(async ({ store, key, insertCharged }) => {
      const [name, full, open] = [
        key(),
        { key: key(), limit: 0, windowSeconds },
        { key: key(), limit: 2, windowSeconds },
      ]
      for (const hits of [
        [open, full],
        [full, open],
      ]) {
        const verdict = await insertCharged(name, 'a record', 60, hits)
        deepStrictEqual(verdict, { allowed: false, key: full.key, retryAfterSeconds: windowSeconds })
      }
      await missing(store, name)
      await hasRoomFor(2, store, open)
    }),
  },
  {
    name: 'insertCharged for a taken key changes neither its record nor a counter',
    level: 'required',
    why: 'One login would take the place of another.',
    check: whereIts(async ({ store, key, insertCharged }) => {
      const [name, hit] = [key(), { key: key(), limit: 2, windowSeconds }]
      await store.insert(name, 'the first', 60)
      strictEqual(await insertCharged(name, 'the second', 60, [hit]), 'taken')
      await found(store, name, 'the first', 1)
      await hasRoomFor(2, store, hit)
    }),
  },
  {
    name: 'calls of insertCharged at once keep a key once, and charge for it once',
    level: 'required',
    why: 'What is not one step gives way to requests at the same moment.',
    check: whereIts(async ({ store, key, insertCharged }) => {
      const [name, hit] = [key(), { key: key(), limit: 5, windowSeconds }]
      const answers = await atOnce(20, (index) => insertCharged(name, `record ${index}`, 60, [{ ...hit, limit: 100 }]))
      strictEqual(answers.filter((answer) => answer !== 'taken' && answer.allowed).length, 1)
      await hasRoomFor(4, store, hit)
    }),
  },
  {
    name: 'calls of insertCharged at once keep no more records than a limit allows',
    level: 'required',
    why: 'A budget that parallel requests exceed is none.',
    check: whereIts(async ({ store, other, key, insertCharged }) => {
      const hit = { key: key(), limit: 10, windowSeconds }
      const names = Array.from({ length: 50 }, () => key())
      const second = (other.insertCharged ?? insertCharged).bind(other)
      await Promise.all(
        names.map((name, index) => (index % 2 === 0 ? insertCharged : second)(name, 'a record', 60, [hit])),
      )
      const kept = await Promise.all(names.map((name) => store.find(name)))
      strictEqual(kept.filter((record) => record !== undefined).length, 10)
    }),
  },
  {
    name: 'insertCharged of a full store rejects and charges nothing',
    level: 'optional',
    needs: 'createBounded',
    why: 'Limits would be used up by logins that could not begin.',
    check: whereIts(async ({ store, key, insertCharged }) => {
      for (let index = 0; index < boundedTo; index++) await insertCharged(key(), 'a record', 60, [])
      const hit = { key: key(), limit: 2, windowSeconds }
      await rejects(insertCharged(key(), 'late', 60, [hit]), Error)
      await hasRoomFor(2, store, hit)
    }),
  },
]
