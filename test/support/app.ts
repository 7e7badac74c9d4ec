import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import session from 'express-session'
import passport, { type PassportStatic } from 'passport'
import {
  MemoryStore,
  type PhoneCheckEvent,
  PhoneCheckStrategy,
  type PhoneCheckStrategyOptions,
  type Provider,
  phoneCheck,
  phoneCheckErrors,
  type StartOptions,
  type VerifyCallback,
} from 'passport-phonecheck'
import { type Simulator, type SimulatorOptions, startSimulator } from 'passport-phonecheck/simulator'
import { onTestFinished } from 'vitest'
import { bare } from './events.js'

export const secret = 'a-test-secret-of-at-least-32-bytes'
export const number = '+12025550100'

declare global {
  namespace Express {
    interface User {
      id: string
    }
  }
}

export interface TestApp {
  sim: Simulator
  phone: PhoneCheckStrategy
  /** Origin of the running app. */
  url: string
  events: PhoneCheckEvent[]
  passport: PassportStatic
  app: express.Express
  /** How often the verify callback was asked. */
  verified: { count: number }
}

export interface TestAppOptions {
  simulator?: SimulatorOptions
  strategy?: Partial<PhoneCheckStrategyOptions>
  start?: StartOptions
  verify?: VerifyCallback
  /** Replaces the ladder of PhoneCheck alone. */
  ladder?: (sim: Simulator) => Provider[]
  /** Webhook route and callback URL. */
  webhook?: boolean
  provider?: Partial<Parameters<typeof phoneCheck>[0]>
  /** Return route and redirect delivery. */
  redirect?: boolean
  /** Called before the routes are mounted. */
  before?(app: express.Express): void
  after?(app: express.Express, phone: PhoneCheckStrategy): void
}

/** A real Express app on a real port with the simulator behind it; both end with the test. */
export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const sim = await startSimulator({ port: 0, ...options.simulator })
  onTestFinished(() => sim.close())
  const app = express()
  const server = await listen(app)
  onTestFinished(() => close(server))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const events: PhoneCheckEvent[] = []
  const verified = { count: 0 }
  const phone = new PhoneCheckStrategy(
    {
      ladder: options.ladder?.(sim) ?? [
        phoneCheck({ baseUrl: sim.url, clientId: 'client', clientSecret: 'client-secret', ...options.provider }),
      ],
      store: new MemoryStore(),
      secret,
      cookie: { secure: false },
      onEvent: (event) => {
        if (event.type !== 'reminder') events.push(bare(event))
      },
      ...(options.redirect && { redirectUrl: `${url}/login/phone/return`, loginUrl: '/login' }),
      ...(options.webhook && { callbackUrl: `${url}/webhooks/phone` }),
      ...options.strategy,
    },
    options.verify ??
      (async (identity) => {
        verified.count += 1
        return { id: `user-of-${identity.phoneNumber}` }
      }),
  )
  const pass = new passport.Passport() as unknown as PassportStatic
  pass.use(phone)
  pass.serializeUser((user, done) => done(null, user))
  pass.deserializeUser((user: Express.User, done) => done(null, user))
  options.before?.(app)
  if (options.webhook) app.post('/webhooks/phone', phone.webhook())
  app.use(session({ secret, resave: false, saveUninitialized: false }))
  app.use(pass.initialize())
  app.use(pass.session())
  const returns = options.redirect || options.strategy?.redirectUrl !== undefined
  app.post('/login/phone', phone.start(options.start ?? (returns ? {} : { delivery: 'body' })))
  app.post('/login/phone/fallback', phone.fallback())
  app.post('/login/phone/resend', phone.resend())
  app.post('/login/phone/status', phone.status())
  app.post('/login/phone/verify', pass.authenticate('phonecheck', { failWithError: true }), (req, res) => {
    res.json({ user: req.user, method: req.authInfo?.phoneCheck?.method })
  })
  app.get('/login/phone/return', pass.authenticate('phonecheck', { successRedirect: '/' }))
  app.get('/me', (req, res) => {
    res.json({ user: req.user ?? null })
  })
  options.after?.(app, phone)
  app.use(phoneCheckErrors())
  app.use(((_error, _req, res, _next) => res.status(500).json({ code: 'app_error' })) as express.ErrorRequestHandler)
  return { sim, phone, url, events, passport: pass, app, verified }
}

export function listen(app: express.Express): Promise<Server> {
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server))
    // Else a machine that stands still for five seconds ends the connection that the next request is about to use.
    server.keepAliveTimeout = 0
  })
}

export function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
