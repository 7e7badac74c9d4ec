import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy } from 'passport-custom'
import { userOf } from '../users.js'
import { type Contestant, type Running, type Setting, secret } from './contestant.js'
import { CountedSessions } from './counted.js'
import { FlowsInMap, isNumber } from './flows-in-map.js'
import { isMatch, poolClient } from './pool-client.js'
import { addSessionDoors } from './session-doors.js'

/** `limit` as a Passport strategy: what Express, express-session and Passport cost before a strategy does anything of its own. */
export const limitInExpress: Contestant = {
  name: 'limit in Express',
  face: 'session',
  pace: 2,
  what: 'limit as a strategy of passport-custom, with Express 5 and express-session: what no strategy can be below',
  run: async ({ vendorUrl }: Setting): Promise<Running> => {
    const vendor = poolClient(vendorUrl)
    const flows = new FlowsInMap()
    const sessions = new CountedSessions()
    const pass = new passport.Passport()
    pass.use(
      'phone',
      new Strategy((req, done) => {
        redeem((req as express.Request).body).then(
          (user) => done(null, user),
          (error) => done(error),
        )
      }),
    )
    pass.serializeUser((user, done) => done(null, (user as { id: string }).id))
    pass.deserializeUser((id: string, done) => done(null, { id }))

    async function redeem({ flow: handle, code }: { flow?: unknown; code?: unknown }): Promise<{ id: string } | false> {
      const flow = flows.take(handle)
      if (!flow || typeof code !== 'string') return false
      return isMatch(await vendor.redeem(flow.checkId, code), flow.checkId) && { id: userOf(flow.number) }
    }

    const app = express()
    app.post('/login/phone', express.json(), async (req, res) => {
      const number = req.body.phone_number
      if (!isNumber(number)) {
        res.status(400).json({ code: 'invalid_phone_number' })
        return
      }
      const { status, body } = await vendor.create(number)
      if (status !== 201) {
        res.status(503).json({ code: 'provider_unavailable' })
        return
      }
      res.status(201).json({ flow: flows.begin(number, body.check_id), challenge: { type: 'open_url', url: body._links.check_url.href } })
    })
    app.use(session({ secret, resave: false, saveUninitialized: false, store: sessions }))
    app.use(pass.session())
    app.post('/login/phone/verify', express.json(), pass.authenticate('phone'), (req, res) => {
      res.json(req.user)
    })
    addSessionDoors(app)
    return { listener: app, sessions, close: vendor.close }
  },
}
