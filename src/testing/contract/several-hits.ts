import { strictEqual } from 'node:assert'
import { atOnce, type Promised } from './bench.js'
import { fits, hasRoomFor, refuses } from './expect.js'

export const severalHitsPromises: readonly Promised[] = [
  {
    name: 'charges every hit of a list that fits',
    level: 'required',
    why: 'A limit that is left out bounds nothing.',
    async check({ store, key }) {
      const hits = [3, 2, 5].map((limit) => ({ key: key(), limit, windowSeconds: 60 }))
      await fits(store, ...hits)
      for (const hit of hits) await hasRoomFor(hit.limit - 1, store, hit)
    },
  },
  {
    name: 'one refusal charges none of the others, wherever it stands',
    level: 'required',
    why: 'Somebody who is refused at one limit would use up those of others: a number can be locked from far away.',
    async check({ store, key }) {
      const full = { key: key(), limit: 1, windowSeconds: 60 }
      await fits(store, full)
      for (const culprit of [0, 1, 2]) {
        const others = [2, 2].map((limit) => ({ key: key(), limit, windowSeconds: 60 }))
        const consecutive = { key: key(), limit: 2, windowSeconds: 60, maxWindowSeconds: 120 }
        const hits = [...others.toSpliced(culprit, 0, full), consecutive]
        await refuses(store, hits, culprit)
        await hasRoomFor(2, store, consecutive)
        for (const other of others) await hasRoomFor(2, store, other)
      }
    },
  },
  {
    name: 'of several refusals, the first in the order given is reported',
    level: 'recommended',
    why: 'The user would be told the wrong reason.',
    async check({ store, key }) {
      const [first, second] = [
        { key: key(), limit: 1, windowSeconds: 60 },
        { key: key(), limit: 1, windowSeconds: 60 },
      ]
      await fits(store, first, second)
      await refuses(store, [{ key: key(), limit: 1, windowSeconds: 60 }, second, first], 1)
      await refuses(store, [first, second], 0)
    },
  },
  {
    name: 'lists at once share a limit without charging the rest of those refused',
    level: 'required',
    why: 'Checked first and charged later, the limits give way to whoever asks at the same moment.',
    async check({ store, key }) {
      const total = { key: key(), limit: 1000, windowSeconds: 60 }
      const shared = { key: key(), limit: 10, windowSeconds: 60 }
      const verdicts = await atOnce(50, (index) => store.count(index % 2 === 0 ? [total, shared] : [shared, total]))
      strictEqual(verdicts.filter(({ allowed }) => allowed).length, 10)
      await hasRoomFor(1, store, { ...total, limit: 11 })
    },
  },
  {
    name: 'a key that is named twice is charged twice, or not at all',
    level: 'recommended',
    why: 'Two rules over one key would let one hit too many pass.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 3, windowSeconds: 60 }
      await fits(store, hit, hit)
      await refuses(store, [hit, hit])
      await hasRoomFor(1, store, hit)
    },
  },
  {
    name: 'an empty list is allowed',
    level: 'recommended',
    why: 'An app without limits of its own could not start a login.',
    check: ({ store }) => fits(store),
  },
]
