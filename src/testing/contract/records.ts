import { deepStrictEqual, ok, strictEqual } from 'node:assert'
import { atOnce, type Promised } from './bench.js'
import { found, missing } from './expect.js'

export const recordPromises: readonly Promised[] = [
  {
    name: 'find returns what insert kept, as version 1',
    level: 'required',
    why: 'A flow that cannot be read back as it was written cannot be bound to the one who started it.',
    async check({ store, key }) {
      const name = key()
      strictEqual(await store.insert(name, 'a record', 60), true, 'insert of a free key returns true')
      await found(store, name, 'a record', 1)
    },
  },
  {
    name: 'find of an unknown key returns undefined',
    level: 'required',
    why: 'A handle that nobody was given must lead to no flow.',
    check: ({ store, key }) => missing(store, key()),
  },
  {
    name: 'insert on a taken key returns false and changes nothing',
    level: 'required',
    why: 'Replayed callbacks and refresh tokens are recognised by the key that is already taken.',
    async check({ store, key, pass }) {
      const name = key()
      await store.insert(name, 'first', 2)
      await pass(1000)
      strictEqual(await store.insert(name, 'second', 60), false, 'insert of a taken key returns false')
      await found(store, name, 'first', 1)
      await pass(1000)
      await missing(store, name, 'the time to live of the second insert must not count')
    },
  },
  {
    name: 'of 50 inserts of one key at once, exactly one returns true',
    level: 'required',
    why: 'Two winners mean that a replay is taken for the original.',
    async check({ store, key }) {
      const name = key()
      const won = await atOnce(50, (index) => store.insert(name, `record ${index}`, 60))
      const winners = won.flatMap((yes, index) => (yes ? [index] : []))
      strictEqual(winners.length, 1, `${winners.length} of 50 inserts returned true`)
      await found(store, name, `record ${winners[0]}`, 1)
    },
  },
  {
    name: 'a write is seen by the very next read',
    level: 'required',
    why: 'A store that reads from a lagging copy admits a login that was just used up.',
    async check({ store, key }) {
      const name = key()
      await store.insert(name, 'version 1', 60)
      for (let version = 1; version <= 20; version++) {
        await found(store, name, `version ${version}`, version)
        strictEqual(await store.replace(name, version, `version ${version + 1}`), true)
      }
      await store.remove(name)
      await missing(store, name)
    },
  },
  {
    name: 'a removed record is gone, and its key is free again',
    level: 'required',
    why: 'What was logged out or revoked would still be good.',
    async check({ store, key }) {
      const name = key()
      await store.insert(name, 'first', 60)
      await store.replace(name, 1, 'second')
      await store.remove(name)
      await missing(store, name)
      strictEqual(await store.replace(name, 2, 'third'), false, 'replace of a removed record returns false')
      await missing(store, name)
      strictEqual(await store.insert(name, 'fourth', 60), true, 'insert after remove returns true')
      await found(store, name, 'fourth', 1)
    },
  },
  {
    name: 'remove of an unknown key resolves',
    level: 'recommended',
    why: 'Clearing up twice would turn a finished login into an outage.',
    async check({ store, key }) {
      const name = key()
      strictEqual(await store.remove(name), undefined)
      await store.insert(name, 'a record', 60)
      await store.remove(name)
      strictEqual(await store.remove(name), undefined)
    },
  },
  {
    name: 'a record that is removed while it is replaced stays removed',
    level: 'required',
    why: 'A revoked login that comes back is good again.',
    async check({ store, key }) {
      for (let round = 0; round < 20; round++) {
        const name = key()
        await store.insert(name, 'first', 60)
        await Promise.all([
          store.replace(name, 1, 'second'),
          store.remove(name),
          store.replace(name, 1, 'third'),
          store.replace(name, 2, 'fourth'),
        ])
        await missing(store, name, 'replace must not create')
      }
    },
  },
  {
    name: 'find reports exactly record, version and age, and hands out no part of the store',
    level: 'recommended',
    why: 'A caller that changes what it was given would change the flow without a version.',
    async check({ store, key }) {
      const name = key()
      await store.insert(name, 'a record', 60)
      const first = await store.find(name)
      ok(first)
      deepStrictEqual(Object.keys(first).sort(), ['ageMs', 'record', 'version'])
      Object.assign(first, { record: 'changed', version: 7, ageMs: -1 })
      await found(store, name, 'a record', 1)
    },
  },
  {
    name: 'keeps 500 records apart that are written at once',
    level: 'recommended',
    why: 'Under load, logins would fail or reach another flow.',
    async check({ store, key }) {
      const names = Array.from({ length: 500 }, () => key())
      await Promise.all(names.map((name) => store.insert(name, `record of ${name}`, 60)))
      await Promise.all(names.map((name) => found(store, name, `record of ${name}`, 1)))
      await Promise.all(names.map((name) => store.remove(name)))
    },
  },
]
