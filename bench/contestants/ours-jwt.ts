import express from 'express'
import passport from 'passport'
import type { Handler } from 'passport-phonecheck'
import * as library from 'passport-phonecheck'
import { type Contestant, type Setting, secret } from './contestant.js'
import { CountedStore } from './counted.js'
import { roomyStore, strategyOf } from './ours.js'

/**
 * What is used of the package's tokens. Not known when this is compiled, so that the benchmark runs
 * with any version of it.
 */
interface Tokens {
  issueJwt(settings: object): Handler
  BearerStrategy: new (settings: object, verify: (claims: { sub: string }) => { id: string }) => passport.Strategy
}

const tokens = library as unknown as Partial<Tokens>

/** As `limit`, an access token alone: no refresh family, which would be a store round trip. */
const settings = {
  issuer: 'https://app.example',
  audience: 'https://api.example',
  keys: [{ kid: '1', algorithm: 'HS256', secret: Buffer.from(secret) }],
  subject: (user: { id: string }) => user.id,
}

export const oursWithJwt: Contestant = {
  name: 'ours, JWT',
  face: 'token',
  what: 'Express 5, MemoryStore, handle binding, issueJwt (HS256, access token alone)',
  absent: async () => (tokens.issueJwt && tokens.BearerStrategy ? undefined : 'the package exports no issueJwt yet'),
  async run({ vendorUrl }: Setting) {
    const { issueJwt, BearerStrategy } = tokens as Tokens
    const store = new CountedStore(roomyStore())
    const phone = strategyOf(vendorUrl, store)
    const pass = new passport.Passport()
    pass.use(phone)
    pass.use(new BearerStrategy(settings, ({ sub }) => ({ id: sub })))
    const app = express()
    app.post('/login/phone', phone.start({ binding: 'handle' }))
    app.post(
      '/login/phone/verify',
      pass.authenticate('phonecheck', { session: false, failWithError: true }),
      issueJwt(settings),
    )
    app.get('/me', pass.authenticate('bearer', { session: false, failWithError: true }), (req, res) => {
      res.json(req.user)
    })
    app.use(library.phoneCheckErrors())
    return { listener: app, store, close: () => phone.close() }
  },
}
