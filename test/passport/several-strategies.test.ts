import express from 'express'
import passport, { type PassportStatic, type Strategy } from 'passport'
import { BearerStrategy, PhoneCheckError, phoneCheckErrors } from 'passport-phonecheck'
import { expect, onTestFinished, test } from 'vitest'
import { close, listen, startApp, type TestApp } from '../support/app.js'
import { begin } from '../support/login.js'

/** Another strategy, which fails or passes as it is told. */
const other = (status: number | undefined, user?: object) =>
  Object.assign(Object.create({}), {
    name: 'other',
    authenticate(this: { fail(challenge: string, status?: number): void; success(user: object): void }) {
      if (user) this.success(user)
      else this.fail('Other', status)
    },
  }) as Strategy

const bearer = () =>
  new BearerStrategy(
    {
      issuer: 'https://app.example',
      audience: 'https://api.example',
      keys: [{ kid: '1', algorithm: 'HS256', secret: 'a-token-secret-of-at-least-32-bytes!' }],
    },
    async ({ sub }) => ({ id: sub }),
  )

interface Setup {
  strategies: Strategy[]
  mount(app: express.Express, pass: PassportStatic): void
}

/** What the client and the application's own error handler see. */
async function ask({ strategies, mount }: Setup) {
  const seen: unknown[] = []
  const app = express()
  const pass = new passport.Passport() as unknown as PassportStatic
  for (const strategy of strategies) pass.use(strategy)
  mount(app, pass)
  app.use(phoneCheckErrors())
  app.use(((error, _req, res, _next) => {
    seen.push(error)
    res.status(error.status ?? 500).json({ code: 'app' })
  }) as express.ErrorRequestHandler)
  const server = await listen(app)
  onTestFinished(() => close(server))
  const address = server.address()
  const response = await fetch(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`)
  return {
    status: response.status,
    code: (await response.json()).code,
    challenge: response.headers.get('www-authenticate'),
    seen,
  }
}

const options = { session: false, failWithError: true }
const here: express.RequestHandler = (_req, res) => {
  res.json({ code: 'inside' })
}
/** An optional token in the two ways in which it is written. */
const optional: [string, (pass: PassportStatic) => (express.RequestHandler | express.ErrorRequestHandler)[]][] = [
  [
    'a custom callback',
    (pass) => [
      ((req, res, next) =>
        pass.authenticate('bearer', { session: false }, () => next())(req, res, next)) as express.RequestHandler,
    ],
  ],
  [
    'failWithError and an error handler that goes on',
    (pass) => [
      pass.authenticate('bearer', options),
      ((_error, _req, _res, next) => next()) as express.ErrorRequestHandler,
    ],
  ],
]

test.each(optional)(
  'an optional bearer by %s leaves nothing behind for the strategy that fails after it',
  async (_name, mount) => {
    const answer = await ask({
      strategies: [bearer() as unknown as Strategy, other(401)],
      mount: (app, pass) => {
        app.use(...(mount(pass) as express.RequestHandler[]))
        app.get('/', pass.authenticate('other', options), here)
      },
    })
    expect(answer).toMatchObject({
      status: 401,
      code: 'app',
      challenge: 'Other',
      seen: [{ name: 'AuthenticationError' }],
    })
  },
)

test.each(optional)(
  'an optional bearer by %s is not taken for an error of the application with the same name',
  async (_name, mount) => {
    const answer = await ask({
      strategies: [bearer() as unknown as Strategy],
      mount: (app, pass) => {
        app.use(...(mount(pass) as express.RequestHandler[]))
        app.get('/', () => {
          throw Object.assign(new Error('no such account'), { name: 'AuthenticationError', status: 401 })
        })
      },
    })
    expect(answer).toMatchObject({ code: 'app', seen: [{ message: 'no such account' }] })
  },
)

test.each(optional)(
  'the second authentication of the same strategy, after an optional one by %s, keeps its own problem',
  async (_name, mount) => {
    const answer = await ask({
      strategies: [bearer() as unknown as Strategy],
      mount: (app, pass) => {
        app.use(...(mount(pass) as express.RequestHandler[]))
        app.get('/', pass.authenticate('bearer', options), here)
      },
    })
    expect(answer).toMatchObject({ status: 401, code: 'token_invalid', seen: [] })
  },
)

test.each([
  [['other', 'bearer'], 401, 'token_invalid'],
  [['bearer', 'other'], 401, 'token_invalid'],
] as const)('of the alternatives %j the token is what is wrong', async (names, status, code) => {
  const answer = await ask({
    strategies: [bearer() as unknown as Strategy, other(undefined)],
    mount: (app, pass) => app.get('/', pass.authenticate([...names], options), here),
  })
  expect([answer.status, answer.code]).toEqual([status, code])
})

test('the status of the alternative that failed first is not overwritten by ours', async () => {
  const answer = await ask({
    strategies: [bearer() as unknown as Strategy, other(400)],
    mount: (app, pass) => app.get('/', pass.authenticate(['other', 'bearer'], options), here),
  })
  expect(answer).toMatchObject({ status: 400, code: 'app' })
})

test('an alternative that succeeds after ours failed answers alone', async () => {
  const answer = await ask({
    strategies: [bearer() as unknown as Strategy, other(401, { id: 'u1' })],
    mount: (app, pass) => app.get('/', pass.authenticate(['bearer', 'other'], options), here),
  })
  expect(answer).toMatchObject({ status: 200, code: 'inside', seen: [] })
})

async function verifyWith(mount: (app: TestApp, server: express.Express) => void) {
  const app: TestApp = await startApp({
    after: (server) =>
      mount(
        {
          get passport() {
            return app.passport
          },
        } as TestApp,
        server,
      ),
  })
  const { browser, flow } = await begin(app)
  return browser.post('/try', { flow, code: 'wrong' })
}

test('of two strategies of ours the first one’s problem is the answer', async () => {
  const response = await verifyWith((app, server) => {
    server.post('/try', (req, res, next) => {
      app.passport.use(bearer() as unknown as Strategy)
      app.passport.authenticate(['phonecheck', 'bearer'], options)(req, res, next)
    })
  })
  expect([response.status, (await response.json()).code]).toEqual([401, 'invalid_code'])
})

// Bundled as an ES module, Passport's `arguments.callee` throws; this is what its constructor then does.
const strict = () => {
  throw new TypeError("'caller', 'callee', and 'arguments' properties may not be accessed on strict mode functions")
}

test.each(['phonecheck', 'bearer'])(
  'where a bundler broke Passport’s error, %s gives its own to the error handler',
  (name) => {
    const errors: unknown[] = []
    const strategy = name === 'bearer' ? bearer() : undefined
    return expectOwn(strategy, errors)
  },
)

async function expectOwn(strategy: BearerStrategy | undefined, errors: unknown[]) {
  const app = await startApp()
  const clone = Object.create(strategy ?? app.phone)
  await new Promise<void>((resolve) => {
    Object.assign(clone, {
      fail: strict,
      error: (error: unknown) => {
        errors.push(error)
        resolve()
      },
    })
    const req = {
      method: 'POST',
      headers: { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' },
      url: '/',
      socket: {},
    }
    clone.authenticate({ ...req, res: { setHeader() {}, hasHeader: () => false } }, options)
  })
  expect(errors).toEqual([expect.any(PhoneCheckError)])
}

test('where the request has no `res` the message says what to set, and nothing is thrown', async () => {
  const app = await startApp()
  const clone = Object.create(app.phone)
  const error = await new Promise<Error>((resolve) => {
    clone.error = resolve
    clone.authenticate({ method: 'POST', headers: {} })
  })
  expect(error.message).toContain('req.res = res')
})

test('a custom callback that always throws is a 500 with an event, and ends no process', async () => {
  const app: TestApp = await startApp({
    after: (server) => {
      server.post('/throwing', (req, res, next) =>
        app.passport.authenticate('phonecheck', () => {
          throw undefined
        })(req, res, next),
      )
    },
  })
  const { browser, flow } = await begin(app)
  expect((await browser.post('/throwing', { flow, code: 'wrong' })).status).toBe(500)
  expect(app.events).toContainEqual(expect.objectContaining({ type: 'misconfiguration', code: 'callback_threw' }))
})

test('an error of Passport that is no instance of Error, as on Deno, is known by its name', async () => {
  const passed: unknown[] = []
  const kept = Symbol.for('passport-phonecheck.problem')
  const answers: unknown[] = []
  const res = {
    headersSent: false,
    setHeader() {},
    hasHeader: () => false,
    end: (text: string) => answers.push(JSON.parse(text)),
  }
  const error = { name: 'AuthenticationError', message: 'Unauthorized', status: 401 }
  phoneCheckErrors()(error, { [kept]: new PhoneCheckError('mismatch') } as never, res as never, (next) =>
    passed.push(next),
  )
  expect([passed, answers]).toEqual([[], [expect.objectContaining({ code: 'mismatch' })]])
})

test('the 400 for a prefetch keeps its code under failWithError', async () => {
  const app: TestApp = await startApp({
    redirect: true,
    after: (server) =>
      server.get('/back', (req, res, next) => app.passport.authenticate('phonecheck', options)(req, res, next)),
  })
  const { browser } = await begin(app)
  const response = await browser.navigate('/back?check_id=x&code=y', { 'sec-purpose': 'prefetch' })
  expect([response.status, (await response.json()).code]).toEqual([400, 'invalid_request'])
})
