import express, { type Express as ExpressApp, type Handler } from 'express'
import passport from 'passport'
import {
  BearerStrategy,
  issueJwt,
  type JwtSettings,
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

export interface AppSettings
  extends Pick<PhoneCheckStrategyOptions, 'ladder' | 'store' | 'secret' | 'countries' | 'onEvent'> {
  /** Where the API is reached: issuer and audience of its tokens. */
  origin: string
  jwtSecret: string
}

/** The server of the vendor's tutorial after its move. The two routes that it had keep their names. */
export function createApp({ origin, jwtSecret, ...phoneCheckSettings }: AppSettings): ExpressApp {
  // Stands in for your table. The id is not the number, which may get another owner.
  const users = new Map<string, Express.User>()
  const phone = new PhoneCheckStrategy(phoneCheckSettings, ({ phoneNumber }) => {
    const user = users.get(phoneNumber) ?? { id: crypto.randomUUID() }
    users.set(phoneNumber, user)
    return user
  })
  const jwt: JwtSettings = {
    issuer: origin,
    audience: origin,
    keys: [{ kid: 'migrated', algorithm: 'HS256', secret: jwtSecret }],
    subject: (user) => user.id,
  }
  // An instance of its own and not the shared one, so that a process can hold more than one app.
  const auth = new passport.Passport()
  auth.use(phone)
  auth.use(new BearerStrategy(jwt, ({ sub }) => [...users.values()].find(({ id }) => id === sub)))
  const login: Handler = auth.authenticate('phonecheck', { session: false, failWithError: true })

  const app = express()
  app.disable('x-powered-by')
  // The tutorial's parser may stay.
  app.use(express.json())

  app.post('/api/register', phone.start({ binding: 'handle' }))
  app.post('/api/exchange-code', login, issueJwt(jwt))

  // What the tutorial ends with is an alert; here another way follows.
  app.post('/api/fallback', phone.fallback())
  app.post('/api/resend', phone.resend())
  app.post('/api/status', phone.status())

  app.get('/api/me', auth.authenticate('bearer', { session: false, failWithError: true }), (req, res) => {
    res.json(req.user)
  })
  app.use(phoneCheckErrors())
  return app
}
