import { ok, strictEqual } from 'node:assert'
import { atOnce, type Promised } from './bench.js'
import { fits, hasRoomFor, refuses } from './expect.js'

export const counterPromises: readonly Promised[] = [
  {
    name: 'takes as many hits as the limit, and no more',
    level: 'required',
    why: 'This bounds how many codes can be guessed and how many messages are paid for.',
    async check({ store, key }) {
      for (const limit of [1, 3, 10]) await hasRoomFor(limit, store, { key: key(), limit, windowSeconds: 60 })
    },
  },
  {
    name: 'of 50 hits at once on a limit of 10, exactly 10 are allowed',
    level: 'required',
    why: 'Whoever asks often enough at the same moment gets past every limit.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 10, windowSeconds: 60 }
      const verdicts = await atOnce(50, () => store.count([hit]))
      strictEqual(verdicts.filter(({ allowed }) => allowed).length, 10)
      await hasRoomFor(0, store, hit)
    },
  },
  {
    name: 'a limit of 0 takes none',
    level: 'required',
    why: 'What the app has switched off would be sent and paid for.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 0, windowSeconds: 60 }
      await refuses(store, [hit])
      await refuses(store, [{ ...hit, cost: 0 }])
      await refuses(store, [{ ...hit, maxWindowSeconds: 120 }])
      await fits(store, { ...hit, cost: -1 })
    },
  },
  {
    name: 'the window ends that long after its first hit, with all that was counted',
    level: 'required',
    why: 'A window that moves with each hit never opens for somebody who keeps trying; one that ends early bounds nothing.',
    async check({ store, key, pass, exact }) {
      const hit = { key: key(), limit: 2, windowSeconds: 2 }
      await fits(store, hit)
      await pass(1000)
      await hasRoomFor(1, store, hit)
      if (exact) {
        await pass(999)
        await refuses(store, [hit])
        await pass(1)
      } else await pass(1000)
      await hasRoomFor(2, store, hit)
    },
  },
  {
    name: 'a refused hit is not counted',
    level: 'required',
    why: 'Somebody could keep a number locked for ever by asking for it.',
    async check({ store, key, pass }) {
      const hit = { key: key(), limit: 1, windowSeconds: 2 }
      await fits(store, hit)
      for (let times = 0; times < 5; times++) await refuses(store, [hit])
      await fits(store, { ...hit, cost: -1 })
      await hasRoomFor(1, store, hit)
      await pass(1000)
      await refuses(store, [hit])
      await pass(1000)
      await hasRoomFor(1, store, hit)
    },
  },
  {
    name: 'retryAfterSeconds is whole, at least 1, and not longer than needed',
    level: 'recommended',
    why: 'Devices that wait as told would come back too early, or much too late.',
    async check({ store, key, pass, exact }) {
      const hit = { key: key(), limit: 1, windowSeconds: 4 }
      await fits(store, hit)
      const first = await refuses(store, [hit])
      ok(first <= 4, `at the beginning of 4 seconds: ${first}`)
      await pass(2500)
      const later = await refuses(store, [hit])
      ok(later <= 2, `1.5 seconds before the end: ${later}`)
      if (exact) {
        strictEqual(first, 4)
        strictEqual(later, 2)
        await pass(1499)
        strictEqual(await refuses(store, [hit]), 1)
      }
      await pass(exact ? 1 : later * 1000)
      await hasRoomFor(1, store, hit)
    },
  },
  {
    name: 'asking at cost 0 charges nothing and says whether one more fits',
    level: 'required',
    why: 'Looking would use up tries, or a lock would not be seen before a provider is asked.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 2, windowSeconds: 60 }
      for (let times = 0; times < 5; times++) await fits(store, { ...hit, cost: 0 })
      await fits(store, hit)
      for (let times = 0; times < 5; times++) await fits(store, { ...hit, cost: 0 })
      await hasRoomFor(1, store, hit)
      await refuses(store, [{ ...hit, cost: 0 }])
    },
  },
  {
    name: 'asking at cost 0 opens no window',
    level: 'recommended',
    why: 'The window would end before its time, and more would fit than the limit says.',
    async check({ store, key, pass }) {
      const hit = { key: key(), limit: 1, windowSeconds: 2 }
      await fits(store, { ...hit, cost: 0 })
      await pass(1000)
      await fits(store, hit)
      await pass(1200)
      await refuses(store, [hit])
    },
  },
  {
    name: 'a counter of 30 days holds for 30 days',
    level: 'required',
    why: 'A timer of more than 24.8 days ends at once, and the lock with it.',
    async check({ store, key, pass, exact }) {
      const window = { key: key(), limit: 1, windowSeconds: 2_592_000 }
      const lock = { key: key(), limit: 1, windowSeconds: 2_592_000, maxWindowSeconds: 2_592_000 }
      await fits(store, window, lock)
      await pass(exact ? 2_591_999_000 : 100)
      const most = exact ? 1 : 2_592_000
      ok((await refuses(store, [window])) <= most)
      ok((await refuses(store, [lock])) <= most)
      await store.remove(window.key)
      await store.remove(lock.key)
    },
  },
]
