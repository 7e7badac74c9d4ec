import session from 'express-session'
import { MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { secret, startApp, type TestAppOptions } from '../support/app.js'
import { begin, beginWithCode, isLoggedIn, patches, returnUrl } from '../support/login.js'

/** An app whose sessions are kept by a store that fails when it is told to. */
async function appWithSessions(options: TestAppOptions = {}) {
  const clock = fakeClock()
  const sessions = new session.MemoryStore()
  /** How many of the next calls fail. */
  const failures = { set: 0, destroy: 0 }
  const { set, destroy } = sessions
  const failing = (operation: 'set' | 'destroy', done?: (error?: unknown) => void): boolean => {
    if (failures[operation] === 0) return false
    failures[operation] -= 1
    done?.(new Error('the session store is down'))
    return true
  }
  sessions.set = (id, kept, done) => void (failing('set', done) || set.call(sessions, id, kept, done))
  sessions.destroy = (id, done) => void (failing('destroy', done) || destroy.call(sessions, id, done))
  const app = await startApp({
    before: (express) => express.use(session({ secret, resave: false, saveUninitialized: false, store: sessions })),
    ...options,
    strategy: { clock, store: new MemoryStore({ clock }), ...options.strategy },
  })
  return { app, failures, clock }
}

describe.each(['set', 'destroy'] as const)('a session store that fails once at %s', (operation) => {
  test('costs no proof: nobody is logged in, and the same request logs in without another provider call', async () => {
    const { app, failures } = await appWithSessions()
    const { browser, flow, code } = await beginWithCode(app)
    failures[operation] = 1
    const failed = await browser.post('/login/phone/verify', { flow, code })
    expect([failed.status, (await failed.json()).code]).toEqual([500, 'app_error'])
    expect(await isLoggedIn(browser)).toBe(false)

    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
    expect(await isLoggedIn(browser)).toBe(true)
    expect(patches(app)).toBe(1)
    expect(app.verified.count).toBe(2)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
  })

  test('costs no proof on the return leg either', async () => {
    const { app, failures } = await appWithSessions({ redirect: true })
    const { browser, challengeUrl } = await begin(app)
    const url = await returnUrl(app, challengeUrl)
    failures[operation] = 1
    expect((await browser.navigate(url)).status).toBe(500)
    expect(await isLoggedIn(browser)).toBe(false)
    const again = await browser.navigate(url)
    expect([again.status, again.headers.get('location')]).toEqual([302, '/'])
    expect(await isLoggedIn(browser)).toBe(true)
    expect(patches(app)).toBe(1)
  })
})

describe('what may be repeated after a login that failed', () => {
  test('is one login, however many requests repeat it at once', async () => {
    const { app, failures } = await appWithSessions()
    const { browser, flow, code } = await beginWithCode(app)
    failures.set = 1
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(500)
    const repeats = Array.from({ length: 20 }, () => browser.post('/login/phone/verify', { flow, code }))
    const statuses = (await Promise.all(repeats)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(patches(app)).toBe(1)
  })

  test('belongs to the same browser alone', async () => {
    const { app, failures } = await appWithSessions()
    const { browser, flow, code } = await beginWithCode(app)
    failures.set = 1
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(500)
    const other = (await beginWithCode(app)).browser
    expect((await other.post('/login/phone/verify', { flow, code })).status).toBe(401)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  })

  test('lapses a minute after the proof, also when the login fails again and again', async () => {
    const { app, failures, clock } = await appWithSessions()
    const { browser, flow, code } = await beginWithCode(app)
    for (let seconds = 0; seconds < 60; seconds += 20) {
      failures.set = 1
      expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(500)
      await clock.advance(20_000)
    }
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
    expect(patches(app)).toBe(1)
  })

  test('is seen by status: proven, then used', async () => {
    const { app, failures } = await appWithSessions({ start: { binding: 'handle' } })
    const { browser, flow, code } = await beginWithCode(app)
    const status = async () => (await (await browser.post('/login/phone/status', { flow })).json()).state
    failures.set = 1
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(500)
    expect(await status()).toBe('verified')
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
    expect(await status()).toBe('verified')
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
  })
})

test('a serializeUser that throws a value which Passport takes for no error logs nobody in, and costs no proof', async () => {
  const { app } = await appWithSessions()
  const { browser, flow, code } = await beginWithCode(app)
  for (const value of [undefined, null, '', 0, false]) {
    let fails = true
    app.passport.serializeUser((user, done) => {
      if (!fails) return done(null, user)
      fails = false
      throw value
    })
    // Those that were named first are asked first.
    const stack = Reflect.get(app.passport, '_serializers') as unknown[]
    stack.unshift(stack.pop())
    const failed = await browser.post('/login/phone/verify', { flow, code })
    expect([String(value), failed.status, (await failed.json()).code]).toEqual([String(value), 500, 'app_error'])
    expect(await isLoggedIn(browser)).toBe(false)
  }
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  expect(await isLoggedIn(browser)).toBe(true)
  expect(patches(app)).toBe(1)
})
