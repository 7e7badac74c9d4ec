import { createRequire } from 'node:module'
import { build } from 'esbuild'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { createElement, type ReactElement } from 'react'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { number, type World, type WorldOptions, world } from '../support/client/client.js'
import { App } from '../support/client/react-login.js'
import { hasChromium } from '../support/examples/chromium.js'
import { root } from '../support/markdown.js'

const { renderToString }: { renderToString: (element: ReactElement) => string } = createRequire(import.meta.url)(
  'react-dom/server',
)

/** The page as a bundler ships it, with React's development build: only there StrictMode runs effects twice. */
async function bundle(): Promise<string> {
  const contents = `
    import { createElement, StrictMode } from 'react'
    import { createRoot, hydrateRoot } from 'react-dom/client'
    import { App } from './test/support/client/react-login.ts'
    const place = document.querySelector('#root')
    const { fetch } = window
    window.fetched = []
    window.fetch = (...args) => {
      window.fetched.push(args[0])
      return fetch(...args)
    }
    window.effects = 0
    const onEffect = () => (window.effects += 1)
    const app = createElement(StrictMode, null, createElement(App, { auto: location.search === '?auto', onEffect }))
    window.complaints = []
    const onRecoverableError = (error) => window.complaints.push(String(error))
    if (place.hasChildNodes()) hydrateRoot(place, app, { onRecoverableError })
    else createRoot(place, { onRecoverableError }).render(app)`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    alias: { 'passport-phonecheck/react': `${root}src/react/index.ts` },
    define: { 'process.env.NODE_ENV': '"development"' },
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

describe.skipIf(!hasChromium())('usePhoneLogin in Chromium, in StrictMode', () => {
  let browser: Browser
  let code: string

  beforeAll(async () => {
    code = await bundle()
    const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(() => browser?.close())

  interface Visit {
    app: World
    page: Page
    /** What the server was asked, such as `/login/phone`. */
    asked: string[]
  }

  /** A browser on the phone of that number, on the login page of the real app. */
  async function arrive(options: WorldOptions = {}, query = '', rendered = ''): Promise<Visit> {
    const app = await world({ binding: 'cookie', redirect: true, realTime: true, ...options })
    const html = `<!doctype html><title>login</title><div id="root">${rendered}</div><script type="module" src="/page.js"></script>`
    app.pages.get('/page.js', (_req, res) => void res.type('js').send(code))
    app.pages.get('/login', (_req, res) => void res.send(html))
    app.pages.get('/home', (req, res) => void res.send(`<title>home of ${req.user?.id}</title>`))
    app.sim.browserPhone = app.sim.phone(number)
    const context: BrowserContext = await browser.newContext()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on(
      'console',
      (line) => line.type() === 'error' && /react|hydrat/i.test(line.text()) && complaints.push(line.text()),
    )
    onTestFinished(() => expect(complaints).toEqual([]))
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.method() === 'POST') asked.push(new URL(request.url()).pathname)
    })
    await page.goto(`${app.url}/login${query}`)
    return { app, page, asked }
  }

  const click = (page: Page, name: string) => page.getByRole('button', { name }).click()
  const shown = (page: Page, state: string) => page.locator('output', { hasText: state }).waitFor()
  const stored = (page: Page): Promise<string[]> => page.evaluate(() => Object.values(sessionStorage))

  test('leaves, and comes back logged in', async () => {
    const { app, page, asked } = await arrive()
    await click(page, 'Log in')
    await page.waitForURL(`${app.url}/home`)
    expect(await page.title()).toBe(`home of user-of-${number}`)
    expect(asked).toEqual(['/login/phone'])
  })

  test('comes back with another SIM: resumes once, goes on with the next way, and shows its result', async () => {
    const { app, page, asked } = await arrive()
    app.sim.phone(number).sim = '+12025550199'
    await click(page, 'Log in')
    await shown(page, 'waiting_for_sms')
    expect(asked).toEqual(['/login/phone', '/login/phone/status', '/login/phone/fallback'])
    expect(page.url()).toBe(`${app.url}/login`)
    app.sms.outcome = { outcome: 'verified' }
    await shown(page, `done: user-of-${number}`)
  })

  test('an effect that starts the login starts it once: one message is paid for, and its code logs in', async () => {
    const { app, page, asked } = await arrive({ ladder: ['code'] }, '?auto')
    await shown(page, 'waiting_for_code')
    expect(await page.evaluate(() => Reflect.get(window, 'effects'))).toBe(2)
    expect(app.code.sent).toBe(1)
    expect(asked).toEqual(['/login/phone'])
    // Chromium sends nothing of a request that is given up at once; a slower one would be on its way.
    expect(await page.evaluate(() => Reflect.get(window, 'fetched'))).toEqual(['/login/phone'])
    await click(page, 'Send 1234')
    await shown(page, `done: user-of-${number}`)
  })

  test('unmounted while it starts, it gives the request up and forgets the login; mounted again it is a new one', async () => {
    const { page } = await arrive({ ladder: ['code'] })
    await page.route('**/login/phone', () => {})
    const asked = page.waitForEvent('request', (request) => request.url().endsWith('/login/phone'))
    await click(page, 'Log in')
    const request = await asked
    const lost = page.waitForEvent('requestfailed')
    await click(page, 'Leave')
    expect(await lost).toBe(request)

    await page.unroute('**/login/phone')
    await click(page, 'Enter')
    await shown(page, 'idle')
    await click(page, 'Log in')
    await shown(page, 'waiting_for_code')
    expect(await stored(page)).toHaveLength(1)
    await click(page, 'Leave')
    await page.waitForFunction(() => sessionStorage.length === 0)
  })

  test('a server renders it idle, and the hydrated page resumes the login that was left', async () => {
    const rendered = renderToString(createElement(App))
    expect(rendered).toContain('<output>idle</output>')
    const { page } = await arrive({ ladder: ['code'] }, '', rendered)
    await click(page, 'Log in')
    await shown(page, 'waiting_for_code')
    await page.reload()
    await shown(page, 'waiting_for_code')
    expect(await page.evaluate(() => Reflect.get(window, 'complaints'))).toEqual([])
  })
})
