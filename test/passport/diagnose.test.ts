import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Application } from 'express'
import { idenfySms, MemoryStore, moCheck, PhoneCheckStrategy, phoneCheck, type Store } from 'passport-phonecheck'
import { fakeClock, fakeVendor } from 'passport-phonecheck/testing'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { number, secret, startApp, type TestAppOptions } from '../support/app.js'
import { begin } from '../support/login.js'
import { root } from '../support/markdown.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const token = 'POST /oauth2/v1/token'

/** What the doctor says of an app, seen from its operator's page. */
async function findings(options: TestAppOptions = {}, headers: Record<string, string> = {}) {
  const app = await startApp({
    ...options,
    after: (express, phone) => {
      express.get('/doctor', async (req, res) => void res.json(await phone.diagnose(req)))
      options.after?.(express, phone)
    },
  })
  const ask = async (): Promise<{ level: string; code: string; message: string }[]> =>
    (await fetch(`${app.url}/doctor`, { headers })).json()
  return { app, ask }
}

const account = { clientId: 'client', clientSecret: 'client-secret' }
const silentAndText = ({ url: baseUrl }: { url: string }) => [
  phoneCheck({ baseUrl, ...account }),
  moCheck({ baseUrl, ...account }),
]

const codes = (found: { code: string }[]) => found.map(({ code }) => code)

test('a good set-up has no findings, and nothing was asked that costs', async () => {
  const { app, ask } = await findings({ redirect: true, webhook: true, ladder: silentAndText })
  expect(await ask()).toEqual([])
  expect(app.sim.count(token)).toBe(2)
  expect(app.sim.requests).toHaveLength(2)
})

describe('each broken set-up is told apart, with what to change', () => {
  test('a wrong secret, which ready() knows too after a login', async () => {
    const { app, ask } = await findings()
    app.sim.fault({ match: token, status: 401, body: { error: 'invalid_client' }, times: 9 })
    expect(await ask()).toEqual([
      { level: 'error', code: 'credentials_refused', message: expect.stringMatching(/clientId.*clientSecret/) },
    ])
    expect((await app.phone.ready()).refused).toEqual([])
    await begin(app).catch(() => {})
    expect(await app.phone.ready()).toMatchObject({ ready: true, refused: ['phonecheck'] })
  })

  test('credentials without the scope of a rung', async () => {
    const { app, ask } = await findings()
    app.sim.fault({ match: token, status: 400, body: { error: 'invalid_scope' }, times: 9 })
    expect(await ask()).toMatchObject([{ code: 'credentials_refused', message: expect.stringContaining('scope') }])
  })

  test('a vendor that is down', async () => {
    const { app, ask } = await findings()
    app.sim.fault({ match: token, status: 503, times: 9 })
    expect(await ask()).toMatchObject([{ level: 'error', code: 'vendor_unreachable' }])
  })

  test('a store that is slow, wrong or down', async () => {
    const clock = fakeClock()
    const inner = new MemoryStore()
    const slow: Store = {
      insert: (...args) => inner.insert(...args),
      replace: (...args) => inner.replace(...args),
      remove: (...args) => inner.remove(...args),
      count: (...args) => inner.count(...args),
      find: async (...args) => {
        void clock.advance(800)
        await clock.delay(700)
        return inner.find(...args)
      },
    }
    const ladder = () => [fakeVendor()]
    const of = async (store: Store) =>
      (await (await findings({ ladder, strategy: { store, clock } })).ask()).filter(({ code }) =>
        code.startsWith('store'),
      )
    expect(await of(slow)).toMatchObject([{ code: 'store_slow', message: expect.stringMatching(/took 7\d\d ms/) }])
    expect(await of({ ...slow, replace: async () => false })).toMatchObject([{ code: 'store_wrong' }])
    const down = async () => {
      throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
    }
    expect(await of({ ...slow, insert: down })).toMatchObject([
      { code: 'store_failed', message: expect.stringContaining('Nothing listens at the address') },
    ])
  })

  test('a proxy that is not trusted, and one that is trusted too much', async () => {
    const proxied = { 'x-forwarded-for': '203.0.113.7' }
    const { ask } = await findings({}, proxied)
    expect(await ask()).toMatchObject([
      { code: 'trust_proxy_missing', message: expect.stringContaining("app.set('trust proxy', 1)") },
    ])
    const before = (express: Application) => void express.set('trust proxy', true)
    expect(codes(await (await findings({ before }, proxied)).ask())).toEqual(['trust_proxy_true'])
    const named = (express: Application) => void express.set('trust proxy', 'loopback')
    expect(codes(await (await findings({ before: named }, proxied)).ask())).toEqual([])
  })

  test('routes that are elsewhere, and a host that is not redirectUrl’s', async () => {
    const { app, ask } = await findings({
      strategy: {
        redirectUrl: 'http://127.0.0.1:1/return',
        loginUrl: '/login',
        callbackUrl: 'http://127.0.0.1:1/hook',
      },
    })
    expect(codes(await ask())).toEqual(['redirectUrl_unreachable', 'callbackUrl_unreachable', 'redirect_host'])
    const wrong = { redirectUrl: `${app.url}/elsewhere`, loginUrl: '/login', callbackUrl: `${app.url}/elsewhere` }
    expect(await (await findings({ strategy: wrong })).ask()).toMatchObject([
      { code: 'redirectUrl_route', message: expect.stringContaining("mount app.get('/elsewhere'") },
      { code: 'callbackUrl_route', message: expect.stringContaining("mount app.post('/elsewhere', phone.webhook())") },
      { code: 'redirect_host' },
    ])
  })

  test('plain http under secure cookies, and sessions that lose a login', async () => {
    const { ask } = await findings({ strategy: { cookie: { secure: true } } })
    expect(codes(await ask())).toEqual(['not_secure', 'session_not_secure'])
    const { diagnoseRequest } = await import('../../src/express/diagnose.js')
    const req = { headers: {}, socket: {}, session: { cookie: { sameSite: 'strict' } } } as never
    expect(codes(diagnoseRequest({ secure: false } as never, req))).toEqual(['session_regenerate', 'session_strict'])
  })

  test('one of several processes with a MemoryStore', async () => {
    vi.stubEnv('WEB_CONCURRENCY', '4')
    expect(await (await findings()).ask()).toMatchObject([
      { level: 'warning', code: 'store_setting', message: expect.stringContaining('RedisStore or PostgresStore') },
    ])
  })

  test('a machine whose clock is not the store’s', async () => {
    const store = new MemoryStore()
    store.diagnose = async () => ({ advice: [], nowMs: Date.now() - 60_000 }) as never
    expect(await (await findings({ strategy: { store } })).ask()).toMatchObject([
      { code: 'clock_skew', message: expect.stringMatching(/differ by (59|60|61) seconds/) },
    ])
  })

  test('review numbers near their end, limits without end, and rungs that cannot be tried', async () => {
    const clock = fakeClock()
    const phone = new PhoneCheckStrategy(
      {
        ladder: [fakeVendor(), idenfySms({ apiKey: 'k', apiSecret: 's', senderName: 'Acme' })],
        store: new MemoryStore({ clock }),
        secret,
        clock,
        countries: ['US'],
        onEvent: () => {},
        limits: { sendsPerDay: Number.POSITIVE_INFINITY },
        reviewNumbers: [{ phoneNumber: number, code: '424242', until: new Date(clock.now() + 86_400_000) }],
      },
      () => false,
    )
    expect(await phone.diagnose()).toMatchObject([
      { level: 'note', code: 'credentials_untried' },
      { level: 'note', code: 'credentials_untried' },
      { level: 'warning', code: 'review_ends', message: expect.stringContaining('2026-01-02') },
      { level: 'warning', code: 'limit_endless', message: expect.stringContaining('limits.sendsPerDay') },
    ])
  })

  test('what production should know of', async () => {
    const phone = new PhoneCheckStrategy(
      {
        ladder: [phoneCheck({ clientId: 'a', clientSecret: 'b', baseUrl: 'http://127.0.0.1:1' })],
        store: new MemoryStore(),
        secret,
        onEvent: () => {},
      },
      () => false,
    )
    vi.stubEnv('NODE_ENV', 'production')
    expect(codes(await phone.diagnose())).toEqual(['vendor_unreachable', 'sandbox_projects'])
  })
})

describe('npx passport-phonecheck doctor', () => {
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
  function doctor(module: string, args = ['--config', 'phone.mjs']) {
    const folder = mkdtempSync(`${root}test/.package-`)
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(`${folder}/phone.mjs`, module)
    const flags = ['--import', import.meta.resolve('tsx'), cli, 'doctor', ...args]
    return spawnSync(process.execPath, flags, { cwd: folder, encoding: 'utf8' })
  }
  const found = (list: object[]) =>
    `setInterval(() => {}, 1000); export const phone = { close: async () => {}, diagnose: async () => (${JSON.stringify(list)}) }`

  test('says what was found, ends with 1 for an error, and does not wait for what the module opened', () => {
    const { stdout, status } = doctor(
      found([
        { level: 'error', code: 'store_failed', message: 'Start the server.' },
        { level: 'note', code: 'x', message: 'y' },
      ]),
    )
    expect(stdout).toBe('error   store_failed\n        Start the server.\n\nnote    x\n        y\n\n1 to mend.\n')
    expect(status).toBe(1)
  })

  test('ends with 0 without errors, and with 2 where there is nothing to look at', () => {
    expect(doctor(found([])).status).toBe(0)
    const none = doctor('export const other = 1')
    expect([none.status, none.stdout]).toEqual([2, expect.stringContaining('exports no PhoneCheckStrategy')])
    expect(doctor('', []).stdout).toContain('--config is missing')
  })
})
