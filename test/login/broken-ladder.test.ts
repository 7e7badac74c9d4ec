import type { Fault, FaultHandle, Simulator } from 'passport-phonecheck/simulator'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { type Answer, calls, type LadderApp, ladderApp, rungs, Visitor } from '../support/ladder.js'

// What people buy a ladder for. Each way in which a vendor can fail, on one rung, on two and on all
// three: who logs in, after how long by the test's clock, what the operator hears, and how often
// each vendor was called.

type Rung = keyof typeof rungs
const all: Rung[] = ['phonecheck', 'mocheck', 'idenfy-sms']
const creates = { phonecheck: calls.create, mocheck: calls.moCreate, 'idenfy-sms': calls.send }

interface Way {
  /** What the vendor's create does. Absent: nothing listens where it should be. */
  fault?: Omit<Fault, 'match'>
  /** Why a silent rung is left, what its operator hears, and how often its vendor is called. */
  reason: 'provider_down' | 'quota_exceeded' | 'misconfigured'
  event: 'provider_outage' | 'quota_exceeded' | 'provider_misconfigured'
  calls: number
  /** The same for the SMS rung: left, or stopped because a message may be out. */
  sms: 'left' | 'stops'
  smsCalls?: number
  retryAfter?: number
}

const outage = { reason: 'provider_down', event: 'provider_outage' } as const
const ours = { reason: 'misconfigured', event: 'provider_misconfigured', sms: 'left' } as const
const ways: Record<string, Way> = {
  'answers 503': { fault: { status: 503 }, ...outage, calls: 2, sms: 'stops' },
  'answers 429 with Retry-After 2290': {
    fault: { status: 429, headers: { 'retry-after': '2290' } },
    reason: 'quota_exceeded',
    event: 'quota_exceeded',
    calls: 1,
    sms: 'left',
    retryAfter: 2290,
  },
  'answers 401': { fault: { status: 401 }, ...ours, calls: 2 },
  'answers 402': { fault: { status: 402 }, ...ours, calls: 1 },
  'answers 403': { fault: { status: 403 }, ...ours, calls: 1 },
  'answers 404': { fault: { status: 404 }, ...outage, calls: 1, sms: 'left' },
  'never answers': { fault: { hang: true }, ...outage, calls: 1, sms: 'stops' },
  'refuses connections': { ...outage, calls: 0, sms: 'left', smsCalls: 0 },
  'talks nonsense': {
    fault: { status: 201, headers: { 'content-type': 'text/html' }, body: '<html>' },
    ...outage,
    calls: 1,
    sms: 'stops',
  },
  'resets before it acted': { fault: { reset: 'before' }, ...outage, calls: 2, sms: 'stops' },
  'resets after it acted': { fault: { reset: 'after' }, ...outage, calls: 2, sms: 'stops' },
}

/**
 * What each hanging vendor gets of the twelve seconds, when so many rungs share them; half a second
 * is kept for the last one's end.
 */
const shareMs = (rungsLeft: number) => Math.ceil(11_500 / rungsLeft) + 1

async function brokenApp(way: Way, broken: readonly Rung[]): Promise<{ app: LadderApp; faults: FaultHandle[] }> {
  const clock = fakeClock()
  const nowhere = { url: 'http://127.0.0.1:1' } as Simulator
  const ladder = (sim: Simulator) =>
    all.map((name) => rungs[name](!way.fault && broken.includes(name) ? nowhere : sim, clock))
  const app = await ladderApp('cookie + body', all, { ladder }, clock)
  const { fault } = way
  return { app, faults: fault ? broken.map((name) => app.sim.fault({ match: creates[name], ...fault })) : [] }
}

/** The answer, and the seconds of the test's clock that it took. The clock moves only while a vendor hangs. */
async function timed(app: LadderApp, way: Way, faults: FaultHandle[], request: Promise<Answer>, shared: number) {
  const begun = app.clock.now()
  if (way.fault?.hang) {
    for (const fault of faults) {
      await expect.poll(() => fault.hits, { interval: 5, timeout: 60_000 }).toBe(1)
      await app.clock.advance(shareMs(shared))
    }
  }
  const answer = await request
  return { answer, seconds: Math.ceil((app.clock.now() - begun) / 1000) }
}

/** Every event since `from`, by its type and the rung it is about. */
const heard = (app: LadderApp, from = 0) =>
  app.events.slice(from).map((event) => `${event.type} ${'method' in event ? event.method : ''}`)

const left = (way: Way, broken: readonly Rung[]) =>
  broken.flatMap((name) => [`${way.event} ${name}`, `rung_skipped ${name}`])

async function logsIn(visitor: Visitor, { body: { method, challenge } }: Answer): Promise<void> {
  if (method === 'mocheck') {
    await visitor.phone.send(challenge.to, challenge.body)
    await visitor.app.clock.advance(5_000)
  }
  const answer = await visitor.verify(method === 'mocheck' ? {} : { code: visitor.code() })
  expect(answer).toMatchObject({ status: 200, body: { method } })
  expect(await visitor.isLoggedIn()).toBe(true)
}

/** What comes of a step in which the last rung failed too. */
function lastRung(way: Way, before: readonly Rung[], step: string) {
  const stops = way.sms === 'stops'
  const answer = {
    status: 503,
    body: stops ? { code: 'delivery_unknown' } : { code: 'provider_unavailable', reason: way.reason },
    retryAfter: stops ? 125 : (way.retryAfter ?? 0),
  }
  const own = stops ? [`${way.event} idenfy-sms`] : left(way, ['idenfy-sms'])
  return { answer, events: [...left(way, before), ...own, step] }
}

describe.each(Object.entries(ways))('a vendor that %s', (_name, way) => {
  const hangs = way.fault?.hang === true
  const skipped = (broken: readonly Rung[]) => broken.map((method) => ({ method, reason: way.reason }))

  test.each([
    { broken: ['phonecheck'], winner: 'mocheck', seconds: 4 },
    { broken: ['phonecheck', 'mocheck'], winner: 'idenfy-sms', seconds: 8 },
  ] as const)('as $broken at start: $winner logs in', async ({ broken, winner, seconds }) => {
    const { app, faults } = await brokenApp(way, broken)
    const visitor = new Visitor(app)
    const start = await timed(app, way, faults, visitor.start(), 3)
    expect(start.answer).toMatchObject({ status: 201, body: { method: winner, skipped: skipped(broken) } })
    expect(start.seconds).toBe(hangs ? seconds : 0)
    const sent = winner === 'idenfy-sms' ? [`message_sent ${winner}`] : []
    expect(heard(app)).toEqual([...left(way, broken), ...sent, `flow_started ${winner}`])
    for (const name of broken) expect(app.sim.count(creates[name])).toBe(way.calls)
    expect(app.sim.count(creates[winner])).toBe(1)
    await logsIn(visitor, start.answer)
  })

  test('as all three at start: nobody logs in, and the last rung’s failure is the answer', async () => {
    const { app, faults } = await brokenApp(way, all)
    const visitor = new Visitor(app)
    const start = await timed(app, way, faults, visitor.start(), 3)
    const { answer, events } = lastRung(way, ['phonecheck', 'mocheck'], 'step_refused phonecheck')
    expect(start.answer).toMatchObject(answer)
    expect(start.seconds).toBe(hangs ? 12 : 0)
    expect(heard(app)).toEqual(events)
    expect(all.map((name) => app.sim.count(creates[name]))).toEqual([way.calls, way.calls, way.smsCalls ?? 1])
    expect(await visitor.isLoggedIn()).toBe(false)
  })

  test('as mocheck in a fallback: idenfy-sms logs in', async () => {
    const { app, faults } = await brokenApp(way, ['mocheck'])
    const visitor = new Visitor(app)
    await visitor.start()
    await visitor.verify({ error: 'sdk_no_data_connectivity' })
    const from = app.events.length
    const step = await timed(app, way, faults, visitor.fallback(), 2)
    expect(step.answer).toMatchObject({ status: 201, body: { method: 'idenfy-sms', skipped: skipped(['mocheck']) } })
    expect(step.seconds).toBe(hangs ? 6 : 0)
    expect(heard(app, from)).toEqual([...left(way, ['mocheck']), 'message_sent idenfy-sms', 'rung_started idenfy-sms'])
    expect(app.sim.count(calls.moCreate)).toBe(way.calls)
    expect(app.sim.count(calls.send)).toBe(1)
    await logsIn(visitor, step.answer)
  })

  test('as both rungs of a fallback: nobody logs in; once they are back, the same login goes on', async () => {
    const { app, faults } = await brokenApp(way, ['mocheck', 'idenfy-sms'])
    const visitor = new Visitor(app)
    await visitor.start()
    await visitor.verify({ error: 'sdk_no_data_connectivity' })
    const from = app.events.length
    const step = await timed(app, way, faults, visitor.fallback(), 2)
    const { answer, events } = lastRung(
      way,
      ['mocheck'],
      `step_refused ${way.sms === 'stops' ? 'idenfy-sms' : 'phonecheck'}`,
    )
    expect(step.answer).toMatchObject(answer)
    expect(step.seconds).toBe(hangs ? 12 : 0)
    expect(heard(app, from)).toEqual(events)
    expect(await visitor.isLoggedIn()).toBe(false)
    const status = (await visitor.status()).body
    if (way.sms === 'stops') {
      // A message may be out, and another one costs another message: only a resend goes on, in its own time.
      expect(status).toMatchObject({ state: 'pending', rung: 'spent', fallback: [] })
      return
    }
    expect(status).toMatchObject({
      state: 'pending',
      rung: 'spent',
      reason: 'sdk_no_data_connectivity',
      fallback_in: way.reason === 'quota_exceeded' ? 60 : 0,
    })
    if (!way.fault) return
    for (const fault of faults) fault.remove()
    // What a quota refused is not asked for again at once.
    await app.clock.advance(60_000)
    const again = await visitor.fallback()
    expect(again).toMatchObject({ status: 201, body: { method: 'mocheck', skipped: [] } })
    await logsIn(visitor, again)
  })
})
