import express from 'express'
import session from 'express-session'
import passport, { type PassportStatic } from 'passport'
import {
  MemoryStore,
  PhoneCheckStrategy,
  type PhoneCheckStrategyOptions,
  type Provider,
  phoneCheck,
  phoneCheckErrors,
  type StartOptions,
} from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { fakeVendor, loginAs } from 'passport-phonecheck/testing'
import { request as playwright } from 'playwright-core'
import request from 'supertest'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { close, listen, secret } from '../support/app.js'

const number = '+12025550100'

function testApp(
  ladder: Provider[] = [fakeVendor()],
  { start = {}, ...options }: Partial<PhoneCheckStrategyOptions> & { start?: StartOptions } = {},
) {
  const phone = new PhoneCheckStrategy(
    { ladder, store: new MemoryStore(), secret, cookie: { secure: false }, onEvent: () => {}, ...options },
    async ({ phoneNumber }) => ({ id: phoneNumber }),
  )
  const pass = new passport.Passport() as unknown as PassportStatic
  pass.use(phone)
  pass.serializeUser((user, done) => done(null, user))
  pass.deserializeUser((user: Express.User, done) => done(null, user))
  const app = express()
  app.use(session({ secret, resave: false, saveUninitialized: false }), pass.session())
  app.post('/login/phone', phone.start(start))
  app.post('/login/phone/verify', pass.authenticate('phonecheck', { failWithError: true }), (req, res) => {
    res.json(req.user)
  })
  app.get('/me', (req, res) => {
    res.json(req.user ?? null)
  })
  app.use(phoneCheckErrors())
  return app
}

async function running(app: express.Express): Promise<string> {
  const server = await listen(app)
  onTestFinished(() => close(server))
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

describe('loginAs', () => {
  test('an app, or its server: the answer of verify, and a cookie for later requests', async () => {
    const app = testApp()
    const { status, body, cookie } = await loginAs(app, number)
    expect({ status, body }).toEqual({ status: 200, body: { id: number } })
    expect((await request(app).get('/me').set('cookie', cookie)).body).toEqual({ id: number })
    expect((await request(app).get('/me')).body).toBeNull()
    // Secure cookies too, though there is no TLS.
    const secured = await loginAs(testApp([fakeVendor()], { cookie: { secure: true } }), number)
    expect(secured.status).toBe(200)
  })

  test('a base URL, for fetch', async () => {
    const url = await running(testApp())
    const { cookie } = await loginAs(url, number)
    expect(await (await fetch(`${url}/me`, { headers: { cookie } })).json()).toEqual({ id: number })
  })

  test('an agent of supertest, which is logged in then', async () => {
    const agent = request.agent(testApp())
    expect((await loginAs(agent, number)).body).toEqual({ id: number })
    expect((await agent.get('/me')).body).toEqual({ id: number })
  })

  test('requests of Playwright, and whatever carries them, as a page does', async () => {
    const url = await running(testApp())
    for (const carried of [true, false]) {
      const requests = await playwright.newContext({ baseURL: url })
      onTestFinished(() => requests.dispose())
      await loginAs(carried ? { request: requests } : requests, number)
      expect(await (await requests.get('/me')).json()).toEqual({ id: number })
    }
  })

  test('an app that binds to the handle', async () => {
    expect((await loginAs(testApp([fakeVendor()], { start: { binding: 'handle' } }), number)).status).toBe(200)
  })

  test('with a phone of the simulator', async () => {
    const sim = await startSimulator()
    onTestFinished(() => sim.close())
    const app = testApp([phoneCheck({ baseUrl: sim.url, clientId: 'any', clientSecret: 'any' })])
    await expect(loginAs(app, number)).rejects.toThrow('the first rung asks for open_url')
    const device = async (challenge: { type: string; url?: string }) =>
      (await sim.phone(number).open(challenge.url ?? '')).body ?? {}
    expect((await loginAs(app, number, { device })).body).toEqual({ id: number })
    sim.phone(number).sim = '+12025550199'
    await expect(loginAs(app, number, { device })).rejects.toThrow('verify (/login/phone/verify) answered 401 mismatch')
  })

  test('says what was refused: a wrong code, a missing route, an unknown option', async () => {
    await expect(loginAs(testApp(), number, { code: '0000' })).rejects.toThrow('answered 401 invalid_code')
    await expect(loginAs(testApp(), 'no number')).rejects.toThrow(
      'loginAs: start (/login/phone) answered 400 invalid_phone_number',
    )
    await expect(loginAs(testApp(), number, { paths: { start: '/nowhere' } })).rejects.toThrow(
      'start (/nowhere) answered 404',
    )
    await expect(loginAs(testApp(), number, { cod: '1' } as never)).rejects.toThrow('did you mean code?')
  })
})

describe('fakeVendor', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test('does what it is told, and says what it was asked', async () => {
    const vendor = fakeVendor({ code: '424242' })
    const app = testApp([vendor])
    await loginAs(app, number, { code: '424242' })
    expect(vendor.started).toMatchObject([{ phoneNumber: number, purpose: 'login' }])
    vendor.next = 'mismatch'
    await expect(loginAs(app, number)).rejects.toThrow('401 mismatch')
    vendor.next = 'unable'
    await expect(loginAs(app, number)).rejects.toThrow('422 ladder_exhausted')
    vendor.next = 'down'
    await expect(loginAs(app, number)).rejects.toThrow('503 provider_unavailable')
  })

  test('stands in for one rung of a ladder', async () => {
    const silent = fakeVendor({ name: 'silent' })
    silent.next = 'unable'
    const coded = fakeVendor({ name: 'coded', assurance: 'low' })
    expect((await loginAs(testApp([silent, coded]), number)).status).toBe(200)
    expect([silent.started.length, coded.started.length]).toEqual([0, 1])
  })

  test('refuses production, where anybody could log in by its code', () => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => fakeVendor()).toThrow('not in production')
  })

  test('names a wrong option', () => {
    expect(() => fakeVendor({ code: 'abc' })).toThrow('code must be a string of 4 to 10 digits')
    expect(() => fakeVendor({ nam: 'x' } as never)).toThrow('did you mean name?')
  })
})
