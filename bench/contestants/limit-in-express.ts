import { createSecretKey } from 'node:crypto'
import express from 'express'
import session from 'express-session'
import jwt from 'jsonwebtoken'
import passport from 'passport'
import { Strategy } from 'passport-custom'
import { userOf } from '../users.js'
import { type Contestant, type Running, type Setting, secret } from './contestant.js'
import { CountedSessions } from './counted.js'
import { FlowsInMap, isNumber } from './flows-in-map.js'
import { readJson, send } from './plain-http.js'
import { isMatch, poolClient } from './pool-client.js'
import { addSessionDoors } from './session-doors.js'

/**
 * `limit` as a Passport strategy: what Express, Passport and express-session cost before a strategy
 * does anything of its own. Reads and answers as `limit` does, past Express's own parser and
 * writer, so that no strategy can be below.
 */
export const limitInExpress: Contestant = {
  name: 'limit in Express, session',
  face: 'session',
  pace: 2,
  what: 'limit as a strategy of passport-custom in Express 5, with express-session; reads and answers as limit does',
  async run({ vendorUrl }: Setting): Promise<Running> {
    const { app, pass, close } = strategyApp(vendorUrl)
    const sessions = new CountedSessions()
    pass.serializeUser((user, done) => done(null, (user as { id: string }).id))
    pass.deserializeUser((id: string, done) => done(null, { id }))
    app.use(session({ secret, resave: false, saveUninitialized: false, store: sessions }))
    app.use(pass.session())
    app.post('/login/phone/verify', pass.authenticate('phone'), (req, res) => send(res, 200, req.user ?? {}))
    addSessionDoors(app)
    return { listener: app, sessions, close }
  },
}

/** The same without sessions. */
export const limitInExpressWithJwt: Contestant = {
  name: 'limit in Express, JWT',
  face: 'token',
  pace: 2,
  what: 'the same with jsonwebtoken in place of the session',
  async run({ vendorUrl }: Setting): Promise<Running> {
    const { app, pass, close } = strategyApp(vendorUrl)
    const key = createSecretKey(Buffer.from(secret))
    app.post('/login/phone/verify', pass.authenticate('phone', { session: false }), (req, res) => {
      const { id } = req.user as { id: string }
      send(res, 200, {
        access_token: jwt.sign({ sub: id }, key, { expiresIn: 900 }),
        token_type: 'Bearer',
        expires_in: 900,
      })
    })
    app.get('/me', (req, res) => {
      try {
        res.json({ id: jwt.verify(req.headers.authorization?.slice('Bearer '.length) ?? '', key).sub })
      } catch {
        res.status(401).json({})
      }
    })
    return { listener: app, close }
  },
}

function strategyApp(vendorUrl: string) {
  const vendor = poolClient(vendorUrl)
  const flows = new FlowsInMap()
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

  async function redeem(req: express.Request): Promise<{ id: string } | false> {
    const { flow: handle, code }: { flow?: unknown; code?: unknown } = await readJson(req)
    const flow = flows.take(handle)
    if (!flow || typeof code !== 'string') return false
    return isMatch(await vendor.redeem(flow.checkId, code), flow.checkId) && { id: userOf(flow.number) }
  }

  const app = express()
  app.disable('x-powered-by')
  app.post('/login/phone', async (req, res) => {
    const { phone_number: number }: { phone_number?: unknown } = await readJson(req)
    if (!isNumber(number)) return send(res, 400, { code: 'invalid_phone_number' })
    const { status, body } = await vendor.create(number)
    if (status !== 201) return send(res, 503, { code: 'provider_unavailable' })
    send(res, 201, {
      flow: flows.begin(number, body.check_id),
      challenge: { type: 'open_url', url: body._links.check_url.href },
    })
  })
  return { app, pass, close: vendor.close }
}
