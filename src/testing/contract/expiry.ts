import { ok, strictEqual } from 'node:assert'
import type { Promised } from './bench.js'
import { found, missing } from './expect.js'

export const expiryPromises: readonly Promised[] = [
  {
    name: 'the age counts milliseconds from insert, by one clock',
    level: 'required',
    why: 'A lease, a cooldown or a proof would end too early or never.',
    async check({ store, key, pass, exact }) {
      const name = key()
      const before = performance.now()
      await store.insert(name, 'a record', 60)
      const fresh = await found(store, name, 'a record', 1)
      ok(fresh.ageMs <= performance.now() - before + 50, `a new record is ${fresh.ageMs} ms old`)
      await pass(1500)
      const { ageMs } = await found(store, name, 'a record', 1)
      // A store whose time is moved on may live by the real one as well.
      const most = (exact ? 1500 : 0) + (performance.now() - before) + 50
      ok(ageMs >= 1450 && ageMs <= most, `after 1,500 ms the age is ${ageMs} ms`)
    },
  },
  {
    name: 'a record ends with its time to live, not before',
    level: 'required',
    why: 'A login that outlives its time can be finished by whoever finds the phone or the link.',
    async check({ store, key, pass, exact }) {
      const name = key()
      await store.insert(name, 'a record', 2)
      await pass(exact ? 1999 : 1000)
      await found(store, name, 'a record', 1)
      await pass(exact ? 1 : 1000)
      await missing(store, name, 'a record at its time to live is gone')
    },
  },
  {
    name: 'an expired record cannot be replaced',
    level: 'required',
    why: 'A login that is over would come to life again.',
    async check({ store, key, pass }) {
      const name = key()
      await store.insert(name, 'a record', 1)
      await pass(1000)
      strictEqual(await store.replace(name, 1, 'another'), false, 'replace of an expired record returns false')
      await missing(store, name)
    },
  },
  {
    name: 'the key of an expired record is free: a new one begins at version 1 with a time and an age of its own',
    level: 'required',
    why: 'A leftover of an old login would decide about a new one.',
    async check({ store, key, pass }) {
      const name = key()
      await store.insert(name, 'first', 1)
      await store.replace(name, 1, 'second')
      await pass(1000)
      const before = performance.now()
      strictEqual(await store.insert(name, 'third', 3), true, 'insert after expiry returns true')
      const { ageMs } = await found(store, name, 'third', 1)
      ok(ageMs <= performance.now() - before + 50, `a new record is ${ageMs} ms old`)
      strictEqual(await store.replace(name, 2, 'wrong'), false, 'the old version is of no use')
      await pass(1500)
      await found(store, name, 'third', 1)
      await pass(1500)
      await missing(store, name)
    },
  },
  {
    name: 'each record has its own time to live, whatever the order of insertion',
    level: 'required',
    why: 'A long record in front would keep short ones alive, or take them along.',
    async check({ store, key, pass }) {
      const [long, short, longer] = [key(), key(), key()]
      await store.insert(long, 'long', 30)
      await store.insert(short, 'short', 1)
      await store.insert(longer, 'longer', 60)
      await pass(1000)
      await missing(store, short)
      await found(store, long, 'long', 1)
      await found(store, longer, 'longer', 1)
    },
  },
  {
    name: 'a record of 30 days lives for 30 days',
    level: 'recommended',
    why: 'A timer of more than 24.8 days ends at once: everybody would be logged out again.',
    async check({ store, key, pass, exact }) {
      const name = key()
      await store.insert(name, 'a record', 2_592_000)
      await pass(exact ? 2_591_999_000 : 100)
      await found(store, name, 'a record', 1)
      await store.remove(name)
    },
  },
]
