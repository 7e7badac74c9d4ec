import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { MemoryStore, type Store } from 'passport-phonecheck'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { issueJwt, logoutJwt, refreshJwt, revokeUser } from '../../src/express/handlers/tokens.js'
import { BearerStrategy } from '../../src/passport/bearer.js'
import { AccessTokens } from '../../src/tokens/access-token.js'
import { type JwtSettings, tokenServiceFor } from '../../src/tokens/settings.js'
import { hmacSecret, keys, pem, phoneNumber, rsa, tokenApp } from '../support/tokens/tokens.js'

/** Everything that reached a console. */
const written: string[] = []
beforeEach(() => {
  written.length = 0
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...args) => {
      written.push(inspect(args))
    })
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

function recordingStore(): { store: Store; dump: string[] } {
  const inner = new MemoryStore()
  const dump: string[] = []
  const note =
    <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      dump.push(...args.map(String))
      return call(...args)
    }
  return {
    dump,
    store: {
      insert: note((key, record, ttl) => inner.insert(key, record, ttl)),
      find: note((key) => inner.find(key)),
      replace: note((key, version, record) => inner.replace(key, version, record)),
      remove: note((key) => inner.remove(key)),
      count: (hits) => inner.count(hits),
    },
  }
}

test('a revoked id is found neither in the store by those who try ids, nor in the event', async () => {
  const keysOf = async (over: Partial<JwtSettings> = {}) => {
    const { store, dump } = recordingStore()
    const app = await tokenApp({ settings: { store, ...over } })
    await revokeUser(app.settings, '+12025550142')
    const [key = ''] = dump.flatMap((line) => /revoked\/[\w-]+/.exec(line) ?? [])
    expect(key).toMatch(/^revoked\/[\w-]{22}$/)
    expect(app.events).toEqual([{ type: 'user_revoked', user: key.slice('revoked/'.length) }])
    return key
  }
  const key = await keysOf()
  // The same for every process that has the secret, and nothing to go by for who has not.
  expect(await keysOf()).toBe(key)
  expect(await keysOf({ secret: 'another-secret-of-at-least-32-bytes' })).not.toBe(key)
  for (const text of ['+12025550142', JSON.stringify(['https://app.example', '+12025550142'])]) {
    expect(createHash('sha256').update(text).digest('base64url').slice(0, 22)).not.toBe(key.slice('revoked/'.length))
  }
})

test('no token, secret, key, user or number is in a store dump, an event, an error, an answer to a stranger or inspect()', async () => {
  const { store, dump } = recordingStore()
  const app = await tokenApp({
    settings: {
      store,
      keys: [keys.RS256, keys.HS256],
      refreshGraceSeconds: 10,
      claims: () => ({ tenant: 'canary-tenant' }),
    },
  })
  const user = 'canary-user-7'
  const answers: string[] = []
  const tokens: string[] = []
  const first = (await app.login(user)).body
  const second = (await app.refresh(first.refresh_token)).body
  await app.refresh(first.refresh_token)
  const third = (await app.refresh(second.refresh_token)).body
  tokens.push(...[first, second, third].flatMap((body) => [body.access_token, ...body.refresh_token.split('.')]))
  answers.push(JSON.stringify((await app.refresh(first.refresh_token)).body))
  answers.push(JSON.stringify((await app.refresh(third.refresh_token)).body))
  answers.push(JSON.stringify((await app.me(`${first.access_token}A`)).body))
  const again = (await app.login(user)).body
  tokens.push(again.access_token, ...again.refresh_token.split('.'))
  await revokeUser(app.settings, user)
  await app.logout(again.refresh_token)

  const ready = tokenServiceFor(app.settings)
  const outputs: Record<string, string> = {
    'store dump': dump.join('\n'),
    events: JSON.stringify(app.events),
    console: written.join('\n'),
    answers: answers.join('\n'),
    strategy: inspect(new BearerStrategy(app.settings, () => false), { depth: 12, showHidden: true }),
    handlers: inspect(
      [issueJwt, refreshJwt, logoutJwt].map((mount) => mount(app.settings)),
      { depth: 12, showHidden: true },
    ),
    innards: inspect(ready, { depth: 4, showHidden: true }),
  }
  const secrets = [...tokens, hmacSecret, pem(rsa.privateKey).slice(40, 80), phoneNumber.slice(2), 'canary-tenant']
  for (const [where, text] of Object.entries(outputs)) {
    for (const secret of secrets) expect(text.includes(secret), `${where} holds ${secret.slice(0, 6)}…`).toBe(false)
    // Events say whose login it was; nothing else does.
    if (where !== 'events') expect(text.includes(user), `${where} holds the user`).toBe(false)
  }
  expect(dump.length).toBeGreaterThan(20)
  expect(app.events.length).toBeGreaterThan(2)
  expect(ready.access).toBeInstanceOf(AccessTokens)
})
