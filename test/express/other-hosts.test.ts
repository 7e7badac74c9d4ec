import { expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { beginWithCode } from '../support/login.js'

const phone_number = '+12025550100'

test('a client that resets its connection after its last byte is still charged to its own address', async () => {
  const app = await startApp({
    strategy: { limits: { startsPerAddress: 1 } },
    before: (server) =>
      server.use((req, _res, next) => {
        // A socket that was reset has no address any more.
        const get = () => (req.readableEnded ? undefined : '198.51.100.1')
        Object.defineProperty(req, 'ip', { get })
        Object.defineProperty(req.socket, 'remoteAddress', { get, configurable: true })
        next()
      }),
  })
  const start = () => new Browser(app.url).post('/login/phone', { phone_number })
  expect([(await start()).status, (await start()).status]).toEqual([201, 429])
  expect(app.events.filter(({ type }) => type === 'misconfiguration')).toEqual([])
})

test('a response without appendHeader, as koa-passport makes one, gets its cookies, beside those that are there', async () => {
  const app = await startApp({
    before: (server) =>
      server.use((_req, res, next) => {
        Object.assign(res, { appendHeader: undefined })
        res.setHeader('Set-Cookie', 'own=1; Path=/')
        next()
      }),
  })
  const { browser, flow, code } = await beginWithCode(app)
  expect([...browser.cookies.keys()]).toEqual(['own', expect.stringMatching(/^phonecheck-/)])
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  expect([...browser.cookies.keys()].some((name) => /^phonecheck-[0-9a-f]{8}$/.test(name))).toBe(false)
})
