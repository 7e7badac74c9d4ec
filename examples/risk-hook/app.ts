import express, { type Express as ExpressApp } from 'express'
import session from 'express-session'
import passport from 'passport'
import {
  MemoryStore,
  type PhoneCheckEvent,
  PhoneCheckStrategy,
  type Provider,
  phoneCheckErrors,
  type Verdict,
} from 'passport-phonecheck'
import type { SimSwapped } from './sim-swap.js'

declare global {
  namespace Express {
    interface User {
      id: string
    }
  }
}

export interface Settings {
  /** A code first, and behind it what a step up leads to: rungs are only gone to forward. */
  ladder: readonly Provider[]
  simSwapped: SimSwapped
  secret: string
  /** False on plain http, which only loopback may use. */
  secure: boolean
  onEvent?(event: PhoneCheckEvent): void
}

/** A code to a SIM that was swapped since yesterday is not sent: whoever swapped it would read it. */
const noCodeHours = 24
/** A code proves too little where the SIM is younger than this. */
const stepUpHours = 240

/** A login whose strength follows the risk. */
export function createApp({ ladder, simSwapped, secret, secure, onEvent }: Settings): ExpressApp {
  const phone = new PhoneCheckStrategy(
    {
      ladder: [...ladder],
      countries: ['US', 'GB', 'DE'],
      store: new MemoryStore(),
      secret,
      cookie: { secure },
      // An operator that does not answer stops nobody here: the callback below decides again.
      beforeSend: async (_req, { phoneNumber }) => (await simSwapped(phoneNumber, noCodeHours)) !== true,
      ...(onEvent && { onEvent }),
    },
    async ({ phoneNumber, assurance }): Promise<Verdict> => {
      // What the SIM itself proved is not weakened by its age: that is what was swapped, and the app's own question then.
      // "Do not know" counts as swapped: whoever can stop the answer must not gain by it.
      if (assurance === 'low' && (await simSwapped(phoneNumber, stepUpHours)) !== false) return { stepUp: 'high' }
      return { id: phoneNumber }
    },
  )
  const auth = new passport.Passport()
  auth.use(phone)
  auth.serializeUser<string>((user, done) => done(null, user.id))
  auth.deserializeUser<string>((id, done) => done(null, { id }))

  const app = express()
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie: { sameSite: 'lax', secure } }))
  app.use(auth.session())
  app.post('/login/phone', phone.start())
  app.post('/login/phone/fallback', phone.fallback())
  app.post('/login/phone/status', phone.status())
  app.post('/login/phone/verify', auth.authenticate('phonecheck', { failWithError: true }), (req, res) => {
    const { method, assurance } = req.authInfo?.phoneCheck ?? {}
    res.json({ id: req.user?.id, method, assurance })
  })
  app.use(phoneCheckErrors())
  return app
}
