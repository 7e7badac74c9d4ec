import type { PhoneLogin, Progress } from 'passport-phonecheck/client'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { bundle } from '../support/client/bundle.js'
import { number, type World, type WorldOptions, world } from '../support/client/client.js'
import { hasChromium } from '../support/examples/chromium.js'

declare global {
  interface Window {
    login: PhoneLogin<{ user: string; method: string }>
    states: string[]
  }
}

const html = `<!doctype html><title>login</title><script type="module">
  import { phoneLogin } from '/client.js'
  window.login = phoneLogin()
  window.states = []
  login.subscribe(({ state }) => states.push(state))
  await login.resume()
  document.title = 'ready'
</script>`

describe.skipIf(!hasChromium())('the client in Chromium', () => {
  let browser: Browser
  let code: string

  beforeAll(async () => {
    code = await bundle()
    browser = await chromium.launch({
      executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
      // Playwright switches it off, and it is what some of these tests are about.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    })
  })
  afterAll(() => browser?.close())

  interface Visit {
    app: World
    context: BrowserContext
    page: Page
    /** What the server was asked, such as `POST /login/phone`. */
    asked: string[]
  }

  /** A browser on the phone of that number, on the login page of the real app. */
  async function arrive(
    options: WorldOptions = {},
    prepare?: (context: BrowserContext) => Promise<unknown>,
  ): Promise<Visit> {
    const app = await world({ binding: 'cookie', redirect: true, realTime: true, ...options })
    const asked: string[] = []
    app.pages.get('/client.js', (_req, res) => void res.type('js').send(code))
    app.pages.get('/login', (_req, res) => void res.send(html))
    app.pages.get('/home', (req, res) => void res.send(`<title>home of ${req.user?.id}</title>`))
    app.sim.browserPhone = app.sim.phone(number)
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const complaints: string[] = []
    context.on('weberror', (error) => complaints.push(String(error.error())))
    onTestFinished(() => expect(complaints).toEqual([]))
    await prepare?.(context)
    const page = await context.newPage()
    page.on('request', (request) => {
      if (request.method() === 'POST') asked.push(new URL(request.url()).pathname)
      // The handle travels in bodies and cookies alone.
      expect(request.url()).not.toMatch(/[\w-]{43}/)
    })
    await page.goto(`${app.url}/login`)
    await ready(page)
    return { app, context, page, asked }
  }

  const ready = (page: Page) => page.waitForFunction(() => document.title === 'ready')
  const progress = (page: Page): Promise<Progress> => page.evaluate(() => window.login.progress)
  const states = (page: Page): Promise<string[]> => page.evaluate(() => window.states)
  const stored = (page: Page): Promise<string[]> => page.evaluate(() => Object.values(sessionStorage))
  const reached = (page: Page, state: Progress['state']) =>
    page.waitForFunction((wanted) => window.login.progress.state === wanted, state)
  /** The page may leave while it is told to. */
  const start = (page: Page) =>
    page.evaluate((number) => {
      void window.login.start(number)
      void window.login.start(number)
    }, number)

  test('leaves, comes back logged in, and the next visit starts afresh', async () => {
    const { app, page, asked } = await arrive()
    await start(page)
    await page.waitForURL(`${app.url}/home`)
    expect(await page.title()).toBe(`home of user-of-${number}`)
    expect(asked).toEqual(['/login/phone'])

    expect(await stored(page)).toHaveLength(1)
    await page.goto(`${app.url}/login`)
    await ready(page)
    expect(await progress(page)).toEqual({ state: 'idle' })
    expect(await stored(page)).toEqual([])
  })

  test('comes back with another SIM: goes on with the next way, and the address is clean', async () => {
    const { app, page, asked } = await arrive()
    app.sim.phone(number).sim = '+12025550199'
    await start(page)
    await page.waitForURL(`${app.url}/login`)
    await reached(page, 'waiting_for_sms')
    expect(asked).toEqual(['/login/phone', '/login/phone/status', '/login/phone/fallback'])
    expect(await states(page)).toEqual(['checking', 'falling_back', 'waiting_for_sms'])

    app.sms.outcome = { outcome: 'verified' }
    await reached(page, 'done')
    expect(await progress(page)).toEqual({ state: 'done', result: { user: `user-of-${number}`, method: 'mocheck' } })
    expect(await stored(page)).toEqual([])
    await page.goto(`${app.url}/home`)
    expect(await page.title()).toBe(`home of user-of-${number}`)
  })

  describe('comes back with the result behind the #:', () => {
    test('logs in, and neither the address nor the history keeps it', async () => {
      const { app, page, asked } = await arrive({ ladder: ['vonage', 'code'] })
      const seen: string[] = []
      page.on('framenavigated', (frame) => seen.push(frame.url()))
      await start(page)
      await reached(page, 'done')
      expect(await progress(page)).toMatchObject({ result: { user: `user-of-${number}`, method: 'vonage-silent' } })
      expect(seen).toContainEqual(expect.stringMatching(/\/login\?phonecheck=returned#request_id=.*&code=/))
      expect(page.url()).toBe(`${app.url}/login`)
      expect(asked).toEqual(['/login/phone', '/login/phone/status', '/login/phone/verify'])
      expect(await stored(page)).toEqual([])
      await page.goto(`${app.url}/home`)
      expect(await page.title()).toBe(`home of user-of-${number}`)
    })

    test('with the error of another SIM goes on with the next way', async () => {
      const { app, page, asked } = await arrive({ ladder: ['vonage', 'code'] })
      app.sim.phone(number).sim = '+12025550199'
      await start(page)
      await reached(page, 'waiting_for_code')
      expect(page.url()).toBe(`${app.url}/login`)
      expect(asked).toEqual(['/login/phone', '/login/phone/status', '/login/phone/verify', '/login/phone/fallback'])
    })

    test.each([
      ['a request and a code of their own', 'request_id=c11236f4-00bf-4b89-84ba-88b25df97315&code=aaaaaa'],
      ['a code alone', 'code=aaaaaa'],
      ['nothing', ''],
    ])(
      "of a stranger's link with %s: nobody is logged in, and the login's only try is not used up",
      async (_case, fragment) => {
        const { app, page } = await arrive({ ladder: ['vonage', 'code'] })
        // The vendor keeps the browser where it is, and the stranger's link comes first.
        await page.route('**/silent-auth/redirect', (route) => route.fulfill({ status: 204 }))
        await start(page)
        await page.waitForFunction(() => window.login.progress.state === 'opening')
        await page.goto(`${app.url}/login?phonecheck=returned#${fragment}`)
        await ready(page)
        await page.waitForFunction(() => !['checking', 'idle'].includes(window.login.progress.state))
        expect(app.sim.count('POST /v2/verify/*-*')).toBe(0)
        expect((await progress(page)).state).not.toBe('done')
        expect(new URL(page.url()).hash).toBe('')
      },
    )
  })

  test('comes back because the operator failed, with no other way: says so, and can start again', async () => {
    const { app, page } = await arrive({ ladder: ['silent'] })
    app.sim.phone(number).operator = 'mno_timeout'
    await start(page)
    await page.waitForURL(`${app.url}/login`)
    await reached(page, 'failed')
    expect(await progress(page)).toMatchObject({ problem: { code: 'rung_unable', action: 'restart' }, fallback: [] })
    app.sim.phone(number).operator = 'supported'
    await start(page)
    await page.waitForURL(`${app.url}/home`)
  })

  test('comes back because of an outage: the way is still open, so the user chooses', async () => {
    const { app, page, asked } = await arrive()
    app.sim.fault({ match: 'PATCH /phone_check/v0.2/checks/*', status: 503 })
    await start(page)
    await page.waitForURL(`${app.url}/login`)
    await reached(page, 'failed')
    expect(await progress(page)).toMatchObject({
      problem: { code: 'provider_unavailable', action: 'fallback' },
      fallback: ['mocheck', 'idenfy-sms'],
    })
    expect(asked).not.toContain('/login/phone/fallback')
  })

  test('stranded on the vendor’s page, the user goes back: the page is as it was, and says what can be done', async () => {
    const { app, page } = await arrive()
    app.sim.phone(number).mobileData = false
    await start(page)
    await page.waitForURL(`${app.sim.url}/**`)
    await page.goBack({ waitUntil: 'commit' })
    await reached(page, 'failed')
    expect(await progress(page)).toMatchObject({
      problem: { code: 'interrupted', action: 'fallback' },
      fallback: ['mocheck', 'idenfy-sms'],
    })
    // The very same page: nothing was loaded again.
    expect(await states(page)).toEqual(['idle', 'starting', 'opening', 'checking', 'failed'])
    // And nobody paid a second look: ten seconds must pass before the next way.
    await page.evaluate(() => void window.login.fallback())
    await page.waitForFunction(() => 'retryAt' in window.login.progress)
    await page.evaluate(() => window.login.cancel())
    expect(await stored(page)).toEqual([])
  })

  test('stranded, and the way is spent: goes on by itself', async () => {
    const { app, context, page } = await arrive()
    app.sim.phone(number).mobileData = false
    await start(page)
    await page.waitForURL(`${app.sim.url}/**`)
    const { flow } = JSON.parse(app.handles.at(-1) ?? '{}')
    const report = await context.request.post(`${app.url}/login/phone/verify`, {
      headers: { origin: app.url },
      data: { flow, error: 'sdk_error' },
    })
    expect(report.status()).toBe(422)
    await page.goBack({ waitUntil: 'commit' })
    await reached(page, 'waiting_for_sms')
    expect(await states(page)).toEqual(['idle', 'starting', 'opening', 'checking', 'falling_back', 'waiting_for_sms'])
  })

  test('comes to a page that was loaded again: the stored login is taken up', async () => {
    const { app, page } = await arrive()
    app.sim.phone(number).mobileData = false
    await start(page)
    await page.waitForURL(`${app.sim.url}/**`)
    await page.goto(`${app.url}/login`)
    await reached(page, 'failed')
    expect(await states(page)).toEqual(['checking', 'failed'])
    expect(await progress(page)).toMatchObject({ problem: { code: 'interrupted', action: 'fallback' } })
  })

  test('types a code after a reload, where there is no WebOTP', async () => {
    const { page, asked } = await arrive({ ladder: ['code'] }, (context) =>
      context.addInitScript(() => void Reflect.deleteProperty(window, 'OTPCredential')),
    )
    await start(page)
    await reached(page, 'waiting_for_code')
    const before = await progress(page)
    await page.reload()
    await reached(page, 'waiting_for_code')
    expect(await progress(page)).toEqual(before)
    expect(await page.evaluate(() => window.login.submitCode('1234'))).toMatchObject({
      state: 'done',
      result: { method: 'idenfy-sms' },
    })
    expect(asked).toEqual(['/login/phone', '/login/phone/status', '/login/phone/verify'])
  })

  test('types a code where there is WebOTP, and nothing of it is left', async () => {
    const { page } = await arrive({ ladder: ['code'] }, (context) =>
      context.addInitScript(() => {
        Object.assign(window, { OTPCredential: class {}, given: [] })
        const get = async ({ signal }: { signal: AbortSignal }) => {
          ;(window as unknown as { given: AbortSignal[] }).given.push(signal)
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        }
        Object.defineProperty(navigator, 'credentials', { value: { get } })
      }),
    )
    await start(page)
    await reached(page, 'waiting_for_code')
    await page.evaluate(() => window.login.submitCode('1234'))
    await reached(page, 'done')
    const aborted = await page.evaluate(() =>
      (window as unknown as { given: AbortSignal[] }).given.map((signal) => signal.aborted),
    )
    expect(aborted).toEqual([true])
  })
})
