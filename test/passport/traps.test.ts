import express from 'express'
import passport from 'passport'
import { phoneCheckErrors } from 'passport-phonecheck'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { begin, beginWithCode, isLoggedIn, patches } from '../support/login.js'

test('an instance passed to authenticate directly serves overlapping requests, each with its own answer', async () => {
  const release: (() => void)[] = []
  const app = await startApp({
    verify: (identity) => new Promise((resolve) => release.push(() => resolve({ id: identity.flowId }))),
    after: (express, phone) => {
      express.post('/direct', passport.authenticate(phone, { session: false, failWithError: true }), (req, res) => {
        res.json(req.user)
      })
    },
  })
  const [first, second] = [await beginWithCode(app), await beginWithCode(app)]
  const answers = [first, second].map(({ browser, flow, code }) => browser.post('/direct', { flow, code }))
  while (release.length < 2) await new Promise((resolve) => setImmediate(resolve))
  for (const go of release.reverse()) go()
  const ids = await Promise.all(answers.map(async (answer) => (await (await answer).json()).id))
  expect(ids).toEqual([first.id, second.id])
})

test('a strategy used by name works from Passport’s clone', async () => {
  const app = await startApp()
  const clone = Object.create(app.phone)
  expect(() => clone.start()).not.toThrow()
})

test('failWithError keeps code and message, with phoneCheckErrors', async () => {
  const app = await startApp()
  const { browser, flow } = await begin(app)
  const response = await browser.post('/login/phone/verify', { flow, code: 'wrong' })
  expect(response.status).toBe(401)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  expect(response.headers.get('www-authenticate')).toBe('PhoneCheck')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.json()).toMatchObject({
    code: 'invalid_code',
    status: 401,
    title: 'Unauthorized',
    attempts_left: 2,
  })
})

test('without failWithError the status and headers hold, and the challenge is an object', async () => {
  const app = await startApp({
    after: (express) => {
      express.post(
        '/plain',
        app_passport((req, res, next) => authenticate(req, res, next)),
      )
    },
  })
  const authenticate = app.passport.authenticate('phonecheck')
  const { browser, flow } = await begin(app)
  const response = await browser.post('/plain', { flow, code: 'wrong' })
  expect(response.status).toBe(401)
  expect(await response.text()).toBe('Unauthorized')
  expect(response.headers.get('www-authenticate')).toBe('PhoneCheck')
  expect(response.headers.get('cache-control')).toBe('no-store')
  function app_passport(handler: express.RequestHandler): express.RequestHandler {
    return handler
  }
})

test('a custom callback gets code and message of a refusal, and the user of a success', async () => {
  const seen: unknown[] = []
  const app = await startApp({
    after: (express) => {
      express.post('/custom', (req, res, next) => {
        app.passport.authenticate('phonecheck', (error: unknown, user: unknown, info: unknown, status: unknown) => {
          seen.push({ error, user, info, status })
          res.json({})
        })(req, res, next)
      })
    },
  })
  const { browser, flow, code } = await beginWithCode(app)
  await browser.post('/custom', { flow, code: 'wrong' })
  await browser.post('/custom', { flow, code })
  expect(seen).toMatchObject([
    {
      error: null,
      user: false,
      info: { code: 'invalid_code', message: expect.any(String), attempts_left: 2 },
      status: 401,
    },
    {
      error: null,
      user: { id: expect.any(String) },
      info: { phoneCheck: { method: 'phonecheck', assurance: 'high', vendor: 'idlayr' } },
    },
  ])
  expect(await isLoggedIn(browser)).toBe(false)
})

test('an outage is an error and not a failure: failureRedirect is not taken', async () => {
  const app = await startApp({
    after: (express) => {
      express.post('/redirecting', (req, res, next) =>
        app.passport.authenticate('phonecheck', { failureRedirect: '/login' })(req, res, next),
      )
    },
  })
  const { browser, flow, code } = await beginWithCode(app)
  const fault = app.sim.fault({ match: 'PATCH /phone_check/v0.2/checks/*', status: 503 })
  expect((await browser.post('/redirecting', { flow, code })).status).toBe(503)
  fault.remove()
  const refused = await browser.post('/redirecting', { flow, code: 'wrong' })
  expect([refused.status, refused.headers.get('location')]).toEqual([302, '/login'])
})

test('authorize proves a number for a signed-in user without touching the session', async () => {
  const app = await startApp({
    after: (express) => {
      express.post(
        '/authorize',
        (req, res, next) => app.passport.authorize('phonecheck', { failWithError: true })(req, res, next),
        (req, res) => {
          res.json({ account: Reflect.get(req, 'account'), user: req.user ?? null })
        },
      )
    },
  })
  const { browser, flow, code } = await beginWithCode(app)
  const response = await browser.post('/authorize', { flow, code })
  expect(await response.json()).toEqual({ account: { id: 'user-of-+12025550100' }, user: null })
  expect(browser.cookies.has('connect.sid')).toBe(false)
})

test('session: false logs in for one request only', async () => {
  const app = await startApp({
    after: (express) => {
      express.post(
        '/stateless',
        (req, res, next) => app.passport.authenticate('phonecheck', { session: false })(req, res, next),
        (req, res) => {
          res.json(req.user)
        },
      )
    },
  })
  const { browser, flow, code } = await beginWithCode(app)
  expect((await browser.post('/stateless', { flow, code })).status).toBe(200)
  expect([...browser.cookies.keys()]).toEqual(['phonecheck-device'])
})

test('start and verify work with a body parser mounted, without one, and behind a mount path', async () => {
  const parsed = await startApp({ before: (app) => app.use(express.json()) })
  const login = await beginWithCode(parsed)
  expect((await login.browser.post('/login/phone/verify', { flow: login.flow, code: login.code })).status).toBe(200)

  const mounted = await startApp({
    after: (app, phone) => {
      const router = express.Router()
      router.post('/phone', phone.start())
      app.use('/v1', router)
    },
  })
  expect((await new Browser(mounted.url).post('/v1/phone', { phone_number: '+12025550100' })).status).toBe(201)
})

/** A parser that makes something of its own of every body. */
const xmlParser: express.RequestHandler = (req, _res, next) => {
  req.resume().once('end', () => {
    req.body = [['phone_number']]
    next()
  })
}

test('a login route whose body another parser took says so', async () => {
  const app = await startApp({ before: (express_) => express_.use(xmlParser) })
  const response = await new Browser(app.url).post('/login/phone', { phone_number: '+12025550100' })
  expect(response.status).toBe(400)
  expect((await response.json()).detail).toContain('parser')
})

test('phoneCheckErrors passes on what is not ours', () => {
  const passed: unknown[] = []
  const error = new Error('not ours')
  phoneCheckErrors()(error, {} as never, {} as never, (next) => passed.push(next))
  expect(passed).toEqual([error])
})

test('a client that hangs up during the PATCH loses the answer, not the proof of single use', async () => {
  const app = await startApp()
  const { browser, flow, code } = await beginWithCode(app)
  const fault = app.sim.fault({ match: 'PATCH /phone_check/v0.2/checks/*', delayMs: 200 })
  const abort = new AbortController()
  const gone = browser
    .request('/login/phone/verify', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ flow, code }),
      signal: abort.signal,
    })
    .catch(() => 'gone')
  while (fault.hits === 0) await new Promise((resolve) => setImmediate(resolve))
  abort.abort()
  expect(await gone).toBe('gone')
  while (app.verified.count === 0) await new Promise((resolve) => setImmediate(resolve))
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
  expect(patches(app)).toBe(1)
})
