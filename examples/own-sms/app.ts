import express, { type Express as ExpressApp } from 'express'
import session from 'express-session'
import passport from 'passport'
import { clientDirectory, MemoryStore, PhoneCheckStrategy, type Provider, phoneCheckErrors } from 'passport-phonecheck'

declare global {
  namespace Express {
    interface User {
      id: string
    }
  }
}

export interface Settings {
  /** Codes by the sender or the service that you have. */
  rung: Provider
  secret: string
  /** False on plain http, which only loopback may use. */
  secure: boolean
}

/** A login with a code. */
export function createApp({ rung, secret, secure }: Settings): ExpressApp {
  // Your table of users, here ids by number.
  const users = new Map<string, { id: string }>()
  const phone = new PhoneCheckStrategy(
    {
      ladder: [rung],
      countries: ['US', 'GB', 'DE'],
      store: new MemoryStore(),
      secret,
      cookie: { secure },
    },
    async ({ phoneNumber }) => {
      const user = users.get(phoneNumber) ?? { id: crypto.randomUUID() }
      users.set(phoneNumber, user)
      return user
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
  app.post('/login/phone/resend', phone.resend())
  app.post('/login/phone/status', phone.status())
  app.post('/login/phone/verify', auth.authenticate('phonecheck', { failWithError: true }), (req, res) => {
    res.json({ id: req.user?.id })
  })
  app.get('/', (_req, res) => void res.type('html').send(page))
  app.use('/client', express.static(clientDirectory))
  app.use(phoneCheckErrors())
  return app
}

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in</title>
<main>
  <h1>Sign in</h1>
  <form id="number"><label>Mobile number <input name="number" type="tel" autocomplete="tel" required></label> <button>Send code</button></form>
  <form id="code" hidden><label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" required></label> <button>Sign in</button></form>
  <p id="said" role="status"></p>
</main>
<script type="module">
  import { phoneLogin } from '/client/index.js'
  const login = phoneLogin()
  const [numberForm, codeForm] = document.forms
  const said = document.querySelector('#said')
  login.subscribe(({ state, problem, result }) => {
    codeForm.hidden = state !== 'waiting_for_code'
    said.textContent = state === 'done' ? 'Signed in as ' + result.id : problem ? 'That did not work: ' + problem.code : ''
  })
  numberForm.onsubmit = (event) => { event.preventDefault(); login.start(numberForm.number.value) }
  codeForm.onsubmit = (event) => { event.preventDefault(); login.submitCode(codeForm.code.value) }
</script>`
