import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Store } from '../../src/contracts/store.js'
import { keyedHash } from '../../src/lib/crypto.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { dumpMemory } from '../support/chaos/dumps.js'
import { Thief } from '../support/chaos/thief.js'
import { begin, deviceAnswer } from '../support/login.js'

const number = '+12025550142'
const sha256 = (text: string) => createHash('sha256').update(text)

/** Does what ours do, and keeps one thing more. */
class Leaky extends MemoryStore implements Store {
  readonly #leak: string

  constructor(leak: string) {
    super()
    this.#leak = leak
  }

  override async insertCharged(...args: Parameters<MemoryStore['insertCharged']>) {
    await super.insert(`index/${this.#leak}`, '', args[2])
    return super.insertCharged(...args)
  }

  override async insert(key: string, record: string, ttlSeconds: number): Promise<boolean> {
    await super.insert(`index/${this.#leak}`, '', ttlSeconds)
    return super.insert(key, record, ttlSeconds)
  }
}

/** A login that is left half-finished; what is in its store, and what should not be. */
async function dumpOf(leak: string) {
  const store = new Leaky(leak)
  const app = await startApp({ strategy: { store } })
  const login = await begin(app, new Browser(app.url), number)
  const { code } = await deviceAnswer(app, login.challengeUrl, number)
  return { dump: await dumpMemory(store), handle: login.flow, code }
}

test('a store that keeps nothing more yields nothing', async () => {
  const { dump, handle, code } = await dumpOf(randomUUID())
  expect(dump).toContain('"state":"pending"')
  expect(new Thief(dump).findings({ numbers: [number], texts: [handle, code], words: ['9371'] })).toEqual([])
})

const leaks: Record<string, () => string> = {
  'the number': () => number,
  'its digits': () => '12025550142',
  'the number as people write it': () => '(202) 555-0142',
  'the number, grouped': () => '202-555-0142',
  'the number backwards': () => '24105552021',
  'the number in hex': () => Buffer.from(number).toString('hex').toUpperCase(),
  'the number, percent-encoded': () => encodeURIComponent(number),
  'the number somewhere in base64': () => Buffer.from(JSON.stringify({ to: number, at: 1 })).toString('base64'),
  'the number somewhere else in base64url': () => Buffer.from(`tel:${number}?`).toString('base64url'),
  'its SHA-256': () => sha256(number).digest('hex'),
  'its MD5': () => createHash('md5').update(number).digest('hex'),
  'the SHA-1 of its digits, in capitals': () => createHash('sha1').update('12025550142').digest('hex').toUpperCase(),
  'half of a SHA-512 of the national number': () =>
    createHash('sha512').update('2025550142').digest('hex').slice(0, 64),
  '64 bits of its SHA-256': () => sha256(number).digest('hex').slice(0, 16),
  'a fingerprint in place of the keyed hash': () =>
    sha256(`number ${number}`).digest().subarray(0, 16).toString('base64url'),
  'the SHA-256 of its JSON, in base64': () => sha256(JSON.stringify(number)).digest('base64'),
  'our hash, keyed with nothing': () => keyedHash('', 'passport-phonecheck/counter/1')(`number ${number}`),
  'an HMAC with a key from our source': () =>
    createHmac('sha256', 'passport-phonecheck').update(number).digest('base64url'),
  'a salted hash beside its salt': () => {
    const salt = randomBytes(16).toString('hex')
    return `${salt}/${sha256(salt + number).digest('hex')}`
  },
  'a keyed hash beside its key': () => {
    const key = randomBytes(32).toString('base64url')
    return `${key}/${keyedHash(key, 'passport-phonecheck/counter/1')(`number ${number}`)}`
  },
  "a neighbour's hash": () => sha256('+12025559999').digest('hex'),
  'a code': () => 'code:9371',
  'the hash of a code': () => sha256('0428').digest('base64url'),
}

test.each(Object.entries(leaks))('a store that keeps %s is caught', async (_, leak) => {
  const { dump } = await dumpOf(leak())
  expect(new Thief(dump).findings({ numbers: [number], texts: [], words: ['9371'] })).not.toEqual([])
})

test('a secret that stands there in any spelling is caught', () => {
  const secret = randomBytes(32).toString('base64url')
  for (const spelt of [secret, Buffer.from(secret).toString('hex'), Buffer.from(`x${secret}`).toString('base64')]) {
    expect(new Thief(`refresh/1 ${spelt}`).findings({ numbers: [], texts: [secret], words: [] })).toHaveLength(1)
  }
})
