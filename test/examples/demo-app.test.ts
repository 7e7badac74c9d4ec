import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MemoryStore, phoneCheck } from 'passport-phonecheck'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../examples/session-login/app.js'
import { maskNumber } from '../../examples/session-login/users.js'
import { Browser } from '../support/browser.js'
import { ownServer } from '../support/examples/own-server.js'

const number = '+12025550100'

/** The app as people copy it, without anything of the demo. */
async function startCopy(): Promise<{ url: string; sim: Simulator }> {
  const sim = await startSimulator()
  onTestFinished(() => sim.close())
  const { server, url } = await ownServer()
  const app = createApp({
    ladder: [phoneCheck({ baseUrl: sim.url, clientId: 'client', clientSecret: 'secret' })],
    store: new MemoryStore(),
    secret: 'a-test-secret-of-at-least-32-bytes',
    sessionSecret: 'another-test-secret',
    origin: url,
  })
  server.on('request', app)
  return { url, sim }
}

async function signIn(browser: Browser, sim: Simulator): Promise<Response> {
  const { challenge } = await (await browser.post('/login/phone/browser', { phone_number: number })).json()
  const { location } = await sim.phone(number).browse(challenge.url)
  if (location === undefined) throw new Error('not sent back')
  return browser.navigate(location)
}

test('guards its home page, greets who signed in, and lets them out', async () => {
  const { url, sim } = await startCopy()
  const browser = new Browser(url)
  expect((await browser.request('/')).headers.get('location')).toBe('/login')

  expect((await signIn(browser, sim)).headers.get('location')).toBe('/')
  expect(await (await browser.request('/')).text()).toContain(
    'Signed in as <strong class="number">+1 ••• ••• ••00</strong>',
  )
  expect((await browser.request('/login')).headers.get('location')).toBe('/')

  const out = await browser.request('/logout', { method: 'POST' })
  expect(out.headers.get('location')).toBe('/login')
  expect((await browser.request('/')).headers.get('location')).toBe('/login')
})

test('gives a visitor no session before they signed in, and a Lax, HttpOnly one then', async () => {
  const { url, sim } = await startCopy()
  const browser = new Browser(url)
  await browser.request('/login')
  await browser.request('/')
  expect(browser.setCookies).toEqual([])
  await signIn(browser, sim)
  expect(browser.setCookies.find((line) => line.startsWith('connect.sid='))).toMatch(/; HttpOnly; SameSite=Lax$/)
})

test('sends the strict headers with pages, files and refusals', async () => {
  const { url } = await startCopy()
  for (const path of ['/login', '/style.css', '/login.js', '/nothing-here']) {
    const { headers } = await fetch(url + path)
    expect(headers.get('content-security-policy'), path).toMatch(/^default-src 'none'/)
    expect(headers.get('x-content-type-options'), path).toBe('nosniff')
    expect(headers.get('x-powered-by'), path).toBeNull()
  }
})

test.each([
  ['+12025550100', '+1 ••• ••• ••00'],
  ['+79161234567', '+7 ••• ••• ••67'],
  ['+4915112345678', '+49 ••• ••• •••78'],
  ['+447400123456', '+44 ••• ••• ••56'],
])('%s is shown as %s', (e164, masked) => {
  expect(maskNumber(e164)).toBe(masked)
})

test('server.ts names everything that is missing at once, and starts nothing', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const tsx = fileURLToPath(import.meta.resolve('tsx/cli'))
  const env = { PATH: process.env['PATH'], PHONECHECK_BRAND: 'acme', ORIGIN: 'https://app.example/login' }
  const run = spawnSync(process.execPath, [tsx, 'examples/session-login/server.ts'], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  expect(run.status).toBe(1)
  expect(run.stdout).toBe('')
  expect(run.stderr.trim().split('\n')).toEqual([
    'PHONECHECK_BRAND must be one of tru.id, idlayr',
    expect.stringMatching(/^PHONECHECK_CLIENT_ID is missing: /),
    expect.stringMatching(/^PHONECHECK_CLIENT_SECRET is missing: /),
    expect.stringMatching(/^PHONECHECK_SECRET is missing: /),
    expect.stringMatching(/^SESSION_SECRET is missing: /),
    'ORIGIN must be an origin without a path',
  ])
})
