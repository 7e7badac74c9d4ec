import { createServer } from 'node:net'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { number, startApp, type TestApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { adapterClock, outlast } from '../support/hanging.js'
import { endless } from '../support/limits.js'
import { begin, beginWithCode, creates, isLoggedIn, patches, returnUrl } from '../support/login.js'

const token = 'POST /oauth2/v1/token'
const create = 'POST /phone_check/v0.2/checks'
const patch = 'PATCH /phone_check/v0.2/checks/*'

const start = (app: TestApp) => new Browser(app.url).post('/login/phone', { phone_number: number })
const tokens = (app: TestApp) => app.sim.count(token)

describe('create', () => {
  test.each([
    ['reset before processing, once', { reset: 'before', times: 1 }, 201, 2],
    ['reset after processing, once', { reset: 'after', times: 1 }, 201, 2],
    ['reset always', { reset: 'before' }, 503, 2],
    ['502 once', { status: 502, times: 1 }, 201, 2],
    ['503 once', { status: 503, times: 1 }, 201, 2],
    ['503 always', { status: 503 }, 503, 2],
    ['504 always', { status: 504 }, 503, 2],
    ['500', { status: 500 }, 503, 1],
    ['401 once', { status: 401, times: 1 }, 201, 2],
    ['401 always', { status: 401 }, 503, 2],
    ['402', { status: 402 }, 503, 1],
    ['403', { status: 403 }, 503, 1],
    ['404', { status: 404 }, 503, 1],
    ['204', { status: 204, processed: true, body: '' }, 503, 1],
    ['black hole', { hang: true }, 503, 1],
    ['drip', { dripMs: 1_000 }, 503, 1],
    ['truncated', { truncate: true }, 503, 2],
    ['10 MB', { hugeBody: 10_000_000 }, 503, 1],
    ['HTML with 201', { status: 201, headers: { 'content-type': 'text/html' }, body: '<html>' }, 503, 1],
    ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:9/' } }, 503, 1],
    ['429 that fits', { status: 429, headers: { 'retry-after': '0' }, times: 1 }, 201, 2],
    ['429 without Retry-After', { status: 429 }, 503, 1],
    ['429 for an hour', { status: 429, headers: { 'retry-after': '3600' } }, 503, 1],
    [
      '429 until a date',
      { status: 429, headers: { 'retry-after': new Date(Date.now() + 600_000).toUTCString() } },
      503,
      1,
    ],
    ['429 with nonsense', { status: 429, headers: { 'retry-after': 'soon' } }, 503, 1],
  ] as const)('%s: answers %3$i after %4$i calls', async (_name, fault, status, calls) => {
    const clock = fakeClock()
    const app = await startApp({ provider: { clock: adapterClock(clock) } })
    const handle = app.sim.fault({ match: create, ...fault })
    const neverEnds = 'hang' in fault || 'dripMs' in fault
    const response = await (neverEnds ? outlast(start(app), handle, clock, [10_000]) : start(app))
    expect(response.status).toBe(status)
    expect(creates(app)).toBe(calls)
    if (status === 503) expect((await response.json()).code).toBe('provider_unavailable')
  })

  test('our own Retry-After repeats the vendor’s, in seconds', async () => {
    const app = await startApp()
    app.sim.fault({ match: create, status: 429, headers: { 'retry-after': '90' } })
    expect((await start(app)).headers.get('retry-after')).toBe('90')
  })

  test.each([
    ['400 phone_format_invalid', 400, 'phone_format_invalid', 400, 'invalid_phone_number', undefined],
    ['400 mno_not_supported', 400, 'mno_not_supported', 422, 'ladder_exhausted', 'mno_not_supported'],
    ['400 bad_request, our own fault', 400, 'bad_request', 503, 'provider_unavailable', undefined],
    ['409', 409, 'ip_msisdn_mismatch', 422, 'ladder_exhausted', 'ip_msisdn_mismatch'],
    ['412', 412, 'not_mobile_ip', 422, 'ladder_exhausted', 'not_mobile_ip'],
    ['501', 501, 'mno_redirect_unsupported', 422, 'ladder_exhausted', 'mno_redirect_unsupported'],
  ] as const)(
    '%s of either brand is told by its fragment',
    async (_name, vendorStatus, fragment, status, code, reason) => {
      for (const host of ['developer.tru.id', 'developer.idlayr.com']) {
        const app = await startApp()
        const body = {
          type: `https://${host}/docs/reference/api-errors#${fragment}`,
          title: 'x',
          detail: 'SECRET-CANARY',
        }
        app.sim.fault({
          match: create,
          status: vendorStatus,
          headers: { 'content-type': 'application/problem+json' },
          body,
        })
        const response = await start(app)
        const problem = await response.text()
        expect(response.status).toBe(status)
        expect(JSON.parse(problem)).toMatchObject({ code, ...(reason && { reason }) })
        expect(problem).not.toContain('SECRET-CANARY')
      }
    },
  )

  test('a 400 without a known fragment says that the country is not supported', async () => {
    const app = await startApp()
    app.sim.fault({ match: create, status: 400, body: { title: 'Bad Request' } })
    expect(await (await start(app)).json()).toMatchObject({ code: 'ladder_exhausted', reason: 'mno_not_supported' })
  })
})

describe('redeem', () => {
  test.each([
    ['reset before processing, once', { reset: 'before', times: 1 }, 200, 2],
    ['500 once, not processed', { status: 500, times: 1 }, 200, 2],
    ['503 always', { status: 503 }, 503, 2],
    ['reset always', { reset: 'before' }, 503, 2],
    ['black hole', { hang: true }, 503, 2],
    ['401 once', { status: 401, times: 1 }, 200, 2],
    ['401 always', { status: 401 }, 503, 2],
    ['402', { status: 402 }, 503, 1],
    ['403', { status: 403 }, 503, 1],
    ['429 that fits', { status: 429, headers: { 'retry-after': '0' }, times: 1 }, 200, 2],
    ['429 for long', { status: 429, headers: { 'retry-after': '3600' } }, 503, 1],
    ['404', { status: 404 }, 401, 1],
    ['400', { status: 400 }, 401, 1],
  ] as const)('%s: answers %3$i after %4$i calls', async (_name, fault, status, calls) => {
    const clock = fakeClock()
    const app = await startApp({ provider: { clock: adapterClock(clock) } })
    const { browser, flow, code } = await beginWithCode(app)
    const handle = app.sim.fault({ match: patch, ...fault })
    const verify = browser.post('/login/phone/verify', { flow, code })
    const response = await ('hang' in fault ? outlast(verify, handle, clock, [10_000, 10_000]) : verify)
    expect(response.status).toBe(status)
    expect(patches(app)).toBe(calls)
    expect(await isLoggedIn(browser)).toBe(status === 200)
  })

  test('reset after processing: the repeat finds the code used, which proves nothing, so the rung is over', async () => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    app.sim.fault({ match: patch, reset: 'after', times: 1 })
    const response = await browser.post('/login/phone/verify', { flow, code })
    expect(response.status).toBe(422)
    expect((await response.json()).code).toBe('rung_unable')
    expect(patches(app)).toBe(2)
    expect(await isLoggedIn(browser)).toBe(false)
  })

  test('reset after processing, at a vendor that repeats its answer: one login', async () => {
    const app = await startApp({ simulator: { behaviour: { reusedCode: 200 } } })
    const { browser, flow, code } = await beginWithCode(app)
    app.sim.fault({ match: patch, reset: 'after', times: 1 })
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
    expect(patches(app)).toBe(2)
  })

  test('an outage costs no try: after it ends the same code logs in', async () => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    const fault = app.sim.fault({ match: patch, status: 503 })
    for (let attempt = 0; attempt < 4; attempt++)
      expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(503)
    fault.remove()
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  })

  test('an outage on the return leg is a redirect to the login page, and the visit can be repeated', async () => {
    const app = await startApp({ redirect: true })
    const { browser, challengeUrl } = await begin(app)
    const link = await returnUrl(app, challengeUrl)
    const fault = app.sim.fault({ match: patch, status: 503 })
    const response = await browser.navigate(link)
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/login?phonecheck=provider_unavailable&reason=provider_down')
    fault.remove()
    expect((await browser.navigate(link)).headers.get('location')).toBe('/')
  })
})

describe('token', () => {
  test.each([
    ['401', { status: 401 }, 503, 1],
    ['500 twice', { status: 500, times: 2 }, 201, 3],
    ['500 always', { status: 500 }, 503, 3],
    ['reset once', { reset: 'before', times: 1 }, 201, 2],
    ['an empty answer', { status: 200, body: {} }, 503, 1],
    ['a token with a line break', { status: 200, body: { access_token: 'a\r\nx: y', expires_in: 3600 } }, 503, 1],
  ] as const)('%s: answers %3$i after %4$i calls', async (_name, fault, status, calls) => {
    const app = await startApp({ provider: { clock: adapterClock(fakeClock()) } })
    app.sim.fault({ match: token, ...fault })
    expect((await start(app)).status).toBe(status)
    expect(tokens(app)).toBe(calls)
  })

  test('a token that the vendor refuses is replaced once, whoever notices', async () => {
    const app = await startApp()
    await start(app)
    app.sim.expireTokens()
    const answers = await Promise.all(Array.from({ length: 20 }, () => start(app)))
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(201))
    expect(tokens(app)).toBe(2)
  })

  test.each([undefined, 0, -1, 'x', 1e12])('expires_in %o is survived', async (expires_in) => {
    const app = await startApp()
    app.sim.fault({ match: token, patchBody: (body) => ({ ...body, expires_in: expires_in as number }) })
    expect((await start(app)).status).toBe(201)
    expect((await start(app)).status).toBe(201)
  })
})

test('a refused connection and an unknown host are outages', async () => {
  const closed = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
  for (const baseUrl of [`http://127.0.0.1:${closed}`, 'https://does-not-exist.invalid']) {
    const app = await startApp({ provider: { baseUrl } })
    const message = expect.stringContaining('`baseUrl`')
    const response = await start(app)
    expect(response.status).toBe(503)
    expect(app.events).toContainEqual({
      type: 'provider_outage',
      method: 'phonecheck',
      operation: 'token',
      kind: 'connect',
      message,
    })
  }
})

test('a warm login costs exactly two upstream requests', async () => {
  const app = await startApp()
  const warm = await beginWithCode(app)
  await warm.browser.post('/login/phone/verify', { flow: warm.flow, code: warm.code })
  const before = app.sim.requests.filter((request) => request.from === 'server').length
  const { browser, flow, code } = await beginWithCode(app)
  await browser.post('/login/phone/verify', { flow, code })
  expect(app.sim.requests.filter((request) => request.from === 'server')).toHaveLength(before + 2)
})

test('many concurrent cold starts cost one token call', async () => {
  // Fewer than a listening socket keeps waiting (511): on a busy machine the system resets the rest.
  const count = 400
  const app = await startApp({ strategy: { limits: endless } })
  const answers = await Promise.all(Array.from({ length: count }, () => start(app)))
  expect(answers.filter((answer) => answer.status === 201)).toHaveLength(count)
  expect(tokens(app)).toBe(1)
  expect(creates(app)).toBe(count)
})

test('an operator hears of an outage, and louder of credentials that are refused', async () => {
  const app = await startApp()
  app.sim.fault({ match: create, status: 500, times: 1 })
  await start(app)
  app.sim.fault({ match: create, status: 402, times: 1 })
  await start(app)
  const refused = { type: 'step_refused', step: 'start', code: 'provider_unavailable' }
  expect(app.events.filter(({ type }) => type !== 'rung_skipped')).toEqual([
    {
      type: 'provider_outage',
      method: 'phonecheck',
      operation: 'create',
      kind: 'status',
      status: 500,
      message: 'phonecheck answered create with HTTP 500.',
    },
    expect.objectContaining(refused),
    expect.objectContaining({ type: 'provider_misconfigured', method: 'phonecheck', operation: 'create', status: 402 }),
    expect.objectContaining(refused),
  ])
})
