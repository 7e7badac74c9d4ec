import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { MemoryStore, PhoneCheckStrategy, phoneCheck, phoneCheckErrors, type Store } from 'passport-phonecheck'
import { userOf } from '../users.js'
import { type Contestant, credentials, type Running, type Setting, secret } from './contestant.js'
import { CountedSessions, CountedStore } from './counted.js'
import { fillStore } from './fill-store.js'
import { addSessionDoors } from './session-doors.js'

/**
 * Far above any default: one address plays all users. Loaded stores are measured too, so these do
 * not keep the store small.
 */
export const limits = {
  startsPerAddress: Number.POSITIVE_INFINITY,
  sendsPerAddress: Number.POSITIVE_INFINITY,
  failedVerifiesPerAddress: Number.POSITIVE_INFINITY,
  checksPerDay: Number.POSITIVE_INFINITY,
  checksPerNumber: Number.POSITIVE_INFINITY,
}

/**
 * The provider refuses plain http on loopback in production, rightly. It alone is built as if this
 * were none; everything else, Express included, sees NODE_ENV=production.
 */
export function providerOf(vendorUrl: string) {
  delete process.env['NODE_ENV']
  try {
    return phoneCheck({ baseUrl: vendorUrl, ...credentials })
  } finally {
    process.env['NODE_ENV'] = 'production'
  }
}

export function strategyOf(vendorUrl: string, store: Store): PhoneCheckStrategy {
  return new PhoneCheckStrategy({ ladder: [providerOf(vendorUrl)], store, secret, limits }, async (identity) => ({
    id: userOf(identity.phoneNumber),
  }))
}

/** Room for a million flows and what the rounds add to them. */
export function roomyStore(): MemoryStore {
  return new MemoryStore({ maxRecords: 5_000_000, maxCounters: 1_000_000 })
}

/** The app of the README with a session, on this store. */
export async function sessionApp({ vendorUrl, pending }: Setting, store: Store): Promise<Running> {
  const counted = new CountedStore(store)
  await fillStore(store, pending)
  const sessions = new CountedSessions()
  const phone = strategyOf(vendorUrl, counted)
  const pass = new passport.Passport()
  pass.use(phone)
  pass.serializeUser((user, done) => done(null, (user as { id: string }).id))
  pass.deserializeUser((id: string, done) => done(null, { id }))
  const app = express()
  app.post('/login/phone', phone.start())
  app.use(session({ secret, resave: false, saveUninitialized: false, store: sessions }))
  app.use(pass.session())
  app.post('/login/phone/verify', pass.authenticate('phonecheck', { failWithError: true }), (req, res) => {
    res.json(req.user)
  })
  addSessionDoors(app)
  app.use(phoneCheckErrors())
  return { listener: app, store: counted, sessions, close: () => phone.close() }
}

export const oursWithSession: Contestant = {
  name: 'ours, session',
  face: 'session',
  what: 'Express 5, express-session, MemoryStore, cookie binding: the quick start of the README',
  run: (setting) => sessionApp(setting, roomyStore()),
}
