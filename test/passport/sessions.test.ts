import type express from 'express'
import session from 'express-session'
import { expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { begin, beginWithCode, isLoggedIn, patches, returnUrl } from '../support/login.js'

type Authenticate = Parameters<TestApp['passport']['authenticate']>[1]

/** A verify route without the session of the other routes, or with one like cookie-session's. */
async function routeWith(
  options: Authenticate,
  bare: express.RequestHandler,
  method: 'authenticate' | 'authorize' = 'authenticate',
) {
  const errors: Error[] = []
  const app = await startApp({
    before: (server) => {
      server.post(
        '/bare',
        bare,
        (req, res, next) => app.passport[method]('phonecheck', options)(req, res, next),
        (_req, res) => {
          res.json({ inside: true })
        },
      )
      server.use('/bare', ((error, _req, res, _next) => {
        errors.push(error)
        res.status(500).json({})
      }) as express.ErrorRequestHandler)
    },
  })
  return { app, errors }
}

const noSession: express.RequestHandler = (_req, _res, next) => next()
const cookieSession: express.RequestHandler = (req, _res, next) => {
  Object.assign(req, { session: {} })
  next()
}

test.each([
  ['no session', noSession, /no session\. Mount express-session/],
  ['a session like cookie-session’s', cookieSession, /no regenerate\(\), as with cookie-session/],
] as const)(
  '%s: a login that could not be kept is refused before the vendor is asked, with the cure',
  async (_name, bare, text) => {
    const { app, errors } = await routeWith({ failWithError: true }, bare)
    const { browser, flow, code } = await beginWithCode(app)
    expect((await browser.post('/bare', { flow, code })).status).toBe(500)
    expect(String(errors[0])).toMatch(text)
    expect(patches(app)).toBe(0)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  },
)

test.each([
  ['session: false', { session: false, failWithError: true }, 'authenticate'],
  ['assignProperty', { failWithError: true }, 'authorize'],
] as const)('%s needs no session', async (_name, options, method) => {
  const { app } = await routeWith(options, noSession, method)
  const { browser, flow, code } = await beginWithCode(app)
  expect((await browser.post('/bare', { flow, code })).status).toBe(200)
})

test('without options the missing regenerate is found by Passport: the proof is kept, and the login works where there is a session', async () => {
  const { app, errors } = await routeWith({}, cookieSession)
  const { browser, flow, code } = await beginWithCode(app)
  expect((await browser.post('/bare', { flow, code })).status).toBe(500)
  expect(errors[0]).toBeInstanceOf(TypeError)
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  expect(patches(app)).toBe(1)
})

/** A session store whose operations fail as often as it is told. */
class FailingSessions extends session.MemoryStore {
  failures: Partial<Record<'set' | 'destroy', number>> = {}

  #fails(operation: 'set' | 'destroy'): boolean {
    const left = this.failures[operation] ?? 0
    this.failures[operation] = left - 1
    return left > 0
  }

  override set(id: string, data: session.SessionData, callback?: (error?: unknown) => void): void {
    if (this.#fails('set')) callback?.(new Error('the session store is down'))
    else super.set(id, data, callback)
  }

  override destroy(id: string, callback?: (error?: unknown) => void): void {
    if (this.#fails('destroy')) callback?.(new Error('the session store is down'))
    else super.destroy(id, callback)
  }
}

const secret = 'a-session-secret'

test.each(['set', 'destroy'] as const)(
  'a session store that fails once at %s: nobody is logged in, and the same request may be repeated',
  async (operation) => {
    const sessions = new FailingSessions()
    const app = await startApp({
      before: (server) => server.use(session({ secret, resave: false, saveUninitialized: false, store: sessions })),
    })
    const { browser, flow, code } = await beginWithCode(app)
    sessions.failures = { [operation]: 1 }
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(500)
    expect(await isLoggedIn(browser)).toBe(false)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
    expect(await isLoggedIn(browser)).toBe(true)
    expect([patches(app), app.verified.count]).toEqual([1, 2])
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
  },
)

test('the same on the return leg: the browser keeps its cookie, and the link works again', async () => {
  const sessions = new FailingSessions()
  const app = await startApp({
    redirect: true,
    before: (server) => server.use(session({ secret, resave: false, saveUninitialized: false, store: sessions })),
  })
  const { browser, challengeUrl } = await begin(app)
  const link = await returnUrl(app, challengeUrl)
  sessions.failures = { set: 1 }
  expect((await browser.navigate(link)).status).toBe(500)
  expect(await isLoggedIn(browser)).toBe(false)
  expect((await browser.navigate(link)).headers.get('location')).toBe('/')
  expect(await isLoggedIn(browser)).toBe(true)
  expect(patches(app)).toBe(1)
})

test('a login that failed in the session store may be repeated twenty times at once, and is one login', async () => {
  const sessions = new FailingSessions()
  const app = await startApp({
    before: (server) => server.use(session({ secret, resave: false, saveUninitialized: false, store: sessions })),
  })
  const { browser, flow, code } = await beginWithCode(app)
  sessions.failures = { set: 1 }
  await browser.post('/login/phone/verify', { flow, code })
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => browser.post('/login/phone/verify', { flow, code })),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
})

test('a double tap on the return link: both tabs end where the login leads', async () => {
  const release: (() => void)[] = []
  let arrived = 0
  const app = await startApp({
    redirect: true,
    before: (server) =>
      server.use('/login/phone/return', (_req, _res, next) => {
        arrived += 1
        next()
      }),
    verify: () => new Promise((resolve) => release.push(() => resolve({ id: 'u1' }))),
  })
  const { browser, challengeUrl } = await begin(app)
  const link = await returnUrl(app, challengeUrl)
  const first = browser.navigate(link)
  await expect.poll(() => release.length).toBe(1)
  // Sent with the cookie that the first one still has.
  const second = browser.navigate(link)
  await expect.poll(() => arrived).toBe(2)
  release[0]?.()
  expect([(await first).headers.get('location'), (await second).headers.get('location')]).toEqual(['/', '/'])
  expect(patches(app)).toBe(1)
  expect(await isLoggedIn(browser)).toBe(true)
})

test('a second tap that arrives after the login was won, but was sent before its answer, is sent on too; a link without its cookie is not', async () => {
  const app = await startApp({ redirect: true })
  const { browser, challengeUrl } = await begin(app)
  const link = await returnUrl(app, challengeUrl)
  const early = new Browser(app.url)
  for (const [name, value] of browser.cookies) early.cookies.set(name, value)
  expect((await browser.navigate(link)).headers.get('location')).toBe('/')
  expect((await early.navigate(link)).headers.get('location')).toBe('/')
  expect(await isLoggedIn(early)).toBe(false)
  expect((await browser.navigate(link)).headers.get('location')).toMatch(/phonecheck=flow_invalid/)
  expect(patches(app)).toBe(1)
})

test('a second tap in vain: the first one was refused', async () => {
  const app = await startApp({ redirect: true, verify: async () => false as const })
  const { browser, challengeUrl } = await begin(app)
  const link = await returnUrl(app, challengeUrl)
  const early = new Browser(app.url)
  for (const [name, value] of browser.cookies) early.cookies.set(name, value)
  await browser.navigate(link)
  expect((await early.navigate(link)).headers.get('location')).toMatch(/phonecheck=flow_invalid/)
})
