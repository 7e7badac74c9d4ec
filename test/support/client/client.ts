import express from 'express'
import session from 'express-session'
import passport, { type PassportStatic } from 'passport'
import {
  idenfySms,
  MemoryStore,
  moCheck,
  type Outcome,
  PhoneCheckStrategy,
  type Provider,
  phoneCheck,
  phoneCheckErrors,
  type VerifyCallback,
  vonageVerify,
} from 'passport-phonecheck'
import type { Clock, FetchLike, OpenResult, PhoneLogin, PhoneLoginOptions, Progress } from 'passport-phonecheck/client'
import { phoneLogin } from 'passport-phonecheck/client'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { onTestFinished } from 'vitest'
import { close, listen, number, secret } from '../app.js'
import { Browser } from '../browser.js'

export { number }

/** The user sends an SMS; `sms.outcome` says what the operator thinks of it. */
export function smsRung(): Provider & { outcome: Outcome; polls: number } {
  const rung = {
    name: 'mocheck',
    vendor: 'scripted',
    assurance: 'medium' as const,
    ttlSeconds: 180,
    dwellSeconds: 20,
    outcome: { outcome: 'pending', retryAfterSeconds: 3 } as Outcome,
    polls: 0,
    start: async () => ({
      challenge: {
        type: 'send_sms' as const,
        to: '+447700900001',
        body: '123456',
        href: 'sms:+447700900001?&body=123456',
      },
      check: { id: 'sms-check' },
      expiresInSeconds: 180,
    }),
    ownCheck: true,
    poll: async () => {
      rung.polls += 1
      return rung.outcome
    },
  }
  return rung
}

/** The user types a code; 1234 is right. */
export function codeRung(): Provider & { sent: number } {
  const rung = {
    name: 'idenfy-sms',
    vendor: 'scripted',
    assurance: 'low' as const,
    ttlSeconds: 300,
    dwellSeconds: 60,
    sends: true,
    guessable: true,
    codeGrammar: /^[0-9]{4}$/,
    sent: 0,
    start: async () => {
      rung.sent += 1
      return {
        challenge: { type: 'enter_code' as const, length: 4, resend_in: 125 },
        check: { id: `code-check-${rung.sent}` },
        expiresInSeconds: 300,
      }
    },
    redeem: async (_check: unknown, code: string): Promise<Outcome> => ({
      outcome: code === '1234' ? 'verified' : 'invalid_code',
    }),
  }
  return rung
}

export interface Call {
  path: string
  body: Record<string, unknown>
  credentials: string
  status: number | undefined
}

export interface World {
  sim: Simulator
  clock: FakeClock
  url: string
  /** Where a test mounts pages of its own. */
  pages: express.Router
  /** Bodies of the answers to start. */
  handles: string[]
  sms: ReturnType<typeof smsRung>
  code: ReturnType<typeof codeRung>
  /** What the client asked of the server. */
  calls: Call[]
  /** Only these calls, by the end of their path. */
  count(call: string): number
  /** Called before each request of a client; may throw or hang. */
  before: (path: string) => unknown
  fetch: FetchLike
  /** The SDK in a phone with that number. */
  open(url: string): Promise<OpenResult>
}

export interface WorldOptions {
  binding?: 'cookie' | 'handle'
  /** Which rungs, in order. Default: all three. */
  ladder?: readonly ('silent' | 'vonage' | 'sms' | 'code' | 'mocheck' | 'idenfy')[]
  redirect?: boolean
  verify?: VerifyCallback
  /** The real clock, for browsers. */
  realTime?: boolean
}

/**
 * The real handlers on a real port, with a ladder of three rungs: the silent one against the
 * simulator, the others scripted.
 */
export async function world(options: WorldOptions = {}): Promise<World> {
  const { binding = 'handle', ladder = ['silent', 'sms', 'code'], redirect = false } = options
  const clock = fakeClock()
  const timing = options.realTime ? {} : { clock }
  const sim = await startSimulator({ port: 0, ...timing })
  onTestFinished(() => sim.close())
  const app = express()
  const server = await listen(app)
  onTestFinished(() => close(server))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const sms = smsRung()
  const code = codeRung()
  const account = { baseUrl: sim.url, clientId: 'client', clientSecret: 'client-secret', ...timing }
  const idenfy = idenfySms({ baseUrl: sim.url, apiKey: 'key', apiSecret: 'secret', ...timing })
  const vonageAccount = { brand: 'ACME', apiKey: 'key', apiSecret: 'secret', baseUrl: sim.url, ...timing }
  const vonage = vonageVerify({ channel: 'silent_auth', ...vonageAccount })
  const rungs = { silent: phoneCheck(account), vonage, mocheck: moCheck(account), idenfy, sms, code }
  const phone = new PhoneCheckStrategy(
    {
      ladder: ladder.map((name) => rungs[name]),
      store: new MemoryStore(timing),
      secret,
      countries: ['US'],
      cookie: { secure: false },
      ...timing,
      ...(redirect && { redirectUrl: `${url}/login/phone/return`, loginUrl: '/login' }),
    },
    options.verify ?? (async (identity) => ({ id: `user-of-${identity.phoneNumber}` })),
  )
  const pass = new passport.Passport() as unknown as PassportStatic
  pass.use(phone)
  pass.serializeUser((user, done) => done(null, user))
  pass.deserializeUser((user: Express.User, done) => done(null, user))
  app.use(session({ secret, resave: false, saveUninitialized: false }), pass.initialize(), pass.session())
  const pages = express.Router()
  app.use(pages)
  const handles: string[] = []
  app.post('/login/phone', keepAnswers(handles), phone.start({ binding }))
  app.post('/login/phone/fallback', phone.fallback())
  app.post('/login/phone/resend', phone.resend())
  app.post('/login/phone/status', phone.status())
  app.post(
    '/login/phone/verify',
    pass.authenticate('phonecheck', { failWithError: true, session: binding === 'cookie' }),
    (req, res) => {
      res.json({ user: req.user?.id, method: req.authInfo?.phoneCheck?.method })
    },
  )
  app.get('/login/phone/return', pass.authenticate('phonecheck', { successRedirect: '/home' }))
  app.use(phoneCheckErrors())
  app.use(((_error, _req, res, _next) => res.status(500).json({ code: 'app_error' })) as express.ErrorRequestHandler)

  const browser = new Browser(url)
  const calls: Call[] = []
  const self: World = {
    sim,
    clock,
    url,
    pages,
    handles,
    sms,
    code,
    calls,
    count: (call) =>
      calls.filter(({ path }) => path === (call === 'start' ? '/login/phone' : `/login/phone/${call}`)).length,
    before: () => {},
    async fetch(target, init) {
      const { pathname } = new URL(target, url)
      const call: Call = {
        path: pathname,
        body: JSON.parse(init.body),
        credentials: init.credentials,
        status: undefined,
      }
      calls.push(call)
      await self.before(pathname)
      const response = await (binding === 'cookie'
        ? browser.post(pathname, init.body)
        : fetch(new URL(target, url), init))
      call.status = response.status
      return response
    },
    async open(target) {
      const result = await sim.phone(number).open(target)
      // As the vendor's SDKs have it.
      return 'error' in result ? result : { http_status: result.status, response_body: result.body }
    },
  }
  return self
}

/** Overhears what a handler answers. */
function keepAnswers(kept: string[]): express.RequestHandler {
  return (_req, res, next) => {
    const { end } = res
    res.end = ((...args: Parameters<typeof end>) => {
      kept.push(String(args[0]))
      return end.apply(res, args)
    }) as typeof end
    next()
  }
}

export interface Client {
  login: PhoneLogin<{ user: string; method: string }>
  states: string[]
  history: Progress[]
  /** How many timers of the client's are running. */
  timers: { readonly count: number }
}

/** A client of that world, with the history of its states. */
export function clientOf(
  { clock, fetch, open, url }: Pick<World, 'clock' | 'fetch' | 'open' | 'url'>,
  options: PhoneLoginOptions = {},
): Client {
  // The server has timers of its own on the same clock.
  const timers = { count: 0 }
  const counted: Clock = {
    now: clock.now,
    delay(ms, signal) {
      timers.count += 1
      return clock.delay(ms, signal).finally(() => {
        timers.count -= 1
      })
    },
  }
  const login = phoneLogin<{ user: string; method: string }>({ baseUrl: url, open, fetch, clock: counted, ...options })
  const history: Progress[] = []
  const states: string[] = []
  login.subscribe((progress) => {
    history.push(progress)
    states.push(progress.state)
  })
  onTestFinished(() => login.cancel())
  return { login, states, history, timers }
}

/** Waits for real I/O to bring a state about. */
export function reach(
  login: PhoneLogin,
  wanted: Progress['state'] | ((progress: Progress) => boolean),
): Promise<Progress> {
  const isThere = typeof wanted === 'string' ? ({ state }: Progress) => state === wanted : wanted
  return new Promise((resolve) => {
    if (isThere(login.progress)) return resolve(login.progress)
    const leave = login.subscribe((progress) => {
      if (!isThere(progress)) return
      leave()
      resolve(progress)
    })
  })
}

/** Lets real I/O go on until `holds`. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2))
}
