import { MemoryStore } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { number, startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { begin, beginWithCode, isLoggedIn, patches, returnUrl } from '../support/login.js'

describe('only the starter can redeem', () => {
  test('another browser with the right handle and the right code gets 401, asks no provider and costs the owner nothing', async () => {
    const app = await startApp()
    const owner = await beginWithCode(app)
    const thief = new Browser(app.url)

    for (let attempt = 0; attempt < 6; attempt++) {
      const stolen = await thief.post('/login/phone/verify', { flow: owner.flow, code: owner.code })
      expect(stolen.status).toBe(401)
      expect((await stolen.json()).code).toBe('flow_invalid')
    }
    expect(patches(app)).toBe(0)
    expect(await isLoggedIn(thief)).toBe(false)
    expect(app.events.filter((event) => event.type === 'foreign_verify')).toHaveLength(6)

    const own = await owner.browser.post('/login/phone/verify', { flow: owner.flow, code: owner.code })
    expect(own.status).toBe(200)
  })

  test('a cookie with the right handle but another secret is a stranger', async () => {
    const app = await startApp()
    const owner = await beginWithCode(app)
    const thief = new Browser(app.url)
    for (const [name, value] of owner.browser.cookies) {
      const [handle, , tag] = value.split('.')
      thief.cookies.set(name, [handle, 'A'.repeat(43), tag].join('.'))
    }
    expect((await thief.post('/login/phone/verify', { flow: owner.flow, code: owner.code })).status).toBe(401)
    expect(patches(app)).toBe(0)
  })

  test('a flow begun with a handle cannot be finished with a cookie, nor the other way round', async () => {
    const app = await startApp({ start: { binding: 'handle' } })
    const owner = await beginWithCode(app)
    expect(owner.browser.cookies.size).toBe(0)
    const thief = new Browser(app.url)
    const name = `phonecheck-${owner.id.slice(0, 8)}`
    thief.cookies.set(name, `${owner.flow}.${'A'.repeat(43)}.AAAAAAAAAAA`)
    expect((await thief.post('/login/phone/verify', { flow: owner.flow, code: owner.code })).status).toBe(401)

    // Even whoever holds the handle finishes in the mode in which it was begun.
    thief.cookies.set(name, `${owner.flow}.${owner.flow}.AAAAAAAAAAA`)
    expect((await thief.post('/login/phone/verify', { flow: owner.flow, code: owner.code })).status).toBe(401)

    const own = await fetch(`${app.url}/login/phone/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ flow: owner.flow, code: owner.code }),
    })
    expect(own.status).toBe(200)
  })

  test("a check id of somebody else's check is refused without an attempt", async () => {
    const app = await startApp()
    const owner = await beginWithCode(app)
    const other = await begin(app)
    const wrong = await owner.browser.post('/login/phone/verify', {
      flow: owner.flow,
      code: owner.code,
      check_id: other.checkId,
    })
    expect(wrong.status).toBe(401)
    expect((await wrong.json()).code).toBe('flow_invalid')
    expect(patches(app)).toBe(0)
    expect(
      (await owner.browser.post('/login/phone/verify', { flow: owner.flow, code: owner.code, check_id: owner.checkId }))
        .status,
    ).toBe(200)
  })

  test('an unknown handle, a damaged one and one of another length look alike', async () => {
    const app = await startApp()
    const browser = new Browser(app.url)
    for (const flow of ['A'.repeat(43), 'x', 'A'.repeat(64), '../../etc/passwd']) {
      const response = await browser.post('/login/phone/verify', { flow, code: '123456' })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ code: 'flow_invalid' })
    }
  })
})

describe('login CSRF', () => {
  test("a victim who follows an attacker's return link is not logged in and no provider is asked", async () => {
    const app = await startApp({ redirect: true })
    const attacker = await begin(app)
    const link = await returnUrl(app, attacker.challengeUrl)
    const victim = new Browser(app.url)

    const response = await victim.navigate(link)

    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/login?phonecheck=flow_invalid')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(patches(app)).toBe(0)
    expect(await isLoggedIn(victim)).toBe(false)
  })

  test('a victim in the middle of an own login is not moved into the attacker’s', async () => {
    const app = await startApp({ redirect: true })
    const attacker = await begin(app)
    const link = await returnUrl(app, attacker.challengeUrl)
    const victim = await begin(app)

    expect((await victim.browser.navigate(link)).headers.get('location')).toBe('/login?phonecheck=flow_invalid')
    expect(patches(app)).toBe(0)
    const own = await victim.browser.navigate(await returnUrl(app, victim.challengeUrl))
    expect(own.headers.get('location')).toBe('/')
  })

  test.each([
    ['HEAD', { method: 'HEAD' }],
    ['prefetch', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
    ['old prefetch', { headers: { purpose: 'prefetch' } }],
  ])(
    '%s on the return leg is answered without touching the flow, and the real visit still works',
    async (_name, init) => {
      const app = await startApp({ redirect: true })
      const { browser, challengeUrl } = await begin(app)
      const link = await returnUrl(app, challengeUrl)

      const probe = await browser.request(link, init)

      expect(probe.status).toBe(400)
      expect(probe.headers.get('cache-control')).toBe('no-store')
      expect(probe.headers.get('set-cookie')).toBeNull()
      expect(patches(app)).toBe(0)
      expect((await browser.navigate(link)).headers.get('location')).toBe('/')
    },
  )

  test('a vendor SDK that follows the redirect without our cookie gets JSON it can read', async () => {
    const app = await startApp({ redirect: true })
    const { challengeUrl } = await begin(app)
    const response = await fetch(await returnUrl(app, challengeUrl), {
      redirect: 'manual',
      headers: { 'x-tru-sdk-request': crypto.randomUUID() },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'flow_invalid' })
    expect(patches(app)).toBe(0)
  })
})

test('one strategy does not finish what another began under its own rules', async () => {
  const store = new MemoryStore()
  const lax = await startApp({ strategy: { store, name: 'lax' }, start: { binding: 'handle' } })
  const strict = await startApp({
    strategy: { store, countries: ['US'], name: 'phonecheck' },
    start: { binding: 'handle' },
  })
  const begun = await (await new Browser(lax.url).post('/login/phone', { phone_number: '+4915112345678' })).json()
  const response = await new Browser(strict.url).post('/login/phone/verify', { flow: begun.flow, code: 'x' })
  expect(response.status).toBe(401)
  expect(patches(strict)).toBe(0)
})

describe('requests from other sites', () => {
  const foreign = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'https://sub.example' },
    { 'sec-fetch-site': undefined, origin: 'https://evil.example' },
    { 'sec-fetch-site': undefined, origin: 'null' },
  ]
  const send = (
    app: { url: string },
    path: string,
    headers: Record<string, string | undefined>,
    body: object,
    cookie = '',
  ) =>
    fetch(app.url + path, {
      method: 'POST',
      headers: Object.fromEntries(
        Object.entries({ 'content-type': 'application/json', cookie, ...headers }).filter(
          ([, value]) => value !== undefined,
        ),
      ) as Record<string, string>,
      body: JSON.stringify(body),
    })

  test.each(foreign)('start with %o is 403 and asks no provider', async (headers) => {
    const app = await startApp()
    const response = await send(app, '/login/phone', headers, { phone_number: number })
    expect(response.status).toBe(403)
    expect((await response.json()).code).toBe('cross_site')
    expect(app.sim.requests).toHaveLength(0)
    expect(app.events).toContainEqual({
      type: 'cross_site_refused',
      path: '/login/phone',
      message: expect.stringContaining('Seen: Sec-Fetch-Site'),
    })
  })

  test('cookie binding needs evidence: a start without either header is 403', async () => {
    const app = await startApp()
    expect((await send(app, '/login/phone', {}, { phone_number: number })).status).toBe(403)
    expect(app.sim.requests).toHaveLength(0)
  })

  test.each(foreign)('a start with a handle from a foreign page with %o is 403 too', async (headers) => {
    const app = await startApp({ start: { binding: 'handle' } })
    expect((await send(app, '/login/phone', headers, { phone_number: number })).status).toBe(403)
    expect(app.sim.requests).toHaveLength(0)
  })

  test('a native app sends neither header and may start and redeem by handle', async () => {
    const app = await startApp({ start: { binding: 'handle' } })
    expect((await send(app, '/login/phone', {}, { phone_number: number })).status).toBe(201)
  })

  test.each(foreign)('a redeem with the cookie from a foreign page with %o is 403', async (headers) => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ')
    expect((await send(app, '/login/phone/verify', headers, { flow, code }, cookie)).status).toBe(403)
    expect((await send(app, '/login/phone/verify', {}, { flow, code }, cookie)).status).toBe(403)
    expect(patches(app)).toBe(0)
  })

  test('a listed origin may take part', async () => {
    const app = await startApp({ strategy: { origins: ['https://www.example.com'] } })
    const headers = { 'sec-fetch-site': 'same-site', origin: 'https://www.example.com' }
    expect((await send(app, '/login/phone', headers, { phone_number: number })).status).toBe(201)
  })
})

describe('the cookie', () => {
  test('is a __Host- cookie with every protection, unless development over http was asked for', async () => {
    const app = await startApp({ strategy: { cookie: { secure: true } } })
    const { browser, id } = await begin(app)
    expect(browser.setCookies).toHaveLength(1)
    const [pair = '', ...attributes] = (browser.setCookies[0] ?? '').split('; ')
    expect(pair).toMatch(new RegExp(`^__Host-phonecheck-${id.slice(0, 8)}=`))
    expect(attributes.map((attribute) => attribute.toLowerCase()).sort()).toEqual([
      'httponly',
      'max-age=600',
      'path=/',
      'samesite=lax',
      'secure',
    ])
  })

  test('of the other name is never read', async () => {
    const app = await startApp({ strategy: { cookie: { secure: true } } })
    const { browser, flow, code } = await beginWithCode(app)
    const insecure = new Browser(app.url)
    for (const [name, value] of browser.cookies) insecure.cookies.set(name.replace('__Host-', ''), value)
    expect((await insecure.post('/login/phone/verify', { flow, code })).status).toBe(401)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  })

  test('exists at most five times: a sixth start expires the oldest', async () => {
    const app = await startApp()
    const browser = new Browser(app.url)
    const flows = []
    for (let tab = 0; tab < 6; tab++) flows.push(await beginWithCode(app, browser))
    expect(browser.cookies.size).toBe(5)
    expect(browser.cookies.has(`phonecheck-${flows[0]?.id.slice(0, 8)}`)).toBe(false)
    const [first, second, , , , last] = flows
    expect((await browser.post('/login/phone/verify', { flow: first?.flow, code: first?.code })).status).toBe(401)
    expect((await browser.post('/login/phone/verify', { flow: second?.flow, code: second?.code })).status).toBe(200)
    expect((await browser.post('/login/phone/verify', { flow: last?.flow, code: last?.code })).status).toBe(200)
  })

  test('goes with its flow whichever request learns that it is over', async () => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    const cookies = new Map(browser.cookies)
    await browser.post('/login/phone/verify', { flow, code })
    for (const step of ['fallback', 'resend', 'status']) {
      const late = new Browser(app.url)
      for (const [name, value] of cookies) late.cookies.set(name, value)
      await late.post(`/login/phone/${step}`, { flow })
      expect([step, late.cookies.size]).toEqual([step, step === 'status' ? 1 : 0])
    }
  })

  test('goes when its flow ends, and stays while it can be tried again', async () => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    await browser.post('/login/phone/verify', { flow, code: 'wrong' })
    expect([...browser.cookies.keys()]).toHaveLength(1)
    await browser.post('/login/phone/verify', { flow, code })
    expect([...browser.cookies.keys()].sort()).toEqual(['connect.sid', 'phonecheck-device'])
  })
})
