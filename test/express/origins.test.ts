import type { IncomingHttpHeaders } from 'node:http'
import { idenfySms, MemoryStore, PhoneCheckStrategy } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { requestSite } from '../../src/express/csrf.js'
import type { HttpRequest } from '../../src/express/http-types.js'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { scripted } from '../support/flow.js'
import { begin, beginWithCode } from '../support/login.js'

const phone_number = '+12025550100'
const appOrigins = [
  'capacitor://localhost',
  'ionic://localhost',
  'tauri://localhost',
  'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
  'http://localhost:8100',
]

describe('origins of apps and extensions', () => {
  test.each(appOrigins)('%s takes part when it is listed, and only then', async (origin) => {
    const listed = await startApp({ strategy: { origins: [origin] } })
    const foreign = { origin, 'sec-fetch-site': 'cross-site' }
    expect((await new Browser(listed.url).post('/login/phone', { phone_number }, foreign)).status).toBe(201)
    expect(
      (
        await new Browser(listed.url).post(
          '/login/phone',
          { phone_number },
          { ...foreign, origin: `${origin}.evil.example` },
        )
      ).status,
    ).toBe(403)

    const unlisted = await startApp({ strategy: { origins: ['https://www.example.com'] } })
    const refused = await new Browser(unlisted.url).post('/login/phone', { phone_number }, foreign)
    const { code, detail } = await refused.json()
    expect([refused.status, code]).toEqual([403, 'cross_site'])
    // What a developer compares: what came, and what is listed.
    expect(detail).toContain(`Origin: ${origin}`)
    expect(detail).toContain('Sec-Fetch-Site: cross-site')
    expect(detail).toContain('`origins`: https://www.example.com')
  })

  test.each([
    'null',
    'https://www.example.com/',
    'https://www.example.com/path',
    'https://www.example.com?x',
    'https://user@www.example.com',
    'https://WWW.example.com',
    'https://www.example.com:443',
    'capacitor://localhost/',
    'capacitor://',
    'capacitor:localhost',
    'file://',
    '*',
    'https://*.example.com',
    '',
    42,
  ])('%j cannot be listed', (origin) => {
    const options = { ladder: [scripted()], store: new MemoryStore(), secret: 'a-test-secret-of-at-least-32-bytes' }
    expect(() => new PhoneCheckStrategy({ ...options, origins: [origin as string] }, async () => null)).toThrow(
      /origins must be a list/,
    )
  })

  test('a header that is no origin is not repeated in the answer', async () => {
    const app = await startApp()
    const refused = await new Browser(app.url).post(
      '/login/phone',
      { phone_number },
      { origin: 'https://x.example/<script>', 'sec-fetch-site': 'a b' },
    )
    expect(await refused.text()).not.toContain('script')
  })
})

describe('what is refused says what mends it', () => {
  const refusedBy = async (secure: boolean, headers: (host: string) => Record<string, string>) => {
    const app = await startApp({ strategy: { cookie: { secure } } })
    const response = await fetch(`${app.url}/login/phone`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers(new URL(app.url).host) },
      body: JSON.stringify({ phone_number }),
    })
    expect(response.status).toBe(403)
    const { detail }: { detail: string } = await response.json()
    return { detail, host: new URL(app.url).host }
  }

  test.each([true, false])('neither header, with secure: %s', async (secure) => {
    const { detail, host } = await refusedBy(secure, () => ({}))
    expect(detail).toContain("For an app or API: start({ binding: 'handle' }). By hand: -H ")
    expect(detail).toContain(`"Origin: ${secure ? 'https' : 'http'}://${host}"`)
    expect(detail.includes('secure: false')).toBe(secure)
  })

  test('the own origin over plain http with a secure cookie', async () => {
    const { detail } = await refusedBy(true, (host) => ({ origin: `http://${host}` }))
    expect(detail).toContain('over plain http')
    expect(detail).toContain('`cookie: { secure: false }`')
    expect(detail).not.toContain('List its origin')
  })

  test('another origin', async () => {
    const { detail } = await refusedBy(true, () => ({ origin: 'https://evil.example' }))
    expect(detail).toContain('List its origin in `origins`')
    expect(detail).not.toContain('secure: false')
  })
})

describe('a browser without Sec-Fetch-Site', () => {
  const site = (headers: IncomingHttpHeaders, trusted: boolean | undefined, secure = true) =>
    requestSite(
      {
        headers,
        socket: { remoteAddress: '10.0.0.1' },
        ...(trusted !== undefined && {
          app: { get: (name: string) => (name === 'trust proxy fn' ? () => trusted : undefined) },
        }),
      } as unknown as HttpRequest,
      { origins: [], secure },
    )
  const origin = 'https://app.example'

  test.each<[string, IncomingHttpHeaders, boolean | undefined, string]>([
    ['Host', { host: 'app.example' }, undefined, 'own'],
    ['Host with the default port', { host: 'app.example:443' }, undefined, 'own'],
    ['another Host', { host: 'inner' }, false, 'foreign'],
    ['X-Forwarded-Host of a trusted proxy', { host: 'inner', 'x-forwarded-host': 'app.example' }, true, 'own'],
    [
      'the first X-Forwarded-Host of a trusted proxy',
      { host: 'inner', 'x-forwarded-host': 'app.example, inner' },
      true,
      'own',
    ],
    ['X-Forwarded-Host of anybody', { host: 'inner', 'x-forwarded-host': 'app.example' }, false, 'foreign'],
    ['X-Forwarded-Host without Express', { host: 'inner', 'x-forwarded-host': 'app.example' }, undefined, 'foreign'],
    [':authority of HTTP/2', { ':authority': 'app.example' }, undefined, 'own'],
    ['another :authority', { ':authority': 'evil.example' }, undefined, 'foreign'],
    ['no host at all', {}, undefined, 'foreign'],
    ['a Host that is none', { host: 'app.example@evil.example' }, undefined, 'foreign'],
    ['a Host with a path', { host: 'app.example/..' }, undefined, 'own'],
  ])('is judged by %s', (_name, headers, trusted, verdict) => {
    expect(site({ ...headers, origin }, trusted)).toBe(verdict)
  })

  test('of an opaque or plain-http origin is foreign', () => {
    expect(site({ host: 'app.example', origin: 'null' }, undefined)).toBe('foreign')
    expect(site({ host: 'app.example', origin: 'http://app.example' }, undefined)).toBe('foreign')
    expect(site({ host: 'app.example', origin: 'capacitor://app.example' }, undefined, false)).toBe('foreign')
  })

  test('behind a proxy that rewrites Host starts where `trust proxy` is set', async () => {
    for (const trust of [true, false]) {
      const app = await startApp({ before: (server) => server.set('trust proxy', trust ? 'loopback' : false) })
      const headers = {
        'content-type': 'application/json',
        origin: 'http://app.example',
        'x-forwarded-host': 'app.example',
      }
      const response = await fetch(`${app.url}/login/phone`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ phone_number }),
      })
      expect(response.status).toBe(trust ? 201 : 403)
    }
  })
})

describe('a login whose cookies do not come back', () => {
  test.each(['/status', '/fallback', '/resend', '/verify'])('is told so at %s', async (path) => {
    const app = await startApp()
    const { flow } = await begin(app)
    const body = { flow, ...(path === '/verify' && { code: 'x' }) }
    const answer = await (await new Browser(app.url).post(`/login/phone${path}`, body)).json()
    expect(answer).toMatchObject({
      code: 'flow_invalid',
      reason: 'no_cookie',
      detail: expect.stringContaining("credentials: 'include'"),
    })
  })

  test('is no reason where there is no such login, or where its cookie came', async () => {
    const app = await startApp()
    const unknown = await new Browser(app.url).post('/login/phone/status', { flow: 'A'.repeat(43) })
    expect(await unknown.json()).not.toHaveProperty('reason')
    const { browser, flow, code } = await beginWithCode(app)
    const foreign = await browser.post('/login/phone/verify', { flow, code, check_id: 'another' })
    expect([foreign.status, (await foreign.json()).reason]).toEqual([401, undefined])
  })
})

test('a start on another host than redirectUrl’s is a misconfiguration that is told once', async () => {
  const app = await startApp({ redirect: true })
  const { port } = new URL(app.url)
  await new Browser(app.url).post('/login/phone', { phone_number })
  expect(app.events).toEqual([expect.objectContaining({ type: 'flow_started' })])
  for (let times = 0; times < 2; times++) {
    const viaName = await fetch(`http://localhost:${port}/login/phone`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ phone_number }),
    })
    expect(viaName.status).toBe(201)
  }
  expect(
    app.events.filter((event) => event.type === 'misconfiguration' && event.code === 'redirect_host'),
  ).toHaveLength(1)
})

test('a browser that starts without a redirectUrl is a misconfiguration that is told once', async () => {
  const app = await startApp({ start: {} })
  const told = () => app.events.filter((event) => event.type === 'misconfiguration')
  const native = {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: app.url },
    body: JSON.stringify({ phone_number }),
  }
  expect((await fetch(`${app.url}/login/phone`, native)).status).toBe(201)
  expect(told()).toEqual([])
  for (let times = 0; times < 2; times++) await new Browser(app.url).post('/login/phone', { phone_number })
  expect(told()).toEqual([
    expect.objectContaining({
      code: 'redirect_missing',
      message: expect.stringMatching(/Set redirectUrl and loginUrl.*delivery: 'body'/),
    }),
  ])
})

test.each<[string, Parameters<typeof startApp>[0]]>([
  ['a redirectUrl', { redirect: true }],
  ['a delivery that is said', { start: { delivery: 'body' } }],
  [
    'a way that opens no URL',
    {
      start: {},
      ladder: (sim) => [idenfySms({ baseUrl: sim.url, apiKey: 'key', apiSecret: 'secret' })],
      strategy: { countries: ['US'] },
    },
  ],
])('no such warning with %s', async (_name, options) => {
  const app = await startApp(options)
  expect((await new Browser(app.url).post('/login/phone', { phone_number })).status).toBe(201)
  expect(app.events.filter((event) => event.type === 'misconfiguration')).toEqual([])
})

test.each(['start', 'fallback', 'resend', 'status'] as const)(
  'phone.%s mounted without parentheses is one clear error',
  async (method) => {
    const errors: unknown[] = []
    const app = await startApp({
      after: (server, phone) => {
        server.post('/forgotten', phone[method] as never)
        server.use('/forgotten', ((
          error: unknown,
          _req: unknown,
          res: { status(code: number): { json(body: object): void } },
          _next: unknown,
        ) => {
          errors.push(error)
          res.status(500).json({})
        }) as never)
      },
    })
    expect((await new Browser(app.url).post('/forgotten', { phone_number })).status).toBe(500)
    expect(errors).toEqual([
      expect.objectContaining({ message: expect.stringContaining(`mount phone.${method}(), with parentheses`) }),
    ])
  },
)
