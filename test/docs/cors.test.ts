import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import express, { type Express } from 'express'
import session from 'express-session'
import passport from 'passport'
import { MemoryStore, type PhoneCheckStrategy, phoneCheck, phoneCheckErrors } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { expect, onTestFinished, test } from 'vitest'
import { Browser } from '../support/browser.js'
import { bundle } from '../support/client/bundle.js'
import { hasChromium, launchChromium } from '../support/examples/chromium.js'
import { ownServer } from '../support/examples/own-server.js'
import { codeBlocks, readText, root } from '../support/markdown.js'

const section =
  /^## When the page is of another origin[\s\S]*?^In the page/m.exec(readText('docs/guides/web-page.md'))?.[0] ?? ''
const [recipe = ''] = codeBlocks(section, 'ts')
const number = '+12025550100'

interface Declared {
  app: Express
  options: object
  findOrCreate(phoneNumber: string): Promise<Express.User>
}

declare global {
  var declared: Declared
}

/** Runs the code of the guide, with these addresses in place of its own, and these values for what it declares. */
async function run(code: string, addresses: Record<string, string>, values: Declared): Promise<PhoneCheckStrategy> {
  globalThis.declared = values
  const text = Object.entries(addresses).reduce((text, [from, to]) => text.replaceAll(from, to), code)
  const folder = mkdtempSync(`${root}test/.readme-`)
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = `${folder}/recipe.mts`
  writeFileSync(file, text.replace(/^declare const (\w+):.*$/gm, 'const $1 = globalThis.declared.$1'))
  return (await import(/* @vite-ignore */ file)).phone
}

/** An API by the recipe, and a page of another origin. */
async function setUp() {
  const [api, www] = [await ownServer(), await ownServer()]
  const sim = await startSimulator()
  onTestFinished(() => sim.close())
  const app = express()
  const phone = await run(
    recipe,
    { 'https://api.example': api.url, 'https://www.example': www.url },
    {
      app,
      options: {
        ladder: [phoneCheck({ baseUrl: sim.url, clientId: 'id', clientSecret: 'secret' })],
        store: new MemoryStore(),
        secret: 'at least 32 bytes, for a test of a recipe',
        cookie: { secure: false },
      },
      findOrCreate: async (phoneNumber) => ({ id: phoneNumber.slice(-4) }),
    },
  )
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser<Express.User>((user, done) => done(null, user))
  app.post('/login/phone', phone.start())
  app.post('/login/phone/status', phone.status())
  app.use(session({ secret: 'for a test', resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }))
  app.use(passport.session())
  app.get('/login/phone/return', passport.authenticate('phonecheck', { successRedirect: `${www.url}/signed-in` }))
  app.get('/me', (req, res) => void res.json(req.user ?? null))
  app.use(phoneCheckErrors())
  api.server.on('request', app)
  return { api, www, sim }
}

test('the CORS recipe lets the listed page call the routes and read the answers, and no other page', async () => {
  const { api, www } = await setUp()
  const preflight = (origin: string) =>
    fetch(`${api.url}/login/phone`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    })
  const allowed = await preflight(www.url)
  expect(allowed.headers.get('access-control-allow-origin')).toBe(www.url)
  expect(allowed.headers.get('access-control-allow-credentials')).toBe('true')
  expect(allowed.headers.get('access-control-allow-headers')).toBe('content-type')

  const start = (origin: string) =>
    new Browser(api.url).post('/login/phone', { phone_number: number }, { 'sec-fetch-site': 'same-site', origin })
  expect((await start(www.url)).status).toBe(201)
  const other = await start('https://www.other.example')
  expect(other.status).toBe(403)
  expect(other.headers.get('access-control-allow-origin')).toBe(www.url)
})

test.skipIf(!hasChromium())('a user of the page of the CORS recipe signs in, in Chromium', async () => {
  const { api, www } = await setUp()
  const pages = express()
  const code = await bundle()
  pages.get('/client.js', (_req, res) => void res.type('js').send(code))
  pages.get('/', (_req, res) => {
    res.send(`<!doctype html><title>Sign in</title><button>Sign in</button><p role="status"></p><script type="module">
      import { phoneLogin } from '/client.js'
      const login = phoneLogin({ baseUrl: '${api.url}', credentials: 'include' })
      login.subscribe(({ problem }) => { if (problem) document.querySelector('p').textContent = problem.code })
      document.querySelector('button').onclick = () => login.start('${number}')
      await login.resume()
    </script>`)
  })
  pages.get('/signed-in', (_req, res) => {
    res.send(`<!doctype html><title>Signed in</title><p role="status"></p><script type="module">
      const me = await fetch('${api.url}/me', { credentials: 'include' })
      document.querySelector('p').textContent = await me.text()
    </script>`)
  })
  www.server.on('request', pages)
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()

  await page.goto(`${www.url}/`)
  await page.getByRole('button').click()
  await page.waitForURL(`${www.url}/signed-in`)
  await page.getByRole('status').filter({ hasText: '{"id":"0100"}' }).waitFor()
})
