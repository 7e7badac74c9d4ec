import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import express, { type Express as ExpressApp, type Handler } from 'express'
import session from 'express-session'
import passport from 'passport'
import { PhoneCheckStrategy, type PhoneCheckStrategyOptions, phoneCheckErrors } from 'passport-phonecheck'
import { securityHeaders } from './security-headers.js'
import { maskNumber, Users } from './users.js'

declare global {
  namespace Express {
    interface User {
      id: string
    }
  }
}

export interface AppSettings extends Pick<PhoneCheckStrategyOptions, 'ladder' | 'store' | 'secret' | 'clock' | 'onEvent'> {
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
    // Lax, because the operator's redirect back is a cross-site navigation: after it a Strict session would look signed out.
    // express-session's own store is for development; give it a real one.
    session({ secret: sessionSecret, resave: false, saveUninitialized: false, cookie: { httpOnly: true, sameSite: 'lax', secure } }),
    auth.session(),
  ]

  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders)
  app.use(express.static(join(import.meta.dirname, 'public'), { index: false }))

  // Two ways to the same login. In a mobile app an SDK opens the check URL over mobile data and hands the code to the page ('body').
  // A plain browser goes there itself and is sent back to the return route ('redirect').
  app.post('/login/phone', phone.start({ delivery: 'body' }))
  app.post('/login/phone/browser', phone.start({ delivery: 'redirect' }))
  app.post('/login/phone/verify', ...withSession, auth.authenticate('phonecheck', { failWithError: true }), (_req, res) => {
    res.json({ next: '/' })
  })
  app.get('/login/phone/return', ...withSession, auth.authenticate('phonecheck', { successRedirect: '/' }))

  app.get('/login', ...withSession, (req, res) => {
    if (req.user) res.redirect('/')
    else res.send(loginPage)
  })
  app.get('/', ...withSession, (req, res) => {
    const user = req.user && users.find(req.user.id)
    // A masked number is digits and bullets, so there is nothing to escape.
    if (user) res.set('Cache-Control', 'no-store').send(homePage.replace('{{phone}}', maskNumber(user.phoneNumber)))
    else res.redirect('/login')
  })
  // A POST, so that no link or image of another site can sign people out: the Lax cookie stays away from such requests.
  app.post('/logout', ...withSession, (req, res, next) => {
    req.logout((error) => (error ? next(error) : res.redirect(303, '/login')))
  })

  app.use(phoneCheckErrors())
  return app
}

const loginPage = page('login.html')
const homePage = page('home.html')

function page(name: string): string {
  return readFileSync(join(import.meta.dirname, 'pages', name), 'utf8')
}
