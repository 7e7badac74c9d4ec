import { createSecretKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { TokenEvent } from '../../src/contracts/events.js'
import { MemoryStore } from '../../src/stores/memory.js'
import type { JwtKey } from '../../src/tokens/keys.js'
import { RefreshFamilies } from '../../src/tokens/refresh-families.js'
import { type JwtSettings, tokenServiceFor } from '../../src/tokens/settings.js'
import { bare } from '../support/events.js'
import { ec, keys, pem, rsa } from '../support/tokens/keys.js'

const secret = 'a-test-secret-of-at-least-32-bytes'
const good: JwtSettings = {
  issuer: 'https://app.example',
  audience: 'https://api.example',
  keys: [keys.HS256],
  subject: (user) => user.id,
}
const withStore = (changes: Partial<JwtSettings> = {}): JwtSettings => ({
  ...good,
  store: new MemoryStore(),
  secret,
  ...changes,
})

describe('settings', () => {
  test.each([
    ['a function', () => {}, 'the settings come first and the verify callback second'],
    ['nothing', undefined, 'pass an object of settings'],
    ['null', null, 'pass an object of settings'],
    ['text', 'https://app.example', 'pass an object of settings'],
  ])('are no settings: %s', (_name, settings, sentence) => {
    expect(() => tokenServiceFor(settings as never)).toThrow(new RegExp(`^JwtSettings: .*${sentence}`))
  })

  test.each([
    ['store', MemoryStore, 'is a class'],
    ['store', null, 'is no store'],
    ['store', 'memory', 'is no store'],
    ['store', { insert() {}, find() {}, replace() {} }, 'is no store'],
    ['findUser', true, 'must be a function'],
    ['secret', 'short', 'at least 32 bytes'],
    ['accessTtlSeconds', 901, 'from 1 to 900'],
    ['refreshIdleSeconds', 0, 'from 1 to'],
    ['refreshGraceSeconds', 61, 'from 0 to 60'],
    ['refreshGraceSeconds', -1, 'from 0 to 60'],
    ['refreshGraceSeconds', 0.5, 'from 0 to 60'],
  ])('%s that is %o is refused by its name', (name, value, sentence) => {
    expect(() => tokenServiceFor({ ...good, [name]: value })).toThrow(
      new RegExp(`^JwtSettings: ${name}\\b.*${sentence}`),
    )
  })

  test.each([
    { accessTtlSeconds: 1 },
    { accessTtlSeconds: 900 },
    { refreshIdleSeconds: 1 },
    { refreshAbsoluteSeconds: 365 * 86_400 },
    { refreshGraceSeconds: 0 },
    { refreshGraceSeconds: 60 },
    { findUser: () => null },
    { checkRevoked: true },
  ])('%o are taken', (settings) => {
    expect(() => tokenServiceFor(withStore(settings))).not.toThrow()
  })

  test('with a store bring refresh tokens and revocations; without, neither', () => {
    expect(tokenServiceFor(withStore()).families).toBeInstanceOf(RefreshFamilies)
    expect(tokenServiceFor(withStore()).revocations).toBeDefined()
    expect(tokenServiceFor(good)).toMatchObject({ families: undefined, revocations: undefined, accessTtlSeconds: 600 })
  })

  test('name who is told and who is asked; nobody is asked where nobody is named', () => {
    const events: TokenEvent[] = []
    const findUser = () => null
    const service = tokenServiceFor(withStore({ findUser, onEvent: (event) => events.push(bare(event) as TokenEvent) }))
    service.emit({ type: 'user_revoked', user: 'x' })
    expect(events).toEqual([{ type: 'user_revoked', user: 'x' }])
    expect(service.findUser).toBe(findUser)
    expect(Object.keys(tokenServiceFor(withStore()))).not.toContain('findUser')
  })

  test('are read once, and the same everywhere', () => {
    const settings = withStore()
    expect(tokenServiceFor(settings)).toBe(tokenServiceFor(settings))
    expect(tokenServiceFor(settings)).not.toBe(tokenServiceFor({ ...settings }))
  })
})

describe('a key', () => {
  test.each([
    ['null', null, /^JwtSettings: keys\[0\] must be an object/],
    ['an empty public key', { kid: 'a', algorithm: 'RS256', publicKey: '' }, /keys\[0\]\.publicKey is missing/],
    ['an empty private key', { kid: 'a', algorithm: 'RS256', privateKey: '' }, /keys\[0\]\.privateKey is missing/],
    ['a public key that is a number', { kid: 'a', algorithm: 'RS256', publicKey: 7 }, /publicKey is no public key/],
    [
      'a private KeyObject as the public key',
      { kid: 'a', algorithm: 'RS256', publicKey: rsa.privateKey },
      /keys\[0\]\.publicKey is a private key/,
    ],
    ['an EC key for RS256', { ...keys.RS256, privateKey: ec.privateKey }, /keys\[0\]\.privateKey must be an RSA key/],
    [
      'a public EC key for RS256',
      { kid: 'a', algorithm: 'RS256', publicKey: pem(ec.publicKey) },
      /keys\[0\]\.publicKey must be an RSA key/,
    ],
    ['7 different bytes', { ...keys.HS256, secret: 'abcdefg'.repeat(5) }, /placeholder/],
  ])('%s is refused by its name', (_name, key, sentence) => {
    expect(() => tokenServiceFor({ ...good, keys: [key as JwtKey] })).toThrow(sentence)
  })

  test.each([
    ['text of 8 different bytes', 'abcdefgh'.repeat(4)],
    ['a KeyObject', createSecretKey(Buffer.from('abcdefgh'.repeat(4)))],
  ])('may be %s', (_name, own) => {
    expect(() => tokenServiceFor({ ...good, keys: [{ ...keys.HS256, secret: own }] })).not.toThrow()
  })
})
