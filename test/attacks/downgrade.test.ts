import { describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.js'
import { scripted } from '../support/flow.js'
import { calls, type LadderApp, ladderApp, Visitor } from '../support/ladder.js'

const refused = (app: LadderApp) =>
  app.events.filter((event) => event.type === 'step_refused').map((event) => [event.step, event.code])

describe('the ladder is the server’s', () => {
  test('a fallback at once is too early, and says when it will not be; each rung has its time', async () => {
    const app = await ladderApp()
    const visitor = new Visitor(app)
    await visitor.start()
    expect(await visitor.fallback()).toMatchObject({ status: 409, body: { code: 'too_early' }, retryAfter: 10 })
    await app.clock.advance(9_000)
    expect((await visitor.fallback()).retryAfter).toBe(1)
    expect(app.sim.count(calls.moCreate)).toBe(0)
    await app.clock.advance(1_000)
    expect((await visitor.fallback()).body.method).toBe('mocheck')
    await app.clock.advance(19_000)
    expect((await visitor.fallback()).body.code).toBe('too_early')
    expect(app.sim.count(calls.send)).toBe(0)
    await app.clock.advance(1_000)
    expect((await visitor.fallback()).body.method).toBe('idenfy-sms')
    expect(refused(app)).toEqual([
      ['fallback', 'too_early'],
      ['fallback', 'too_early'],
      ['fallback', 'too_early'],
    ])
  })

  test('there is no way back to an earlier rung, and no end to come after the last', async () => {
    const app = await ladderApp()
    const visitor = new Visitor(app)
    const start = await visitor.start()
    const { code } = ((await visitor.phone.open(start.body.challenge.url)).body ?? {}) as Record<string, string>
    await visitor.verify({ error: 'sdk_error' })
    await visitor.fallback()
    const late = await visitor.verify({ code })
    expect([late.status, late.body.code]).toEqual([409, 'pending'])
    await app.clock.advance(20_000)
    await visitor.fallback()
    expect(await visitor.fallback()).toMatchObject({ status: 422, body: { code: 'ladder_exhausted' } })
    expect(app.sim.count(calls.patch)).toBe(0)
    expect(await visitor.isLoggedIn()).toBe(false)
  })

  test('a text that arrives after the user went on to the code proves nothing, and raises an event', async () => {
    const app = await ladderApp('cookie + body', ['mocheck', 'idenfy-sms'], { webhook: true })
    const visitor = new Visitor(app)
    const { challenge } = (await visitor.start()).body
    await app.clock.advance(20_000)
    await visitor.fallback()
    // Asked once before it was left, in case the text had arrived already.
    expect(app.sim.count(calls.moRead)).toBe(1)
    await visitor.phone.send(challenge.to, challenge.body)
    await app.sim.settled()
    await app.clock.advance(10_000)
    expect((await visitor.status()).body).toMatchObject({ state: 'pending' })
    expect((await visitor.verify()).status).toBe(400)
    expect(app.sim.count(calls.moRead)).toBe(1)
    expect(app.events).toContainEqual({ type: 'late_result', flowId: expect.any(String), method: 'mocheck' })
    expect(await visitor.isLoggedIn()).toBe(false)
  })

  test('a fallback of somebody else’s flow is refused and changes nothing', async () => {
    const app = await ladderApp()
    const owner = new Visitor(app)
    await owner.start()
    await owner.verify({ error: 'sdk_error' })
    const thief = new Visitor(app, owner.number, new Browser(app.url))
    thief.flow = owner.flow
    for (const step of [thief.fallback, thief.resend, thief.status]) {
      expect(await step()).toMatchObject({ status: 401, body: { code: 'flow_invalid' } })
    }
    expect(app.sim.count(calls.moCreate)).toBe(0)
    expect((await owner.fallback()).body.method).toBe('mocheck')
  })

  test('requests of other sites cannot take a step', async () => {
    const app = await ladderApp()
    const visitor = new Visitor(app)
    await visitor.start()
    await visitor.verify({ error: 'sdk_error' })
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    for (const step of [visitor.fallback, visitor.resend]) expect((await step(foreign)).body.code).toBe('cross_site')
    expect(app.sim.count(calls.moCreate)).toBe(0)
  })
})

describe('the floor', () => {
  test('keeps weaker rungs out whatever happens to the stronger ones', async () => {
    const app = await ladderApp('cookie + body', undefined, { strategy: { floor: 'high' } })
    const visitor = new Visitor(app)
    expect((await visitor.start()).body.fallback).toEqual([])
    await visitor.verify({ error: 'sdk_error' })
    expect((await visitor.fallback()).status).toBe(401)
    for (let index = 0; index < 8; index++) {
      const fault = app.sim.fault({ match: calls.create, status: 500 })
      expect((await new Visitor(app).start()).status).toBe(503)
      fault.remove()
    }
    expect(app.events.map((event) => event.type)).toContain('breaker_opened')
    const open = await new Visitor(app).start()
    expect(open).toMatchObject({ status: 503, body: { code: 'provider_unavailable' } })
    expect(open.retryAfter).toBeGreaterThan(0)
    expect(app.sim.count(calls.moCreate) + app.sim.count(calls.send)).toBe(0)
  })

  test('takes MOCheck and leaves the typed code out at medium', async () => {
    const app = await ladderApp('cookie + body', undefined, { strategy: { floor: 'medium' } })
    expect((await new Visitor(app).start()).body.fallback).toEqual(['mocheck'])
  })

  test('that no rung reaches is an error at construction', async () => {
    await expect(ladderApp('cookie + body', ['idenfy-sms'], { strategy: { floor: 'high' } })).rejects.toThrow(
      /assurance 'high'/,
    )
  })
})

test('what one user’s code provokes does not look like an outage to the others', async () => {
  for (const status of [409, 410, 412, 415, 422]) {
    const app = await ladderApp('cookie + body', ['phonecheck'])
    const fault = app.sim.fault({ match: calls.patch, status })
    for (let index = 0; index < 6; index++) {
      const visitor = new Visitor(app)
      const { challenge } = (await visitor.start()).body
      expect((await visitor.silent(challenge.url)).status).toBe(422)
    }
    fault.remove()
    const other = new Visitor(app)
    expect((await other.silent((await other.start()).body.challenge.url)).status).toBe(200)
  }
})

describe('a rung whose provider is down', () => {
  test('is skipped at start once its breaker is open, and tried again after half a minute', async () => {
    const app = await ladderApp()
    const fault = app.sim.fault({ match: calls.create, status: 500 })
    for (let index = 0; index < 5; index++) expect((await new Visitor(app).start()).body.method).toBe('mocheck')
    expect((await new Visitor(app).start()).body.method).toBe('mocheck')
    expect(app.sim.count(calls.create)).toBe(5)
    fault.remove()
    await app.clock.advance(30_000)
    expect((await new Visitor(app).start()).body.method).toBe('phonecheck')
    expect(app.events).toContainEqual({ type: 'breaker_closed', method: 'phonecheck', operation: 'start' })
  })

  test('cannot be brought down by users', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck'])
    for (let index = 0; index < 12; index++) {
      const visitor = new Visitor(app)
      const { challenge } = (await visitor.start()).body
      await visitor.phone.open(challenge.url)
      await visitor.verify({ code: 'wrong' })
    }
    expect(app.events.map((event) => event.type)).not.toContain('breaker_opened')
    expect((await new Visitor(app).start()).status).toBe(201)
  })
})

describe('deviceIp: require', () => {
  test('holds for every rung, also for one that is reached by falling back', async () => {
    const seen: (string | undefined)[] = []
    const app = await ladderApp('cookie + body', undefined, {
      ladder: () =>
        ['one', 'two'].map((name) => {
          const rung = scripted(name)
          const { start } = rung
          rung.start = (input, context) => {
            seen.push(input.deviceIp)
            return start(input, context)
          }
          return rung
        }),
      strategy: { deviceIp: 'require' },
      before: (express) => express.set('trust proxy', 'loopback'),
    })
    const visitor = new Visitor(app)
    await visitor.start({ 'x-forwarded-for': '8.8.8.8' })
    await visitor.verify({ error: 'sdk_error' })
    expect((await visitor.fallback()).status).toBe(400)
    expect((await visitor.fallback({ 'x-forwarded-for': '9.9.9.9' })).status).toBe(201)
    expect(seen).toEqual(['8.8.8.8', '9.9.9.9'])
  })

  test('ends the flow when the phone’s address changed, instead of offering a weaker rung', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck', 'mocheck'], {
      strategy: { deviceIp: 'require' },
      before: (express) => express.set('trust proxy', 'loopback'),
      simulator: { behaviour: { errorDelivery: 'exchange' } },
    })
    const visitor = new Visitor(app)
    const start = await visitor.start({ 'x-forwarded-for': '8.8.8.8' })
    expect(start.status).toBe(201)
    const { code } = ((await visitor.phone.open(start.body.challenge.url)).body ?? {}) as Record<string, string>
    expect(await visitor.verify({ code })).toMatchObject({ status: 422, body: { reason: 'ip_mismatch', fallback: [] } })
    expect((await visitor.fallback()).status).toBe(401)
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'suspicious', reason: 'ip_mismatch' }))
  })
})
