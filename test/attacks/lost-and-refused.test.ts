import { describe, expect, test } from 'vitest'
import { calls, type LadderApp, ladderApp, Visitor } from '../support/ladder.js'

const sends = (app: LadderApp) => app.sim.count(calls.send)
const accepting = { simulator: { behaviour: { idenfySecondSend: 'accept' as const } } }

async function onCode(app: LadderApp, number?: string): Promise<Visitor> {
  const visitor = new Visitor(app, number)
  expect((await visitor.start()).status).toBe(201)
  return visitor
}

describe('answers to verify-sms that are lost', () => {
  test.each([
    ['after the provider acted', { reset: 'after' as const }],
    ['half way', { truncate: true }],
  ])('%s end the rung for the flow and are outages for the breaker: five in a row open it', async (_name, fault) => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'])
    const visitors: Visitor[] = []
    for (let index = 0; index < 6; index++) visitors.push(await onCode(app, `+1202555${1000 + index}`))
    const last = visitors.pop()
    const lost = app.sim.fault({ match: calls.verify, ...fault })
    const opened = expect.objectContaining({
      type: 'breaker_opened',
      method: 'idenfy-sms',
      operation: 'redeem',
      message: expect.stringContaining('30 seconds'),
    })
    for (const visitor of visitors) {
      expect(app.events).not.toContainEqual(opened)
      expect(await visitor.verify({ code: visitor.code() })).toMatchObject({
        status: 422,
        body: { code: 'rung_unable' },
      })
    }
    expect(app.events).toContainEqual(opened)

    const refused = await last?.verify({ code: last.code() })
    expect(refused).toMatchObject({ status: 503, body: { code: 'provider_unavailable' }, retryAfter: 30 })
    expect(app.sim.count(calls.verify)).toBe(5)
    expect((await app.phone.ready()).breakers).toContainEqual({
      method: 'idenfy-sms',
      operation: 'redeem',
      state: 'open',
    })

    lost.remove()
    await app.clock.advance(30_000)
    expect((await last?.verify({ code: last.code() }))?.status).toBe(200)
  })
})

describe('a resend that is refused before the provider is asked neither uses up a resend nor restarts the cooldown', () => {
  test('when a limit refuses it', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], {
      ...accepting,
      strategy: { limits: { sendsPerAddress: 3 } },
    })
    await onCode(app, '+12025551001')
    await onCode(app, '+12025551002')
    await app.clock.advance(300_000)
    const visitor = await onCode(app)
    await app.clock.advance(125_000)
    for (let index = 0; index < 4; index++) {
      expect(await visitor.resend()).toMatchObject({ status: 429, body: { code: 'address_limit' }, retryAfter: 175 })
    }
    expect((await visitor.status()).body).toMatchObject({ state: 'pending', rung: 'live' })
    expect(sends(app)).toBe(3)

    await app.clock.advance(175_000)
    expect(await visitor.resend()).toMatchObject({ status: 201, body: { challenge: { resend_in: 250 } } })
    await app.clock.advance(250_000)
    expect((await visitor.resend()).status).toBe(201)
    expect(sends(app)).toBe(5)
    expect((await visitor.verify({ code: visitor.code() })).status).toBe(200)
  })

  test('when the application vetoes it, also after a resend that went out', async () => {
    let allow = true
    const app = await ladderApp('cookie + body', ['idenfy-sms'], {
      ...accepting,
      strategy: { beforeSend: () => allow },
    })
    const visitor = await onCode(app)
    for (const cooldown of [125_000, 250_000]) {
      await app.clock.advance(cooldown)
      allow = false
      for (let index = 0; index < 3; index++) {
        const { status, body } = await visitor.resend()
        expect([status, body.code, body['detail']]).toEqual([
          403,
          'send_refused',
          'No message may be sent to this number.',
        ])
      }
      allow = true
      expect((await visitor.resend()).status).toBe(201)
    }
    expect(sends(app)).toBe(3)
    expect((await visitor.verify({ code: visitor.code() })).status).toBe(200)
  })
})
