import { MemoryStore } from 'passport-phonecheck'
import { expect, test } from 'vitest'
import { Browser } from '../support/browser.js'
import { interceptedStore } from '../support/flow.js'
import { calls, ladderApp, Visitor } from '../support/ladder.js'

test('close() refuses new requests, lets those that have begun end, and may be called again', async () => {
  const app = await ladderApp('cookie + body', ['phonecheck'])
  const visitor = new Visitor(app)
  const { challenge } = (await visitor.start()).body
  const end = await visitor.phone.open(challenge.url)
  const fault = app.sim.fault({ match: calls.patch, delayMs: 100 })
  const redeeming = visitor.verify({ code: end.body?.['code'] })
  while (fault.hits === 0) await new Promise((resolve) => setImmediate(resolve))

  const closing = app.phone.close()
  expect(app.phone.close()).toBe(closing)
  const refused = await new Visitor(app, visitor.number, new Browser(app.url)).start()
  expect(refused).toMatchObject({ status: 503, body: { code: 'provider_unavailable' }, retryAfter: 1 })
  await app.clock.advance(100)
  expect((await redeeming).status).toBe(200)
  await closing
  expect(app.sim.count(calls.create)).toBe(1)
})

test('close() waits no longer than ten seconds', async () => {
  const app = await ladderApp('cookie + body', ['phonecheck'], { verify: () => new Promise(() => {}) })
  const visitor = new Visitor(app)
  const { challenge } = (await visitor.start()).body
  const end = await visitor.phone.open(challenge.url)
  const hanging = visitor.verify({ code: end.body?.['code'] })
  while (app.sim.count(calls.patch) === 0) await new Promise((resolve) => setImmediate(resolve))
  let closed = false
  const closing = app.phone.close().then(() => {
    closed = true
  })
  await app.clock.advance(9_000)
  expect(closed).toBe(false)
  await app.clock.advance(1_000)
  await closing
  await app.clock.advance(10_000)
  expect((await hanging).status).toBe(500)
})

test('ready() asks the store and no provider, and tells of open breakers', async () => {
  let broken: 'no' | 'down' = 'no'
  const app = await ladderApp('cookie + body', ['phonecheck'], {
    strategy: {
      store: interceptedStore(new MemoryStore(), () => {
        if (broken === 'down') throw new Error('down')
      }),
    },
  })
  expect(await app.phone.ready()).toEqual({ ready: true, store: 'ok', breakers: [], refused: [] })
  for (let index = 0; index < 1_000; index++) await app.phone.ready()
  expect(app.sim.requests).toHaveLength(0)

  app.sim.fault({ match: calls.create, status: 500 })
  for (let index = 0; index < 5; index++) await new Visitor(app).start()
  broken = 'down'
  expect(await app.phone.ready()).toEqual({
    ready: false,
    store: 'failed',
    breakers: [{ method: 'phonecheck', operation: 'start', state: 'open' }],
    refused: [],
  })
})

test('ready() does not wait for a store that hangs', async () => {
  const store = new MemoryStore()
  store.find = () => new Promise(() => {})
  const app = await ladderApp('cookie + body', ['phonecheck'], { strategy: { store } })
  const asking = app.phone.ready()
  await app.clock.advance(500)
  expect(await asking).toMatchObject({ ready: false, store: 'failed' })
})
