import { randomUUID } from 'node:crypto'
import passport from 'passport'
import {
  idenfySms,
  issueJwt,
  type JwtSettings,
  logoutJwt,
  moCheck,
  phoneCheck,
  refreshJwt,
  revokeUser,
} from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { expect } from 'vitest'
import type { Store } from '../../../src/contracts/store.js'
import { flowKey } from '../../../src/flow/record.js'
import { systemClock } from '../../../src/lib/clock.js'
import { LoginLimiter } from '../../../src/limits/login-limiter.js'
import { limits } from '../../../src/limits/numbers.js'
import { startApp } from '../app.js'
import { calls, Visitor } from '../ladder.js'
import type { Secrets } from './thief.js'

export interface Lived {
  /** What was in play, as far as nobody who has the store may learn it. */
  secrets: Secrets
  /** Waits for the one request that is still under way. */
  finish(): Promise<void>
}

/** Lets a store see a login of every kind, in every state in which one can be left, and all else that is ever kept. */
export async function everyLogin(store: Store, age: (key: string, ms: number) => Promise<void>): Promise<Lived> {
  const canary = (of: string) => `canary-${of}-${randomUUID()}`
  const numbers: string[] = []
  const [secret, clientSecret, apiSecret, jwtSecret, subject, tenant] = [
    'application',
    'client',
    'api',
    'jwt',
    'user',
    'tenant',
  ].map(canary)
  if (!secret || !clientSecret || !apiSecret || !jwtSecret || !subject || !tenant) throw new Error('unreachable')
  const texts = new Set([secret, clientSecret, apiSecret, jwtSecret, subject, tenant])
  const words = new Set<string>()
  let draws = 0
  const ill = new Set<string>()

  const jwt: JwtSettings = {
    issuer: 'https://app.example',
    audience: 'https://api.example',
    keys: [{ kid: 'k', algorithm: 'HS256', secret: jwtSecret }],
    subject: () => subject,
    store,
    secret,
    refreshGraceSeconds: 30,
    claims: () => ({ tenant }),
  }
  const app = await startApp({
    webhook: true,
    // Far from what a clock shows in passing.
    simulator: {
      codes: () => String(9999 - draws++ * 7),
      behaviour: { moBody: 'sentence', idenfySecondSend: 'accept' },
    },
    ladder: ({ url: baseUrl }) => [
      phoneCheck({ baseUrl, clientId: 'client', clientSecret }),
      moCheck({ baseUrl, clientId: 'client', clientSecret }),
      idenfySms({ baseUrl, apiKey: 'canary-key', apiSecret, senderName: 'Acme' }),
    ],
    strategy: { store, secret, countries: ['US'] },
    verify: async ({ phoneNumber }) => {
      if (ill.has(phoneNumber)) throw new Error("the application's database is down")
      return { id: subject }
    },
    after: (express, phone) => {
      const own = new passport.Passport()
      own.use(phone)
      express.post('/link', phone.purpose('link', { subject: () => subject }, async () => ({ id: subject })).start())
      express.post('/jwt', own.authenticate('phonecheck', { session: false, failWithError: true }), issueJwt(jwt))
      express.post('/refresh', refreshJwt(jwt))
      express.post('/logout', logoutJwt(jwt))
    },
  })
  const overhear = (match: string, ...fields: string[]) =>
    app.sim.fault({
      match,
      patchBody: (body) => {
        for (const field of fields) texts.add(String(body[field]))
        return body
      },
    })
  overhear('POST /oauth2/v1/token', 'access_token')
  overhear(calls.create, 'check_id')
  overhear(calls.moCreate, 'check_id', 'mo_body')
  overhear(calls.send, 'request_id')

  /** A visitor with a number of their own, whose phone is asked silently, by a text or by a code. */
  async function begin(rung: 'silent' | 'mo' | 'code', path = '/login/phone') {
    const number = `+1202555${String(140 + numbers.length * 7).padStart(4, '0')}`
    numbers.push(number)
    const visitor = new Visitor({ ...app, clock: fakeClock(), mode: 'cookie + body' }, number)
    const started = await visitor.post(path, { phone_number: number })
    expect(started.status).toBe(201)
    visitor.flow = started.body.flow
    let { challenge } = started.body
    for (let left = ['silent', 'mo', 'code'].indexOf(rung); left > 0; left--) {
      expect((await visitor.verify({ error: 'sdk_no_data_connectivity' })).status).toBe(422)
      const next = await visitor.fallback()
      expect(next.status).toBe(201)
      challenge = next.body.challenge
    }
    const cookies = visitor.browser.setCookies.flatMap((line) => line.split(/[=;.]/).slice(1, 3))
    for (const part of [visitor.flow, ...cookies]) if (part !== '') texts.add(part)
    const older = (ms: number) => age(flowKey(visitor.flow), ms)
    return { visitor, number, challenge, older }
  }
  /** What the phone gets from the check URL. */
  async function open({ visitor, challenge }: Awaited<ReturnType<typeof begin>>): Promise<{ code: string }> {
    const end = await visitor.phone.open(challenge.url)
    const { code } = ('body' in end ? end.body : {}) as { code: string }
    texts.add(code)
    return { code }
  }
  const typed = ({ visitor }: Awaited<ReturnType<typeof begin>>) => {
    words.add(visitor.code())
    return { code: visitor.code() }
  }

  await begin('silent')
  await open(await begin('silent'))
  const silent = await begin('silent')
  expect((await silent.visitor.verify(await open(silent))).status).toBe(200)

  const swapped = await begin('silent')
  swapped.visitor.phone.sim = '+12025559111'
  numbers.push('+12025559111')
  expect((await swapped.visitor.verify(await open(swapped))).body.code).toBe('mismatch')

  const unlucky = await begin('silent')
  ill.add(unlucky.number)
  expect((await unlucky.visitor.verify(await open(unlucky))).status).toBe(500)

  await begin('mo')
  for (const step of ['status', 'verify'] as const) {
    const text = await begin('mo')
    await text.visitor.phone.send(text.challenge.to, text.challenge.body)
    await app.sim.settled()
    expect((await text.visitor[step]()).status).toBe(200)
  }
  const noticed = await begin('mo')
  await noticed.visitor.phone.send(noticed.challenge.to, noticed.challenge.body)
  await app.sim.settled()

  const waiting = await begin('code')
  typed(waiting)
  expect((await waiting.visitor.verify({ code: '0000' })).body.code).toBe('invalid_code')
  const right = await begin('code')
  expect((await right.visitor.verify(typed(right))).status).toBe(200)
  const hopeless = await begin('code')
  for (let wrong = 0; wrong < limits.triesPerCode; wrong++)
    expect((await hopeless.visitor.verify({ code: '0000' })).status).toBe(401)
  typed(hopeless)
  await hopeless.older(limits.resendAfterSeconds * 1000)
  expect((await hopeless.visitor.resend()).status).toBe(201)
  typed(hopeless)
  for (let wrong = limits.triesPerCode; wrong < limits.triesPerFlow; wrong++)
    await hopeless.visitor.verify({ code: '0000' })

  const locked = await begin('code')
  const gate = new LoginLimiter({ strategyName: 'phonecheck', store, clock: systemClock, secret, emit: () => {} })
  const rung = idenfySms({ baseUrl: app.sim.url, apiKey: 'key', apiSecret: 'secret' })
  for (let wrong = 0; wrong < limits.guesses.limit; wrong++) {
    await gate.consumeAttempt(rung, { number: gate.hashNumber(locked.number) }, { address: '127.0.0.1' })
  }
  await rung.close?.()
  expect((await locked.visitor.verify(typed(locked))).body.code).toBe('code_locked')

  await begin('silent', '/link')

  const token = async () => {
    const login = await begin('silent')
    const { body } = await login.visitor.post('/jwt', { flow: login.visitor.flow, ...(await open(login)) })
    return heard(body)
  }
  const heard = (body: Record<string, unknown>) => {
    const refresh = String(body['refresh_token'])
    for (const part of [String(body['access_token']), ...refresh.split('.')]) texts.add(part)
    return { refresh_token: refresh }
  }
  const { visitor } = silent
  const first = await token()
  heard((await visitor.post('/refresh', first)).body)
  expect((await visitor.post('/refresh', first)).status).toBe(200)
  await visitor.browser.post('/logout', await token())
  await revokeUser(jwt, subject)
  await token()

  const held = await begin('silent')
  const code = await open(held)
  const fault = app.sim.fault({ match: calls.patch, delayMs: 1000, times: 1 })
  const last = held.visitor.verify(code)
  await expect.poll(() => fault.hits).toBe(1)
  return { secrets: { numbers, texts: [...texts], words: [...words] }, finish: async () => void (await last) }
}
