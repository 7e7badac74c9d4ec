import { join } from 'node:path'
import express, { type Express as ExpressApp, type Handler } from 'express'
import session from 'express-session'
import passport from 'passport'
import {
  clientDirectory,
  maskPhoneNumber,
  PhoneCheckStrategy,
  type PhoneCheckStrategyOptions,
  phoneCheckErrors,
} from 'passport-phonecheck'

declare global {
  namespace Express {
    interface User {
      id: string
    }
  }
}

declare module 'express-session' {
  interface SessionData {
    account?: Account
  }
}

/** What the page may know of who is signed in. */
export interface Account {
  number: string
  method: string
  assurance: string
}

export interface AppSettings
  extends Pick<
    PhoneCheckStrategyOptions,
    'ladder' | 'store' | 'secret' | 'countries' | 'callbackUrl' | 'deviceIp' | 'clock' | 'onEvent'
  > {
  /** Where browsers reach this app, such as `https://app.example`. */
  origin: string
  sessionSecret: string
  /** Messages a day, by region of the number. */
  messagesPerDay: Readonly<Record<string, number>>
}

/** A login by phone that asks the SIM first, then for a text, and sends a code only when nothing else works. */
export function createApp({ origin, sessionSecret, messagesPerDay, ...settings }: AppSettings): ExpressApp {
  const secure = origin.startsWith('https:')
  // Your table of users, here ids by number. The number is no id: people change numbers, and numbers change people.
  const users = new Map<string, string>()
  const phone = new PhoneCheckStrategy(
    {
      ...settings,
      redirectUrl: `${origin}/login/phone/return`,
      loginUrl: '/',
      cookie: { secure },
      // A captcha belongs into `beforeSend`, which is asked before each message: let the page put
      // its token into a header (bodies are strict), and check that. What a day may cost, and at
      // most 20 messages in an hour to numbers that differ in their last four digits only, as those
      // of a bot farm do. Counted before the vendor is asked, so requests at the same moment do not
      // pass together.
      limits: { sendsPerCountryPerDay: messagesPerDay, sendsPerBlock: 20 },
    },
    (identity) => {
      const id = users.get(identity.phoneNumber) ?? crypto.randomUUID()
      users.set(identity.phoneNumber, id)
      return { id }
    },
  )
  // An instance of its own and not the shared one, so that a process can hold more than one app.
  const auth = new passport.Passport()
  auth.use(phone)
  auth.serializeUser<string>((user, done) => done(null, user.id))
  auth.deserializeUser<string>((id, done) => done(null, { id }))

  const withSession: Handler[] = [
    session({
      secret: sessionSecret,
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', secure },
    }),
    auth.session(),
  ]
  const keepAccount: Handler = (req, _res, next) => {
    const identity = req.authInfo?.phoneCheck
    if (identity) {
      const { phoneNumber, method, assurance } = identity
      req.session.account = { number: maskPhoneNumber(phoneNumber), method, assurance }
    }
    next()
  }

  const app = express()
  app.disable('x-powered-by')
  app.use((_req, res, next) => {
    res.set(
      'Content-Security-Policy',
      "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    )
    next()
  })

  // Before any body parser: the signature is over the raw bytes.
  const { callbackUrl } = settings
  if (callbackUrl !== undefined) app.post(new URL(callbackUrl).pathname, phone.webhook())

  app.post('/login/phone', phone.start())
  app.post('/login/phone/fallback', phone.fallback())
  app.post('/login/phone/resend', phone.resend())
  app.post('/login/phone/status', phone.status())
  app.post(
    '/login/phone/verify',
    ...withSession,
    auth.authenticate('phonecheck', { failWithError: true }),
    keepAccount,
    (req, res) => {
      res.json(req.session.account)
    },
  )
  app.get('/login/phone/return', ...withSession, auth.authenticate('phonecheck'), keepAccount, (_req, res) => {
    res.redirect('/')
  })
  app.get('/me', ...withSession, (req, res) => {
    res.set('Cache-Control', 'no-store').json(req.user ? (req.session.account ?? null) : null)
  })
  app.post('/logout', ...withSession, (req, res, next) => {
    req.logout((error) => (error ? next(error) : res.redirect(303, '/')))
  })

  app.use('/phonecheck', express.static(clientDirectory))
  app.use(express.static(join(import.meta.dirname, 'public')))
  app.use(phoneCheckErrors())
  return app
}
