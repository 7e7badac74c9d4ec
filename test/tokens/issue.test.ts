import passport, { type PassportStatic } from 'passport'
import { type Handler, MemoryStore, type PhoneIdentity, requireAssurance, type Store } from 'passport-phonecheck'
import { expect, expectTypeOf, test } from 'vitest'
import { issueJwt, refreshJwt } from '../../src/express/handlers/tokens.js'
import { systemClock } from '../../src/lib/clock.js'
import { BearerStrategy } from '../../src/passport/bearer.js'
import type { JwtSettings } from '../../src/tokens/settings.js'
import { secret, startApp } from '../support/app.js'
import { beginWithCode } from '../support/login.js'
import {
  ask,
  audience,
  goodClaims,
  identityOf,
  issuer,
  keys,
  payloadOf,
  phoneNumber,
  tokenApp,
} from '../support/tokens/tokens.js'

test('a login answers as OAuth does, and no-store', async () => {
  const app = await tokenApp()
  const { status, headers, body } = await app.login()
  expect(status).toBe(200)
  expect(Object.keys(body)).toEqual(['access_token', 'token_type', 'expires_in', 'refresh_token'])
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600 })
  expect(body.refresh_token).toMatch(/^[\w-]{43}\.[\w-]{43}$/)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
})

test('the token says all that it must, and no number', async () => {
  const app = await tokenApp()
  const { body } = await app.login()
  const claims = payloadOf(body.access_token)
  const { jti: _, ...expected } = goodClaims(app.clock)
  expect(claims).toEqual({
    ...expected,
    jti: expect.stringMatching(/^[\w-]{43}$/),
    sid: expect.stringMatching(/^[\w-]{22}$/),
  })
  expect(JSON.stringify(claims)).not.toContain(phoneNumber.slice(2))
})

test('no two tokens share an id', async () => {
  const app = await tokenApp()
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => payloadOf((await app.login()).body.access_token)['jti']),
  )
  expect(new Set(ids).size).toBe(20)
})

test('without a store there is no refresh token', async () => {
  const app = await tokenApp({ settings: { store: undefined as never } })
  const { status, body } = await app.login()
  expect(status).toBe(200)
  expect(Object.keys(body)).toEqual(['access_token', 'token_type', 'expires_in'])
  expect(payloadOf(body.access_token)).not.toHaveProperty('sid')
  expect((await app.me(body.access_token)).status).toBe(200)
})

test.each([
  ['phonecheck', 'high', undefined, ['phonecheck']],
  ['mocheck', 'medium', undefined, ['mocheck']],
  ['backup', 'low', ['sms', 'otp'], ['backup', 'sms', 'otp']],
] as const)('%s: acr and amr say what was proven', async (method, assurance, amr, expected) => {
  const app = await tokenApp()
  const { body } = await app.login('user-1', { method, assurance, ...(amr && { amr }) })
  expect(payloadOf(body.access_token)).toMatchObject({ acr: assurance, amr: expected })
})

test('auth_time is when the number was proven, and refreshing does not renew it', async () => {
  const app = await tokenApp()
  const verifiedAt = new Date(app.clock.now() - 45_000)
  const { body } = await app.login('user-1', { verifiedAt })
  const authTime = verifiedAt.getTime() / 1000
  expect(payloadOf(body.access_token)['auth_time']).toBe(authTime)
  await app.clock.advance(3_600_000)
  const refreshed = await app.refresh(body.refresh_token)
  const claims = payloadOf(refreshed.body.access_token)
  expect(claims).toMatchObject({ auth_time: authTime, acr: 'high', amr: ['phonecheck'], iat: app.clock.now() / 1000 })
})

const spellings = [
  phoneNumber,
  phoneNumber.slice(1),
  `user-of-${phoneNumber}`,
  '\uFF11\uFF12\uFF10\uFF12\uFF15\uFF15\uFF15\uFF10\uFF11\uFF14\uFF12',
  `tel:${phoneNumber}`,
  `00${phoneNumber.slice(1)}`,
  '+1 (202) 555-0142',
  phoneNumber.slice(2),
  '(202) 555-0142',
  `user-${phoneNumber.slice(2)}`,
  '\u0662\u0660\u0662-\u0665\u0665\u0665-\u0660\u0661\u0664\u0662',
]

test.each(spellings)('a user id that is the number is refused: %s', async (id) => {
  const app = await tokenApp()
  const { status, body } = await app.login(id)
  expect(status).toBe(500)
  expect(body['message']).toBe(
    "JwtSettings: subject returned the user's phone number; numbers are recycled, return an id of your own",
  )
})

test.each([[''], [7], [null], ['x'.repeat(256)], ['a\u0000b']])('a user id must be one: %j', async (id) => {
  const app = await tokenApp({ settings: { subject: () => id as string } })
  const { status, body } = await app.login()
  expect(status).toBe(500)
  expect(body['message']).toMatch(/^JwtSettings: subject must return a string/)
})

test('a number that was proven for another purpose brings no tokens, unless the purpose is named', async () => {
  const app = await tokenApp({
    after: (express, settings) =>
      express.post(
        '/step-up',
        (req, _res, next) => {
          req.user = { id: 'user-1' }
          req.authInfo = { phoneCheck: { ...identityOf(settings.clock ?? systemClock), purpose: req.body.purpose } }
          next()
        },
        issueJwt(settings, { purposes: ['stepup'] }),
      ),
  })
  const linked = await app.login('user-1', { purpose: 'link' })
  expect(linked.status).toBe(500)
  expect(linked.body['message']).toMatch(/^issueJwt: the number was proven for the purpose 'link', which is no login\./)

  const stepUp = (purpose: string) =>
    ask(`${app.url}/step-up`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ purpose }),
    })
  expect((await stepUp('stepup')).status).toBe(200)
  for (const purpose of ['login', 'link']) expect((await stepUp(purpose)).status).toBe(500)
  expect(() => issueJwt(app.settings, { purposes: 'login-or-link' } as object)).toThrow(
    new TypeError("issueJwt: purposes must be a list, such as ['stepup']"),
  )
  expect(() => issueJwt(app.settings, { purpose: ['stepup'] } as object)).toThrow(
    "issueJwt: unknown option 'purpose'; did you mean purposes? The options are purposes",
  )
})

test('claims of the application travel, and cannot replace ours', async () => {
  const app = await tokenApp({ settings: { claims: (user) => ({ plan: `plan of ${user.id}`, roles: ['reader'] }) } })
  const { body } = await app.login()
  expect(payloadOf(body.access_token)).toMatchObject({ plan: 'plan of user-1', roles: ['reader'], sub: 'user-1' })
  expect(payloadOf((await app.refresh(body.refresh_token)).body.access_token)).toMatchObject({ plan: 'plan of user-1' })

  for (const name of ['sub', 'acr', 'exp', 'aud', 'sid', 'rev', 'nbf', 'assurance', 'verifiedAt']) {
    const greedy = await tokenApp({ settings: { claims: () => ({ [name]: 'x' }) as object } })
    const answer = await greedy.login()
    expect(answer.body['message']).toBe(`JwtSettings: claims must not set ${name}`)
  }
})

test.each([
  ['null', null],
  ['nothing', undefined],
  ['text', 'text'],
  ['a list', ['a']],
  ['a promise, whose claims would be lost', Promise.resolve({ restricted: true })],
  ['a Map, whose claims would be lost', new Map([['restricted', true]])],
  ['an object that says it is text', { toJSON: () => 'text' }],
  ['an object that says it is null', { toJSON: () => null }],
])('claims must be a plain object, not %s', async (_, claims) => {
  const app = await tokenApp({ settings: { claims: () => claims as never } })
  const { status, body } = await app.login()
  expect([status, body['message']]).toEqual([
    500,
    'JwtSettings: claims must return a plain object, and no promise of one',
  ])
})

test('claims are what JSON makes of them: none of ours comes in by toJSON, and no name that every object has', async () => {
  for (const [claims, name] of [
    [{ toJSON: () => ({ sub: 'admin' }) }, 'sub'],
    [{ constructor: 'x' }, 'constructor'],
    [JSON.parse('{"__proto__":"x"}'), '__proto__'],
  ]) {
    const app = await tokenApp({ settings: { claims: () => claims as never } })
    expect((await app.login()).body['message']).toBe(`JwtSettings: claims must not set ${name}`)
  }
})

test('a login whose token cannot be signed leaves no refresh token behind', async () => {
  const store = new MemoryStore()
  const kept = new Set<string>()
  const watched: Store = {
    insert: (key, ...rest) => {
      kept.add(key)
      return store.insert(key, ...rest)
    },
    find: (key) => store.find(key),
    replace: (...args) => store.replace(...args),
    remove: (key) => {
      kept.delete(key)
      return store.remove(key)
    },
    count: (hits) => store.count(hits),
  }
  const app = await tokenApp({ settings: { store: watched, claims: () => ({ essay: 'x'.repeat(8_000) }) } })
  expect((await app.login()).status).toBe(500)
  expect([...kept].filter((key) => key.startsWith('refresh/'))).toEqual([])
})

test('a token that no header would take is not issued', async () => {
  const app = await tokenApp({ settings: { claims: () => ({ essay: 'x'.repeat(8_000) }) } })
  const { status, body } = await app.login()
  expect(status).toBe(500)
  expect(body['message']).toMatch(/too long for a header/)
})

test('nobody gets a token who was not logged in', async () => {
  const app = await tokenApp({
    after: (express, settings) => {
      express.post('/forgotten', issueJwt(settings))
      const signedIn: Handler = (req, _res, next) => {
        req.user = { id: 'user-1' }
        next()
      }
      express.post('/bearer-only', signedIn, issueJwt(settings))
    },
  })
  for (const path of ['/forgotten', '/bearer-only']) {
    const { status, body } = await ask(`${app.url}${path}`, { method: 'POST' })
    expect(status).toBe(500)
    expect(body['message']).toMatch(/^issueJwt: nobody has logged in\. Mount it after passport\.authenticate/)
  }
})

test('a whole login: start, the phone, verify, tokens, guarded routes', async () => {
  const store = new MemoryStore()
  const settings: JwtSettings = { issuer, audience, keys: [keys.ES256], subject: (user) => user.id, store, secret }
  const own = new passport.Passport() as unknown as PassportStatic
  const app = await startApp({
    start: { binding: 'handle' },
    strategy: { store },
    verify: () => ({ id: 'user-7' }),
    after: (express, phone) => {
      own.use(phone)
      own.use(new BearerStrategy(settings, ({ sub }) => ({ id: sub })))
      const bearer = own.authenticate('bearer', { session: false })
      const from = (req: object) => (req as { authInfo?: Express.AuthInfo }).authInfo?.phoneCheckToken
      express.post(
        '/token',
        own.authenticate('phonecheck', { session: false, failWithError: true }),
        issueJwt(settings),
      )
      express.post('/token/refresh', refreshJwt(settings))
      express.get('/api/me', bearer, requireAssurance('high', { from, maxAgeSeconds: 60 }), (req, res) => {
        res.json(req.user)
      })
    },
  })
  const post = (path: string, body: object) =>
    ask(`${app.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const get = (token: string) => ask(`${app.url}/api/me`, { headers: { authorization: `Bearer ${token}` } })

  const { flow, code } = await beginWithCode(app)
  const { status, headers, body } = await post('/token', { flow, code })
  expect(status).toBe(200)
  expect(headers.get('set-cookie')).toBeNull()
  expect((await get(body.access_token)).body).toEqual({ id: 'user-7' })
  const refreshed = await post('/token/refresh', { refresh_token: body.refresh_token })
  expect((await get(refreshed.body.access_token)).body).toEqual({ id: 'user-7' })
  expect((await post('/token', { flow, code })).status).toBe(401)
})

test('types: custom claims reach the verify callback, ours cannot be taken', () => {
  const settings: JwtSettings<{ plan: string }> = {
    issuer,
    audience,
    keys: [keys.HS256],
    subject: (user) => user.id,
    claims: (user) => ({ plan: user.id }),
  }
  new BearerStrategy(settings, (claims, done) => {
    expectTypeOf(claims.plan).toEqualTypeOf<string>()
    expectTypeOf(claims.acr).toEqualTypeOf<PhoneIdentity['assurance']>()
    done(null, { id: claims.sub })
  })
  new BearerStrategy(settings, async ({ sub }) => ({ id: sub }))
  // @ts-expect-error a claim of ours
  const taken: JwtSettings<{ sub: string }> = { ...settings, claims: () => ({ sub: 'x' }) }
  expect(() => issueJwt(settings)).not.toThrow()
  expect(() => issueJwt(taken)).not.toThrow()
})
