import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { MemoryStore, type Store } from 'passport-phonecheck'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import { fakeClock } from 'passport-phonecheck/testing'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { limits } from '../../src/limits/numbers.js'
import { LoginService } from '../../src/login/login-service.js'
import { secret } from '../support/app.js'
import { flowSetup, refusal, scripted } from '../support/flow.js'
import { endless } from '../support/limits.js'
import { describeWith, ownSchema, shared } from '../support/services.js'

const day = 86_400_000
/** Not right after midnight, when what may belong to the day before is not given back. */
const noon = () => fakeClock(Date.UTC(2026, 0, 1, 12))
const freshNumber = (index: number) => `+1202555${String(1000 + index)}`

/** A rung that sends, to a vendor as slow as wanted. */
function sender(name = 'code') {
  const rung = { ...scripted(name), sends: true, guessable: true, sent: 0, slow: async () => {} }
  rung.start = async () => {
    rung.sent += 1
    await rung.slow()
    return {
      challenge: { type: 'enter_code', length: 4, resend_in: 125 },
      check: { id: randomUUID() },
      expiresInSeconds: 300,
    }
  }
  return rung
}

const from = (address: string) => ({ address })
/** Each from a place of its own. */
const scattered = (index: number) => from(`198.${18 + (index >> 8)}.${index & 255}.7`)
const startOf = (flow: LoginService, phoneNumber: string, requester = from('192.0.2.1')) =>
  flow.start({ phoneNumber, purpose: 'login', binding: 'handle', delivery: 'body', requester })

async function redis(): Promise<Store> {
  const client = new Redis({ ...shared.redis, lazyConnect: true })
  onTestFinished(() => client.disconnect())
  return new RedisStore({ client, prefix: `test:${randomUUID()}`, timeoutMs: 10_000 })
}

async function postgres(): Promise<Store> {
  const { schema, drop } = ownSchema()
  const pool = new pg.Pool({ ...shared.postgres, max: 5 })
  onTestFinished(async () => {
    await pool.end()
    await drop()
  })
  const store = new PostgresStore({ pool, schema, timeoutMs: 20_000 })
  await store.migrate()
  return store
}

const stores = { memory: async () => new MemoryStore() as Store, redis, postgres }

for (const kind of ['memory', 'redis', 'postgres'] as const) {
  const describeStore = kind === 'memory' ? describe : await describeWith(kind)
  describeStore(`150 starts at once on ${kind}, while the vendor takes its time`, () => {
    test('send no more than the budget of a day, and a check that fails gives back no more than itself', async () => {
      const rung = sender()
      let proceed: () => void = () => {}
      const slow = new Promise<void>((resolve) => {
        proceed = resolve
      })
      rung.slow = () => slow
      const { flow } = flowSetup({
        ladder: [rung],
        store: await stores[kind](),
        limits: { ...endless, sendsPerDay: 25, sendsPerCountryPerDay: 30 },
      })
      const starts = Array.from({ length: 150 }, (_, index) =>
        refusal(startOf(flow, freshNumber(index), scattered(index))),
      )
      // Those who are refused have their answer before the vendor has given one.
      const refused = starts.map((start) => start.then((code) => code !== 'no error' && code))
      await expect.poll(() => rung.sent, { timeout: 60_000 }).toBe(20)
      proceed()
      const codes = await Promise.all(starts)
      expect(rung.sent).toBe(20)
      expect(codes.filter((code) => code === 'no error')).toHaveLength(20)
      expect((await Promise.all(refused)).filter((code) => code === 'spending_limit')).toHaveLength(130)
    })

    test('that certainly sent nothing, and those that follow, never exceed it together', async () => {
      const rung = sender()
      let asked = 0
      const start = rung.start
      // Every second one is refused by the vendor, which sent nothing.
      rung.start = async (...args) => (asked++ % 2 === 0 ? { unable: 'other' } : start(...args))
      const { flow } = flowSetup({
        ladder: [rung],
        clock: noon(),
        store: await stores[kind](),
        limits: { ...endless, sendsPerDay: 10 },
      })
      for (let round = 0; round < 8; round++) {
        await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            refusal(startOf(flow, freshNumber(round * 20 + index), scattered(round * 20 + index))),
          ),
        )
        expect(rung.sent).toBeLessThanOrEqual(8)
      }
      expect(rung.sent).toBe(8)
    })
  })
}

describe('a day', () => {
  /** Starts until one is refused; how many were sent, and how it was refused. */
  async function fill(flow: LoginService, many: number, first = 0) {
    const codes: string[] = []
    for (let index = first; index < first + many; index++)
      codes.push(await refusal(startOf(flow, freshNumber(index), scattered(index))))
    return codes
  }

  test('sends at most its limit to strangers, by default 800 of 1,000; the next UTC day has its own', async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 1, 20))
    const rung = sender()
    const { flow, events } = flowSetup({
      ladder: [rung],
      clock,
      store: new MemoryStore({ clock }),
      limits: { sendsPerCountryPerDay: Number.POSITIVE_INFINITY, sendsPerBlock: Number.POSITIVE_INFINITY },
    })
    const codes = await fill(flow, 900)
    expect(codes.filter((code) => code === 'no error')).toHaveLength(limits.perDay.sends * limits.shareOfStrangers)
    expect(codes.at(-1)).toBe('spending_limit')
    const error = await startOf(flow, freshNumber(901), scattered(901)).catch((reason) => reason)
    expect(error.details.retryAfterSeconds).toBe(4 * 3600)
    expect(events.filter(({ type }) => type === 'spending_limit')).toEqual([
      {
        type: 'spending_limit',
        limit: 'sendsPerDay',
        retryAfterSeconds: 4 * 3600,
        message: expect.stringContaining('limits.sendsPerDay'),
      },
    ])
    await clock.advance(4 * 3_600_000)
    expect(await refusal(startOf(flow, freshNumber(902), scattered(902)))).toBe('no error')
  })

  test('sends 400 of 500 to strangers in one country by default, or what is said for it by name', async () => {
    const block = { sendsPerBlock: Number.POSITIVE_INFINITY }
    const usual = flowSetup({ ladder: [sender()], limits: block })
    expect((await fill(usual.flow, 420)).filter((code) => code === 'no error')).toHaveLength(400)
    const named = flowSetup({ ladder: [sender()], limits: { ...block, sendsPerCountryPerDay: { US: 0, GB: 5 } } })
    expect(await fill(named.flow, 2)).toEqual(['spending_limit', 'spending_limit'])
    expect(await refusal(startOf(named.flow, '+447400123456'))).toBe('no error')
  })

  test('makes at most its limit of silent checks, also of those that a start climbs over', async () => {
    const rungs = [scripted('first'), scripted('second')] as const
    rungs[0].onStart = async () => ({ unable: 'not_mobile_ip' })
    const clock = noon()
    const limits = { checksPerDay: 10, checksPerNumber: 1000 }
    const { flow } = flowSetup({ ladder: rungs, clock, store: new MemoryStore({ clock }), limits })
    const codes = await fill(flow, 9)
    // What the vendor said at once that it cannot check is given back.
    expect(codes.filter((code) => code === 'no error')).toHaveLength(8)
    expect(rungs.map(({ starts }) => starts)).toEqual([8, 8])
  })

  test('is not used up from one network: a fifth is what all its addresses together get', async () => {
    const { flow } = flowSetup({ ladder: [sender()], limits: { ...endless, sendsPerDay: 100 } })
    const mine = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        refusal(startOf(flow, freshNumber(index), from(`2001:db8:7:${index.toString(16)}::1`))),
      ),
    )
    expect(mine.filter((code) => code === 'no error')).toHaveLength(20)
    expect(mine.filter((code) => code === 'spending_limit')).toHaveLength(20)
    expect(await refusal(startOf(flow, freshNumber(50), from('2001:db8:8::1')))).toBe('no error')
  })

  test('of which a network had its share of checks still sends it messages, at start and in mid-ladder', async () => {
    const rungs = [scripted('silent'), sender(), { ...scripted('text'), dwellSeconds: 0 }] as const
    const clock = noon()
    const { flow } = flowSetup({
      ladder: rungs,
      clock,
      store: new MemoryStore({ clock }),
      limits: { ...endless, checksPerDay: 5 },
    })
    const methods: string[] = []
    for (let index = 0; index < 3; index++) methods.push((await startOf(flow, freshNumber(index))).method)
    expect(methods).toEqual(['silent', 'code', 'code'])

    const middle = [sender('first'), scripted('silent'), sender('last')] as const
    const other = flowSetup({
      ladder: middle,
      clock,
      store: new MemoryStore({ clock }),
      limits: { ...endless, checksPerDay: 5 },
    })
    const reached: unknown[] = []
    for (let index = 0; index < 2; index++) {
      const { handle } = await startOf(other.flow, freshNumber(index))
      await clock.advance(10_000)
      const request = { handle, proof: { binding: 'handle' as const }, purpose: 'login', requester: from('192.0.2.1') }
      const { method, skipped } = await other.flow.fallback(request)
      reached.push({ method, skipped })
    }
    expect(reached).toEqual([
      { method: 'silent', skipped: [] },
      { method: 'last', skipped: [{ method: 'silent', reason: 'limit_reached' }] },
    ])
  })

  test('that turns while checks are given back admits no more than its limit', async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 1, 23, 59, 55))
    const rung = sender()
    const held: (() => void)[] = []
    let refusing = true
    const start = rung.start
    rung.start = async (...args) => {
      if (!refusing) return start(...args)
      await new Promise<void>((resolve) => held.push(resolve))
      return { unable: 'other' }
    }
    const { flow } = flowSetup({
      ladder: [rung],
      clock,
      store: new MemoryStore({ clock }),
      limits: { ...endless, sendsPerDay: 10 },
    })
    const waiting = Array.from({ length: 8 }, (_, index) =>
      refusal(startOf(flow, freshNumber(index), scattered(index))),
    )
    await expect.poll(() => held.length).toBe(8)
    await clock.advance(6_000)
    refusing = false
    expect((await fill(flow, 12, 100)).filter((code) => code === 'no error')).toHaveLength(8)
    for (const release of held) release()
    await Promise.all(waiting)
    expect((await fill(flow, 12, 200)).filter((code) => code === 'no error')).toEqual([])
  })
})

test('1,000 messages asked for from one /48 to one block of 10,000 numbers: strangers send the block its 80 in an hour', async () => {
  const rung = sender()
  const { flow, clock } = flowSetup({ ladder: [rung] })
  const ask = (index: number) =>
    refusal(startOf(flow, freshNumber(index), from(`2001:db8:9:${(index % 40).toString(16)}00::1`)))
  for (let index = 0; index < 1000; index++) await ask(index)
  expect(rung.sent).toBe(limits.sendsPerBlock.limit * limits.shareOfStrangers)
  await clock.advance(3_599_000)
  expect(await ask(1001)).not.toBe('no error')
})

test('checks of one number by strangers are 30 in ten minutes', async () => {
  const { flow, provider, clock } = flowSetup({})
  const ask = (index: number) => refusal(startOf(flow, freshNumber(1), scattered(index)))
  for (let index = 0; index < 30; index++) expect(await ask(index)).toBe('no error')
  expect(await ask(31)).toBe('number_limit')
  expect(provider.starts).toBe(limits.checksPerNumber.limit)
  await clock.advance(600_000)
})

describe('beforeSend', () => {
  const asked: unknown[] = []
  const by = (answer: boolean, beforeChecks = false) => ({
    address: '192.0.2.1',
    beforeChecks,
    beforeSend: async (message: object) => {
      asked.push(message)
      return answer
    },
  })

  test('is given the number, and asked before silent checks where the app wants it', async () => {
    const rung = scripted('silent')
    const { flow } = flowSetup({ ladder: [rung] })
    expect(await refusal(startOf(flow, freshNumber(1), by(false)))).toBe('no error')
    expect(asked).toEqual([])
    expect(await refusal(startOf(flow, freshNumber(1), by(false, true)))).toBe('send_refused')
    expect(rung.starts).toBe(1)
    expect(await refusal(startOf(flow, freshNumber(1), by(true, true)))).toBe('no error')
    expect(asked[0]).toEqual({ method: 'silent', country: 'US', purpose: 'login', phoneNumber: freshNumber(1) })
  })

  test('is not asked for a review number, which calls nobody', async () => {
    asked.length = 0
    const clock = fakeClock()
    const reviewNumbers = [{ phoneNumber: freshNumber(1), code: '1234', until: new Date(clock.now() + day) }]
    const { flow } = flowSetup({ clock, store: new MemoryStore({ clock }), reviewNumbers, limits: { checksPerDay: 0 } })
    expect(await refusal(startOf(flow, freshNumber(1), by(false, true)))).toBe('no error')
    expect(asked).toEqual([])
  })
})

test('the reads of one flow are bounded, however its rungs are polled', async () => {
  const clock = fakeClock()
  const rung = { ...scripted('text'), ttlSeconds: 600, reads: 0 }
  const { redeem: _, ...polled } = rung
  const ladder = [
    {
      ...polled,
      ownCheck: true as const,
      start: async () => ({
        challenge: { type: 'send_sms' as const, to: '1', body: 'x', href: 'sms:1' },
        check: { id: 'check' },
        expiresInSeconds: 600,
      }),
      poll: async () => {
        rung.reads += 1
        return { outcome: 'pending' as const, retryAfterSeconds: 1 }
      },
    },
  ]
  const flow = new LoginService({
    strategyName: 'phonecheck',
    ladder,
    store: new MemoryStore({ clock }),
    secret,
    clock,
    emit: () => {},
  })
  const { handle } = await startOf(flow, freshNumber(1))
  const reading = { handle, proof: { binding: 'handle' as const }, purpose: 'login', requester: from('192.0.2.1') }
  const readsAfter: number[] = []
  for (let second = 1; second < 600; second++) {
    await clock.advance(1_000)
    await flow.status(reading)
    if (second === 180) readsAfter.push(rung.reads)
  }
  readsAfter.push(rung.reads)
  expect(readsAfter).toEqual([39, 67])
})
