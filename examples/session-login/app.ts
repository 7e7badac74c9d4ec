import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import express, { type Express as ExpressApp, type Handler } from 'express'
import session from 'express-session'
import passport from 'passport'
import { PhoneCheckStrategy, type PhoneCheckStrategyOptions, phoneCheckErrors } from 'passport-phonecheck'
import { proofOf, type SignInProof } from './proof.js'
import { securityHeaders } from './security-headers.js'
import { maskNumber, Users } from './users.js'

declare global {
  namespace Express {
    interface User {
      id: string
    }
  }
}

declare module 'express-session' {
  interface SessionData {
    /** How this session was begun. */
    proof?: SignInProof
  }
}

export interface AppSettings
  extends Pick<
    PhoneCheckStrategyOptions,
    'ladder' | 'store' | 'secret' | 'countries' | 'callbackUrl' | 'deviceIp' | 'clock' | 'onEvent'
  > {
  /** Where browsers reach this app, such as `https://app.example`. */
  origin: string
  /** Signs the session cookie. */
  sessionSecret: string
}

/** An app whose users sign in with their SIM and keep a session. */
export function createApp({ origin, sessionSecret, ...phoneCheckSettings }: AppSettings): ExpressApp {
  const users = new Users()
  // False only in development on this machine; the strategy refuses an insecure cookie in production.
  const secure = origin.startsWith('https:')

  const phone = new PhoneCheckStrategy(
    {
      ...phoneCheckSettings,
      redirectUrl: `${origin}/login/phone/return`,
      loginUrl: '/login',
      cookie: { secure },
    },
    (identity) => users.findOrCreateByPhone(identity.phoneNumber),
  )
  // An instance of its own and not the shared one, so that a process can hold more than one app.
  const auth = new passport.Passport()
  auth.use(phone)
  auth.serializeUser<string>((user, done) => done(null, user.id))
  auth.deserializeUser<string>((id, done) => done(null, users.find(id) ?? false))

  // Mounted on the routes that need it and not on all: starting a login and serving a stylesheet need no session.
  const withSession: Handler[] = [
    // Lax, because the operator's redirect back is a cross-site navigation: after it a Strict
    // session would look signed out. express-session's own store is for development; give it a real
    // one.
    session({
      secret: sessionSecret,
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', secure },
    }),
    auth.session(),
  ]

  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders)
  app.use(express.static(join(import.meta.dirname, 'public'), { index: false }))

  // Before any body parser, because the signature is over the raw bytes. A vendor announces here
  // that a text has arrived; it only makes us ask sooner.
  const { callbackUrl } = phoneCheckSettings
  if (callbackUrl !== undefined) app.post(new URL(callbackUrl).pathname, phone.webhook())

  // Two ways to the same login. In a mobile app an SDK opens the check URL over mobile data and
  // hands the code to the page ('body'). A plain browser goes there itself and is sent back to the
  // return route ('redirect').
  app.post('/login/phone', phone.start({ delivery: 'body' }))
  app.post('/login/phone/browser', phone.start({ delivery: 'redirect' }))
  // When the silent way does not work here: the next one, another message, how far it is. None of them logs anyone in.
  app.post('/login/phone/fallback', phone.fallback())
  app.post('/login/phone/resend', phone.resend())
  app.post('/login/phone/status', phone.status())

  app.post(
    '/login/phone/verify',
    ...withSession,
    auth.authenticate('phonecheck', { failWithError: true }),
    keepProof,
    (_req, res) => {
      res.json({ next: '/' })
    },
  )
  app.get('/login/phone/return', ...withSession, auth.authenticate('phonecheck'), keepProof, (_req, res) => {
    res.redirect('/')
  })

  app.get('/login', ...withSession, (req, res) => {
    if (req.user) res.redirect('/')
    else res.send(loginPage)
  })
  app.get('/', ...withSession, (req, res) => {
    const user = req.user && users.find(req.user.id)
    if (!user) return res.redirect('/login')
    const { how, why, assurance } = proofOf(req.session.proof)
    // A masked number is digits and bullets, and the rest are our own words, so there is nothing to escape.
    const texts: Record<string, string> = { phone: maskNumber(user.phoneNumber), how, why, assurance }
    res.set('Cache-Control', 'no-store').send(homePage.replace(/\{\{(\w+)\}\}/g, (_, name) => texts[name] ?? ''))
  })
  // A POST, so that no link or image of another site can sign people out: the Lax cookie stays away from such requests.
  app.post('/logout', ...withSession, (req, res, next) => {
    req.logout((error) => (error ? next(error) : res.redirect(303, '/login')))
  })

  app.use(phoneCheckErrors())
  return app
}

/** Passport has begun a new session; what the login proved is for the app to keep. */
const keepProof: Handler = (req, _res, next) => {
  const identity = req.authInfo?.phoneCheck
  if (identity) req.session.proof = { method: identity.method, assurance: identity.assurance }
  next()
}

const loginPage = page('login.html')
const homePage = page('home.html')

function page(name: string): string {
  return readFileSync(join(import.meta.dirname, 'pages', name), 'utf8')
}
