import type { Request } from 'express'
import { MemoryStore, type OnEvent, type PhoneCheckEvent, type requireAssurance } from 'passport-phonecheck'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import { createClient } from 'redis'
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest'
import { startApp, type TestAppOptions } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { interceptedStore } from '../support/flow.js'

const said: string[] = []
const hear = (warning: Error) => void (warning.name === 'PhoneCheckWarning' && said.push(warning.message))
beforeEach(() => {
  said.length = 0
  process.on('warning', hear)
})
afterEach(() => void process.off('warning', hear))

/** An app that listens to no events, as in the quick start. */
async function silentApp(strategy: TestAppOptions['strategy'] = {}) {
  const app = await startApp({ strategy: { ...strategy, onEvent: undefined as unknown as OnEvent } })
  const start = () => new Browser(app.url).post('/login/phone', { phone_number: '+12025550100' })
  return { app, start }
}

test('a vendor that refuses our credentials is a warning of the process, once', async () => {
  const { app, start } = await silentApp()
  app.sim.fault({ match: 'POST /oauth2/v1/token', status: 401, times: 100 })
  for (let times = 0; times < 3; times++) expect((await start()).status).toBe(503)
  await vi.waitFor(() =>
    expect(said.join()).toContain('phonecheck refused token with HTTP 401: check `clientId` and `clientSecret`'),
  )
  expect(said.filter((text) => text.includes('refused token'))).toHaveLength(1)
  expect(said.join()).toContain('docs/reference/events.md#provider_misconfigured')
})

test('a PostgreSQL without its tables says how it gets them, and no more of the fault', async () => {
  const failing = interceptedStore(new MemoryStore(), () => {
    throw Object.assign(new Error('relation "SECRET-CANARY" does not exist'), { code: '42P01' })
  })
  const { start } = await silentApp({ store: failing })
  expect((await start()).status).toBe(503)
  await vi.waitFor(
    () => expect(said.join()).toContain('(42P01). Its tables are missing: call `await store.migrate()`'),
    60_000,
  )
  expect(said.join()).not.toContain('CANARY')
})

test('a client of Redis that was never connected is told of with what connects it', async () => {
  const { start } = await silentApp({ store: new RedisStore({ client: createClient() }) })
  expect((await start()).status).toBe(503)
  await vi.waitFor(() =>
    expect(said.join()).toContain(
      '(ClientClosedError). The client of Redis is not connected: call `await client.connect()`',
    ),
  )
})

test('whoever listens hears of it instead, with the code and what to look at, and without the fault’s own words', async () => {
  const failing = interceptedStore(new MemoryStore(), () => {
    throw Object.assign(new Error('SECRET-CANARY'), { code: 'ECONNREFUSED' })
  })
  const app = await startApp({ strategy: { store: failing } })
  await new Browser(app.url).post('/login/phone', { phone_number: '+12025550100' })
  expect(app.events).toContainEqual({
    type: 'store_outage',
    operation: expect.any(String),
    code: 'ECONNREFUSED',
    message: expect.stringMatching(/^The store failed at \w+ \(ECONNREFUSED\)\. Nothing listens at the address/),
  })
  expect(JSON.stringify(app.events)).not.toContain('CANARY')
  await new Promise((resolve) => setImmediate(resolve))
  expect(said.join()).not.toContain('ECONNREFUSED')
})

test.each(['+12025550100', '12025550100', 'duplicate key (x)', ''])(
  'a code that is none stays out: %j',
  async (code) => {
    const failing = interceptedStore(new MemoryStore(), () => {
      throw Object.assign(new Error('x'), { code })
    })
    const app = await startApp({ strategy: { store: failing } })
    await new Browser(app.url).post('/login/phone', { phone_number: '+12025550100' })
    const outages = app.events.filter(({ type }) => type === 'store_outage')
    expect(outages.length).toBeGreaterThan(0)
    for (const outage of outages) expect(outage).not.toHaveProperty('code')
  },
)

test('events that ask the operator to look at something say what, by their type', () => {
  type Kinds<Having> = Extract<PhoneCheckEvent, Having>['type']
  /** Of some reasons only: a user that the application refused is no fault of its. */
  type Partly = Extract<Kinds<{ message: string }>, Exclude<PhoneCheckEvent, { message: string }>['type']>
  expectTypeOf<Partly>().toEqualTypeOf<'user_refused' | 'token_refused'>()
  // A new kind belongs to one of the two lists, or this does not compile.
  expectTypeOf<Exclude<Kinds<{ message: string }>, Partly>>().toEqualTypeOf<
    | 'spending_limit'
    | 'verify_callback_failed'
    | 'cross_site_refused'
    | 'provider_outage'
    | 'provider_misconfigured'
    | 'quota_exceeded'
    | 'provider_overloaded'
    | 'breaker_opened'
    | 'store_outage'
    | 'webhook_refused'
    | 'misconfiguration'
    | 'reminder'
  >()
  /** What users and strangers do, and what passed well. */
  expectTypeOf<Exclude<PhoneCheckEvent['type'], Kinds<{ message: string }>>>().toEqualTypeOf<
    | 'flow_started'
    | 'rung_skipped'
    | 'rung_spent'
    | 'rung_started'
    | 'message_sent'
    | 'step_refused'
    | 'review_login'
    | 'code_rejected'
    | 'flow_failed'
    | 'identity_verified'
    | 'suspicious'
    | 'foreign_verify'
    | 'breaker_closed'
    | 'late_result'
    | 'flow_cancelled'
    | 'number_erased'
    | 'number_unlocked'
    | 'refresh_reused'
    | 'user_revoked'
  >()
})

test("callbacks may name Express's own request", () => {
  type From = Parameters<typeof requireAssurance>[1]['from']
  expectTypeOf<
    (req: Request & { session?: { proof?: { assurance: string } } }) => { assurance: string } | undefined
  >().toExtend<From>()
})
