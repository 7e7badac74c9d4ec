import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { MemoryStore } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { issueJwt, logoutJwt, refreshJwt, revokeUser } from '../../src/express/handlers/tokens.js'
import { BearerStrategy } from '../../src/passport/bearer.js'
import type { JwtKey } from '../../src/tokens/keys.js'
import type { BearerSettings, JwtSettings } from '../../src/tokens/settings.js'
import { secret } from '../support/app.js'
import {
  audience,
  ec,
  headerOf,
  hmacSecret,
  issuer,
  keys,
  pem,
  rsa,
  type TokenApp,
  tokenApp,
} from '../support/tokens/tokens.js'

const good: JwtSettings = { issuer, audience, keys: [keys.HS256], subject: (user) => user.id }
const withKey = (key: object): JwtSettings => ({ ...good, keys: [key as JwtKey] })
const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const edwards = generateKeyPairSync('ed25519')

const refused: [string, JwtSettings, RegExp][] = [
  ['no keys', { ...good, keys: [] }, /keys is missing/],
  ['keys that are no list', { ...good, keys: keys.HS256 as unknown as JwtKey[] }, /keys is missing/],
  ['a key that is text', { ...good, keys: [hmacSecret as unknown as JwtKey] }, /keys\[0\] must be an object/],
  ['no kid', withKey({ ...keys.HS256, kid: undefined }), /keys\[0\]\.kid must be/],
  ['a kid with a slash', withKey({ ...keys.HS256, kid: 'a/b' }), /keys\[0\]\.kid must be/],
  ['two keys of one kid', { ...good, keys: [keys.HS256, { ...keys.RS256, kid: 'hs' }] }, /keys\[1\]\.kid is taken/],
  ['no algorithm', withKey({ ...keys.HS256, algorithm: undefined }), /keys\[0\]\.algorithm must be/],
  ['the algorithm none', withKey({ kid: 'x', algorithm: 'none' }), /keys\[0\]\.algorithm must be/],
  ['HS512', withKey({ ...keys.HS256, algorithm: 'HS512' }), /keys\[0\]\.algorithm must be/],
  ['no secret', withKey({ ...keys.HS256, secret: undefined }), /keys\[0\]\.secret is missing/],
  ['an empty secret', withKey({ ...keys.HS256, secret: '' }), /keys\[0\]\.secret is missing/],
  ['a secret of 31 bytes', withKey({ ...keys.HS256, secret: randomBytes(31) }), /at least 32 bytes/],
  [
    'a secret of 31 characters',
    withKey({ ...keys.HS256, secret: 'canary-0123456789-abcdefghijklm' }),
    /at least 32 bytes/,
  ],
  ['a placeholder', withKey({ ...keys.HS256, secret: 'x'.repeat(64) }), /placeholder/],
  ['32 zero bytes', withKey({ ...keys.HS256, secret: new Uint8Array(32) }), /placeholder/],
  ['a short KeyObject', withKey({ ...keys.HS256, secret: createSecretKey(randomBytes(16)) }), /at least 32 bytes/],
  ['a public key as the secret', withKey({ ...keys.HS256, secret: pem(rsa.publicKey) }), /PEM/],
  ['a public KeyObject as the secret', withKey({ ...keys.HS256, secret: rsa.publicKey }), /must be a secret key/],
  ['a secret that is a number', withKey({ ...keys.HS256, secret: 42 }), /must be a string/],
  ['an RSA key of 1024 bits', withKey({ ...keys.RS256, privateKey: small.privateKey }), /at least 2048 bits/],
  ['the same as PEM', withKey({ ...keys.RS256, privateKey: pem(small.privateKey) }), /at least 2048 bits/],
  [
    'a public RSA key of 1024 bits',
    withKey({ kid: 'x', algorithm: 'RS256', publicKey: small.publicKey }),
    /at least 2048 bits/,
  ],
  ['an RSA-PSS key', withKey({ ...keys.RS256, privateKey: pss.privateKey }), /must be an RSA key/],
  ['an EC key for RS256', withKey({ ...keys.RS256, privateKey: ec.privateKey }), /must be an RSA key/],
  ['an RSA key for ES256', withKey({ ...keys.ES256, privateKey: rsa.privateKey }), /P-256/],
  ['a P-384 key for ES256', withKey({ ...keys.ES256, privateKey: p384.privateKey }), /P-256/],
  ['an Ed25519 key for ES256', withKey({ ...keys.ES256, privateKey: edwards.privateKey }), /P-256/],
  [
    'no private key',
    withKey({ kid: 'x', algorithm: 'RS256', privateKey: undefined }),
    /keys\[0\]\.privateKey is missing/,
  ],
  [
    'a public key as the private one',
    withKey({ ...keys.RS256, privateKey: pem(rsa.publicKey) }),
    /no private key in PEM form/,
  ],
  [
    'a private key as the public one',
    withKey({ kid: 'x', algorithm: 'RS256', publicKey: pem(rsa.privateKey) }),
    /is a private key/,
  ],
  [
    'a secret as the private key',
    withKey({ ...keys.RS256, privateKey: createSecretKey(randomBytes(32)) }),
    /must be a private key/,
  ],
  [
    'a secret as the public key',
    withKey({ kid: 'x', algorithm: 'RS256', publicKey: createSecretKey(randomBytes(32)) }),
    /must be a public key/,
  ],
  ['both keys', withKey({ ...keys.RS256, publicKey: rsa.publicKey }), /has both keys/],
  [
    'a damaged PEM',
    withKey({ ...keys.RS256, privateKey: pem(rsa.privateKey).replaceAll('\n', '\\n') }),
    /mind the line breaks/,
  ],
  [
    'a first key that cannot sign',
    withKey({ kid: 'x', algorithm: 'RS256', publicKey: rsa.publicKey }),
    /keys\[0\] has no privateKey/,
  ],
  ['a misspelt name', { ...good, checkRevokd: true } as JwtSettings, /unknown option 'checkRevokd'/],
  ['checkRevoked as text', { ...good, checkRevoked: 'yes' as never }, /checkRevoked must be true or false/],
  ['no issuer', { ...good, issuer: '' }, /issuer must be/],
  ['an issuer with a quote', { ...good, issuer: 'a"b' }, /issuer must be/],
  ['an audience with a line break', { ...good, audience: 'a\r\nSet-Cookie: x' }, /audience must be/],
  ['an audience that is a list', { ...good, audience: [audience] as unknown as string }, /audience must be/],
  ['no subject', { ...good, subject: undefined } as unknown as JwtSettings, /subject is missing/],
  ['a subject that is text', { ...good, subject: 'id' } as unknown as JwtSettings, /subject must be a function/],
  ['claims that are no function', { ...good, claims: {} } as unknown as JwtSettings, /claims must be a function/],
  ['an access token of an hour', { ...good, accessTtlSeconds: 3600 }, /accessTtlSeconds must be .* from 1 to 900/],
  ['a TTL in milliseconds', { ...good, accessTtlSeconds: 600_000 }, /accessTtlSeconds/],
  ['a TTL of 0', { ...good, accessTtlSeconds: 0 }, /accessTtlSeconds/],
  ['a TTL that is text', { ...good, accessTtlSeconds: '10m' as unknown as number }, /accessTtlSeconds/],
  ['an idle time of 0', { ...good, refreshIdleSeconds: 0 }, /refreshIdleSeconds/],
  ['an absolute time in milliseconds', { ...good, refreshAbsoluteSeconds: 2_592_000_000 }, /refreshAbsoluteSeconds/],
  ['a grace of an hour', { ...good, refreshGraceSeconds: 3600 }, /refreshGraceSeconds/],
  ['a store that is none', { ...good, store: {} as MemoryStore }, /store is no store/],
  ['a store without a secret', { ...good, store: new MemoryStore() }, /JwtSettings: secret is missing/],
  ['an empty secret', { ...good, store: new MemoryStore(), secret: '' }, /secret is missing/],
  [
    'a short secret',
    { ...good, store: new MemoryStore(), secret: 'canary-0123456789-abcdefghijklm' },
    /secret must be at least 32 bytes/,
  ],
  [
    'a secret that is a placeholder',
    { ...good, store: new MemoryStore(), secret: 'x'.repeat(64) },
    /secret looks like a placeholder/,
  ],
  [
    'a secret that is bytes',
    { ...good, store: new MemoryStore(), secret: randomBytes(32) as never },
    /secret must be a string/,
  ],
  ['checkRevoked without a store', { ...good, checkRevoked: true }, /checkRevoked needs a store/],
]

test.each(refused)('refuses %s', (_name, settings, sentence) => {
  let error: unknown
  try {
    issueJwt(settings)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(TypeError)
  expect((error as TypeError).message).toMatch(sentence)
  expect((error as TypeError).message).toMatch(/^JwtSettings: /)
  const text = inspect(error, { depth: 9, showHidden: true })
  for (const secret of [hmacSecret, 'canary', 'PRIVATE KEY', 'MII']) expect(text).not.toContain(secret)
})

test.each([
  ['refreshJwt', () => refreshJwt({ ...good })],
  ['logoutJwt', () => logoutJwt({ ...good })],
])('%s needs a store', (_name, mount) => {
  expect(mount).toThrow(/^JwtSettings: store is missing/)
})

test('revokeUser needs a store and an id', async () => {
  await expect(revokeUser({ ...good }, 'user-1')).rejects.toThrow(/^JwtSettings: store is missing/)
  const settings = { ...good, store: new MemoryStore(), secret }
  for (const id of ['', undefined, 7, 'x'.repeat(256), 'a\nb']) {
    await expect(revokeUser(settings, id as string)).rejects.toThrow(TypeError)
  }
})

test('BearerStrategy says what it needs', () => {
  expect(() => new BearerStrategy(good, undefined as never)).toThrow('BearerStrategy requires a verify callback')
  expect(() => new BearerStrategy(undefined as never, () => false)).toThrow(TypeError)
})

describe('keys', () => {
  const algorithms = Object.entries(keys)

  test.each(algorithms)('%s signs and verifies, by its name', async (algorithm, key) => {
    const app = await tokenApp({ settings: { keys: [key] } })
    const { body } = await app.login()
    expect(headerOf(body.access_token)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: key.kid })
    expect((await app.me(body.access_token)).status).toBe(200)
  })

  test.each([
    ['PEM', { kid: 'rs', algorithm: 'RS256', privateKey: pem(rsa.privateKey) }],
    ['PEM', { kid: 'es', algorithm: 'ES256', privateKey: pem(ec.privateKey) }],
    ['bytes', { kid: 'hs', algorithm: 'HS256', secret: Buffer.from(hmacSecret) }],
    ['a KeyObject', { kid: 'hs', algorithm: 'HS256', secret: createSecretKey(Buffer.from(hmacSecret)) }],
  ] as [string, JwtKey][])('a key may be %s', async (_form, key) => {
    const app = await tokenApp({ settings: { keys: [key] } })
    expect((await app.me((await app.login()).body.access_token)).status).toBe(200)
  })

  test('an API with the public key alone verifies, and cannot issue', async () => {
    const app = await tokenApp({ settings: { keys: [keys.RS256] } })
    const { body } = await app.login()
    const settings: BearerSettings = {
      issuer,
      audience,
      keys: [{ kid: 'rs', algorithm: 'RS256', publicKey: pem(rsa.publicKey) }],
      clock: app.clock,
    }
    const strategy = new BearerStrategy(settings, ({ sub }) => ({ id: sub }))
    const judged = await strategy.judge({ headers: { authorization: `Bearer ${body.access_token}` } } as never)
    expect(judged).toMatchObject({ user: { id: 'user-1' } })
  })

  test('rotation: the new key signs, the old one is taken until it is dropped', async () => {
    const before = await tokenApp({ settings: { keys: [keys.HS256] } })
    const during = await tokenApp({ settings: { keys: [keys.ES256, keys.HS256] } })
    const after = await tokenApp({ settings: { keys: [keys.ES256] } })
    const old = (await before.login()).body.access_token
    const fresh = (await during.login()).body.access_token
    expect(headerOf(fresh)['kid']).toBe('es')
    const statuses = async (app: TokenApp) => [(await app.me(old)).status, (await app.me(fresh)).status]
    expect(await statuses(before)).toEqual([200, 401])
    expect(await statuses(during)).toEqual([200, 200])
    expect(await statuses(after)).toEqual([401, 200])
  })

  test('a refresh token survives a change of keys', async () => {
    const store = new MemoryStore()
    const before = await tokenApp({ settings: { keys: [keys.HS256], store } })
    const after = await tokenApp({ settings: { keys: [keys.ES256], store } })
    const { body } = await before.login()
    expect((await after.refresh(body.refresh_token)).status).toBe(200)
  })
})
