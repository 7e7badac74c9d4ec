import { createPublicKey, verify as verifySignature } from 'node:crypto'
import { MemoryStore } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { jwks } from '../../src/express/handlers/jwks.js'
import { ec, keys, pem, rsa } from '../support/tokens/keys.js'
import { tokenApp } from '../support/tokens/tokens.js'

type Jwk = Record<string, string>

async function published(settings: object, options = {}) {
  const app = await tokenApp({ settings })
  app.app.get('/.well-known/jwks.json', jwks(app.settings, options))
  const get = (headers: Record<string, string> = {}) => fetch(`${app.url}/.well-known/jwks.json`, { headers })
  return { app, get }
}

describe('jwks', () => {
  test('publishes the keys with which others verify our tokens, and nothing private', async () => {
    const { app, get } = await published({ keys: [keys.ES256, keys.RS256] })
    const response = await get()
    const text = await response.text()
    const set: Jwk[] = JSON.parse(text).keys
    expect(response.headers.get('content-type')).toBe('application/jwk-set+json')
    expect(set.map((key) => Object.keys(key).toSorted())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ])
    for (const secret of [ec, rsa]) expect(text).not.toContain(secret.privateKey.export({ format: 'jwk' }).d)
    const token: string = (await app.login()).body.access_token
    const [head = '', body = '', signature = ''] = token.split('.')
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString())
    const jwk = set.find((key) => key['kid'] === kid) ?? {}
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const signed = Buffer.from(`${head}.${body}`)
    const isGood = verifySignature(
      'sha256',
      signed,
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    )
    expect(isGood).toBe(true)
  })

  test('lets others keep it for as long as is said, and tells them by its tag that nothing changed', async () => {
    const { get } = await published({ keys: [keys.ES256] }, { maxAgeSeconds: 60 })
    const first = await get()
    expect(first.headers.get('cache-control')).toBe('public, max-age=60')
    const again = await get({ 'if-none-match': first.headers.get('etag') ?? '' })
    expect([again.status, await again.text(), again.headers.get('cache-control')]).toEqual([
      304,
      '',
      'public, max-age=60',
    ])
    const other = await (await published({ keys: [keys.RS256] })).get()
    expect(other.headers.get('cache-control')).toBe('public, max-age=300')
    expect(other.headers.get('etag')).not.toBe(first.headers.get('etag'))
  })

  test('has the next key before it signs, and the last one after', async () => {
    const next = { kid: 'next', algorithm: 'ES256', publicKey: pem(ec.publicKey) } as const
    const { get } = await published({ keys: [keys.RS256, next] })
    expect((await (await get()).json()).keys.map(({ kid }: Jwk) => kid)).toEqual([keys.RS256.kid, 'next'])
  })

  test('never publishes a shared secret, and says so where there is nothing else', async () => {
    const { get } = await published({ keys: [keys.HS256, keys.ES256] })
    expect((await (await get()).json()).keys.map(({ kty }: Jwk) => kty)).toEqual(['EC'])
    const app = await tokenApp({ settings: { keys: [keys.HS256], store: new MemoryStore() } })
    expect(() => jwks(app.settings)).toThrow('whose secret must not be published')
    expect(() => jwks({ ...app.settings, keys: [keys.ES256] }, { maxAgeSeconds: -1 })).toThrow('jwks: maxAgeSeconds')
  })
})

test('client_id is in the tokens where the settings say so, as RFC 9068 requires, and is theirs alone to set', async () => {
  const app = await tokenApp({ settings: { clientId: 'ios-app' } })
  const { access_token } = (await app.login()).body
  const claims = JSON.parse(Buffer.from(String(access_token.split('.')[1]), 'base64url').toString())
  expect(claims).toMatchObject({
    client_id: 'ios-app',
    aud: expect.any(String),
    sub: 'user-1',
    jti: expect.any(String),
  })
  expect((await app.me(access_token)).status).toBe(200)
  await expect(tokenApp({ settings: { clientId: 'two words' } })).rejects.toThrow('clientId must be a name')
})
