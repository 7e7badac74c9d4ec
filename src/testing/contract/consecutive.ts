import { ok, strictEqual } from 'node:assert'
import { atOnce, type Promised } from './bench.js'
import { fits, hasRoomFor, refuses } from './expect.js'

export const consecutivePromises: readonly Promised[] = [
  {
    name: 'consecutive hits add up without a window',
    level: 'required',
    why: 'Whoever guesses slowly would guess for ever.',
    async check({ store, key, pass }) {
      const hit = { key: key(), limit: 3, windowSeconds: 1, maxWindowSeconds: 60 }
      await fits(store, hit)
      await pass(1500)
      await fits(store, hit)
      await pass(1500)
      await hasRoomFor(1, store, hit)
    },
  },
  {
    name: 'the hit that reaches the limit is allowed and closes the key for windowSeconds',
    level: 'required',
    why: 'The bound on guessing a code would be another than the documented one.',
    async check({ store, key, pass, exact }) {
      const hit = { key: key(), limit: 2, windowSeconds: 2, maxWindowSeconds: 60 }
      await fits(store, hit)
      await pass(500)
      await hasRoomFor(1, store, hit)
      const closedFor = await refuses(store, [hit])
      ok(closedFor <= 2, `closed for ${closedFor} seconds instead of 2`)
      await pass(exact ? 1999 : 1200)
      await refuses(store, [hit])
      await refuses(store, [{ ...hit, cost: 0 }])
      await pass(exact ? 1 : 800)
      await fits(store, { ...hit, cost: 0 })
      await hasRoomFor(2, store, hit)
    },
  },
  {
    name: 'each lock is twice as long as the one before, up to maxWindowSeconds',
    level: 'required',
    why: 'A number could be guessed at for a lifetime, a few codes a day.',
    async check({ store, key, pass, exact }) {
      const hit = { key: key(), limit: 2, windowSeconds: 1, maxWindowSeconds: 3 }
      for (const seconds of [1, 2, 3]) {
        await hasRoomFor(2, store, hit)
        const closedFor = await refuses(store, [hit])
        ok(closedFor <= seconds, `closed for ${closedFor} seconds instead of ${seconds}`)
        // The slack of a real wait is well below the half second that is left here.
        await pass(seconds * 1000 - 500)
        await refuses(store, [hit])
        if (exact) strictEqual(closedFor, seconds)
        await pass(500)
      }
      await fits(store, hit)
    },
  },
  {
    name: 'of 50 consecutive hits at once on a limit of 10, exactly 10 are allowed',
    level: 'required',
    why: 'Guesses that are made at the same moment would all count as one.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 10, windowSeconds: 60, maxWindowSeconds: 120 }
      const verdicts = await atOnce(50, () => store.count([hit]))
      strictEqual(verdicts.filter(({ allowed }) => allowed).length, 10)
      ok((await refuses(store, [hit])) <= 60, 'the first lock is 60 seconds')
    },
  },
  {
    name: 'a hit that a lock refuses neither counts nor makes the lock longer',
    level: 'required',
    why: 'Somebody could keep the owner of a number out for as long as they keep asking.',
    async check({ store, key, pass }) {
      const hit = { key: key(), limit: 2, windowSeconds: 2, maxWindowSeconds: 60 }
      await hasRoomFor(2, store, hit)
      await pass(1000)
      for (let times = 0; times < 5; times++) await refuses(store, [hit])
      await pass(1000)
      await hasRoomFor(2, store, hit)
      const closedFor = await refuses(store, [hit])
      ok(closedFor > 2 && closedFor <= 4, `the second lock is 4 seconds, not ${closedFor}`)
    },
  },
  {
    name: 'asking at cost 0 charges nothing on a consecutive counter',
    level: 'required',
    why: 'Looking whether a number is locked would lock it.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 2, windowSeconds: 60, maxWindowSeconds: 120 }
      for (let times = 0; times < 5; times++) await fits(store, { ...hit, cost: 0 })
      await hasRoomFor(2, store, hit)
      await refuses(store, [{ ...hit, cost: 0 }])
    },
  },
  {
    name: 'remove forgets the hits and the length of the next lock',
    level: 'required',
    why: 'Somebody who has proven the number, or was unlocked, would stay locked out.',
    async check({ store, key, pass }) {
      const hit = { key: key(), limit: 2, windowSeconds: 1, maxWindowSeconds: 60 }
      await hasRoomFor(2, store, hit)
      await pass(1000)
      await hasRoomFor(2, store, hit)
      await store.remove(hit.key)
      await hasRoomFor(2, store, hit)
      const closedFor = await refuses(store, [hit])
      ok(closedFor <= 1, `the first lock is 1 second, not ${closedFor}`)
    },
  },
  {
    name: 'hits on a key that was never closed are forgotten after maxWindowSeconds without one',
    level: 'recommended',
    why: 'A few wrong codes in a year would lock a number.',
    async check({ store, key, pass, exact }) {
      const hit = { key: key(), limit: 3, windowSeconds: 1, maxWindowSeconds: 2 }
      await fits(store, hit)
      await pass(exact ? 1999 : 1000)
      await fits(store, hit)
      await pass(2000)
      await hasRoomFor(3, store, hit)
    },
  },
  {
    name: 'a key that was closed is remembered for longer than maxWindowSeconds',
    level: 'required',
    why: 'Whoever guesses, and rests whenever the locks grow long, would always find the shortest lock.',
    async check({ store, key, pass }) {
      const hit = { key: key(), limit: 2, windowSeconds: 1, maxWindowSeconds: 2 }
      await hasRoomFor(2, store, hit)
      await pass(1000 + 4000)
      await hasRoomFor(2, store, hit)
      const closedFor = await refuses(store, [hit])
      ok(closedFor > 1, `the second lock is 2 seconds, not ${closedFor}`)
    },
  },
  {
    name: 'a key that was closed is forgotten after twelve times maxWindowSeconds without a hit',
    level: 'recommended',
    why: 'A number would keep the lock of its owner before the last.',
    async check({ store, key, pass, exact }) {
      const hit = { key: key(), limit: 2, windowSeconds: 0.25, maxWindowSeconds: 0.5 }
      await hasRoomFor(2, store, hit)
      await pass(250)
      await fits(store, hit)
      // The hit stands for 6 seconds now, because the key was closed before.
      await pass(exact ? 5999 : 3000)
      await hasRoomFor(1, store, hit)
      await pass(500 + 6000)
      await hasRoomFor(2, store, hit)
    },
  },
]
