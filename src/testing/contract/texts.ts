import { strictEqual } from 'node:assert'
import type { Promised } from './bench.js'
import { found } from './expect.js'

const sealed = JSON.stringify({
  v: 1,
  state: 'pending',
  rung: 0,
  check: 'q83vEjRWeJA',
  sealed: `${'AZaz09-_+/'.repeat(64)}==`,
})

const plain = [
  ...[
    '',
    ' ',
    ' both sides ',
    'two\nlines\r\nand a\ttab',
    '0123',
    '1e5',
    '-0',
    'null',
    'undefined',
    'true',
    '{}',
    '[]',
    '"',
    "'",
    '\\',
    '\\u0000',
    '%s %d $1 ?',
  ],
  ...[
    "'; DROP TABLE flows; --",
    'é and e\u0301',
    'ß ſ ı İ',
    '\u{1f4f1}\u{1f468}\u200d\u{1f469}',
    '\u05d0\u202e\u0627',
    '\ufeffwith a mark',
    '\u2028\u2029',
  ],
]

/** What not every database can hold. */
const hard = ['a\u0000b', 'half a pair: \ud83d', '\udcf1 the other half']

export const textPromises: readonly Promised[] = [
  {
    name: 'a record comes back byte for byte',
    level: 'required',
    why: 'Sealed data that changes by a character cannot be opened: no login would ever finish.',
    async check({ store, key }) {
      const name = key()
      strictEqual(await store.insert(name, sealed, 60), true)
      await found(store, name, sealed, 1)
      strictEqual(await store.replace(name, 1, `${sealed} `), true)
      await found(store, name, `${sealed} `, 2)
    },
  },
  {
    name: 'any text comes back byte for byte, through insert and through replace',
    level: 'recommended',
    why: 'A store of your own records, such as profiles, would alter them.',
    async check({ store, key }) {
      for (const text of plain) {
        const name = key()
        strictEqual(await store.insert(name, text, 60), true)
        await found(store, name, text, 1)
        strictEqual(await store.replace(name, 1, `${text}${text}`), true)
        await found(store, name, `${text}${text}`, 2)
      }
    },
  },
  {
    name: 'a record of 64 KiB comes back whole',
    level: 'recommended',
    why: 'A record that is cut off is a login that fails.',
    async check({ store, key }) {
      const name = key()
      const text = 'é\u{1f4f1}0123456789ABC'.repeat(4096)
      await store.insert(name, text, 60)
      await found(store, name, text, 1)
      await store.remove(name)
    },
  },
  {
    name: 'text that cannot be kept as it is gets refused, not altered',
    level: 'optional',
    why: 'The library never writes such text.',
    async check({ store, key }) {
      for (const text of hard) {
        const name = key()
        const kept = await store.insert(name, text, 60).catch(() => false)
        if (kept) await found(store, name, text, 1)
      }
    },
  },
]
