import { generateKeyPairSync } from 'node:crypto'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { VendorKeys } from '../../src/providers/idlayr/webhook-keys.js'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsa = publicKey.export({ format: 'jwk' })
const good = { ...rsa, kid: 'a', use: 'sig', alg: 'RS256' }

/** Keys whose JWKS is `vendor.set`, and how often that was fetched. */
function vendor(set: unknown = { keys: [good] }) {
  const clock = fakeClock()
  const vendor = { set, fetches: 0, clock, keys: new VendorKeys(fetchSet, clock) }
  async function fetchSet() {
    vendor.fetches++
    if (vendor.set instanceof Error) throw vendor.set
    return vendor.set
  }
  return vendor
}

describe('which keys are used', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })

  test.each([
    ['all its members', good],
    ['an id and the key alone', { ...rsa, kid: 'a' }],
    ['operations', { ...good, key_ops: ['verify'] }],
    ['members that we do not know', { ...good, x5c: ['…'], more: 1 }],
  ])('one with %s', async (_, key) => {
    expect((await vendor({ keys: [key] }).keys.find('a'))?.export({ format: 'jwk' })).toEqual(rsa)
  })

  test('of a private key only the public half', async () => {
    const key = await vendor({ keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'a' }] }).keys.find('a')
    expect(key?.type).toBe('public')
  })

  test.each<[string, unknown]>([
    ['for encryption', { ...good, use: 'enc' }],
    ['for another algorithm', { ...good, alg: 'RS512' }],
    ['for RSA-PSS', { ...good, alg: 'PS256' }],
    ['for wrapping', { ...good, key_ops: ['wrapKey'] }],
    ['whose operations are no list', { ...good, key_ops: 'verify' }],
    ['on a curve', { ...ec, kid: 'a' }],
    ['on a curve that says RSA', { ...ec, kty: 'RSA', kid: 'a' }],
    ['that is a shared secret', { kty: 'oct', k: 'AAAA', kid: 'a' }],
    ['of 1024 bits', { ...short, kid: 'a' }],
    ['without a modulus', { ...good, n: undefined }],
    ['whose modulus is no text', { ...good, n: 1 }],
    ['without an id', { ...rsa }],
    ['whose id is no text', { ...good, kid: 1 }],
    ['that is none', 'a'],
    ['that is nothing', null],
  ])('not one %s', async (_, key) => {
    const { keys } = vendor({ keys: [key, { ...good, kid: 'b' }] })
    expect(await keys.find('a')).toBeUndefined()
    expect(await keys.find('b')).toBeDefined()
  })

  test('neither of two with the same id', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
    expect(await vendor({ keys: [good, { ...other, kid: 'a' }] }).keys.find('a')).toBeUndefined()
  })

  test('none of a name that every object has', async () => {
    const { keys } = vendor()
    for (const name of ['__proto__', 'constructor', '']) expect(await keys.find(name)).toBeUndefined()
  })
})

describe('when they are fetched', () => {
  test('once for all who ask at the same time', async () => {
    const the = vendor()
    await Promise.all(Array.from({ length: 100 }, (_, index) => the.keys.find(index % 2 ? 'a' : `k${index}`)))
    expect(the.fetches).toBe(1)
  })

  test('again for an unknown id, 30 s later at the earliest: a key that came new is found then', async () => {
    const the = vendor()
    await the.keys.find('a')
    the.set = { keys: [good, { ...good, kid: 'new' }] }
    await the.clock.advance(29_999)
    expect(await the.keys.find('new')).toBeUndefined()
    expect(the.fetches).toBe(1)
    await the.clock.advance(1)
    expect(await the.keys.find('new')).toBeDefined()
    expect(the.fetches).toBe(2)
  })

  test('again after an hour: a key that was withdrawn is good no longer', async () => {
    const the = vendor()
    await the.keys.find('a')
    the.set = { keys: [] }
    await the.clock.advance(3_599_999)
    expect(await the.keys.find('a')).toBeDefined()
    await the.clock.advance(1)
    expect(await the.keys.find('a')).toBeUndefined()
  })

  test.each<[string, unknown]>([
    ['cannot be reached', new Error('refused')],
    ['answers nothing', undefined],
    ['answers a page', '<html>'],
    ['answers a list', [good]],
    ['answers keys that are no list', { keys: good }],
  ])('a vendor that %s: an outage, asked again after 30 s; known keys are good for their hour', async (_, fault) => {
    const the = vendor()
    await the.keys.find('a')
    the.set = fault
    await the.clock.advance(30_000)
    for (let index = 0; index < 10; index++)
      await expect(the.keys.find('new')).rejects.toThrow('The JWKS could not be fetched')
    expect(the.fetches).toBe(2)
    expect(await the.keys.find('a')).toBeDefined()

    await the.clock.advance(3_570_000)
    await expect(the.keys.find('a')).rejects.toThrow('The JWKS could not be fetched')
    the.set = { keys: [good] }
    await the.clock.advance(30_000)
    expect(await the.keys.find('a')).toBeDefined()
  })
})
