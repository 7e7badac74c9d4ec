import { MemoryStore } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { issueJwt } from '../../src/express/handlers/tokens.js'
import { startApp } from '../support/app.js'
import { type Answer, ask, forge, goodClaims, hmacSecret, keys, tokenApp } from '../support/tokens/tokens.js'

const kinds = [
  'access',
  'refresh',
  'flow handle',
  "another audience's access",
  "another issuer's access",
  "another audience's refresh",
  "another issuer's refresh",
  'a session JWT of the same key',
] as const
const places = ['Authorization: Bearer', 'refresh', 'logout', 'flow'] as const

type Kind = (typeof kinds)[number]
type Place = (typeof places)[number]

const rightPlaces: Record<Kind, Place[]> = {
  access: ['Authorization: Bearer'],
  refresh: ['refresh', 'logout'],
  'flow handle': ['flow'],
  "another audience's access": [],
  "another issuer's access": [],
  // Unknown here, and what is unknown has ended: 204, and nothing happens to it.
  "another audience's refresh": ['logout'],
  "another issuer's refresh": ['logout'],
  'a session JWT of the same key': [],
}

/** One app with one store, one key and everything mounted; other tenants share key and store. */
async function everything() {
  const store = new MemoryStore()
  const app = await tokenApp({
    settings: { store },
    after: (express, settings) => {
      // Express 4 has it under another name, and a getter that throws under this one.
      const { stack } = (Reflect.get(express, '_router') ?? express.router) as typeof express.router
      const login = stack.find((layer) => layer.route?.path === '/login')?.route?.stack[0]?.handle
      if (!login) throw new Error('the route is gone')
      express.post('/other-audience', login as never, issueJwt({ ...settings, audience: 'https://other.example' }))
      express.post('/other-issuer', login as never, issueJwt({ ...settings, issuer: 'https://other.example' }))
    },
  })
  const phone = await startApp({ start: { binding: 'handle' }, strategy: { store } })
  const post = (url: string, body: object) =>
    ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const other = async (path: string) => (await post(`${app.url}${path}`, { user: 'user-1', identity: {} })).body

  const make: Record<Kind, () => Promise<string>> = {
    access: async () => (await app.login()).body.access_token,
    refresh: async () => (await app.login()).body.refresh_token,
    'flow handle': async () =>
      String((await post(`${phone.url}/login/phone`, { phone_number: '+12025550100' })).body['flow']),
    "another audience's access": async () => (await other('/other-audience')).access_token,
    "another issuer's access": async () => (await other('/other-issuer')).access_token,
    "another audience's refresh": async () => (await other('/other-audience')).refresh_token,
    "another issuer's refresh": async () => (await other('/other-issuer')).refresh_token,
    'a session JWT of the same key': async () =>
      forge({ alg: 'HS256', typ: 'JWT', kid: keys.HS256.kid }, goodClaims(app.clock), 'HS256', hmacSecret),
  }
  const use: Record<Place, (token: string) => Promise<Answer>> = {
    'Authorization: Bearer': (token) => app.me(token),
    refresh: (token) => app.refresh(token),
    logout: (token) => app.logout(token),
    flow: (token) => post(`${phone.url}/login/phone/status`, { flow: token }),
  }
  return { make, use }
}

describe('each kind of token in each place', () => {
  for (const kind of kinds) {
    for (const place of places) {
      const isRight = rightPlaces[kind].includes(place)
      test(`${kind} as ${place}: ${isRight ? 'good' : '401'}`, async () => {
        const all = await everything()
        const { status } = await all.use[place](await all.make[kind]())
        // A JWT is longer than any handle can be, which is malformed and not merely unknown.
        const refused = place === 'flow' ? [400, 401] : [401]
        expect(isRight ? [200, 204] : refused).toContain(status)
      })
    }
  }
})

test("a tenant's refresh token is good there alone, revoked there alone, and ended by nobody else's logout", async () => {
  const store = new MemoryStore()
  const shop = await tokenApp({ settings: { store, checkRevoked: true } })
  const others = [{ audience: 'https://admin.example' }, { issuer: 'https://admin.example' }]
  const tenants = await Promise.all(
    others.map((other) => tokenApp({ settings: { store, checkRevoked: true, ...other } })),
  )
  const { refresh_token: token } = (await shop.login()).body
  for (const tenant of tenants) {
    expect((await tenant.refresh(token)).status).toBe(401)
    expect((await tenant.logout(token)).status).toBe(204)
  }
  expect((await shop.refresh(token)).status).toBe(200)
})
