import { ok } from 'node:assert'
import type { Promised } from './bench.js'
import { fits, hasRoomFor, refuses } from './expect.js'

export const givingBackPromises: readonly Promised[] = [
  {
    name: 'a hit of cost -1 gives one back, even at the limit',
    level: 'recommended',
    why: 'An outage at the provider would use up the tries of its users.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 2, windowSeconds: 60 }
      await hasRoomFor(2, store, hit)
      await fits(store, { ...hit, cost: -1 })
      await hasRoomFor(1, store, hit)
    },
  },
  {
    name: 'a counter never falls below zero',
    level: 'required',
    why: 'Tries could be saved up, and the bound on guessing is gone.',
    async check({ store, key }) {
      for (const consecutive of [{}, { maxWindowSeconds: 120 }]) {
        const hit = { key: key(), limit: 2, windowSeconds: 60, ...consecutive }
        for (let times = 0; times < 3; times++) await fits(store, { ...hit, cost: -1 })
        await fits(store, hit)
        for (let times = 0; times < 3; times++) await fits(store, { ...hit, cost: -1 })
        await hasRoomFor(2, store, hit)
      }
    },
  },
  {
    name: 'a list that is refused gives nothing back',
    level: 'required',
    why: 'A refused request would make room at another limit.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 2, windowSeconds: 60 }
      const full = { key: key(), limit: 1, windowSeconds: 60 }
      await fits(store, hit, full)
      await fits(store, hit)
      await refuses(store, [{ ...hit, cost: -1 }, full], 1)
      await hasRoomFor(0, store, hit)
    },
  },
  {
    name: 'giving back does not make the window longer',
    level: 'recommended',
    why: 'A user would wait longer because of an outage.',
    async check({ store, key, pass }) {
      const hit = { key: key(), limit: 2, windowSeconds: 2 }
      await hasRoomFor(2, store, hit)
      await pass(1000)
      await fits(store, { ...hit, cost: -1 })
      await hasRoomFor(1, store, hit)
      await pass(1000)
      await hasRoomFor(2, store, hit)
    },
  },
  {
    name: 'giving back the hit that closed a consecutive counter opens it again, at the same level',
    level: 'recommended',
    why: 'A user whose last try met an outage would be locked out for a day.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 3, windowSeconds: 60, maxWindowSeconds: 480 }
      await hasRoomFor(3, store, hit)
      await fits(store, { ...hit, cost: -1 })
      await hasRoomFor(1, store, hit)
      const closedFor = await refuses(store, [hit])
      ok(closedFor <= 60, `the first lock is 60 seconds, not ${closedFor}`)
    },
  },
]
