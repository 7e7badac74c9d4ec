import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { calls, ladderApp, Visitor } from '../support/ladder.js'
import { begin, beginWithCode } from '../support/login.js'
import { listen } from '../support/telemetry.js'
import { tokenApp } from '../support/tokens/tokens.js'

const country = 'US'

test('a login is traced step by step, all under its public id', async () => {
  const { ended } = listen()
  const app = await startApp()
  const { browser, id, flow, code } = await beginWithCode(app)
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  const steps = ended.filter(({ step }) => step !== 'store')
  const login = { flowId: id, purpose: 'login', method: 'phonecheck', vendor: 'idlayr', country }
  const durationMs = expect.any(Number)
  expect(steps).toEqual([
    { step: 'provider', ...login, operation: 'start', outcome: 'started', durationMs },
    { step: 'rung', ...login, outcome: 'started', durationMs },
    { step: 'start', ...login, outcome: 'started', durationMs },
    expect.objectContaining({ step: 'provider', ...login, operation: 'redeem', outcome: 'verified' }),
    { step: 'redeem', ...login, outcome: 'verified', durationMs },
  ])
  const store = ended.filter(({ step }) => step === 'store')
  expect(store.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual(
    expect.arrayContaining(['insertCharged ok', 'find ok', 'replace ok', 'count ok']),
  )
})

test('what failed says why, and its error carries a code and nothing else', async () => {
  const { ended } = listen()
  const app = await startApp()
  app.sim.fault({ match: 'POST /phone_check/v0.2/checks', status: 500, times: 9 })
  expect((await begin(app).catch((error: Error) => error)) instanceof Error).toBe(true)
  const [provider, rung, start] = ended.filter(({ step }) => step !== 'store')
  expect(provider).toMatchObject({ step: 'provider', outcome: 'provider_unavailable', reason: 'provider_down' })
  expect(rung).toMatchObject({ step: 'rung', outcome: 'unable', reason: 'provider_down' })
  expect(start).toMatchObject({ step: 'start', outcome: 'provider_unavailable', country })
  const { error } = provider as { error?: Error & { code?: string } }
  expect({ ...error, message: error?.message }).toEqual({
    code: 'provider_unavailable',
    message: 'provider_unavailable',
  })
})

test('a rung that is passed over and the one after it are traced one by one, timed by the clock of the strategy', async () => {
  const { ended } = listen()
  const app = await ladderApp('handle')
  app.sim.fault({ match: calls.create, status: 503, times: 9 })
  const { status } = await new Visitor(app).start()
  expect(status).toBe(201)
  expect(ended.filter(({ step }) => step === 'rung')).toMatchObject([
    { method: 'phonecheck', outcome: 'unable', reason: 'provider_down' },
    { method: 'mocheck', outcome: 'started' },
  ])
  // Nobody moved the clock of this app.
  expect(ended.map(({ durationMs }) => durationMs)).toEqual(ended.map(() => 0))
})

test('a refresh is traced, and so is one that is refused', async () => {
  const { ended } = listen()
  const app = await tokenApp()
  const { refresh_token } = (await app.login()).body
  await app.refresh(refresh_token)
  await app.refresh(refresh_token)
  expect(ended.filter(({ step }) => step === 'refresh')).toMatchObject([
    { outcome: 'ok' },
    { outcome: 'token_invalid' },
  ])
})

describe('an event', () => {
  test('is published as the listener is told of it: with the time, a sentence, and how long the login has taken', async () => {
    const { events } = listen()
    const app = await ladderApp('handle')
    const visitor = new Visitor(app)
    await visitor.start()
    await app.clock.advance(10_000)
    await visitor.fallback()
    const { type, at, message, durationMs } = events.find((event) => event.type === 'rung_started') as never
    expect({ type, at, durationMs }).toEqual({
      type: 'rung_started',
      at: new Date(app.clock.now()),
      durationMs: 10_000,
    })
    expect(message).toMatch(/^The ladder went on to this rung \(mocheck, US, [0-9a-f]{16}\)\.$/)
    expect(JSON.parse(JSON.stringify(events.at(-1)))).toMatchObject({
      at: expect.any(String),
      message: expect.any(String),
    })
  })

  test('has a sentence of its own, of whatever type it is', async () => {
    const { sentenceFor } = await import('../../src/lib/event-text.js')
    const { readText } = await import('../support/markdown.js')
    const types = [...readText('src/contracts/events.ts').matchAll(/\{ type: '(\w+)'([^}]*)/g)]
    const mute = types.filter(([, , members]) => !members?.includes('message')).map(([, type]) => type as never)
    expect(mute.length).toBeGreaterThan(15)
    for (const type of mute) expect(sentenceFor({ type } as never)).not.toBe(`${type}.`)
  })
})

describe('phone.timeline', () => {
  test('has the events of one login and of no other, and forgets the oldest login', async () => {
    const app = await startApp({ strategy: { timelines: 2 } })
    const { id, browser, flow, code } = await beginWithCode(app)
    const other = await begin(app)
    await browser.post('/login/phone/verify', { flow, code })
    expect(app.phone.timeline(id).map(({ type }) => type)).toEqual(['flow_started', 'identity_verified'])
    expect(app.phone.timeline(other.id).map(({ type }) => type)).toEqual(['flow_started'])
    await begin(app)
    expect(app.phone.timeline(id)).toEqual([])
    expect(app.phone.timeline(other.id)).toHaveLength(1)
  })

  test('has at most a hundred events of a login that never stops', async () => {
    const app = await startApp({ strategy: { timelines: 1 } })
    const { id } = await begin(app)
    const { emit } = app.phone.context
    for (let index = 0; index < 200; index++) emit({ type: 'late_result', flowId: id, method: 'phonecheck' })
    expect(app.phone.timeline(id)).toHaveLength(100)
    expect(app.events.length).toBeGreaterThan(200)
  })

  test('says which option it needs', async () => {
    const app = await startApp()
    expect(() => app.phone.timeline('x')).toThrow('set the option timelines')
  })
})
