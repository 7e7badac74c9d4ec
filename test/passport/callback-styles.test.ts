import type { BearerVerifyCallback, VerifyCallback } from 'passport-phonecheck'
import { expect, test } from 'vitest'
import { guardedApp } from '../support/failing-application.js'

type Done = (error: unknown, user?: unknown) => void
type Wrapper = (...args: unknown[]) => unknown

const user = { id: 'u1' }
const doneOf = (args: unknown[]) => args.at(-1) as Done

/** What those who wrap callbacks make: no declared parameters, and any style behind it. */
const wrappers: [string, Wrapper, status: number][] = [
  ['an async function that returns the user and never calls done', async (..._args) => user, 200],
  ['a function that returns the user', () => user, 200],
  [
    'a function that returns nothing and calls done later',
    (...args) => void setImmediate(() => doneOf(args)(null, user)),
    200,
  ],
  ['a function that calls done at once', (...args) => doneOf(args)(null, user), 200],
  [
    'NestJS: done is called inside of an async function that resolves to nothing',
    async (...args) => {
      await Promise.resolve()
      doneOf(args)(null, user)
    },
    200,
  ],
  [
    'done is given a promise of the user, and the function resolves to nothing before it',
    async (...args) => doneOf(args)(null, new Promise((resolve) => setImmediate(() => resolve(user)))),
    200,
  ],
  ['an async function that resolves to nothing', async () => undefined, 403],
  ['an async function that resolves to false', async () => false, 403],
  ['a function that returns null', () => null, 403],
  [
    'done says no before a user is returned',
    async (...args) => {
      doneOf(args)(null, false)
      return user
    },
    403,
  ],
]

test.each(wrappers)('a verify callback that declares no parameters: %s', async (_name, wrapper, status) => {
  expect(wrapper).toHaveLength(0)
  const app = await guardedApp({ verify: wrapper as VerifyCallback, bearerVerify: wrapper as BearerVerifyCallback })
  expect((await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })).status).toBe(status)
})

test('with passReqToCallback the wrapper gets request, identity and done', async () => {
  const seen: unknown[] = []
  const callback = (...args: unknown[]) => {
    seen.push(
      args.length,
      typeof (args[0] as { url?: unknown }).url,
      (args[1] as { country?: unknown }).country,
      typeof args[2],
    )
    doneOf(args)(null, user)
  }
  const app = await guardedApp({ strategy: { passReqToCallback: true } as object, verify: callback as VerifyCallback })
  expect((await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })).status).toBe(200)
  expect(seen).toEqual([3, 'string', 'US', 'function'])
})

/** The callback that @nestjs/passport's PassportStrategy makes of a class's validate. */
const nestCallback = (validate: (...params: unknown[]) => unknown) =>
  (async (...params: unknown[]) => {
    try {
      doneOf(params)(null, await validate(...params))
    } catch (error) {
      doneOf(params)(error, null)
    }
  }) as VerifyCallback

test('NestJS: validate logs in, refuses and fails', async () => {
  let validate: () => unknown = () => user
  const app = await guardedApp({ verify: nestCallback(() => validate()) })
  const ask = async () => app.ask('/login/verify', { flow: await app.begin(), code: 'right' })
  expect((await ask()).status).toBe(200)
  validate = () => false
  expect((await ask()).status).toBe(403)
  validate = () => Promise.reject(new Error('database down'))
  const { status, reached } = await ask()
  expect([status, reached]).toEqual([500, { behind: 0, errors: [new Error('database down')] }])
  validate = () => Promise.reject(undefined)
  expect((await ask()).reached.behind).toBe(0)
})

test.each([
  ['a forgotten return', (async () => {}) as VerifyCallback],
  ['done without a user', ((_identity: unknown, done: Done) => done(null)) as VerifyCallback],
])('%s is named in the event', async (_name, verify) => {
  const app = await guardedApp({ verify })
  const refused = await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })
  expect([refused.status, (await refused.json()).code]).toEqual([403, 'user_refused'])
  expect(app.events.filter(({ type }) => type === 'user_refused')).toEqual([
    expect.objectContaining({ reason: 'no_answer', message: expect.stringContaining('`return`') }),
  ])
})

test.each<[string, VerifyCallback]>([
  ['returns a promise of the user', async (_identity, _done) => user],
  ['returns a promise of no', async (_identity, _done) => null],
])(
  'a verify callback that declares done and %s fails at once, and the error names both ways',
  async (_name, verify) => {
    expect(verify).toHaveLength(2)
    const app = await guardedApp({ verify })
    const { status, reached } = await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })
    expect([status, reached.behind]).toEqual([500, 0])
    expect(String(reached.errors[0])).toMatch(
      /declares the parameter done .* leave done out to return the user, or call done\(null, user\)/,
    )
  },
)

test('what a callback that declares done happens to return is no user and no fault, as of a query or a timer', async () => {
  const app = await guardedApp({
    verify: ((_identity: unknown, done: Done) => setImmediate(() => done(null, user))) as unknown as VerifyCallback,
  })
  expect((await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })).status).toBe(200)
})

test('a no is no forgotten answer', async () => {
  const app = await guardedApp({ verify: async () => null })
  await app.ask('/login/verify', { flow: await app.begin(), code: 'right' })
  expect(app.events).toContainEqual(expect.objectContaining({ type: 'user_refused', reason: 'refused' }))
})
