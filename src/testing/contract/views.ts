import { strictEqual } from 'node:assert'
import { atOnce, type Promised } from './bench.js'
import { fits, found, hasRoomFor, missing } from './expect.js'

export const viewPromises: readonly Promised[] = [
  {
    name: 'what one process writes, the next read of another sees',
    level: 'required',
    needs: 'another',
    why: 'A login that was used up in one process would still be good in another.',
    async check({ store, other, key, pass }) {
      const name = key()
      await store.insert(name, 'first', 60)
      await found(other, name, 'first', 1)
      strictEqual(await other.insert(name, 'second', 60), false)
      strictEqual(await other.replace(name, 1, 'second'), true)
      strictEqual(await store.replace(name, 1, 'third'), false)
      await found(store, name, 'second', 2)
      await other.remove(name)
      await missing(store, name)
      const short = key()
      await store.insert(short, 'short', 1)
      await pass(1000)
      await missing(other, short)
    },
  },
  {
    name: 'of 50 replaces of one version from two processes, exactly one returns true',
    level: 'required',
    needs: 'another',
    why: 'Two winners are two logins for one proof.',
    async check({ store, other, key }) {
      const name = key()
      await store.insert(name, 'record', 60)
      const won = await atOnce(50, (index) => (index % 2 === 0 ? store : other).replace(name, 1, `by ${index}`))
      strictEqual(won.filter((yes) => yes).length, 1)
      await found(other, name, `by ${won.indexOf(true)}`, 2)
    },
  },
  {
    name: 'processes charge the same counters',
    level: 'required',
    needs: 'another',
    why: 'Every process added would add as many guesses.',
    async check({ store, other, key }) {
      const hit = { key: key(), limit: 10, windowSeconds: 60 }
      const lock = { key: key(), limit: 10, windowSeconds: 60, maxWindowSeconds: 120 }
      const verdicts = await atOnce(50, (index) => (index % 2 === 0 ? store : other).count([hit, lock]))
      strictEqual(verdicts.filter(({ allowed }) => allowed).length, 10)
      await hasRoomFor(0, other, hit)
      await hasRoomFor(0, store, lock)
      await other.remove(lock.key)
      await fits(store, lock)
    },
  },
]
