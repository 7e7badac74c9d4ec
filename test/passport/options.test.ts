import { inspect } from 'node:util'
import {
  idenfySms,
  MemoryStore,
  moCheck,
  type PhoneCheckEvent,
  PhoneCheckStrategy,
  type PhoneCheckStrategyOptions,
  phoneCheck,
} from 'passport-phonecheck'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { secret, startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { bare } from '../support/events.js'
import { callContext, startInput } from '../support/rung.js'

const provider = () => phoneCheck({ clientId: 'client', clientSecret: 'client-secret' })
const good: PhoneCheckStrategyOptions = { ladder: [provider()], store: new MemoryStore(), secret }
const build = (options: object) =>
  new PhoneCheckStrategy({ ...good, ...options } as PhoneCheckStrategyOptions, async () => null)

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('a strategy that cannot be right is refused at construction, by a TypeError that names the option', () => {
  test.each([
    [{ ladder: undefined }, /ladder/],
    [{ ladder: [] }, /ladder/],
    [{ ladder: [{ clientId: 'x' }] }, /ladder\[0\] is no provider/],
    [{ Floor: 'high' }, /unknown option 'Floor'/],
    [{ country: ['US'] }, /unknown option 'country'.*countries/],
    [{ redirectURL: 'https://app.example/' }, /unknown option 'redirectURL'/],
    [{ cookie: { secure: 'no' } }, /cookie/],
    [{ cookie: { secure: false, maxAge: 5 } }, /unknown option 'maxAge'/],
    [{ onEvent: 'x' }, /onEvent/],
    [{ timelines: true }, /timelines must be a whole number/],
    [{ timelines: 100_001 }, /timelines/],
    [{ secret: Buffer.alloc(32) }, /string/],
    [{ redirectUrl: 'http://127.0.0.1:3000/return', loginUrl: '/login' }, /secure: false/],
    [{ store: new Map() }, /no insert, no find/],
    [{ ladder: [provider(), provider()] }, /'phonecheck'.*name/],
    [{ store: undefined }, /store/],
    [{ store: {} }, /store/],
    [{ secret: undefined }, /secret is missing/],
    [{ secret: '' }, /secret is missing/],
    [{ secret: 'too short' }, /32 bytes/],
    [{ secret: 'x'.repeat(64) }, /placeholder/],
    [{ redirectUrl: '/return', loginUrl: '/login' }, /redirectUrl/],
    [{ redirectUrl: 'http://app.example/return', loginUrl: '/login' }, /redirectUrl/],
    [{ redirectUrl: 'javascript:alert(1)', loginUrl: '/login' }, /redirectUrl/],
    [{ redirectUrl: 'https://user@app.example/return', loginUrl: '/login' }, /redirectUrl/],
    [{ redirectUrl: 'https://app.example/return' }, /loginUrl is missing/],
    [{ redirectUrl: 'https://app.example/return', loginUrl: '//evil.example' }, /loginUrl/],
    [{ redirectUrl: 'https://app.example/return', loginUrl: '/\\evil.example' }, /loginUrl/],
    [{ redirectUrl: 'https://app.example/return', loginUrl: '/login#x' }, /loginUrl/],
    [{ redirectUrl: 'https://app.example/return', loginUrl: '/login', cookie: { secure: false } }, /cookie\.secure/],
    [{ countries: [] }, /countries/],
    [{ countries: ['us'] }, /countries/],
    [{ countries: ['XX'] }, /countries/],
    [{ defaultCountry: 'Germany' }, /defaultCountry/],
    [{ origins: ['https://app.example/'] }, /origins/],
    [{ origins: ['app.example'] }, /origins/],
    [{ deviceIp: 'always' }, /deviceIp/],
    [{ countries: 'US' }, /countries must be ISO codes/],
    [{ origins: 'https://app.example' }, /origins must be a list/],
    [{ redirectUrl: new URL('https://app.example/return'), loginUrl: '/login' }, /redirectUrl must be/],
    [{ redirectUrl: 'https://app.example/return', loginUrl: new URL('https://app.example/login') }, /loginUrl must be/],
    [{ loginUrl: '/login' }, /loginUrl is where a failed return leg goes/],
    [{ reviewNumbers: {} }, /reviewNumbers must be a list/],
    [
      { reviewNumbers: [{ phoneNumber: '+12025550100', code: '1234', unti: '2000-01-01' }] },
      /reviewNumbers: unknown option 'unti'/,
    ],
    [{ clock: {} }, /clock must have the methods/],
    [{ name: '' }, /name must be a word/],
    [{ name: 5 }, /name must be a word/],
    [{ limits: 5 }, /limits must be an object/],
    [{ passReqToCallback: 'yes' }, /passReqToCallback must be true or false/],
  ])('%o', (options, message) => {
    expect(() => build(options)).toThrow(TypeError)
    expect(() => build(options)).toThrow(message)
  })

  test.each([
    [{ clientId: undefined }, /clientId is missing/],
    [{ clientSecret: '' }, /clientSecret is missing/],
    [{ brand: 'truid' }, /brand/],
    [{ region: 'uk' }, /region/],
    [{ brand: 'truid', baseUrl: 'http://127.0.0.1:1' }, /brand must be 'tru.id' or 'idlayr'/],
    [{ region: 'uk', baseUrl: 'http://127.0.0.1:1' }, /region/],
    [{ baseUrl: 'eu.api.tru.id' }, /baseUrl/],
    [{ baseUrl: 'http://eu.api.tru.id' }, /https/],
    [{ baseUrl: 'https://eu.api.tru.id/v2' }, /origin/],
    [{ baseUrl: 'https://user:pw@eu.api.tru.id' }, /baseUrl must be a URL without user/],
    [{ checkUrlOrigin: 'x' }, /unknown option 'checkUrlOrigin'/],
    [{ timeoutsMs: { toke: 1 } }, /unknown option 'toke'/],
    [{ timeoutsMs: { token: 'x' } }, /timeoutsMs\.token/],
    [{ checkUrlOrigins: ['http://checks.example.com'] }, /checkUrlOrigins/],
    [{ checkUrlOrigins: ['https://checks.example.com/x'] }, /checkUrlOrigins/],
    [{ checkUrlOrigins: 'https://checks.example.com' }, /checkUrlOrigins must be a list/],
    [{ name: 5 }, /name must be a word/],
    [{ fetch: 5 }, /fetch must be a function/],
    [{ clock: {} }, /clock must have the methods/],
  ])('phoneCheck(%o)', (options, message) => {
    const make = () =>
      phoneCheck({ clientId: 'client', clientSecret: 'canary-secret', ...options } as Parameters<typeof phoneCheck>[0])
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
    expect(make).not.toThrow(/canary/)
  })

  test.each([
    [{ ladder: [{ ...provider(), name: 'review' }] }, /review/],
    [{ ladder: [{ ...provider(), name: 'own', sends: true }], countries: ['US'] }, /guessable/],
  ])('%o', (options, message) => {
    expect(() => build(options)).toThrow(message)
  })

  test('a callback that expects the request without having asked for it', () => {
    expect(
      () => new PhoneCheckStrategy(good, ((_req: unknown, _identity: unknown, _done: unknown) => null) as never),
    ).toThrow(/passReqToCallback/)
  })

  test.each([
    ['phoneCheck', phoneCheck],
    ['moCheck', moCheck],
    ['idenfySms', idenfySms],
  ])('%s without options', (name, factory) => {
    for (const nothing of [undefined, null, []])
      expect(() => factory(nothing as never)).toThrow(new TypeError(`${name}: pass an object of options`))
  })

  test.each([
    [{ cookie: { secure: false } }, 'https://app.example/return', /cookie\.secure: false/],
    [{}, 'http://127.0.0.1/return', /no Secure cookie/],
  ])('a purpose whose return leg would come without its cookie: %o, %s', (options, redirectUrl, message) => {
    const link = () =>
      build(options).purpose('link', { subject: () => 'u', redirectUrl, loginUrl: '/' }, async () => null)
    expect(link).toThrow(message)
  })

  test('without options or callback', () => {
    const Untyped = PhoneCheckStrategy as unknown as new (...args: unknown[]) => unknown
    expect(() => new Untyped()).toThrow(/PhoneCheckStrategy requires options/)
    expect(() => new Untyped(good)).toThrow(/PhoneCheckStrategy requires a verify callback/)
  })

  test.each([
    [{ binding: 'none' }, /binding/],
    [{ delivery: 'sms' }, /delivery/],
    [{ binding: 'handle', delivery: 'redirect' }, /cookie/],
    [{ delivery: 'redirect' }, /redirectUrl/],
    [{ bindng: 'handle' }, /unknown option 'bindng'/],
  ])('start(%o)', (options, message) => {
    expect(() => build({}).start(options as never)).toThrow(message)
    expect(() => build({}).start(null as never)).toThrow('start: pass an object of options')
  })
})

describe('production', () => {
  test.each([
    [{ cookie: { secure: false } }, /cookie\.secure/],
    [
      { redirectUrl: 'http://127.0.0.1:3000/return', loginUrl: '/login', cookie: { secure: false } },
      /cookie|redirectUrl/,
    ],
  ])('refuses %o, which development takes', (options, message) => {
    expect(() => build(options)).not.toThrow()
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => build(options)).toThrow(message)
  })

  test('refuses a simulator as provider', () => {
    const local = () =>
      phoneCheck({ baseUrl: 'http://127.0.0.1:4010', clientId: 'client', clientSecret: 'client-secret' })
    expect(local).not.toThrow()
    vi.stubEnv('NODE_ENV', 'production')
    expect(local).toThrow(/production/)
  })
})

describe('hosts', () => {
  test.each([
    [{ brand: 'tru.id' }, 'https://eu.api.tru.id'],
    [{ brand: 'tru.id', region: 'in' }, 'https://in.api.tru.id'],
    [{ brand: 'tru.id', region: 'us' }, 'https://us.api.tru.id'],
    [{}, 'https://eu.api.idlayr.com'],
    [{ brand: 'idlayr', region: 'us' }, 'https://us.api.idlayr.com'],
    [{ baseUrl: 'https://truid.example.com' }, 'https://truid.example.com'],
  ] as const)('%o calls %s', async (options, origin) => {
    const urls: string[] = []
    const rung = phoneCheck({
      clientId: 'client',
      clientSecret: 'client-secret',
      ...options,
      fetch: async (url) => {
        urls.push(url)
        return { status: 503, headers: { get: () => null }, text: async () => '' }
      },
    })
    await expect(rung.start(startInput(), callContext())).rejects.toMatchObject({
      code: 'provider_unavailable',
    })
    expect(new Set(urls)).toEqual(new Set([`${origin}/oauth2/v1/token`]))
  })
})

describe('the address of a request', () => {
  test('a forwarding header that nobody told Express to trust raises one event, and no address goes to the provider', async () => {
    const app = await startApp({ redirect: true })
    for (let index = 0; index < 3; index++) {
      await new Browser(app.url).post(
        '/login/phone',
        { phone_number: '+12025550100' },
        { 'x-forwarded-for': '8.8.8.8' },
      )
    }
    expect(app.events.filter((event) => event.type === 'misconfiguration')).toEqual([
      expect.objectContaining({ code: 'trust_proxy_missing', message: expect.stringContaining('trust proxy') }),
    ])
    expect(app.sim.checks.map((check) => check.phoneIp)).toEqual([null, null, null])
  })

  test('trust proxy: true raises an event: every client would choose its own address', async () => {
    const app = await startApp({ before: (express) => express.set('trust proxy', true) })
    await new Browser(app.url).post('/login/phone', { phone_number: '+12025550100' })
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'misconfiguration', code: 'trust_proxy_true' }))
  })

  test('an address with its port is told apart from others, and reaches the provider without it', async () => {
    const app = await startApp({
      redirect: true,
      before: (express) => express.set('trust proxy', 'loopback'),
      strategy: { deviceIp: 'prefer', limits: { startsPerAddress: 1 } },
    })
    const start = (from: string) =>
      new Browser(app.url).post('/login/phone', { phone_number: '+12025550100' }, { 'x-forwarded-for': from })
    expect((await start('8.8.8.8:51234')).status).toBe(201)
    expect((await start('8.8.8.8:51235')).status).toBe(429)
    expect((await start('9.9.9.9:51234')).status).toBe(201)
    expect((await start('[2001:4860:4860::8888]:443')).status).toBe(201)
    expect(app.sim.checks.map((check) => check.phoneIp)).toEqual(['8.8.8.8', '9.9.9.9', '2001:4860:4860::8888'])
    expect(app.events.filter((event) => event.type === 'misconfiguration')).toEqual([])
  })

  test('an address that is none raises one event: all such requests share one limit', async () => {
    const app = await startApp({ before: (express) => express.set('trust proxy', 'loopback') })
    for (const from of ['unknown', '_hidden']) {
      await new Browser(app.url).post('/login/phone', { phone_number: '+12025550100' }, { 'x-forwarded-for': from })
    }
    expect(app.events.filter((event) => event.type === 'misconfiguration')).toEqual([
      expect.objectContaining({ code: 'address_unreadable' }),
    ])
  })

  test('with trust proxy, the forwarded public address goes to the provider where that is wanted', async () => {
    const strategy = { deviceIp: 'prefer' as const }
    const app = await startApp({
      redirect: true,
      strategy,
      before: (express) => express.set('trust proxy', 'loopback'),
    })
    await new Browser(app.url).post('/login/phone', { phone_number: '+12025550100' }, { 'x-forwarded-for': '8.8.8.8' })
    expect(app.sim.checks.map((check) => check.phoneIp)).toEqual(['8.8.8.8'])
    expect(app.events.filter((event) => event.type === 'misconfiguration')).toEqual([])
  })

  test('a phone on Wi-Fi learns so at start instead of on the vendor’s page', async () => {
    const strategy = { deviceIp: 'prefer' as const }
    const app = await startApp({
      redirect: true,
      strategy,
      before: (express) => express.set('trust proxy', 'loopback'),
    })
    const { wifiIp } = app.sim.phone('+12025550100')
    const response = await new Browser(app.url).post(
      '/login/phone',
      { phone_number: '+12025550100' },
      { 'x-forwarded-for': wifiIp },
    )
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ code: 'ladder_exhausted', reason: 'not_mobile_ip' })
  })
})

test('a listener that throws or rejects does not touch a login', async () => {
  for (const onEvent of [
    () => {
      throw new Error('listener')
    },
    async () => {
      throw new Error('listener')
    },
  ]) {
    const app = await startApp({ strategy: { onEvent: onEvent as () => void } })
    expect((await new Browser(app.url).post('/login/phone', { phone_number: '+12025550100' })).status).toBe(201)
  }
})

test('the operator is reminded once that a sandbox project believes anybody', () => {
  const events: unknown[] = []
  build({ onEvent: (event: PhoneCheckEvent) => events.push(bare(event)) })
  expect(events).toEqual([{ type: 'reminder', code: 'sandbox_projects', message: expect.stringContaining('sandbox') }])
})

test('a strategy shows no secret', () => {
  const text = inspect(new PhoneCheckStrategy(good, async () => null), {
    depth: 12,
    showHidden: true,
  })
  expect(text).not.toContain(secret)
  expect(text).not.toContain('client-secret')
})
