import passport from 'passport'
import { requireAssurance } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { number, startApp, type TestApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { beginWithCode, deviceAnswer, patches } from '../support/login.js'

declare global {
  namespace Express {
    interface User {
      phone?: string
    }
  }
}

/** An app where a signed-in user can link another number. */
function linkingApp(): Promise<TestApp> {
  return startApp({
    after: (express, phone) => {
      const link = phone.purpose(
        'link',
        { subject: (req) => req.user?.id, passReqToCallback: true },
        async (req, identity) => ({
          id: req.user?.id ?? '',
          phone: identity.phoneNumber,
        }),
      )
      const linking = new passport.Passport()
      linking.use(link)
      express.post('/link', link.start())
      express.post('/link/verify', linking.authorize('phonecheck-link', { failWithError: true }), (req, res) => {
        res.json({ account: Reflect.get(req, 'account'), user: req.user })
      })
    },
  })
}

async function signIn(app: TestApp): Promise<Browser> {
  const { browser, flow, code } = await beginWithCode(app)
  await browser.post('/login/phone/verify', { flow, code })
  return browser
}

async function beginLink(app: TestApp, browser: Browser, other = '+12025550142') {
  const start = await browser.post('/link', { phone_number: other })
  const { flow, challenge } = await start.json()
  return { status: start.status, flow, code: challenge && (await deviceAnswer(app, challenge.url, other)).code }
}

describe('a purpose', () => {
  test('proves a number for the signed-in user, without a login', async () => {
    const app = await linkingApp()
    const browser = await signIn(app)
    const session = browser.cookies.get('connect.sid')
    const { flow, code } = await beginLink(app, browser)
    const linked = await (await browser.post('/link/verify', { flow, code })).json()
    expect(linked.account).toEqual({ id: `user-of-${number}`, phone: '+12025550142' })
    expect(linked.user).toEqual({ id: `user-of-${number}` })
    expect(browser.cookies.get('connect.sid')).toBe(session)
  })

  test('needs a signed-in user from the start on', async () => {
    const app = await linkingApp()
    expect((await beginLink(app, new Browser(app.url)).catch(() => ({ status: 401 }))).status).toBe(401)
    expect(app.sim.requests).toHaveLength(0)
  })

  test('is not a login: neither finishes the other', async () => {
    const app = await linkingApp()
    const browser = await signIn(app)
    const before = patches(app)
    const link = await beginLink(app, browser)
    expect((await browser.post('/login/phone/verify', { flow: link.flow, code: link.code })).status).toBe(401)
    const login = await beginWithCode(app, browser)
    expect((await browser.post('/link/verify', { flow: login.flow, code: login.code })).status).toBe(401)
    expect(patches(app)).toBe(before)
    expect(app.events.filter((event) => event.type === 'foreign_verify').map((event) => event.reason)).toEqual([
      'purpose',
      'purpose',
    ])
  })

  test('begun for one user cannot be finished for another, in the same browser either', async () => {
    const app = await linkingApp()
    const browser = await signIn(app)
    const before = patches(app)
    const link = await beginLink(app, browser)
    const other = await beginWithCode(app, browser)
    app.sim.phone('+12025550188')
    browser.cookies.delete('connect.sid')
    const start = await (await browser.post('/login/phone', { phone_number: '+12025550188' })).json()
    const { code } = await deviceAnswer(app, start.challenge.url, '+12025550188')
    expect((await browser.post('/login/phone/verify', { flow: start.flow, code })).status).toBe(200)
    expect((await browser.post('/link/verify', { flow: link.flow, code: link.code })).status).toBe(401)
    expect(patches(app)).toBe(before + 1)
    expect(other.flow).not.toBe(link.flow)
  })

  test('that proves the account’s own number again makes the session’s login strong and fresh; another number does not', async () => {
    const app = await startApp({
      after: (express, phone) => {
        const stepUp = phone.purpose(
          'stepup',
          { subject: (req) => req.user?.id, passReqToCallback: true },
          (req, identity) => {
            if (req.user?.id !== `user-of-${identity.phoneNumber}`) return false
            return { ...req.user, proof: { assurance: identity.assurance, verifiedAt: identity.verifiedAt } }
          },
        )
        const auth = new passport.Passport()
        auth.use(stepUp)
        auth.serializeUser((user, done) => done(null, user))
        auth.deserializeUser((user: Express.User, done) => done(null, user))
        express.post('/step-up', stepUp.start())
        express.post(
          '/step-up/verify',
          auth.authenticate('phonecheck-stepup', { failWithError: true }),
          (req, res) => void res.json(req.user),
        )
        const proofOf = (req: { user?: Express.User | undefined }) =>
          (req.user as { proof?: { assurance: string } } | undefined)?.proof
        express.post(
          '/payout',
          requireAssurance('high', { from: proofOf, maxAgeSeconds: 600 }),
          (_req, res) => void res.json({ paid: true }),
        )
      },
    })
    const browser = await signIn(app)
    const begin = async (sim: string) => {
      const { flow, challenge } = await (await browser.post('/step-up', { phone_number: sim })).json()
      return { flow, code: (await deviceAnswer(app, challenge.url, sim)).code }
    }
    expect((await browser.post('/payout', {})).status).toBe(403)
    expect((await (await browser.post('/step-up/verify', await begin('+12025550142'))).json()).code).toBe(
      'user_refused',
    )
    expect((await browser.post('/payout', {})).status).toBe(403)
    expect((await browser.post('/step-up/verify', await begin(number))).status).toBe(200)
    expect((await browser.post('/payout', {})).status).toBe(200)
  })

  const subject = (): string => 'u'
  test.each([
    ['login', { subject }, /purpose/],
    ['Link', { subject }, /purpose/],
    ['link', {}, /subject/],
    ['link', { subject, redirectUrl: 'https://app.example/x' }, /loginUrl/],
  ])('purpose(%o, %o) is refused', async (name, options, message) => {
    const app = await startApp()
    expect(() => app.phone.purpose(name, options as never, async () => null)).toThrow(message)
  })
})

describe('requireAssurance', () => {
  async function ask(
    kept: unknown,
    options: { maxAgeSeconds?: number } = {},
    level: 'low' | 'medium' | 'high' = 'high',
  ) {
    const app = await startApp({
      after: (express) => {
        express.get('/guarded', requireAssurance(level, { from: () => kept as object, ...options }), (_req, res) => {
          res.json({ ok: true })
        })
      },
    })
    const response = await fetch(`${app.url}/guarded`)
    return { status: response.status, body: await response.json() }
  }
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000)

  test.each([
    [{ assurance: 'high' }, 200],
    [{ acr: 'high' }, 200],
    [{ assurance: 'medium' }, 403],
    [{ assurance: 'low' }, 403],
    [{ assurance: 'HIGH' }, 403],
    [{ assurance: 'constructor' }, 403],
    [{ assurance: ['high'] }, 403],
    [{}, 403],
    [null, 403],
    [undefined, 403],
  ])('%o at high is %i', async (kept, status) => {
    expect((await ask(kept)).status).toBe(status)
  })

  test.each([
    [{ assurance: 'high', verifiedAt: ago(10) }, 200],
    [{ assurance: 'high', verifiedAt: ago(10).toISOString() }, 200],
    [{ acr: 'high', auth_time: Math.floor(Date.now() / 1000) - 10 }, 200],
    [{ assurance: 'high', verifiedAt: ago(301) }, 403],
    [{ acr: 'high', auth_time: Math.floor(Date.now() / 1000) - 301 }, 403],
    [{ assurance: 'high' }, 403],
    [{ assurance: 'high', verifiedAt: 'someday' }, 403],
    [{ assurance: 'high', verifiedAt: ago(-86_400) }, 403],
    // A session's proof and a token's in one object: the level of one is not as fresh as the other.
    [{ assurance: 'high', verifiedAt: ago(86_400), acr: 'low', auth_time: Math.floor(Date.now() / 1000) }, 403],
    [{ assurance: 'high', acr: 'low', auth_time: Math.floor(Date.now() / 1000) }, 403],
    [{ assurance: 'low', verifiedAt: ago(10), acr: 'high', auth_time: Math.floor(Date.now() / 1000) }, 403],
    // Claims of the application in a token, named as a session names them.
    [
      { assurance: 'high', verifiedAt: ago(10).toISOString(), acr: 'low', auth_time: Math.floor(Date.now() / 1000) },
      403,
    ],
  ])('%o within five minutes is %i', async (kept, status) => {
    expect((await ask(kept, { maxAgeSeconds: 300 })).status).toBe(status)
  })

  test('says what would satisfy it', async () => {
    expect((await ask({ assurance: 'low' }, { maxAgeSeconds: 300 }, 'medium')).body).toMatchObject({
      code: 'step_up_required',
      required: { assurance: 'medium', max_age: 300 },
    })
  })

  test('is refused at construction when it cannot be right', () => {
    expect(() => requireAssurance('strong' as never, { from: () => null })).toThrow(/level/)
    expect(() => requireAssurance('high', {} as never)).toThrow(/from/)
    expect(() => requireAssurance('high', undefined as never)).toThrow(/from/)
    expect(() => requireAssurance('high', { from: () => null, maxAge: 600 } as never)).toThrow(
      /unknown option 'maxAge'/,
    )
    expect(() => requireAssurance('high', { from: () => null, maxAgeSeconds: 0 })).toThrow(/maxAgeSeconds/)
  })
})
