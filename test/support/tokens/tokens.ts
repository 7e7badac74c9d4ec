import { createHmac, type KeyObject, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import passport, { type PassportStatic } from 'passport'
import { MemoryStore, type PhoneIdentity, phoneCheckErrors } from 'passport-phonecheck'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { onTestFinished } from 'vitest'
import type { TokenEvent } from '../../../src/contracts/events.js'
import { issueJwt, logoutJwt, refreshJwt } from '../../../src/express/handlers/tokens.js'
import { BearerStrategy, type BearerVerifyCallback } from '../../../src/passport/bearer.js'
import type { JwtSettings } from '../../../src/tokens/settings.js'
import { close, secret } from '../app.js'
import { bare } from '../events.js'
import { ec, hmacSecret, keys, pem, rsa } from './keys.js'

export const issuer = 'https://app.example'
export const audience = 'https://api.example'
export const phoneNumber = '+12025550142'
export { ec, hmacSecret, keys, pem, rsa }

export interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown> & { access_token: string; refresh_token: string; code?: string; sub?: string }
}

export interface TokenApp {
  url: string
  settings: JwtSettings
  events: TokenEvent[]
  clock: FakeClock
  passport: PassportStatic
  app: express.Express
  login(user?: string, identity?: Partial<PhoneIdentity>): Promise<Answer>
  refresh(token: unknown): Promise<Answer>
  logout(token: unknown): Promise<Answer>
  me(token?: string, headers?: Record<string, string>): Promise<Answer>
}

export const identityOf = (clock: { now(): number }): PhoneIdentity => ({
  phoneNumber,
  country: 'US',
  method: 'phonecheck',
  assurance: 'high',
  vendor: 'idlayr',
  verifiedAt: new Date(clock.now()),
  purpose: 'login',
  flowId: '0123456789abcdef',
})

export interface TokenAppOptions {
  settings?: Partial<JwtSettings>
  verify?: BearerVerifyCallback
  /** Called after the routes are mounted. */
  after?(app: express.Express, settings: JwtSettings): void
}

/**
 * The three token routes and a guarded one, over real HTTP. Who logs in is said by the test; the
 * flow before it has tests of its own.
 */
export async function tokenApp(options: TokenAppOptions = {}): Promise<TokenApp> {
  const clock = fakeClock()
  const events: TokenEvent[] = []
  const settings: JwtSettings = {
    issuer,
    audience,
    keys: [keys.HS256],
    subject: (user) => user.id,
    store: new MemoryStore({ clock }),
    secret,
    clock,
    onEvent: (event) => events.push(bare(event) as unknown as TokenEvent),
    ...options.settings,
  }
  const app = express()
  const pass = new passport.Passport() as unknown as PassportStatic
  pass.use(new BearerStrategy(settings, options.verify ?? (async ({ sub }) => ({ id: sub }))))
  app.use(express.json({ limit: '2mb' }))
  app.post(
    '/login',
    (req, _res, next) => {
      req.user = { id: req.body.user }
      const identity = { ...identityOf(clock), ...req.body.identity }
      req.authInfo = { phoneCheck: { ...identity, verifiedAt: new Date(identity.verifiedAt) } }
      next()
    },
    issueJwt(settings),
  )
  if (settings.store) {
    app.post('/token/refresh', refreshJwt(settings))
    app.post('/token/logout', logoutJwt(settings))
  }
  app.get('/me', pass.authenticate('bearer', { session: false }), (req, res) => {
    res.json({ sub: req.user?.id, claims: req.authInfo?.phoneCheckToken })
  })
  options.after?.(app, settings)
  app.use(phoneCheckErrors())
  app.use(((error, _req, res, _next) =>
    res.status(500).json({ code: 'app_error', message: error.message })) as express.ErrorRequestHandler)

  // So that a token of 1 MB reaches us at all.
  const server = createServer({ maxHeaderSize: 4 * 1024 * 1024, keepAliveTimeout: 0 }, app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => close(server))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const post = (path: string, body: object) =>
    ask(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  return {
    url,
    settings,
    events,
    clock,
    passport: pass,
    app,
    login: (user = 'user-1', identity = {}) => post('/login', { user, identity }),
    refresh: (token) => post('/token/refresh', { refresh_token: token }),
    logout: (token) => post('/token/logout', { refresh_token: token }),
    me: (token, headers = {}) =>
      ask(`${url}/me`, { headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers } }),
  }
}

export async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init)
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : {},
  }
}

export type Json = Record<string, unknown>

const encode = (part: Json | string) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

/** A token made by hand, without any of our code. */
export function forge(
  header: Json | string,
  payload: Json | string,
  algorithm: string,
  key?: string | KeyObject,
): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signature(input, algorithm, key).toString('base64url')}`
}

function signature(input: string, algorithm: string, key?: string | KeyObject): Buffer {
  if (key === undefined) return Buffer.alloc(0)
  if (algorithm.startsWith('HS'))
    return createHmac(`sha${algorithm.slice(2)}`, key)
      .update(input)
      .digest()
  if (algorithm.startsWith('ES'))
    return sign('sha256', Buffer.from(input), { key: key as KeyObject, dsaEncoding: 'ieee-p1363' })
  return sign(`sha${algorithm.slice(2)}`, Buffer.from(input), key)
}

/** Claims that are good now, in the order in which they are issued. */
export function goodClaims(clock: { now(): number }, changes: Json = {}): Json {
  const iat = Math.floor(clock.now() / 1000)
  const claims = {
    iss: issuer,
    aud: audience,
    sub: 'user-1',
    iat,
    exp: iat + 600,
    jti: 'x',
    auth_time: iat,
    amr: ['phonecheck'],
    acr: 'high',
  }
  return { ...claims, ...changes }
}

export const goodHeader = (changes: Json = {}): Json => ({ alg: 'HS256', typ: 'at+jwt', kid: 'hs', ...changes })

export function payloadOf(token: string): Json {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

export function headerOf(token: string): Json {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
}
