import type { VerifyCallback } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { failing, type GuardedApp, guardedApp, prefixes, values } from '../support/failing-application.js'
import { scripted } from '../support/flow.js'

type Done = (error: unknown, user?: unknown) => void

/** What the function under test does when it is called, set anew by each case. */
function misbehaving() {
  const behaviour: { now: (done?: Done) => unknown } = { now: () => ({ id: 'u1' }) }
  return behaviour
}

const styles: Record<string, (act: (done?: Done) => unknown) => VerifyCallback> = {
  'that returns': (act) => (_identity) => act() as never,
  'with done': (act) => (_identity, done) => act(done as Done) as never,
  'that declares no parameters': (act) => ((...args: unknown[]) => act(args.at(-1) as Done)) as VerifyCallback,
}

/**
 * Every value in every way: the error handler gets an Error that names the function, and nothing
 * behind the guard ran.
 */
async function expectErrors(
  behaviour: { now: () => unknown },
  name: RegExp,
  request: () => ReturnType<GuardedApp['ask']>,
  ways?: string[],
) {
  for (const value of values) {
    for (const [way, fail] of Object.entries(failing(value))) {
      if (ways && !ways.includes(way)) continue
      behaviour.now = fail
      const { status, reached } = await request()
      const context = `${way} ${String(value)}`
      expect([status, reached.behind, reached.errors.length], context).toEqual([500, 0, 1])
      expect(reached.errors[0], context).toBeInstanceOf(Error)
      expect(String(reached.errors[0]), context).toMatch(name)
    }
  }
}

describe.each(Object.keys(styles))('a verify callback %s', (style) => {
  const made = (act: (done?: Done) => unknown) => styles[style]?.(act) as VerifyCallback

  test.each(prefixes)('of %s that throws or rejects lets nobody in', async (prefix) => {
    const behaviour = misbehaving()
    const verify = made(() => behaviour.now())
    const app = await guardedApp({ verify, linkVerify: verify })
    await expectErrors(behaviour, /[vV]erify callback of 'phonecheck/, async () =>
      app.ask(`${prefix}/verify`, { flow: await app.begin(prefix), code: 'right' }),
    )
  })

  test('of BearerStrategy that throws or rejects lets nobody in', async () => {
    const behaviour = misbehaving()
    const app = await guardedApp({ bearerVerify: made(() => behaviour.now()) as never })
    const token = await (await app.ask('/token', { flow: await app.begin(), code: 'right' })).json()
    const headers = { authorization: `Bearer ${token.access_token}` }
    await expectErrors(behaviour, /verify callback of 'bearer'/, () => app.ask('/api', undefined, headers))
  })

  test('on the return leg that throws or rejects lets nobody in', async () => {
    const behaviour = misbehaving()
    const app = await guardedApp({ verify: made(() => behaviour.now()) })
    await expectErrors(
      behaviour,
      /verify callback of 'phonecheck'/,
      async () => {
        await app.begin()
        return app.ask('/login/verify?check_id=first-check&code=right')
      },
      ['throws', 'rejects'],
    )
  })
})

test.each(Object.keys(styles).slice(1))(
  'a verify callback %s that gives a falsy value to done lets nobody in',
  async (style) => {
    let value: unknown
    const callback = styles[style]?.((done) => void done?.(value)) as VerifyCallback
    const app = await guardedApp({ verify: callback, bearerVerify: callback as never })
    for (value of values) {
      const login = await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })
      expect(login.reached.behind, String(value)).toBe(0)
      // Without an error and without a user, done refuses.
      if (value === undefined || value === null) expect((await login.json()).code).toBe('user_refused')
      else expect(String(login.reached.errors[0])).toMatch(/^Error: The verify callback of 'phonecheck'/)
    }
  },
)

test.each(Object.keys(styles))(
  'what can be no user is an error of a verify callback %s, and lets nobody in',
  async (style) => {
    let user: () => unknown = () => undefined
    const callback = styles[style]?.((done) =>
      style === 'that returns' ? user() : void done?.(null, user()),
    ) as VerifyCallback
    const app = await guardedApp({ verify: callback, bearerVerify: callback as never })
    user = () => ({ id: 'u1' })
    const { access_token } = await (await app.ask('/token', { flow: await app.begin(), code: 'right' })).json()
    const noUsers: Record<string, unknown> = {
      'a generator': (function* () {})(),
      'an async generator': (async function* () {})(),
      'an iterator': [1][Symbol.iterator](),
      'a function': () => false,
      'a class': class User {},
      'a symbol': Symbol('u1'),
    }
    for (const [what, value] of Object.entries(noUsers)) {
      user = () => value
      const login = await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })
      expect([what, login.status, login.reached.behind]).toEqual([what, 500, 0])
      expect(String(login.reached.errors[0])).toMatch(
        /^Error: The verify callback of 'phonecheck' .* instead of a user/,
      )
      const api = await app.ask('/api', undefined, { authorization: `Bearer ${access_token}` })
      expect([what, api.status, api.reached.behind]).toEqual([what, 500, 0])
      expect(String(api.reached.errors[0])).toMatch(/^Error: The verify callback of 'bearer'/)
    }
    for (const value of [{ id: 'u1' }, 'u1', 1, true, ['u1'], new Map(), { next: 'x' }]) {
      user = () => value
      expect((await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })).status).toBe(200)
    }
  },
)

test.each(Object.keys(styles).slice(1))(
  'a promise of nobody that is given to done by a callback %s lets nobody in',
  async (style) => {
    let user: () => unknown = () => undefined
    const callback = styles[style]?.((done) => void done?.(null, user())) as VerifyCallback
    const app = await guardedApp({ verify: callback })
    for (const nobody of [undefined, null, false, 0, '']) {
      user = async () => nobody
      const { status, reached } = await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })
      expect([status, reached.behind], String(nobody)).toEqual([403, 0])
    }
    user = () => Promise.reject(undefined)
    const { reached } = await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })
    expect([reached.behind, String(reached.errors[0])]).toEqual([
      0,
      expect.stringMatching(/verify callback of 'phonecheck'/),
    ])
    user = async () => ({ id: 'u1' })
    expect((await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })).status).toBe(200)
  },
)

test('`from` of requireAssurance that fails lets nobody pass', async () => {
  const behaviour = misbehaving()
  const app = await guardedApp({ from: () => behaviour.now() as object })
  await expectErrors(behaviour, /`from` of requireAssurance/, () => app.ask('/strong'), ['throws'])
  await expectErrors(behaviour, /from/, () => app.ask('/strong'), ['rejects', 'has a then that throws'])
  behaviour.now = () => Object.defineProperty({}, 'assurance', { get: failing(undefined)['throws'] as () => unknown })
  expect((await app.ask('/strong')).reached).toMatchObject({ behind: 0, errors: [expect.any(Error)] })
  behaviour.now = () => ({ assurance: 'high' })
  expect((await app.ask('/strong')).status).toBe(200)
})

test.each(['', '/fallback', '/resend', '/status', '/verify'])(
  'subject of a purpose that fails at POST /link%s',
  async (path) => {
    const behaviour = misbehaving()
    behaviour.now = () => 'u1'
    const app = await guardedApp({ linkSubject: () => behaviour.now() as string })
    const flow = await app.begin('/link')
    const body = path === '' ? { phone_number: '+12025550100' } : { flow, ...(path === '/verify' && { code: 'right' }) }
    await expectErrors(behaviour, /subject of the purpose 'link'/, () => app.ask(`/link${path}`, body), ['throws'])
    await expectErrors(
      behaviour,
      /subject must return the signed-in user's id as a string/,
      () => app.ask(`/link${path}`, body),
      ['rejects', 'has a then that throws'],
    )
  },
)

test.each([42, 0, true, Number.NaN, {}, () => 'u1'])(
  'a subject %s is named with what it must be, and no "Sign in first"',
  async (subject) => {
    const app = await guardedApp({ linkSubject: () => subject as never })
    const { status, reached } = await app.ask('/link', { phone_number: '+12025550100' })
    expect([status, String(reached.errors[0])]).toEqual([
      500,
      expect.stringMatching(/purpose\('link'\): subject must return the signed-in user's id as a string/),
    ])
  },
)

test.each([undefined, null, '', false])('a subject %s is nobody who is signed in: 401', async (subject) => {
  const app = await guardedApp({ linkSubject: () => subject as never })
  const answer = await app.ask('/link', { phone_number: '+12025550100' })
  expect([answer.status, (await answer.json()).detail]).toEqual([401, 'Sign in first.'])
})

test.each(['', '/fallback', '/resend'])(
  'beforeSend that fails at POST /login%s sends and charges nothing, and is heard of',
  async (path) => {
    const behaviour = misbehaving()
    behaviour.now = () => true
    const app = await guardedApp({ strategy: { beforeSend: () => behaviour.now() as boolean } })
    const flow = path === '' ? '' : await app.begin()
    await app.clock.advance(126_000)
    const starts = app.provider.starts
    const body = path === '' ? { phone_number: '+12025550100' } : { flow }
    await expectErrors(behaviour, /beforeSend threw or rejected with/, () => app.ask(`/login${path}`, body))
    behaviour.now = () => {
      throw new TypeError('no captcha')
    }
    expect((await app.ask(`/login${path}`, body)).reached.errors).toEqual([new TypeError('no captcha')])
    expect(app.provider.starts).toBe(starts)
    behaviour.now = () => true
    expect((await app.ask(`/login${path}`, body)).status).toBe(201)
  },
)

test.each(['start', 'fallback'] as const)(
  'beforeSend that fails in mid-ladder at %s ends it: the rung behind sends nothing',
  async (step) => {
    const ladder = ['first', 'second', 'third'].map((name) =>
      Object.assign(scripted(name), { sends: true, guessable: false }),
    )
    const [first, second, third] = ladder as [(typeof ladder)[0], (typeof ladder)[0], (typeof ladder)[0]]
    const behaviour = misbehaving()
    const beforeSend = (_req: unknown, { method }: { method: string }) =>
      method === 'second' ? (behaviour.now() as boolean) : true
    const app = await guardedApp({ strategy: { ladder, beforeSend } })
    const flow = step === 'fallback' ? await app.begin() : ''
    await app.clock.advance(126_000)
    first.onStart = async () => ({ unable: 'not_mobile_ip' })
    const request = () =>
      app.ask(
        step === 'start' ? '/login' : '/login/fallback',
        step === 'start' ? { phone_number: '+12025550100' } : { flow },
      )
    await expectErrors(behaviour, /beforeSend threw or rejected with/, request)
    expect([second.starts, third.starts]).toEqual([0, 0])
    behaviour.now = () => true
    expect((await (await request()).json()).method).toBe('second')
  },
)

test.each(['subject', 'claims'] as const)(
  '%s of the JwtSettings that throws what cannot be looked at ends no process',
  async (name) => {
    const has = () => {
      throw new Error('has')
    }
    const app = await guardedApp({
      jwt: {
        [name]: () => {
          throw new Proxy(new Error('x'), { has })
        },
      },
    })
    const { status, reached } = await app.ask('/token', { flow: await app.begin(), code: 'right' })
    expect([status, reached.behind, reached.errors.length]).toEqual([500, 0, 1])
  },
)

test.each(['subject', 'claims'] as const)('%s of the JwtSettings that fails issues no token', async (name) => {
  const behaviour = misbehaving()
  const app = await guardedApp({ jwt: { [name]: () => behaviour.now() } })
  const issue = async () => app.ask('/token', { flow: await app.begin(), code: 'right' })
  await expectErrors(behaviour, new RegExp(`${name} of the JwtSettings`), issue, ['throws'])
  await expectErrors(behaviour, new RegExp(name), issue, ['rejects', 'has a then that throws'])
})

test.each(['subject', 'claims', 'findUser'] as const)(
  '%s of the JwtSettings that fails at a refresh uses up nothing',
  async (name) => {
    const behaviour = misbehaving()
    const good = { subject: () => 'u1', claims: () => ({}), findUser: () => ({ id: 'u1' }) }[name]
    behaviour.now = good
    const app = await guardedApp({ jwt: { findUser: async () => ({ id: 'u1' }), [name]: () => behaviour.now() } })
    const login = await app.ask('/token', { flow: await app.begin(), code: 'right' })
    const { refresh_token } = await login.json()
    const refresh = () => app.ask('/refresh', { refresh_token })
    await expectErrors(
      behaviour,
      new RegExp(`${name} of the JwtSettings`),
      refresh,
      name === 'findUser' ? undefined : ['throws'],
    )
    behaviour.now = good
    expect((await refresh()).status).toBe(200)
  },
)

test('onEvent that fails, at once or later, touches no login', async () => {
  const behaviour = misbehaving()
  const app = await guardedApp({ strategy: { onEvent: () => behaviour.now() } })
  for (const value of values) {
    for (const fail of Object.values(failing(value))) {
      behaviour.now = fail
      const { status, reached } = await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })
      expect([status, reached]).toEqual([200, { behind: 1, errors: [] }])
    }
  }
})
