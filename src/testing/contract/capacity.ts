import { rejects, strictEqual } from 'node:assert'
import { boundedTo, type Promised } from './bench.js'
import { found, missing } from './expect.js'

export const capacityPromises: readonly Promised[] = [
  {
    name: 'a full store rejects a new record and drops none of the others',
    level: 'optional',
    needs: 'createBounded',
    why: 'A flood of starts would end the logins that are under way.',
    async check({ store, key }) {
      const names = Array.from({ length: boundedTo }, () => key())
      for (const name of names) strictEqual(await store.insert(name, 'first', 60), true)
      const late = key()
      await rejects(store.insert(late, 'late', 60), Error)
      await missing(store, late)
      for (const name of names) {
        strictEqual(await store.insert(name, 'second', 60), false, 'a taken key is taken, full or not')
        strictEqual(await store.replace(name, 1, 'second'), true, 'a full store still replaces')
        await found(store, name, 'second', 2)
      }
    },
  },
  {
    name: 'a full store has room again when a record is removed or expires',
    level: 'optional',
    needs: 'createBounded',
    why: 'Nobody could log in until the process is started again.',
    async check({ store, key, pass }) {
      const names = Array.from({ length: boundedTo }, () => key())
      for (const [index, name] of names.entries()) await store.insert(name, 'a record', index === 1 ? 1 : 60)
      await store.remove(names[0] ?? '')
      strictEqual(await store.insert(key(), 'another', 60), true, 'there is room after remove')
      await pass(1000)
      strictEqual(await store.insert(key(), 'another', 60), true, 'there is room after expiry')
      await rejects(store.insert(key(), 'late', 60), Error)
      await found(store, names[2] ?? '', 'a record', 1)
    },
  },
]
