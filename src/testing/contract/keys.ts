import { deepStrictEqual, strictEqual } from 'node:assert'
import type { Promised } from './bench.js'
import { fits, found, hasRoomFor, missing } from './expect.js'

/** Names that a careless store takes for one another. */
const lookalikes = (name: string): string[] => {
  const long = name.padEnd(500, '-')
  return [
    ...[
      name,
      `${name}:`,
      `${name}:1`,
      `${name}:1:`,
      `${name}1`,
      ` ${name}`,
      `${name} `,
      name.toUpperCase(),
      `${name}*`,
      `${name}%`,
      `${name}_`,
    ],
    ...[
      `${name}\u00e9`,
      `${name}e\u0301`,
      `${name}\u{1f4f1}`,
      `${name}'; --`,
      `${name}"`,
      `${name}\\`,
      `${name}\n`,
      `${name}{a}`,
      `${name}{b}`,
    ],
    ...[`${long}a`, `${long}b`],
  ]
}

export const keyPromises: readonly Promised[] = [
  {
    name: 'keys that look alike name different records',
    level: 'required',
    why: 'Two keys that meet put one person into the login of another.',
    async check({ store, key }) {
      const names = lookalikes(key())
      for (const [index, name] of names.entries())
        strictEqual(await store.insert(name, `record ${index}`, 60), true, `taken: ${JSON.stringify(name)}`)
      for (const [index, name] of names.entries()) await found(store, name, `record ${index}`, 1)
      await store.remove(names[0] ?? '')
      for (const [index, name] of names.entries()) if (index > 0) await found(store, name, `record ${index}`, 1)
      await Promise.all(names.map((name) => store.remove(name)))
    },
  },
  {
    name: 'keys that look alike name different counters',
    level: 'required',
    why: 'One person would be locked out by the failures of another.',
    async check({ store, key }) {
      const names = lookalikes(key())
      for (const name of names) await fits(store, { key: name, limit: 1, windowSeconds: 60 })
      await store.remove(names[0] ?? '')
      for (const [index, name] of names.entries())
        await hasRoomFor(index === 0 ? 1 : 0, store, { key: name, limit: 1, windowSeconds: 60 })
      await Promise.all(names.map((name) => store.remove(name)))
    },
  },
  {
    name: 'a record and a counter of the same key live apart',
    level: 'required',
    why: 'A counter would be taken for a login, or a login would free a counter.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 2, windowSeconds: 60 }
      await fits(store, hit)
      await missing(store, hit.key)
      strictEqual(await store.insert(hit.key, 'a record', 60), true, 'a counter does not take the key of a record')
      await store.replace(hit.key, 1, 'another')
      await hasRoomFor(1, store, hit)
      await found(store, hit.key, 'another', 2)
    },
  },
  {
    name: 'remove forgets the record and the counter of the key',
    level: 'required',
    why: 'An unlocked number would stay locked, or a finished login open.',
    async check({ store, key }) {
      const hit = { key: key(), limit: 1, windowSeconds: 60 }
      const bystander = { key: key(), limit: 1, windowSeconds: 60 }
      await fits(store, hit, bystander)
      await store.insert(hit.key, 'a record', 60)
      await store.remove(hit.key)
      await missing(store, hit.key)
      await hasRoomFor(1, store, hit)
      await hasRoomFor(0, store, bystander)
      await store.remove(hit.key)
      await hasRoomFor(1, store, hit)
    },
  },
  {
    name: 'names that every object inherits are keys like any other',
    level: 'recommended',
    why: 'A key that is found without having been written is a login that nobody started.',
    async check({ store, key }) {
      // These cannot be made unique, so another run on the same data may hold one of them for a moment.
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        try {
          if (await store.insert(name, key(), 5)) strictEqual((await store.find(name))?.version ?? 1, 1)
          else strictEqual(typeof (await store.find(name))?.record, 'string', `${name} is taken without a record`)
          deepStrictEqual(await store.count([{ key: name, limit: 1000, windowSeconds: 5 }]), { allowed: true })
        } finally {
          await store.remove(name)
        }
      }
    },
  },
]
