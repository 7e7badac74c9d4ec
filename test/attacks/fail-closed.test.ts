import express, { type ErrorRequestHandler } from 'express'
import passport from 'passport'
import {
  BearerStrategy,
  issueJwt,
  type JwtSettings,
  MemoryStore,
  type PhoneCheckStrategyOptions,
  refreshJwt,
  requireAssurance,
  type VerifyCallback,
} from 'passport-phonecheck'
import { describe, expect, onTestFinished, test } from 'vitest'
import { close, listen, secret, startApp, type TestAppOptions } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { ladderApp, Visitor } from '../support/ladder.js'
import { beginWithCode } from '../support/login.js'

// To Express an error of `undefined`, `null`, `''`, `0` or `false` is no error, and `'route'` and
// `'router'` skip the rest of a route: a guard that hands on what an application's function threw
// would open.

const values = {
  undefined: undefined,
  null: null,
  'an empty string': '',
  0: 0,
  NaN: Number.NaN,
  false: false,
  route: 'route',
  router: 'router',
}
const ways = {
  thrown: (value: unknown) => () => {
    throw value
  },
  rejected: (value: unknown) => () => Promise.reject(value),
} as const
const cases = Object.entries(values).flatMap(([name, value]) =>
  Object.entries(ways).map(([way, make]) => [name, way, make(value)] as const),
)

/** Routes behind which nothing may run, and an error handler that keeps what it was given. */
function watched() {
  const seen: unknown[] = []
  let ran = 0
  const behind: express.RequestHandler = (_req, res) => {
    ran += 1
    res.json({ inside: true })
  }
  const errors: ErrorRequestHandler = (error, _req, res, _next) => {
    seen.push(error)
    res.status(500).json({ code: 'app_error' })
  }
  return { behind, errors, seen, ran: () => ran }
}

/** An app around one guard. */
async function guarded(mount: (app: express.Express, behind: express.RequestHandler) => void) {
  const watch = watched()
  const app = express()
  mount(app, watch.behind)
  app.use(watch.behind)
  app.use(watch.errors)
  const server = await listen(app)
  onTestFinished(() => close(server))
  const address = server.address()
  return { ...watch, url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}` }
}

function expectClosed({ seen, ran }: { seen: unknown[]; ran: () => number }, response: Response, name: string): void {
  expect(response.status).toBe(500)
  expect(ran()).toBe(0)
  expect(seen).toHaveLength(1)
  expect(seen[0]).toBeInstanceOf(Error)
  expect(String(seen[0])).toContain(name)
}

const settings = (more: Partial<JwtSettings> = {}): JwtSettings => ({
  issuer: 'https://app.example',
  audience: 'https://api.example',
  keys: [{ kid: '1', algorithm: 'HS256', secret: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ' }],
  subject: () => 'u1',
  ...more,
})

/** Logs in by an app whose verify route issues tokens. */
async function tokens(jwt: JwtSettings, more: TestAppOptions = {}) {
  const watch = watched()
  const app = await startApp({
    ...more,
    after: (server, _phone) => {
      server.post(
        '/token',
        (req, res, next) => app.passport.authenticate('phonecheck', { session: false })(req, res, next),
        issueJwt(jwt),
        watch.behind,
      )
      if (jwt.store) server.post('/refresh', refreshJwt(jwt), watch.behind)
      server.use(watch.errors)
    },
  })
  const { browser, flow, code } = await beginWithCode(app)
  return { ...watch, browser, response: await browser.post('/token', { flow, code }) }
}

describe.each(cases)('%s, %s', (_value, way, fail) => {
  const failing = fail as () => never

  test('by the verify callback of a bearer guard', async () => {
    const jwt = settings()
    const { response } = await tokens(jwt)
    const { access_token } = await response.json()
    const pass = new passport.Passport()
    pass.use(new BearerStrategy(jwt, failing as never))
    const app = await guarded((server, behind) =>
      server.get('/me', pass.authenticate('bearer', { session: false }), behind),
    )
    expectClosed(
      app,
      await fetch(`${app.url}/me`, { headers: { authorization: `Bearer ${access_token}` } }),
      'verify callback',
    )
  })

  test.each([0, 1, 2])('by a verify callback with %i parameters', async (length) => {
    const verify = Object.defineProperty(() => failing(), 'length', { value: length }) as VerifyCallback
    const watch = watched()
    const app = await startApp({
      verify,
      after: (server) => {
        server.use(watch.errors)
      },
    })
    const { browser, flow, code } = await beginWithCode(app)
    expectClosed(watch, await browser.post('/login/phone/verify', { flow, code }), 'verify callback')
    expect((await (await browser.request('/me')).json()).user).toBeNull()
  })

  test('by `from`', async () => {
    const app = await guarded((server, behind) => server.get('/me', requireAssurance('low', { from: failing }), behind))
    expectClosed(app, await fetch(`${app.url}/me`), 'from')
  })

  // A getter that returns a rejecting promise is nobody's to catch.
  if (way === 'thrown') {
    test('by a proof of `from`, when it is looked at', async () => {
      const proof = Object.defineProperty({}, 'assurance', { get: failing })
      const app = await guarded((server, behind) =>
        server.get('/me', requireAssurance('low', { from: () => proof }), behind),
      )
      const response = await fetch(`${app.url}/me`)
      expect(app.ran()).toBe(0)
      expect(response.status).toBeGreaterThanOrEqual(400)
    })
  }

  test('by `beforeSend`, on the first rung and on a later one', async () => {
    const strategy: Partial<PhoneCheckStrategyOptions> = { beforeSend: failing }
    for (const names of [['idenfy-sms'], ['phonecheck', 'idenfy-sms']] as const) {
      const watch = watched()
      const app = await ladderApp('cookie + body', [...names], {
        strategy,
        after: (server) => {
          server.use(watch.errors)
        },
      })
      const visitor = new Visitor(app)
      if (names.length === 2) {
        await visitor.start()
        await app.clock.advance(10_000)
      }
      const path = names.length === 2 ? '/login/phone/fallback' : '/login/phone'
      const body = names.length === 2 ? { flow: visitor.flow } : { phone_number: visitor.number }
      expectClosed(watch, await visitor.browser.post(path, body), 'beforeSend')
      expect(app.sim.count('POST /fraud/send-sms')).toBe(0)
    }
  })

  test('by `subject` of a purpose', async () => {
    const watch = watched()
    const app = await startApp({
      after: (server, phone) => {
        server.post(
          '/link',
          phone.purpose('link', { subject: failing }, async () => false as never).start(),
          watch.behind,
        )
        server.use(watch.errors)
      },
    })
    const response = await new Browser(app.url).post('/link', { phone_number: '+12025550100' })
    expect(watch.ran()).toBe(0)
    expect(response.status).toBe(500)
    expect(String(watch.seen[0])).toContain('subject')
  })

  test.each(['subject', 'claims'] as const)('by `%s` of the tokens', async (name) => {
    const result = await tokens(settings({ [name]: failing }))
    expect(result.ran()).toBe(0)
    expect(result.response.status).toBe(500)
    expect(String(result.seen[0])).toContain(name)
  })

  test('by `findUser`', async () => {
    const result = await tokens(settings({ store: new MemoryStore(), secret, findUser: failing }))
    const { refresh_token } = await result.response.json()
    expectClosed(result, await result.browser.post('/refresh', { refresh_token }), 'findUser')
  })

  test('by `onEvent`: a login is not touched', async () => {
    const app = await startApp({ strategy: { onEvent: failing } })
    const { browser, flow, code } = await beginWithCode(app)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  })

  test('by a store: the login is refused', async () => {
    const inner = new MemoryStore()
    for (const method of ['insert', 'insertCharged', 'find', 'replace', 'count'] as const) {
      const store = Object.assign(Object.create(inner), { [method]: failing })
      const watch = watched()
      const app = await startApp({
        strategy: { store, secret },
        after: (server) => {
          server.use(watch.errors)
        },
      })
      const browser = new Browser(app.url)
      const start = await browser.post('/login/phone', { phone_number: '+12025550100' })
      if (start.status !== 201) {
        expect(start.status).toBe(503)
        continue
      }
      const { flow } = await start.json()
      const verify = await browser.post('/login/phone/verify', { flow, code: 'x' })
      expect(verify.status).toBeGreaterThanOrEqual(400)
      expect(watch.ran()).toBe(0)
    }
  })

  test('by a provider: an outage, and no login', async () => {
    for (const method of ['start', 'redeem'] as const) {
      const app = await startApp({ ladder: (sim) => [{ ...provider(sim.url), [method]: failing }] })
      const browser = new Browser(app.url)
      const start = await browser.post('/login/phone', { phone_number: '+12025550100' })
      const response =
        start.status === 201
          ? await browser.post('/login/phone/verify', { flow: (await start.json()).flow, code: 'right' })
          : start
      expect(response.status).toBe(503)
      expect((await (await browser.request('/me')).json()).user).toBeNull()
    }
  })
})

function provider(url: string) {
  return {
    name: 'own',
    vendor: 'own',
    assurance: 'high' as const,
    ttlSeconds: 60,
    dwellSeconds: 10,
    codeGrammar: /^[a-z]+$/,
    start: async () => ({ challenge: { type: 'open_url' as const, url }, check: { id: 'x' }, expiresInSeconds: 60 }),
    redeem: async () => ({ outcome: 'verified' as const }),
  }
}

test.each(Object.entries(values).filter(([, value]) => typeof value === 'string' && value !== ''))(
  'done(%s) is an error and skips no route',
  async (_name, value) => {
    const watch = watched()
    const app = await startApp({
      verify: (_identity, done) => done(value),
      after: (server) => {
        server.use(watch.errors)
      },
    })
    const { browser, flow, code } = await beginWithCode(app)
    expectClosed(watch, await browser.post('/login/phone/verify', { flow, code }), 'verify callback')
  },
)
