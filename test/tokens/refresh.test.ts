import fc from 'fast-check'
import { MemoryStore, type Store } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { expect, test } from 'vitest'
import { revokeUser } from '../../src/express/handlers/tokens.js'
import { RefreshFamilies } from '../../src/tokens/refresh-families.js'
import { Revocations } from '../../src/tokens/revocations.js'
import { secret } from '../support/app.js'
import { interceptedStore } from '../support/flow.js'
import { refreshSuite } from '../support/tokens/refresh-suite.js'
import { ask, payloadOf, tokenApp } from '../support/tokens/tokens.js'

let clock = fakeClock()
let store = new MemoryStore({ clock })
refreshSuite('MemoryStore', {
  create() {
    clock = fakeClock()
    store = new MemoryStore({ clock })
    return store
  },
  another: () => store,
  advance: (ms) => clock.advance(ms),
})

const day = 86_400_000

test.each([
  [7 * day - 1, 200],
  [7 * day, 401],
])('the default idle time is 7 days: after %d ms %d', async (ms, expected) => {
  const app = await tokenApp()
  const { body } = await app.login()
  await app.clock.advance(ms)
  expect((await app.refresh(body.refresh_token)).status).toBe(expected)
})

test('the default absolute time is 30 days: a login that is busy to the last second ends', async () => {
  const app = await tokenApp()
  let { body } = await app.login()
  for (const ms of [6 * day, 6 * day, 6 * day, 6 * day, 6 * day - 1000]) {
    await app.clock.advance(ms)
    const next = await app.refresh(body.refresh_token)
    expect(next.status).toBe(200)
    body = next.body
  }
  await app.clock.advance(2000)
  expect((await app.refresh(body.refresh_token)).status).toBe(401)
})

test('a revocation holds as long as any token it revoked, and no login that it did not revoke is lost', async () => {
  const step = fc.oneof(
    fc.constant('login' as const),
    fc.constant('revoke' as const),
    // Not at every step: a refused refresh ends its login for good, and would hide a revocation that did not last.
    fc.constant('refresh' as const),
    // Up to longer than the life of a login, so that steps add up to the life of a revocation.
    fc.integer({ min: 1, max: 12_000 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = fakeClock()
      const store = new MemoryStore({ clock })
      const lifeSeconds = 10_000
      const revocations = new Revocations(store, secret, 'issuer', lifeSeconds)
      const families = new RefreshFamilies({
        store,
        revocations,
        issuer: 'issuer',
        audience: 'audience',
        idleSeconds: lifeSeconds,
        absoluteSeconds: lifeSeconds,
        graceSeconds: 0,
        emit: () => {},
      })
      const logins: { token: string; until: number; revoked: boolean }[] = []
      for (const step of steps) {
        if (step === 'revoke') {
          await revocations.revoke('user')
          for (const login of logins) login.revoked = true
        } else if (step === 'login') {
          const epochs = await revocations.epochs('user')
          const grant = { subject: 'user', acr: 'high' as const, amr: ['phonecheck'], authTime: 1, epochs }
          const { refreshToken } = await families.issue(grant)
          logins.push({ token: refreshToken, until: clock.now() + lifeSeconds * 1000, revoked: false })
        } else if (step !== 'refresh') await clock.advance(step * 1000)
        for (const login of step === 'refresh' ? logins : []) {
          const rotated = await families.rotate(login.token, async () => true).catch(() => undefined)
          expect(rotated !== undefined).toBe(!login.revoked && clock.now() < login.until)
          if (rotated) login.token = rotated.refreshToken
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('revoked for the second time just before the first revocation expires: it holds for as long as the login would have lived', async () => {
  const app = await tokenApp()
  await revokeUser(app.settings, 'user-1')
  await app.clock.advance(59 * day)
  const { body } = await app.login()
  const kept = (await app.login('user-2')).body
  await revokeUser(app.settings, 'user-1')
  await app.clock.advance(3 * day)
  expect((await app.refresh(kept.refresh_token)).status).toBe(200)
  expect((await app.refresh(body.refresh_token)).status).toBe(401)
})

test('revoked three times within the life of a login: each holds', async () => {
  const app = await tokenApp({ settings: { refreshIdleSeconds: 30 * 86_400 } })
  await revokeUser(app.settings, 'user-1')
  await app.clock.advance(20 * day)
  await revokeUser(app.settings, 'user-1')
  await app.clock.advance(5 * day)
  const { body } = await app.login()
  await revokeUser(app.settings, 'user-1')
  await app.clock.advance(29 * day)
  expect((await app.refresh(body.refresh_token)).status).toBe(401)
})

test('a revocation that comes while a login is made ends that login', async () => {
  const inner = new MemoryStore()
  let revoke = async () => {}
  const store: Store = {
    ...interceptedStore(inner, () => {}),
    async insert(key, record, ttl) {
      if (key.startsWith('refresh/')) await revoke()
      return inner.insert(key, record, ttl)
    },
  }
  const app = await tokenApp({ settings: { store } })
  revoke = () => revokeUser({ ...app.settings, store: inner }, 'user-1')
  const { body } = await app.login('user-1')
  revoke = async () => {}
  expect((await app.refresh(body.refresh_token)).status).toBe(401)
})

test.each(['logout', 'revokeUser'] as const)('%s while a refresh is under way: no token outlives it', async (how) => {
  const inner = new MemoryStore()
  let meanwhile = async () => {}
  const store: Store = {
    ...interceptedStore(inner, () => {}),
    async replace(key, version, record) {
      if (key.startsWith('refresh/')) await meanwhile()
      return inner.replace(key, version, record)
    },
  }
  const app = await tokenApp({ settings: { store } })
  const { body } = await app.login('user-1')
  meanwhile = async () => {
    meanwhile = async () => {}
    if (how === 'logout') await app.logout(body.refresh_token)
    else await revokeUser(app.settings, 'user-1')
  }
  expect((await app.refresh(body.refresh_token)).status).toBe(401)
})

test.each([
  ['no token', {}, 400, 'invalid_request'],
  ['null', { refresh_token: null }, 400, 'invalid_request'],
  ['a number', { refresh_token: 1 }, 400, 'invalid_request'],
  ['a list', { refresh_token: ['x'] }, 400, 'invalid_request'],
  ['more than that', { refresh_token: 'x', sub: 'admin' }, 400, 'invalid_request'],
  ['5 kB', { refresh_token: 'x'.repeat(5_000) }, 400, 'invalid_request'],
  ['a prototype', JSON.parse('{"__proto__":{"refresh_token":"x"}}'), 400, 'invalid_request'],
  ['nonsense', { refresh_token: 'x' }, 401, 'token_invalid'],
  ['nothing', { refresh_token: '' }, 401, 'token_invalid'],
  ['an unknown one', { refresh_token: `${'A'.repeat(43)}.${'A'.repeat(43)}` }, 401, 'token_invalid'],
  ['three parts', { refresh_token: `${'A'.repeat(43)}.${'A'.repeat(43)}.A` }, 401, 'token_invalid'],
  ["the store's own key", { refresh_token: 'refresh/AAAAAAAAAAAAAAAAAAAAAA' }, 401, 'token_invalid'],
])('POST refresh with %s', async (_name, body, status, code) => {
  const app = await tokenApp()
  const answer = await ask(`${app.url}/token/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect([answer.status, answer.body.code]).toEqual([status, code])
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('no-store')
})

test('a form is no JSON', async () => {
  const app = await tokenApp()
  for (const path of ['/token/refresh', '/token/logout']) {
    const answer = await ask(`${app.url}${path}`, { method: 'POST', body: new URLSearchParams({ refresh_token: 'x' }) })
    expect(answer.status).toBe(415)
  }
})

test('the access token does not refresh, and the first half of a refresh token does not either', async () => {
  const app = await tokenApp()
  const { body } = await app.login()
  const half = body.refresh_token.split('.')[0] ?? ''
  const sid = String(payloadOf(body.access_token)['sid'])
  for (const token of [body.access_token, half, `${half}.`, sid, `${sid}.${'A'.repeat(43)}`]) {
    expect((await app.refresh(token)).status).toBe(401)
  }
  expect((await app.refresh(body.refresh_token)).status).toBe(200)
})

test('findUser is asked at each refresh: what it says of the user is in the next token', async () => {
  const plans = new Map([['user-1', 'free']])
  const app = await tokenApp({
    settings: {
      findUser: async (id) => plans.has(id) && { id },
      claims: (user) => ({ plan: plans.get(user.id) }),
    },
  })
  const { body } = await app.login()
  plans.set('user-1', 'gold')
  const next = (await app.refresh(body.refresh_token)).body
  expect(payloadOf(next.access_token)['plan']).toBe('gold')
  plans.delete('user-1')
  expect((await app.refresh(next.refresh_token)).status).toBe(401)
  plans.set('user-1', 'free')
  expect((await app.refresh(next.refresh_token)).status).toBe(401)
})

test('findUser that fails is no verdict: the refresh token stays good', async () => {
  let fails = true
  const app = await tokenApp({
    settings: {
      findUser: async (id) => {
        if (fails) throw new Error('database down')
        return { id }
      },
    },
  })
  const { body } = await app.login()
  expect((await app.refresh(body.refresh_token)).status).toBe(500)
  fails = false
  expect((await app.refresh(body.refresh_token)).status).toBe(200)
})

test('findUser that finds somebody else ends the login', async () => {
  const app = await tokenApp({ settings: { findUser: () => ({ id: 'admin' }) } })
  expect((await app.refresh((await app.login()).body.refresh_token)).status).toBe(401)
})

test('claims that fail cost no refresh token', async () => {
  let fails = false
  const app = await tokenApp({
    settings: {
      findUser: (id) => ({ id }),
      claims: () => {
        if (fails) throw new Error('claims failed')
        return {}
      },
    },
  })
  const { body } = await app.login()
  fails = true
  expect((await app.refresh(body.refresh_token)).status).toBe(500)
  fails = false
  expect((await app.refresh(body.refresh_token)).status).toBe(200)
})

test('two issuers on one store do not revoke for each other', async () => {
  const store = new MemoryStore()
  const [one, two] = [
    await tokenApp({ settings: { store } }),
    await tokenApp({ settings: { store, issuer: 'https://two.example' } }),
  ]
  const { body } = await two.login()
  await revokeUser(one.settings, 'user-1')
  expect((await two.refresh(body.refresh_token)).status).toBe(200)
})

test('settings are read once: changing them later changes nothing', async () => {
  const app = await tokenApp()
  const { body } = await app.login()
  Object.assign(app.settings, { audience: 'https://evil.example', checkRevoked: true })
  expect((await app.me(body.access_token)).status).toBe(200)
})

test('a revocation by a service with shorter logins outlives the longest login of any other', async () => {
  const app = await tokenApp({ settings: { refreshAbsoluteSeconds: 365 * 86_400, refreshIdleSeconds: 90 * 86_400 } })
  const { body } = await app.login()
  const { refreshAbsoluteSeconds: _, ...adminTool } = app.settings
  await revokeUser(adminTool, 'user-1')
  await app.clock.advance(61 * day)
  expect((await app.refresh(body.refresh_token)).status).toBe(401)
})

test('revokeUser leaves nothing of the user’s logins in the store, and those of others alone', async () => {
  const store = new MemoryStore()
  const app = await tokenApp({ settings: { store } })
  await app.login('user-1')
  await app.login('user-1')
  const { body } = await app.login('user-2')
  expect(await store.search('refresh/', 10)).toHaveLength(3)
  await revokeUser(app.settings, 'user-1')
  expect(await store.search('refresh/', 10)).toHaveLength(1)
  expect((await app.refresh(body.refresh_token)).status).toBe(200)
})
