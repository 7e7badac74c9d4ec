import express from 'express'
import { MemoryStore } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { number, startApp, type TestApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { interceptedStore } from '../support/flow.js'
import { calls, type LadderApp, ladderApp, Visitor } from '../support/ladder.js'
import { begin, beginWithCode, isLoggedIn, patches, returnUrl } from '../support/login.js'
import { deliver, isHinted, signed } from '../support/webhooks.js'

describe('the scheme of an Origin, from a browser without Sec-Fetch-Site', () => {
  /** A page of the app's own host and port, loaded over this scheme. */
  const pageOf = ({ url }: TestApp, scheme: 'http' | 'https') => url.replace('http', scheme)
  const post = (browser: Browser, path: string, origin: string, body: object) =>
    browser.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify(body),
    })

  test.each(['cookie', 'handle'] as const)(
    'counts at start with a %s: a page that a stranger put on our host over plain http begins nothing at an https app',
    async (binding) => {
      const app = await startApp({ strategy: { cookie: { secure: true } }, start: { binding } })
      const browser = new Browser(app.url)

      const forged = await post(browser, '/login/phone', pageOf(app, 'http'), { phone_number: number })
      expect([forged.status, (await forged.json()).code]).toEqual([403, 'cross_site'])
      expect(app.sim.requests).toHaveLength(0)
      expect(app.events).toEqual([
        { type: 'cross_site_refused', path: '/login/phone', message: expect.stringContaining('Seen:') },
      ])

      expect((await post(browser, '/login/phone', pageOf(app, 'https'), { phone_number: number })).status).toBe(201)
    },
  )

  test('counts at redeem: such a page finishes no login of the visitor’s', async () => {
    const app = await startApp({ strategy: { cookie: { secure: true } } })
    const { browser, flow, code } = await beginWithCode(app)

    const forged = await post(browser, '/login/phone/verify', pageOf(app, 'http'), { flow, code })
    expect([forged.status, (await forged.json()).code]).toEqual([403, 'cross_site'])
    expect(patches(app)).toBe(0)
    expect(app.verified.count).toBe(0)

    expect((await post(browser, '/login/phone/verify', pageOf(app, 'https'), { flow, code })).status).toBe(200)
  })

  test('does not count in development over plain http, behind whatever ends TLS', async () => {
    const app = await startApp()
    for (const scheme of ['http', 'https'] as const) {
      expect(
        (await post(new Browser(app.url), '/login/phone', pageOf(app, scheme), { phone_number: number })).status,
      ).toBe(201)
    }
  })
})

test.each([{ 'x-purpose': 'preview' }, { 'x-purpose': 'prefetch' }, { 'x-moz': 'prefetch' }, { 'X-Moz': 'Prefetch' }])(
  'a browser that looks ahead at the return leg with %o is 400 and touches no store; the real visit still works',
  async (headers) => {
    const operations: string[] = []
    const store = interceptedStore(new MemoryStore(), (operation) => {
      operations.push(operation)
    })
    const app = await startApp({ redirect: true, strategy: { store } })
    const { browser, challengeUrl } = await begin(app)
    const link = await returnUrl(app, challengeUrl)
    operations.length = 0

    const probe = await browser.navigate(link, { ...headers })

    expect(probe.status).toBe(400)
    expect(probe.headers.get('cache-control')).toBe('no-store')
    expect(probe.headers.get('set-cookie')).toBeNull()
    expect(operations).toEqual([])
    expect(patches(app)).toBe(0)
    expect((await browser.navigate(link)).headers.get('location')).toBe('/')
    expect(await isLoggedIn(browser)).toBe(true)
  },
)

describe('a webhook whose raw body a parser of the app kept', () => {
  const limit = 16 * 1024

  async function keepingApp() {
    const parser = express.json({
      limit: '1mb',
      verify: (req, _res, rawBody) => {
        Object.assign(req, { rawBody })
      },
    })
    const app = await ladderApp('cookie + body', ['mocheck'], { webhook: true, before: (server) => server.use(parser) })
    const visitor = new Visitor(app)
    await visitor.start()
    return { app, visitor }
  }

  /** An authentic message of exactly so many bytes. */
  async function signedOf(app: LadderApp, bytes: number) {
    const { length } = (await signed(app, { filler: '' })).body
    const message = await signed(app, { filler: 'x'.repeat(bytes - length) })
    expect(Buffer.byteLength(message.body)).toBe(bytes)
    return message
  }

  test.each([17 * 1024, limit + 1])(
    'is 413 at %i bytes, however authentic, and nobody is asked about it',
    async (bytes) => {
      const { app, visitor } = await keepingApp()
      const message = await signedOf(app, bytes)
      const before = app.sim.requests.length
      expect(await deliver(app, message)).toEqual({ status: 413, code: 'payload_too_large' })
      expect(app.sim.requests).toHaveLength(before)
      expect(await isHinted(app, visitor)).toBe(false)
    },
  )

  test('is taken at 16 KiB', async () => {
    const { app, visitor } = await keepingApp()
    expect((await deliver(app, await signedOf(app, limit))).status).toBe(200)
    expect(await isHinted(app, visitor)).toBe(true)
    expect(app.sim.count(calls.moRead)).toBe(1)
  })
})
