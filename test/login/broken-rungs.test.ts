import { MemoryStore, type Outcome, type PhoneCheckError, type Provider, type Store } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { begin, flowSetup, refusal, scripted } from '../support/flow.js'
import { calls, ladderApp, Visitor } from '../support/ladder.js'

// What users buy a ladder for: that somebody who can log in by any of its rungs does, whatever has
// become of the others.

const faults = {
  503: { status: 503 },
  429: { status: 429, headers: { 'retry-after': '2290' } },
  401: { status: 401 },
  402: { status: 402 },
  403: { status: 403 },
  'an HTML page': { status: 201, headers: { 'content-type': 'text/html' }, body: '<html>' },
  'a 404': { status: 404 },
  'a reset before it acted': { reset: 'before' },
  'a reset after it acted': { reset: 'after' },
} as const
type Fault = `${keyof typeof faults}`

/**
 * Why a rung that sends was left, and the event that its operator hears; undefined where a message
 * may be out, so that the ladder stops.
 */
const sending: Record<Fault, [reason: string, event: string] | undefined> = {
  503: undefined,
  429: ['quota_exceeded', 'quota_exceeded'],
  401: ['misconfigured', 'provider_misconfigured'],
  402: ['misconfigured', 'provider_misconfigured'],
  403: ['misconfigured', 'provider_misconfigured'],
  'an HTML page': undefined,
  'a 404': ['provider_down', 'provider_outage'],
  'a reset before it acted': undefined,
  'a reset after it acted': undefined,
}

describe.each(Object.keys(faults) as Fault[])('a vendor that answers with %s', (name) => {
  test('as SMS rung is left only if nothing can have been sent', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms', 'mocheck'])
    app.sim.fault({ match: calls.send, ...faults[name] })
    const start = await new Visitor(app).start()
    const left = sending[name]
    if (left) {
      const [reason, event] = left
      expect(start).toMatchObject({
        status: 201,
        body: { method: 'mocheck', skipped: [{ method: 'idenfy-sms', reason }] },
      })
      expect(app.events).toContainEqual(expect.objectContaining({ type: event, method: 'idenfy-sms' }))
    } else {
      expect(start).toMatchObject({ status: 503, body: { code: 'delivery_unknown' } })
      expect(app.sim.count(calls.moCreate)).toBe(0)
    }
    expect(app.sim.count(calls.send)).toBe(1)
  })
})

test('a login below the floor is never the way out', async () => {
  const app = await ladderApp('cookie + body', undefined, { strategy: { floor: 'high' } })
  app.sim.fault({ match: calls.create, status: 503 })
  expect((await new Visitor(app).start()).status).toBe(503)
  expect(app.sim.count(calls.moCreate) + app.sim.count(calls.send)).toBe(0)
})

test('a quota that is used up opens no circuit, however many run into it', async () => {
  const app = await ladderApp()
  const fault = app.sim.fault({ match: calls.create, ...faults[429] })
  for (let index = 0; index < 12; index++) expect((await new Visitor(app).start()).body.method).toBe('mocheck')
  expect(app.events.map(({ type }) => type)).not.toContain('breaker_opened')
  expect(app.events).toContainEqual(expect.objectContaining({ type: 'quota_exceeded', retryAfterSeconds: 2290 }))
  fault.remove()
  await app.clock.advance(60_000)
  expect((await new Visitor(app).start()).body.method).toBe('phonecheck')
})

describe('providers that never answer', () => {
  const hangs = (name: string): Provider => ({ ...scripted(name), start: () => new Promise(() => {}) })

  /** Starts, and lets the clock run until there is an answer. @returns the seconds that it took */
  async function timed(ladder: Provider[]) {
    const { flow, clock, events } = flowSetup({ ladder })
    let answer: { method: string; skipped: object[] } | { code: string } | undefined
    begin(flow).then(
      (step) => {
        answer = step
      },
      (error: PhoneCheckError) => {
        answer = error
      },
    )
    let seconds = 0
    for (; answer === undefined && seconds < 60; seconds += 0.5) await clock.advance(500)
    return { answer, seconds, events, flow, clock }
  }

  test('leave an equal part of twelve seconds to the rungs after them', async () => {
    const second = await timed([hangs('one'), scripted('two'), scripted('three')])
    expect(second).toMatchObject({
      answer: { method: 'two', skipped: [{ method: 'one', reason: 'provider_down' }] },
      seconds: 4.5,
    })
    const third = await timed([hangs('one'), hangs('two'), scripted('three')])
    expect(third.answer).toMatchObject({ method: 'three' })
    expect(third.seconds).toBeLessThanOrEqual(9)
    expect(second.events).toContainEqual(
      expect.objectContaining({ type: 'provider_outage', method: 'one', operation: 'start', kind: 'timeout' }),
    )
  })

  test('end the request within its deadline when all of them hang', async () => {
    const { answer, seconds } = await timed([hangs('one'), hangs('two'), hangs('three')])
    expect(answer).toMatchObject({ code: 'provider_unavailable' })
    expect(seconds).toBeLessThanOrEqual(12)
  })

  test.each([
    ['has one deadline for both', hangs('idenfy-sms'), 'provider_unavailable', 12],
    ['leaves time for the rung that follows', scripted('idenfy-sms'), 'no error', 6.5],
  ])('a fallback that asks first and creates then %s', async (_name, next, code, most) => {
    const slow: Provider = { ...scripted('mocheck'), ownCheck: true, poll: () => new Promise(() => {}) }
    delete slow.redeem
    const { flow, clock } = flowSetup({ ladder: [slow, next] })
    const started = await begin(flow)
    await clock.advance(30_000)
    const request = {
      handle: started.handle,
      proof: { binding: 'handle' as const },
      purpose: 'login',
      requester: { address: undefined },
    }
    let over = false
    const fallback = refusal(flow.fallback(request)).then((code) => {
      over = true
      return code
    })
    let seconds = 0
    for (; !over && seconds < 60; seconds += 0.5) await clock.advance(500)
    expect(await fallback).toBe(code)
    expect(seconds).toBeLessThanOrEqual(most)
  })

  test('a store that took all the time leaves none for a paid call', async () => {
    const provider = scripted()
    const { store, clock } = flowSetup()
    const slow: Store = {
      ...bound(store),
      replace: (...args) => clock.advance(12_000).then(() => store.replace(...args)),
    }
    const { flow } = flowSetup({ ladder: [provider], store: slow, clock })
    const started = await begin(flow)
    const redeem = {
      handle: started.handle,
      proof: { binding: 'handle' as const },
      purpose: 'login',
      requester: { address: undefined },
    }
    expect(await refusal(flow.redeem({ ...redeem, code: 'right' }, async () => ({ id: 'x' })))).not.toBe('no error')
    expect(provider.redeems).toBe(0)
  })

  test('hold at most 1,024 calls; the rest of the starts leave the rung at once', async () => {
    const many = { startsPerAddress: 1e5, checksPerNumber: 1e5, checksPerDay: 1e5 }
    const { flow, events, clock } = flowSetup({ ladder: [hangs('one'), scripted('two')], limits: many })
    const done: string[] = []
    const starts = Array.from({ length: 1_500 }, () => begin(flow))
    for (const start of starts) void start.then(({ method }) => done.push(method))
    for (let rounds = 0; done.length < 476 && rounds < 1_000; rounds++)
      await new Promise((resolve) => setImmediate(resolve))
    expect(done).toHaveLength(476)
    expect(events.filter(({ type }) => type === 'provider_overloaded')).toHaveLength(1)
    await clock.advance(7_000)
    expect((await Promise.all(starts)).every(({ method }) => method === 'two')).toBe(true)
  })
})

function bound(store: Store): Store {
  return {
    insert: store.insert.bind(store),
    find: store.find.bind(store),
    replace: store.replace.bind(store),
    remove: store.remove.bind(store),
    count: store.count.bind(store),
  }
}

test('a rung that can only be asked for its result must make a check of its own for each start', () => {
  const polled: Provider = { ...scripted('sna'), poll: async () => ({ outcome: 'verified' }) }
  delete polled.redeem
  expect(() => flowSetup({ ladder: [polled] })).toThrow(/'sna' is only polled.*`ownCheck: true`/)
  expect(() => flowSetup({ ladder: [{ ...polled, ownCheck: true }] })).not.toThrow()
})

test('a third-party rung that sends and throws anything else may have sent: the ladder stops', async () => {
  const sends: Provider = {
    ...scripted('own'),
    sends: true,
    guessable: true,
    start: async () => Promise.reject(new Error('x')),
  }
  const { flow } = flowSetup({ ladder: [sends, scripted('next')], store: new MemoryStore() })
  expect(await refusal(begin(flow))).toBe('delivery_unknown')
})

describe('what status says afterwards', () => {
  test('of a user whom the application refused: failed, and never verified', async () => {
    const { flow, clock } = flowSetup()
    const started = await begin(flow)
    const request = {
      handle: started.handle,
      proof: { binding: 'handle' as const },
      purpose: 'login',
      requester: { address: undefined },
    }
    expect(await refusal(flow.redeem({ ...request, code: 'right' }, async () => false))).toBe('user_refused')
    expect(await flow.status(request)).toMatchObject({ state: 'failed', reason: 'user_refused', fallback: [] })
    await clock.advance(1_000)
    expect(await refusal(flow.redeem({ ...request, code: 'right' }, async () => ({ id: 'x' })))).toBe('flow_invalid')
  })

  test('of a flow that another request holds: it is not over, even where its rung is spent', async () => {
    const provider = scripted()
    const { flow, clock } = flowSetup({ ladder: [provider] })
    const started = await begin(flow)
    const request = {
      handle: started.handle,
      proof: { binding: 'handle' as const },
      purpose: 'login',
      requester: { address: undefined },
    }
    let answer: (outcome: Outcome) => void = () => {}
    provider.onRedeem = () => new Promise((resolve) => (answer = resolve))
    await clock.advance(119_000)
    const redeem = flow.redeem({ ...request, code: 'right' }, async () => ({ id: 'x' }))
    for (let rounds = 0; provider.redeems === 0 && rounds < 100; rounds++)
      await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(2_000)
    expect(await flow.status(request)).toMatchObject({ state: 'pending', retryAfterSeconds: 3 })
    answer({ outcome: 'verified' })
    expect((await redeem).user).toEqual({ id: 'x' })
    expect((await flow.status(request)).state).toBe('verified')
  })

  test('of a rung that is spent: why, and that fallback is open', async () => {
    const provider = scripted()
    const { flow } = flowSetup({ ladder: [provider, scripted('two')] })
    const started = await begin(flow)
    expect(started).toMatchObject({ fallback: ['two'], fallbackInSeconds: 10, skipped: [] })
    const request = {
      handle: started.handle,
      proof: { binding: 'handle' as const },
      purpose: 'login',
      requester: { address: undefined },
    }
    expect(await flow.status(request)).toMatchObject({ rung: 'live', fallbackInSeconds: 10 })
    await refusal(flow.redeem({ ...request, error: 'not_mobile_ip' }, async () => ({ id: 'x' })))
    expect(await flow.status(request)).toMatchObject({
      state: 'pending',
      rung: 'spent',
      reason: 'not_mobile_ip',
      fallbackInSeconds: 0,
    })
  })
})

describe('another message', () => {
  const sender = (more: Partial<Provider> = {}): Provider => ({
    ...scripted('own'),
    sends: true,
    guessable: true,
    start: async () => ({
      challenge: { type: 'enter_code', length: 4 },
      check: { id: crypto.randomUUID() },
      expiresInSeconds: 600,
    }),
    ...more,
  })

  test('comes in the rhythm that the provider states, then half as often', async () => {
    const { flow, clock } = flowSetup({ ladder: [sender({ resendAfterSeconds: 30 })] })
    const started = await begin(flow)
    const request = {
      handle: started.handle,
      proof: { binding: 'handle' as const },
      purpose: 'login',
      requester: { address: undefined },
    }
    expect(started.challenge).toEqual({ type: 'enter_code', length: 4, resend_in: 30 })
    await clock.advance(29_000)
    expect(await refusal(flow.resend(request))).toBe('cooldown')
    await clock.advance(1_000)
    expect((await flow.resend(request)).challenge).toMatchObject({ resend_in: 60 })
    await clock.advance(60_000)
    expect((await flow.resend(request)).challenge).toEqual({ type: 'enter_code', length: 4 })
  })

  test('is not spoken of where none is sent', async () => {
    const { flow } = flowSetup({ ladder: [{ ...sender(), sends: false, guessable: true }] })
    expect((await begin(flow)).challenge).toEqual({ type: 'enter_code', length: 4 })
  })
})
