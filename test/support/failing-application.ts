import type { AddressInfo } from 'node:net'
import express from 'express'
import passport, { type PassportStatic } from 'passport'
import {
  BearerStrategy,
  type BearerVerifyCallback,
  issueJwt,
  type JwtSettings,
  MemoryStore,
  type PhoneCheckEvent,
  PhoneCheckStrategy,
  type PhoneCheckStrategyOptions,
  phoneCheckErrors,
  refreshJwt,
  requireAssurance,
  type VerifyCallback,
} from 'passport-phonecheck'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { onTestFinished } from 'vitest'
import { close, listen, secret } from './app.js'
import { Browser } from './browser.js'
import { bare } from './events.js'
import { type ScriptedProvider, scripted } from './flow.js'
import { endless } from './limits.js'

/**
 * What JavaScript lets a function throw, and what Express reads as "go on" (falsy) or "skip these
 * handlers" (the two words).
 */
export const values: unknown[] = [undefined, null, '', 0, Number.NaN, false, 'route', 'router']

/** A function that fails with a value, in each way in which one can. */
export const failing = (value: unknown): Record<string, () => unknown> => ({
  throws: () => {
    throw value
  },
  rejects: () => Promise.reject(value),
  'has a then that throws': () =>
    Object.defineProperty({}, 'then', {
      value: () => {
        throw value
      },
    }),
  'has a then that cannot be read': () =>
    Object.defineProperty({}, 'then', {
      get() {
        throw value
      },
    }),
})

export interface Reached {
  /** How often a handler behind a guard ran. */
  behind: number
  /** What the application's error handler was given. */
  errors: unknown[]
}

export interface Callbacks {
  strategy?: Partial<PhoneCheckStrategyOptions>
  verify?: VerifyCallback
  linkVerify?: VerifyCallback
  linkSubject?: () => string | undefined
  bearerVerify?: BearerVerifyCallback
  from?: () => object
  jwt?: Partial<JwtSettings>
}

export interface GuardedApp {
  browser: Browser
  reached: Reached
  clock: FakeClock
  events: PhoneCheckEvent[]
  provider: ScriptedProvider
  /** Asks and says what came of it, with what was reached counted anew. */
  ask(path: string, body?: object, headers?: Record<string, string>): Promise<Response & { reached: Reached }>
  /** A flow up to the code. */
  begin(prefix?: string): Promise<string>
}

export const prefixes = ['/login', '/link']

/**
 * Every route and guard there is, with functions of the application that the test chooses, and an
 * error handler that keeps what it gets.
 */
export async function guardedApp(callbacks: Callbacks = {}): Promise<GuardedApp> {
  const reached: Reached = { behind: 0, errors: [] }
  const events: PhoneCheckEvent[] = []
  const clock = fakeClock()
  const sends = { sends: true, guessable: false }
  const provider = Object.assign(scripted('first'), sends)
  const store = new MemoryStore({ clock })
  const user = async () => ({ id: 'u1' })
  const phone = new PhoneCheckStrategy(
    {
      ladder: [provider, Object.assign(scripted('second'), sends)],
      store,
      secret,
      clock,
      countries: ['US'],
      cookie: { secure: false },
      redirectUrl: 'http://127.0.0.1/return',
      loginUrl: '/login',
      limits: endless,
      onEvent: (event) => events.push(bare(event)),
      ...callbacks.strategy,
    },
    callbacks.verify ?? user,
  )
  const link = phone.purpose('link', { subject: callbacks.linkSubject ?? (() => 'u1') }, callbacks.linkVerify ?? user)
  const settings: JwtSettings = {
    issuer: 'https://app.example',
    audience: 'https://api.example',
    keys: [{ kid: 'k', algorithm: 'HS256', secret: 'a-token-secret-of-at-least-32-bytes!' }],
    subject: ({ id }) => id,
    secret,
    store,
    clock,
    ...callbacks.jwt,
  }
  const pass = new passport.Passport() as unknown as PassportStatic
  pass.use(phone)
  pass.use(link)
  pass.use(new BearerStrategy(settings, callbacks.bearerVerify ?? user))
  const behind: express.RequestHandler = (req, res) => {
    reached.behind += 1
    res.json({ user: req.user ?? null })
  }
  const app = express()
  const options = { session: false, failWithError: true }
  for (const [index, strategy] of [phone, link].entries()) {
    const prefix = prefixes[index] ?? ''
    // A second handler behind each: it runs when the first one goes on, which none may.
    app.post(prefix, strategy.start({ delivery: 'body' }), behind)
    app.post(`${prefix}/fallback`, strategy.fallback(), behind)
    app.post(`${prefix}/resend`, strategy.resend(), behind)
    app.post(`${prefix}/status`, strategy.status(), behind)
    app.use(`${prefix}/verify`, pass.authenticate(strategy.name, options))
    app.all(`${prefix}/verify`, behind)
  }
  app.post('/token', pass.authenticate('phonecheck', options), issueJwt(settings), behind)
  app.post('/refresh', refreshJwt(settings), behind)
  app.use('/api', pass.authenticate('bearer', options))
  app.get('/api', behind)
  app.use('/strong', requireAssurance('high', { from: callbacks.from ?? (() => ({ assurance: 'high' })) }))
  app.get('/strong', behind)
  app.use(phoneCheckErrors())
  app.use(((error, _req, res, _next) => {
    reached.errors.push(error)
    res.status(500).json({ code: 'app_error' })
  }) as express.ErrorRequestHandler)
  const server = await listen(app)
  onTestFinished(() => close(server))
  const browser = new Browser(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)

  const ask: GuardedApp['ask'] = async (path, body, headers) => {
    Object.assign(reached, { behind: 0, errors: [] })
    const response = body
      ? await browser.post(path, body, headers)
      : await browser.request(path, { ...(headers && { headers }) })
    return Object.assign(response, { reached: { ...reached } })
  }
  // Numbers of their own, so that no limit on messages to one is met.
  let begun = 0
  const begin = async (prefix = '/login') => {
    const number = `+1202555${String(100 + (begun++ % 100)).padStart(4, '0')}`
    await clock.advance(begun % 100 === 0 ? 86_400_000 : 0)
    const response = await browser.post(prefix, { phone_number: number })
    if (response.status !== 201) throw new Error(`start answered ${response.status}: ${await response.text()}`)
    return (await response.json()).flow
  }
  return { browser, reached, clock, events, provider, ask, begin }
}
