import { MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { begin, beginWithCode, isLoggedIn, patches, returnUrl } from '../support/login.js'

describe('a verify callback that fails', () => {
  test('by throwing: no login; the same browser may repeat without another provider call', async () => {
    let calls = 0
    const app = await startApp({
      verify: async () => {
        calls += 1
        if (calls === 1) throw new Error('the database is down')
        return { id: 'u1' }
      },
    })
    const { browser, flow, code } = await beginWithCode(app)
    const failed = await browser.post('/login/phone/verify', { flow, code })
    expect(failed.status).toBe(500)
    expect((await failed.json()).code).toBe('app_error')
    expect(await isLoggedIn(browser)).toBe(false)
    const message = expect.stringContaining('your error handler')
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'verify_callback_failed', message }))

    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
    expect(patches(app)).toBe(1)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
    expect(calls).toBe(2)
  })

  test('twenty parallel repeats of a proven flow are one login', async () => {
    let calls = 0
    const app = await startApp({
      verify: async () => {
        calls += 1
        if (calls === 1) throw new Error('the database is down')
        return { id: 'u1' }
      },
    })
    const { browser, flow, code } = await beginWithCode(app)
    await browser.post('/login/phone/verify', { flow, code })
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await browser.post('/login/phone/verify', { flow, code })).status),
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(calls).toBe(2)
    expect(patches(app)).toBe(1)
  })

  test('a proof lapses after a minute', async () => {
    const clock = fakeClock()
    const app = await startApp({
      strategy: { clock, store: new MemoryStore({ clock }) },
      verify: async () => {
        throw new Error('the database is down')
      },
    })
    const { browser, flow, code } = await beginWithCode(app)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(500)
    await clock.advance(59_000)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(500)
    await clock.advance(1_000)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
    expect(patches(app)).toBe(1)
  })

  test('by hanging: it is cut off before the lease ends, and what it says later changes nothing', async () => {
    const clock = fakeClock()
    let asked = false
    let answer: (user: Express.User) => void = () => {}
    const app = await startApp({
      strategy: { clock, store: new MemoryStore({ clock }) },
      verify: () =>
        new Promise((resolve) => {
          asked = true
          answer = resolve
        }),
    })
    const { browser, flow, code } = await beginWithCode(app)
    const hanging = browser.post('/login/phone/verify', { flow, code })
    await until(() => asked)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(409)
    await clock.advance(19_000)
    expect((await hanging).status).toBe(500)
    answer({ id: 'late' })
    expect(await isLoggedIn(browser)).toBe(false)
  })

  test.each([
    ['false', async () => false as const],
    ['nothing', async () => undefined],
    ['null', async () => null],
    ['done(null, false)', (_identity: unknown, done: (error: unknown, user?: false) => void) => done(null, false)],
  ])('by saying no with %s: 403, and the flow is over', async (_name, verify) => {
    const app = await startApp({ verify: verify as () => Promise<false> })
    const { browser, flow, code } = await beginWithCode(app)
    const refused = await browser.post('/login/phone/verify', { flow, code })
    expect(refused.status).toBe(403)
    expect((await refused.json()).code).toBe('user_refused')
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
    expect(patches(app)).toBe(1)
    expect(await isLoggedIn(browser)).toBe(false)
  })

  test('on the return leg a refusal is a redirect, and the application’s own error reaches its error handler', async () => {
    const no = await startApp({ redirect: true, verify: async () => false as const })
    const refused = await begin(no)
    const response = await refused.browser.navigate(await returnUrl(no, refused.challengeUrl))
    expect(response.headers.get('location')).toBe('/login?phonecheck=user_refused')

    const broken = await startApp({
      redirect: true,
      verify: async () => {
        throw new Error('the database is down')
      },
    })
    const login = await begin(broken)
    expect((await login.browser.navigate(await returnUrl(broken, login.challengeUrl))).status).toBe(500)
  })
})

describe('both styles of callback', () => {
  test.each([
    ['a promise', async () => ({ id: 'u1' })],
    ['a plain value', () => ({ id: 'u1' })],
    ['done', (_identity: unknown, done: (error: unknown, user?: Express.User) => void) => done(null, { id: 'u1' })],
    [
      'done, later',
      (_identity: unknown, done: (error: unknown, user?: Express.User) => void) => {
        setImmediate(() => done(null, { id: 'u1' }))
      },
    ],
    [
      'done from an async function',
      async (_identity: unknown, done: (error: unknown, user?: Express.User) => void) => done(null, { id: 'u1' }),
    ],
    [
      'done twice',
      (_identity: unknown, done: (error: unknown, user?: Express.User) => void) => {
        done(null, { id: 'u1' })
        done(null, { id: 'u2' })
      },
    ],
  ])('%s logs in', async (_name, verify) => {
    const app = await startApp({ verify: verify as () => Promise<Express.User> })
    const { browser, flow, code } = await beginWithCode(app)
    const response = await browser.post('/login/phone/verify', { flow, code })
    expect(await response.json()).toMatchObject({ user: { id: 'u1' } })
  })

  test.each([
    ['done(error)', (_identity: unknown, done: (error: unknown) => void) => done(new Error('no database'))],
    [
      'a rejection beside done',
      async (_identity: unknown, _done: unknown) => {
        throw new Error('no database')
      },
    ],
    [
      'a throw beside done',
      (_identity: unknown, _done: unknown) => {
        throw new Error('no database')
      },
    ],
  ])('%s is the application’s error, not an unhandled rejection', async (_name, verify) => {
    const app = await startApp({ verify: verify as () => Promise<false> })
    const { browser, flow, code } = await beginWithCode(app)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(500)
  })
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
