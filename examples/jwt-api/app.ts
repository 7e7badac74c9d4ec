import express, { type Express as ExpressApp, type Handler } from 'express'
import passport from 'passport'
import {
  BearerStrategy,
  issueJwt,
  type JwtKey,
  type JwtSettings,
  logoutJwt,
  maskPhoneNumber,
  PhoneCheckStrategy,
  type PhoneCheckStrategyOptions,
  phoneCheckErrors,
  refreshJwt,
  requireAssurance,
  revokeUser,
  type Store,
} from 'passport-phonecheck'
import { Users } from './users.js'

declare global {
  namespace Express {
    interface User {
      id: string
    }
  }
}

export interface AppSettings
  extends Pick<PhoneCheckStrategyOptions, 'ladder' | 'store' | 'secret' | 'countries' | 'clock' | 'onEvent'> {
  /** Where the API is reached, such as `https://api.example`: issuer and audience of its tokens. */
  origin: string
  /** The first one signs. */
  jwtKeys: readonly JwtKey[]
  /**
   * Keeps refresh tokens, for a month each. One of its own: however many people are signed in, it
   * must not be full for those who log in.
   */
  tokenStore: Store
}

/** An API for mobile apps: no cookie, no session. The app holds the login's handle, then two tokens. */
export function createApp({ origin, jwtKeys, tokenStore, ...phoneCheckSettings }: AppSettings): ExpressApp {
  const users = new Users()
  const { clock, onEvent } = phoneCheckSettings

  const jwt: JwtSettings = {
    issuer: origin,
    audience: origin,
    keys: jwtKeys,
    subject: (user) => user.id,
    // Asked at each refresh, so that a deleted account gets no new tokens.
    findUser: (id) => users.find(id),
    store: tokenStore,
    // Keys the hashes of user ids in it.
    secret: phoneCheckSettings.secret,
    // Three reads of the store with each request, side by side. Without it an access token lives up
    // to ten minutes longer than its login.
    checkRevoked: true,
    ...(onEvent && { onEvent }),
    ...(clock && { clock }),
  }
  const phone = new PhoneCheckStrategy(phoneCheckSettings, (identity) =>
    users.findOrCreateByPhone(identity.phoneNumber),
  )

  // An instance of its own and not the shared one, so that a process can hold more than one app.
  const auth = new passport.Passport()
  auth.use(phone)
  auth.use(new BearerStrategy(jwt, ({ sub }) => users.find(sub)))
  const signedIn: Handler = auth.authenticate('bearer', { session: false, failWithError: true })

  const app = express()
  app.disable('x-powered-by')

  // Whoever holds the handle that start returns is the one who logs in: the app keeps it to itself.
  app.post('/login/phone', phone.start({ binding: 'handle' }))
  app.post('/login/phone/fallback', phone.fallback())
  app.post('/login/phone/resend', phone.resend())
  app.post('/login/phone/status', phone.status())
  app.post(
    '/login/phone/verify',
    auth.authenticate('phonecheck', { session: false, failWithError: true }),
    issueJwt(jwt),
  )
  app.post('/token/refresh', refreshJwt(jwt))
  app.post('/token/logout', logoutJwt(jwt))

  app.get('/me', signedIn, (req, res) => {
    const user = req.user && users.find(req.user.id)
    const token = req.authInfo?.phoneCheckToken
    res
      .set('Cache-Control', 'no-store')
      .json({ id: user?.id, phone: user && maskPhoneNumber(user.phoneNumber), proven: token?.acr, by: token?.amr })
  })
  // On all devices, this one included.
  app.post('/me/logout-everywhere', signedIn, async (req, res) => {
    if (req.user) await revokeUser(jwt, req.user.id)
    res.status(204).end()
  })
  // What cannot be undone asks for a login that is strong and fresh. Refreshing a token does not
  // make its login any fresher.
  const strongAndFresh = requireAssurance('high', { from: (req) => req.authInfo?.phoneCheckToken, maxAgeSeconds: 600 })
  app.delete('/me', signedIn, strongAndFresh, async (req, res) => {
    if (req.user) {
      users.delete(req.user.id)
      await revokeUser(jwt, req.user.id)
    }
    res.status(204).end()
  })

  app.use(phoneCheckErrors())
  return app
}
