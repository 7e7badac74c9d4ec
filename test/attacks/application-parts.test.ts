import { MemoryStore, type Provider, phoneCheck, type Store } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { expect, test } from 'vitest'
import { failing, type GuardedApp, guardedApp, values } from '../support/failing-application.js'
import { scripted } from '../support/flow.js'

const phone_number = '+12025550100'

/** Whatever comes of it, nothing behind a route ran, and who asked was told of a fault. */
async function expectOutages(
  fails: (fail: (() => never) | undefined) => void,
  request: () => ReturnType<GuardedApp['ask']>,
) {
  for (const value of values) {
    for (const [way, fail] of Object.entries(failing(value))) {
      fails(fail as () => never)
      const { status, reached } = await request()
      const context = `${way} ${String(value)}`
      expect([500, 503], context).toContain(status)
      expect(reached.behind, context).toBe(0)
      for (const error of reached.errors) expect(error, context).toBeInstanceOf(Error)
      fails(undefined)
    }
  }
}

test.each(['insert', 'find', 'replace', 'count', 'insertCharged', 'remove'] as const)(
  'a store whose %s fails with anything lets nobody in',
  async (operation) => {
    let fail: (() => never) | undefined
    const clock = fakeClock()
    const inner = new MemoryStore({ clock })
    const store = new Proxy(inner, {
      get(target, name) {
        if (name === 'insertCharged' && operation !== 'insertCharged') return undefined
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => (name === operation && fail ? fail() : Reflect.apply(member, target, args))
      },
    }) as Store
    const app = await guardedApp({ strategy: { store, clock } })
    const set = (how: typeof fail) => {
      fail = how
    }
    const reads = operation === 'find' || operation === 'replace'
    const flow = await app.begin()
    const request = () =>
      reads ? app.ask('/login/verify', { flow, code: 'right' }) : app.ask('/login', { phone_number })
    if (operation === 'remove') {
      set(failing(undefined)['throws'] as () => never)
      app.provider.onStart = async () => ({ unable: 'other' })
      expect((await request()).reached.behind).toBe(0)
    } else {
      await expectOutages(set, request)
    }
    set(undefined)
  },
)

test.each(['start', 'redeem'] as const)('a provider whose %s fails with anything logs nobody in', async (operation) => {
  const clock = fakeClock()
  let fail: (() => never) | undefined
  const provider: Provider = { ...scripted(), sends: true, guessable: false }
  const original = provider[operation] as (...args: unknown[]) => unknown
  Object.assign(provider, { [operation]: (...args: unknown[]) => (fail ?? original)(...args) })
  const app = await guardedApp({ strategy: { ladder: [provider], clock, store: new MemoryStore({ clock }) } })
  await expectOutages(
    (how) => {
      fail = how
    },
    async () => {
      // Past the pause of an open circuit.
      await clock.advance(86_400_000)
      if (operation === 'start') return app.ask('/login', { phone_number })
      const how = fail
      fail = undefined
      const flow = await app.begin()
      fail = how
      return app.ask('/login/verify', { flow, code: 'right' })
    },
  )
})

test('a clock that fails with anything lets nobody in', async () => {
  const clock = fakeClock()
  let fail: (() => never) | undefined
  const broken = { now: () => (fail ? fail() : clock.now()), delay: clock.delay }
  const app = await guardedApp({ strategy: { clock: broken, store: new MemoryStore({ clock }) } })
  const flow = await app.begin()
  for (const value of values) {
    fail = failing(value)['throws'] as () => never
    for (const path of ['', '/fallback', '/resend', '/status', '/verify']) {
      const { status, reached } = await app.ask(
        `/login${path}`,
        path === '' ? { phone_number } : { flow, ...(path === '/verify' && { code: 'right' }) },
      )
      expect([500, 503]).toContain(status)
      expect(reached.behind).toBe(0)
      for (const error of reached.errors) expect(error).toBeInstanceOf(Error)
    }
    fail = undefined
  }
})

test('an injected fetch that fails with anything is an outage at once, and ends no process', async () => {
  for (const value of values) {
    for (const fail of Object.values(failing(value))) {
      const clock = fakeClock()
      const ladder = [
        phoneCheck({
          brand: 'idlayr',
          region: 'eu',
          clientId: 'c',
          clientSecret: 's',
          fetch: fail as never,
          clock: { now: clock.now, delay: async () => {} },
        }),
      ]
      const app = await guardedApp({ strategy: { ladder, clock, store: new MemoryStore({ clock }) } })
      const { status, reached } = await app.ask('/login', { phone_number })
      expect([status, reached]).toEqual([503, { behind: 0, errors: [] }])
    }
  }
})

test.each([0, 1, '', {}, [], { rowCount: 0 }])(
  'a store that says %j instead of true has kept and replaced nothing',
  async (answer) => {
    const clock = fakeClock()
    const store = new MemoryStore({ clock })
    const app = await guardedApp({ strategy: { store, clock } })
    const flow = await app.begin()
    store.replace = async () => answer as never
    const { status, reached } = await app.ask('/login/verify', { flow, code: 'right' })
    expect([status, reached.behind]).toEqual([409, 0])
    expect(app.provider.redeems).toBe(0)
  },
)

test('a store that says null of what it does not know ends logins all the same', async () => {
  const store = new MemoryStore()
  const find = store.find.bind(store)
  store.find = async (key) => ((await find(key)) ?? null) as never
  const app = await guardedApp({ jwt: { store, checkRevoked: true } })
  const login = await (await app.ask('/token', { flow: await app.begin(), code: 'right' })).json()
  const headers = { authorization: `Bearer ${login.access_token}` }
  expect((await app.ask('/api', undefined, headers)).status).toBe(200)
  store.find = async () => null as never
  expect((await app.ask('/api', undefined, headers)).status).toBe(401)
})
