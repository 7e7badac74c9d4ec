import { MemoryStore } from 'passport-phonecheck'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { beginWithCode, isLoggedIn, patches } from '../support/login.js'

test('50 parallel redeems of one flow: one 200, one PATCH, one verify callback, one session', async () => {
  const app = await startApp()
  const { browser, flow, code } = await beginWithCode(app)
  const statuses = await Promise.all(
    Array.from({ length: 50 }, async () => (await browser.post('/login/phone/verify', { flow, code })).status),
  )
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status !== 200 && status !== 409 && status !== 401)).toEqual([])
  expect(patches(app)).toBe(1)
  expect(app.verified.count).toBe(1)
})

test('50 redeems that all read the flow before any of them writes: one 200, one PATCH', async () => {
  const store = new MemoryStore()
  const find = store.find.bind(store)
  let waiting = 0
  let open: () => void = () => {}
  const everybodyHasRead = new Promise<void>((resolve) => {
    open = resolve
  })
  const app = await startApp({ strategy: { store } })
  const { browser, flow, code } = await beginWithCode(app)
  store.find = async (key) => {
    const found = await find(key)
    waiting += 1
    if (waiting === 50) open()
    await everybodyHasRead
    return found
  }
  const statuses = await Promise.all(
    Array.from({ length: 50 }, async () => (await browser.post('/login/phone/verify', { flow, code })).status),
  )
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 409)).toHaveLength(49)
  expect(patches(app)).toBe(1)
})

test('a replay of a redeemed flow is refused, by its owner too, and asks no provider', async () => {
  const app = await startApp()
  const login = await beginWithCode(app)
  const cookies = new Map(login.browser.cookies)
  expect((await login.browser.post('/login/phone/verify', { flow: login.flow, code: login.code })).status).toBe(200)

  const replayer = new Browser(app.url)
  for (const [name, value] of cookies) replayer.cookies.set(name, value)
  const replay = await replayer.post('/login/phone/verify', { flow: login.flow, code: login.code })
  expect(replay.status).toBe(401)
  expect((await replay.json()).code).toBe('flow_invalid')
  expect(await isLoggedIn(replayer)).toBe(false)
  expect(patches(app)).toBe(1)
})

test('three wrong codes use the rung up: a fourth try asks no provider, even with the right code', async () => {
  const app = await startApp()
  const { browser, flow, code } = await beginWithCode(app)
  const answers = []
  for (let attempt = 0; attempt < 3; attempt++)
    answers.push(await (await browser.post('/login/phone/verify', { flow, code: 'wrong' })).json())
  expect(answers.map(({ code, attempts_left }) => [code, attempts_left])).toEqual([
    ['invalid_code', 2],
    ['invalid_code', 1],
    ['invalid_code', 0],
  ])
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
  expect(patches(app)).toBe(3)
})

test('50 parallel wrong codes never reach the provider more than three times', async () => {
  const app = await startApp()
  const { browser, flow, code } = await beginWithCode(app)
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 50 }, () => browser.post('/login/phone/verify', { flow, code: 'wrong' })))
  }
  expect(patches(app)).toBe(3)
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
})

test('the session id changes at login and nothing of the anonymous session survives', async () => {
  const app = await startApp({
    before: () => {},
    after: (express) => {
      express.post('/plant', (req, res) => {
        Object.assign(req.session, { evil: 1 })
        res.json({})
      })
      express.get('/evil', (req, res) => {
        res.json({ evil: Reflect.get(req.session, 'evil') ?? null })
      })
    },
  })
  const browser = new Browser(app.url)
  await browser.post('/plant', {})
  const before = browser.cookies.get('connect.sid')
  expect(before).toBeDefined()
  const { flow, code } = await beginWithCode(app, browser)
  await browser.post('/login/phone/verify', { flow, code })
  expect(browser.cookies.get('connect.sid')).not.toBe(before)
  expect(await (await browser.request('/evil')).json()).toEqual({ evil: null })
  const old = new Browser(app.url)
  old.cookies.set('connect.sid', before ?? '')
  expect(await isLoggedIn(old)).toBe(false)
})
