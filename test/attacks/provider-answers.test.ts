import fc from 'fast-check'
import { MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { number, startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { beginWithCode, isLoggedIn, patches } from '../support/login.js'

const patch = 'PATCH /phone_check/v0.2/checks/*'
const create = 'POST /phone_check/v0.2/checks'

describe('a provider’s answer to the redeem is a yes only in its one exact shape', () => {
  const base = {
    status: 'COMPLETED',
    charge_amount: 1,
    charge_currency: 'API',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  }
  const cases: [string, (ours: string) => unknown, number][] = [
    ['match "true"', (check_id) => ({ ...base, check_id, match: 'true' }), 503],
    ['match 1', (check_id) => ({ ...base, check_id, match: 1 }), 503],
    ['match missing', (check_id) => ({ ...base, check_id }), 503],
    ['match null', (check_id) => ({ ...base, check_id, match: null }), 503],
    ['match in an array', (check_id) => ({ ...base, check_id, match: [true] }), 503],
    ['match nested', (check_id) => ({ ...base, check_id, result: { match: true } }), 503],
    ['another check_id', () => ({ ...base, check_id: 'c69bc0e6-a429-11ea-bb37-0242ac130002', match: true }), 503],
    ['no check_id', () => ({ ...base, match: true }), 503],
    ['check_id in an array', (check_id) => ({ ...base, check_id: [check_id], match: true }), 503],
    ['status PENDING', (check_id) => ({ ...base, check_id, status: 'PENDING', match: true }), 409],
    ['status ACCEPTED', (check_id) => ({ ...base, check_id, status: 'ACCEPTED', match: true }), 409],
    ['status EXPIRED', (check_id) => ({ ...base, check_id, status: 'EXPIRED', match: true }), 422],
    [
      'status ERROR',
      (check_id) => ({ ...base, check_id, status: 'ERROR', match: true, error_code: 'mno_timeout' }),
      422,
    ],
    ['status completed in lower case', (check_id) => ({ ...base, check_id, status: 'completed', match: true }), 503],
    ['status missing', (check_id) => ({ check_id, match: true }), 503],
    ['an array', (check_id) => [{ ...base, check_id, match: true }], 503],
    ['a prototype', (check_id) => `{"__proto__":${JSON.stringify({ ...base, check_id, match: true })}}`, 503],
    [
      'a later duplicate',
      (check_id) => `{"check_id":"${check_id}","status":"COMPLETED","match":true,"match":"no"}`,
      503,
    ],
    ['text', () => 'match: true', 503],
    ['HTML', () => '<html><body>match: true</body></html>', 503],
    ['nothing', () => '', 503],
    ['null', () => 'null', 503],
    ['true', () => 'true', 503],
  ]

  test.each(cases)('%s is no login', async (_name, body, status) => {
    const app = await startApp()
    const { browser, flow, code, checkId } = await beginWithCode(app)
    app.sim.fault({
      match: patch,
      status: 200,
      headers: { 'content-type': 'application/hal+json' },
      body: body(checkId) as string,
    })
    const response = await browser.post('/login/phone/verify', { flow, code })
    expect(response.status).toBe(status)
    expect(await isLoggedIn(browser)).toBe(false)
    expect(app.verified.count).toBe(0)
  })

  test.each([
    ['truncated', { truncate: true }],
    ['10 MB long', { hugeBody: 10_000_000 }],
    ['a 201', { status: 201, processed: true, body: { status: 'COMPLETED', match: true } }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: '' }],
  ] as const)('%s is an outage', async (_name, fault) => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    app.sim.fault({ match: patch, ...fault })
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(503)
    expect(await isLoggedIn(browser)).toBe(false)
  })

  test('property: no other JSON than the one shape ever verifies', async () => {
    const clock = fakeClock()
    const app = await startApp({ strategy: { clock, store: new MemoryStore({ clock }) } })
    const value = fc.oneof(fc.constantFrom<unknown>(true, 'true', 1, null, 'OURS', 'COMPLETED', [], {}), fc.jsonValue())
    const answer = fc.record({ check_id: value, status: value, match: value }, { requiredKeys: [] })
    const browser = new Browser(app.url)
    await fc.assert(
      fc.asyncProperty(answer, async (draft) => {
        fc.pre(!(draft.check_id === 'OURS' && draft.status === 'COMPLETED' && typeof draft.match === 'boolean'))
        fc.pre(draft.status !== 'EXPIRED' && draft.status !== 'ERROR')
        // Long enough for a breaker that opened to let the next one through.
        await clock.advance(31_000)
        const { flow, code, checkId } = await beginWithCode(app, browser)
        const before = patches(app)
        const body = { ...draft, ...(draft.check_id === 'OURS' && { check_id: checkId }) }
        const fault = app.sim.fault({ match: patch, status: 200, body })
        const response = await browser.post('/login/phone/verify', { flow, code })
        fault.remove()
        expect([409, 503]).toContain(response.status)
        expect(patches(app)).toBe(before + 1)
      }),
      { numRuns: 60 },
    )
    expect(app.verified.count).toBe(0)
  })
})

describe('a hostile check_url never reaches the device', () => {
  const port = (url: string) => new URL(url).port
  const hostile: [string, (simUrl: string) => unknown][] = [
    ['plain http elsewhere', () => 'http://eu.api.idlayr.com/phone_check/v0.2/checks/x/redirect'],
    ['another host', () => 'https://evil.example/redirect'],
    ['a look-alike host', (url) => `${url}.evil.example/redirect`],
    ['a user part', (url) => url.replace('://', '://user@')],
    ['our host as user part', (url) => `https://127.0.0.1:${port(url)}@evil.example/`],
    ['an odd port', () => 'http://127.0.0.1:8443/redirect'],
    ['javascript:', () => 'javascript:alert(1)'],
    ['data:', () => 'data:text/html,x'],
    ['a backslash', (url) => `${url}\\@evil.example/`],
    ['a relative path', () => '/phone_check/v0.2/checks/x/redirect'],
    ['a line break', (url) => `${url}/\nx`],
    ['a tab', (url) => url.replace('http', 'ht\ttp')],
    ['an IDN look-alike', () => 'https://еu.api.idlayr.com/x'],
    ['no string', () => ['http://127.0.0.1/']],
    ['nothing', () => undefined],
  ]
  test.each(hostile)('%s is 503 and not in the answer', async (_name, href) => {
    const app = await startApp()
    const url = href(app.sim.url)
    app.sim.fault({ match: create, patchBody: (body) => ({ ...body, _links: { check_url: { href: url as string } } }) })
    const response = await new Browser(app.url).post('/login/phone', { phone_number: number })
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('evil')
  })

  test.each(['../../console/v0.2/workspaces', 'x', '', 7, 'c69bc0e6-a429-11ea-bb37-0242ac130002/../..'])(
    'neither does a check of the id %o',
    async (check_id) => {
      const app = await startApp()
      app.sim.fault({ match: create, patchBody: (body) => ({ ...body, check_id }) })
      expect((await new Browser(app.url).post('/login/phone', { phone_number: number })).status).toBe(503)
      expect(patches(app)).toBe(0)
    },
  )

  test('the server itself never opens a check URL', async () => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    await browser.post('/login/phone/verify', { flow, code })
    expect(
      app.sim.requests.filter((request) => request.from === 'server' && request.path.includes('/redirect')),
    ).toEqual([])
  })

  test('a time to live of a day is cut to two minutes', async () => {
    const app = await startApp()
    app.sim.fault({ match: create, patchBody: (body) => ({ ...body, ttl: 86_400 }) })
    const response = await new Browser(app.url).post('/login/phone', { phone_number: number })
    expect((await response.json()).expires_in).toBe(120)
  })
})
