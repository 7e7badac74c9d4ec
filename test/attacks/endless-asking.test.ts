import { MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { begin, flowSetup, interceptedStore, refusal, scripted } from '../support/flow.js'
import { calls, type LadderApp, ladderApp, Visitor } from '../support/ladder.js'

const sends = (app: LadderApp) => app.sim.count(calls.send)
const accepting = { simulator: { behaviour: { idenfySecondSend: 'accept' as const } } }

test('ten flows of one number have a vendor whose quota is used up asked no oftener than one would', async () => {
  const app = await ladderApp('handle', ['phonecheck', 'idenfy-sms'], accepting)
  const visitors = Array.from({ length: 10 }, () => new Visitor(app))
  for (const visitor of visitors) {
    await visitor.start()
    await visitor.verify({ error: 'sdk_error' })
  }
  app.sim.fault({ match: calls.send, status: 429 })
  for (let round = 0; round < 6; round++) {
    for (const visitor of visitors) {
      expect(await visitor.fallback()).toMatchObject({
        status: 503,
        body: { code: 'provider_unavailable', reason: 'quota_exceeded' },
      })
    }
    expect(sends(app)).toBe(round + 1)
    await app.clock.advance(5_000)
  }
  expect((await app.phone.ready()).breakers.filter(({ state }) => state === 'open')).toEqual([])
})

describe('one flow cannot have a provider asked without end', () => {
  test('by falling back over a rung that cannot work to one that a limit closes', async () => {
    const app = await ladderApp('cookie + body', undefined, {
      ...accepting,
      strategy: { limits: { sendsPerAddress: 0 } },
    })
    const visitor = new Visitor(app)
    await visitor.start()
    app.sim.override(visitor.number, { moCheck: { createProblem: 'country_not_supported' } })
    await visitor.verify({ error: 'sdk_error' })
    for (let index = 0; index < 20; index++) expect((await visitor.fallback()).body.code).toBe('address_limit')
    expect(app.sim.count(calls.moCreate)).toBe(1)
    expect(sends(app)).toBe(0)
  })

  test('nor messages, when the store fails after the provider accepted one', async () => {
    const inner = new MemoryStore()
    let broken = false
    const app = await ladderApp('cookie + body', ['phonecheck', 'idenfy-sms'], {
      ...accepting,
      strategy: {
        store: interceptedStore(inner, (operation) => {
          if (broken && operation === 'replace') throw new Error('down')
        }),
      },
    })
    const visitor = new Visitor(app)
    await visitor.start()
    await visitor.verify({ error: 'sdk_error' })
    app.sim.fault({
      match: calls.send,
      patchBody: (body) => {
        broken = true
        return body
      },
    })
    expect((await visitor.fallback()).body.code).toBe('store_unavailable')
    broken = false
    for (let index = 0; index < 5; index++) expect((await visitor.fallback()).status).not.toBe(201)
    expect(sends(app)).toBe(1)
  })
})

test('a provider of your own that breaks after sending is charged like one that sent', async () => {
  const sent: string[] = []
  const clock = fakeClock()
  const careless = {
    ...scripted('own-sms'),
    sends: true,
    guessable: true,
    start: async ({ phoneNumber }: { phoneNumber: string }) => {
      sent.push(phoneNumber)
      throw new Error('socket hang up')
    },
  }
  const { flow } = flowSetup({ ladder: [careless], store: new MemoryStore({ clock }), clock })
  for (let index = 0; index < 20; index++) {
    await refusal(begin(flow))
    await clock.advance(1_000)
  }
  expect(sent).toHaveLength(3)
})

test('a start that the store refuses is charged nowhere', async () => {
  const inner = new MemoryStore()
  let full = true
  const app = await ladderApp('cookie + body', ['idenfy-sms'], {
    strategy: {
      store: interceptedStore(inner, (operation) => {
        if (full && operation === 'insert') throw new Error('full')
      }),
    },
  })
  for (let index = 0; index < 5; index++) expect((await new Visitor(app).start()).body.code).toBe('store_unavailable')
  full = false
  expect((await new Visitor(app).start()).status).toBe(201)
  expect(sends(app)).toBe(1)
})

test('in the last half minute nothing new is begun, and what is there stays good', async () => {
  const app = await ladderApp('cookie + body', ['idenfy-sms'], accepting)
  const visitor = new Visitor(app)
  await visitor.start()
  await app.clock.advance(299_000)
  expect((await visitor.resend()).status).toBe(201)
  await app.clock.advance(273_000)
  const refused = await visitor.resend()
  expect(refused).toMatchObject({
    status: 403,
    body: { code: 'send_refused', detail: expect.stringContaining('no time left') },
  })
  expect((await visitor.status()).body).toMatchObject({ state: 'pending', rung: 'live', fallback: [] })
  expect((await visitor.verify({ code: visitor.code() })).status).toBe(200)
  expect(sends(app)).toBe(2)
})

test('in the last half minute no other way is offered', async () => {
  const app = await ladderApp('cookie + body', ['phonecheck', 'idenfy-sms'])
  const visitor = new Visitor(app)
  await visitor.start()
  await app.clock.advance(575_000)
  expect((await visitor.fallback()).body).toMatchObject({ code: 'ladder_exhausted', fallback: [] })
  expect((await visitor.status()).body).toMatchObject({ state: 'expired', rung: 'spent', fallback: [] })
})

test('no message is sent that nobody would have the time to use', async () => {
  const app = await ladderApp('cookie + body', ['phonecheck', 'idenfy-sms'])
  const visitor = new Visitor(app)
  await visitor.start()
  await app.clock.advance(575_000)
  expect((await visitor.fallback()).body.code).toBe('ladder_exhausted')
  expect(sends(app)).toBe(0)
})
