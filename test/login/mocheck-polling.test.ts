import { describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.js'
import { calls, type LadderApp, ladderApp, Visitor } from '../support/ladder.js'

async function waiting(options?: Parameters<typeof ladderApp>[2]) {
  const app = await ladderApp('cookie + body', ['mocheck', 'idenfy-sms'], options)
  const visitor = new Visitor(app)
  const { challenge } = (await visitor.start()).body
  return { app, visitor, challenge, reads: () => app.sim.count(calls.moRead) }
}

/** The same browser in another tab. */
function tab(app: LadderApp, visitor: Visitor): Visitor {
  const other = new Visitor(app, visitor.number, visitor.browser)
  other.flow = visitor.flow
  return other
}

describe('asking for the result of a text', () => {
  test('many status clients for a minute cost at most 20 provider polls, spread out', async () => {
    const { app, visitor, reads } = await waiting()
    const clients = Array.from({ length: 20 }, () => tab(app, visitor))
    for (let second = 0; second < 60; second++) {
      const answers = await Promise.all(clients.map((client) => client.status()))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      await app.clock.advance(1_000)
    }
    expect(reads()).toBeGreaterThanOrEqual(12)
    expect(reads()).toBeLessThanOrEqual(20)
  })

  test('verify answers 409 with Retry-After until the provider says yes, and costs no try', async () => {
    const { app, visitor, challenge, reads } = await waiting()
    for (let index = 0; index < 20; index++) {
      const answer = await visitor.verify()
      expect(answer).toMatchObject({ status: 409, body: { code: 'pending' } })
      expect(answer.retryAfter).toBeGreaterThanOrEqual(1)
      expect(answer.retryAfter).toBeLessThanOrEqual(5)
    }
    expect(reads()).toBe(0)
    await app.clock.advance(3_000)
    expect((await visitor.verify()).body.code).toBe('pending')
    expect(reads()).toBe(1)
    await visitor.phone.send(challenge.to, challenge.body)
    await app.clock.advance(3_000)
    expect((await visitor.verify()).status).toBe(200)
  })

  test('status says what to do and never logs in; the verify after it asks nobody again', async () => {
    const { app, visitor, challenge, reads } = await waiting()
    expect((await visitor.status()).body).toEqual({
      state: 'pending',
      rung: 'live',
      fallback: ['idenfy-sms'],
      fallback_in: 20,
      retry_after: 3,
    })
    await visitor.phone.send(challenge.to, challenge.body)
    await app.clock.advance(3_000)
    expect((await visitor.status()).body).toEqual({ state: 'verified', rung: 'live', fallback: ['idenfy-sms'] })
    expect(await visitor.isLoggedIn()).toBe(false)
    expect(app.verified.count).toBe(0)
    expect((await visitor.status()).body).toMatchObject({ state: 'verified' })
    expect((await visitor.verify()).status).toBe(200)
    expect(reads()).toBe(1)
    expect((await visitor.verify()).body.code).toBe('flow_invalid')
  })

  test('only the starter’s verify uses what a status found', async () => {
    const { app, visitor, challenge } = await waiting()
    await visitor.phone.send(challenge.to, challenge.body)
    await app.clock.advance(3_000)
    await visitor.status()
    const thief = new Visitor(app, visitor.number, new Browser(app.url))
    thief.flow = visitor.flow
    expect((await thief.verify()).status).toBe(401)
    expect((await visitor.verify()).status).toBe(200)
  })

  test('a status that found a yes keeps it for a minute', async () => {
    const { app, visitor, challenge } = await waiting()
    await visitor.phone.send(challenge.to, challenge.body)
    await app.clock.advance(3_000)
    await visitor.status()
    expect((await visitor.fallback()).body.code).toBe('too_early')
    await app.clock.advance(60_000)
    expect((await visitor.status()).body).toMatchObject({ state: 'failed' })
    expect((await visitor.verify()).body.code).toBe('flow_invalid')
  })

  test('stops when the check expires: no poll after that, and the next rung is open at once', async () => {
    const { app, visitor, reads } = await waiting()
    await app.clock.advance(180_000)
    expect((await visitor.status()).body).toMatchObject({ state: 'pending', rung: 'spent', fallback: ['idenfy-sms'] })
    expect((await visitor.verify()).body).toMatchObject({
      code: 'rung_unable',
      reason: 'expired',
      fallback: ['idenfy-sms'],
    })
    expect(reads()).toBe(0)
    expect((await visitor.fallback()).body.method).toBe('idenfy-sms')
  })

  test('on the last rung, an expired check is the end', async () => {
    const app = await ladderApp('cookie + body', ['mocheck'])
    const visitor = new Visitor(app)
    await visitor.start()
    await app.clock.advance(180_000)
    expect((await visitor.status()).body).toMatchObject({ state: 'expired', rung: 'spent', fallback: [] })
  })

  test('a text that arrived is noticed before the rung is left for one that costs a message', async () => {
    const { app, visitor, challenge } = await waiting()
    await visitor.phone.send(challenge.to, challenge.body)
    await app.clock.advance(20_000)
    expect(await visitor.fallback()).toMatchObject({ status: 409, body: { code: 'too_early' }, retryAfter: 0 })
    expect(app.sim.count(calls.send)).toBe(0)
    expect((await visitor.verify()).status).toBe(200)
  })

  test('a wrong sender is a mismatch, seen by status as a spent rung', async () => {
    const { app, visitor, challenge } = await waiting()
    visitor.phone.sim = '+12025550188'
    await visitor.phone.send(challenge.to, challenge.body)
    await app.clock.advance(3_000)
    expect((await visitor.status()).body).toMatchObject({ state: 'pending', rung: 'spent' })
    expect(app.events.map((event) => event.type)).toContain('suspicious')
    expect((await visitor.fallback()).body.method).toBe('idenfy-sms')
  })

  test('an outage of the provider is no news for status, and is 503 for verify', async () => {
    const { app, visitor, reads } = await waiting()
    app.sim.fault({ match: calls.moRead, status: 503 })
    await app.clock.advance(3_000)
    expect((await visitor.status()).body).toMatchObject({ state: 'pending', rung: 'live' })
    expect(reads()).toBe(3)
    expect((await visitor.verify()).status).toBe(409)
    await app.clock.advance(3_000)
    expect((await visitor.verify()).status).toBe(503)
  })

  test.each([
    ['verified "true"', { verified: 'true' }],
    ['verified 1', { verified: 1 }],
    ['another check', { check_id: 'c69bc0e6-a429-11ea-bb37-0242ac130002', verified: true }],
    ['PENDING and verified', { status: 'PENDING', verified: true }],
  ])('%s is no login', async (_name, change) => {
    const { app, visitor, challenge } = await waiting()
    await visitor.phone.send(challenge.to, challenge.body)
    app.sim.fault({ match: calls.moRead, patchBody: (body) => ({ ...body, ...change }) as typeof body })
    await app.clock.advance(3_000)
    expect((await visitor.verify()).status).toBe(503)
    expect(await visitor.isLoggedIn()).toBe(false)
  })

  test.each([
    ['a status of its own and a yes', { status: 'VERIFIED', verified: true }, 200],
    ['an unknown status and no yes', { status: 'DONE', verified: false }, 409],
    ['null in place of a result', { verified: null }, 409],
  ])('%s: an explicit boolean decides, and an unknown status does not', async (_name, change, status) => {
    const { app, visitor } = await waiting()
    app.sim.fault({ match: calls.moRead, patchBody: (body) => ({ ...body, ...change }) as typeof body })
    await app.clock.advance(3_000)
    expect((await visitor.verify()).status).toBe(status)
  })

  test.each([200, 202])('a check that was created with HTTP %i is a check', async (status) => {
    const app = await ladderApp('cookie + body', ['mocheck'])
    app.sim.fault({ match: calls.moCreate, status, processed: true })
    expect((await new Visitor(app).start()).status).toBe(201)
  })

  test('works without the fields that the vendor does not promise', async () => {
    const { app, visitor, challenge } = await waiting({
      simulator: { behaviour: { moTtlField: false, moStatusField: false, moUnverified: 'false', moReceiver: 'bare' } },
    })
    await app.clock.advance(3_000)
    expect((await visitor.verify()).body.code).toBe('pending')
    await visitor.phone.send(challenge.to, challenge.body)
    await app.clock.advance(3_000)
    expect((await visitor.verify()).status).toBe(200)
  })
})
