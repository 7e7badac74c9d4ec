import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy } from 'passport-custom'
import { userOf } from '../users.js'
import { type Contestant, credentials, type Running, type Setting, secret } from './contestant.js'
import { CountedSessions } from './counted.js'
import { addSessionDoors } from './session-doors.js'

interface PendingCheck {
  id: string
  number: string
  until: number
}

declare module 'express-session' {
  interface SessionData {
    check?: PendingCheck
  }
}

/**
 * What a good user would write in an afternoon, from the guides of Express, Passport and the
 * vendor: the check lives in the session.
 */
export const handWritten: Contestant = {
  name: 'hand-written',
  face: 'session',
  what: 'Express 5, express-session, passport-custom, fetch with a cached token',
  run: async ({ vendorUrl }: Setting): Promise<Running> => {
    const call = vendorClient(vendorUrl)
    const sessions = new CountedSessions()
    const pass = new passport.Passport()
    pass.use(
      'phone',
      new Strategy((req, done) => {
        redeem(req as express.Request).then(
          (user) => done(null, user),
          (error) => done(error),
        )
      }),
    )
    pass.serializeUser((user, done) => done(null, (user as { id: string }).id))
    pass.deserializeUser((id: string, done) => done(null, { id }))

    async function redeem(req: express.Request): Promise<{ id: string } | false> {
      const { check } = req.session
      const { code } = req.body
      if (!check || check.until < Date.now() || typeof code !== 'string') return false
      // Used up before the vendor is asked, as well as a session can do it.
      delete req.session.check
      await new Promise<void>((resolve, reject) => {
        req.session.save((error) => (error ? reject(error) : resolve()))
      })
      const patch = [{ op: 'add', path: '/code', value: code }]
      const { status, body } = await call('PATCH', `/${check.id}`, 'application/json-patch+json', patch)
      const verified =
        status === 200 && body['check_id'] === check.id && body['status'] === 'COMPLETED' && body['match'] === true
      return verified && { id: userOf(check.number) }
    }

    const app = express()
    app.use(express.json())
    app.use(session({ secret, resave: false, saveUninitialized: false, store: sessions }))
    app.use(pass.session())
    app.post('/login/phone', async (req, res) => {
      const number = req.body.phone_number
      if (typeof number !== 'string' || !/^\+[1-9]\d{6,14}$/.test(number)) {
        res.status(400).json({ code: 'invalid_phone_number' })
        return
      }
      const { status, body } = await call('POST', '', 'application/json', { phone_number: number })
      if (status !== 201) {
        res.status(503).json({ code: 'provider_unavailable' })
        return
      }
      req.session.check = { id: body['check_id'] as string, number, until: Date.now() + 120_000 }
      const links = body['_links'] as { check_url: { href: string } }
      res.status(201).json({ challenge: { type: 'open_url', url: links.check_url.href } })
    })
    app.post('/login/phone/verify', pass.authenticate('phone'), (req, res) => {
      res.json(req.user)
    })
    addSessionDoors(app)
    return { listener: app, sessions }
  },
}

function vendorClient(origin: string) {
  let token: Promise<{ value: string; until: number }> | undefined

  async function fetchToken() {
    const basic = Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString('base64')
    const answer = await fetch(`${origin}/oauth2/v1/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'phone_check' }),
    })
    const { access_token, expires_in } = (await answer.json()) as { access_token: string; expires_in: number }
    return { value: access_token, until: Date.now() + (expires_in - 60) * 1000 }
  }

  return async (method: string, path: string, type: string, input: object) => {
    token ??= fetchToken()
    if ((await token).until < Date.now()) token = fetchToken()
    const answer = await fetch(`${origin}/phone_check/v0.2/checks${path}`, {
      method,
      headers: { authorization: `Bearer ${(await token).value}`, 'content-type': type },
      body: JSON.stringify(input),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
}
