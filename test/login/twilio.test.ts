import { describe, expect, test } from 'vitest'
import { type LadderApp, type Mode, Visitor } from '../support/ladder.js'
import { twilioApp, twilioCalls } from '../support/twilio.js'

const both: Mode[] = ['cookie + body', 'handle']
const wrong = (code: string) => (code === '000000' ? '000001' : '000000')

async function begun(mode: Mode): Promise<{ app: LadderApp; visitor: Visitor; code: string }> {
  const app = await twilioApp(mode)
  const visitor = new Visitor(app)
  expect((await visitor.start()).body).toMatchObject({
    method: 'twilio-sms',
    expires_in: 600,
    challenge: { type: 'enter_code', length: 6, resend_in: 30 },
  })
  return { app, visitor, code: visitor.code() }
}

describe.each(both)('a login by a code of Twilio, %s', (mode) => {
  test('a wrong code is not a login, the right one is, once', async () => {
    const { app, visitor, code } = await begun(mode)
    expect(await visitor.verify({ code: wrong(code) })).toMatchObject({ status: 401, body: { code: 'invalid_code' } })
    expect(app.verified.count).toBe(0)
    expect((await visitor.verify({ code: `${code.slice(0, 3)} ${code.slice(3)}` })).status).toBe(200)
    expect((await visitor.verify({ code })).status).toBe(401)
    expect(app.verified.count).toBe(1)
    expect(app.sim.count(twilioCalls.check)).toBe(2)
  })

  test('another message has the same code, and the first message stays good', async () => {
    const { app, visitor, code } = await begun(mode)
    expect((await visitor.resend()).body.code).toBe('cooldown')
    await app.clock.advance(30_000)
    expect((await visitor.resend()).body).toMatchObject({ expires_in: 570, challenge: { resend_in: 60 } })
    expect(visitor.phone.inbox).toHaveLength(2)
    expect(visitor.code()).toBe(code)
    expect((await visitor.verify({ code })).status).toBe(200)
  })

  test('a code that the vendor has forgotten ends the rung, and a new login has a new one', async () => {
    const { app, visitor, code } = await begun(mode)
    app.sim.behaviour.twilioTtlSeconds = 120
    await app.clock.advance(120_000)
    expect(await visitor.verify({ code })).toMatchObject({ body: { code: 'rung_unable', reason: 'expired' } })
    const again = new Visitor(app)
    await again.start()
    expect((await again.verify({ code: again.code() })).status).toBe(200)
  })

  test('after ten minutes the login is over, and the vendor is not asked', async () => {
    const { app, visitor, code } = await begun(mode)
    await app.clock.advance(600_000)
    expect((await visitor.verify({ code })).body.code).toBe('flow_invalid')
    expect(app.sim.count(twilioCalls.check)).toBe(0)
  })

  test('a stranger who starts with the same number shares its Verification and never logs in; the owner does', async () => {
    const { app, visitor: owner, code } = await begun(mode)
    const stranger = new Visitor(app)
    expect((await stranger.start()).status).toBe(201)
    // Both messages go to the SIM of the number, with one code.
    expect(owner.phone.inbox).toHaveLength(2)
    expect(owner.code()).toBe(code)
    expect((await stranger.verify({ code: wrong(code) })).body.code).toBe('invalid_code')
    expect((await owner.verify({ code })).status).toBe(200)
    // The Verification is approved now, by the owner's code: that must be no yes for anybody else.
    expect((await stranger.verify({ code: wrong(code) })).body).toMatchObject({
      code: 'rung_unable',
      reason: 'expired',
    })
    expect((await stranger.status()).body).not.toMatchObject({ status: 'verified' })
    expect(app.verified.count).toBe(1)
  })

  test('the code of the owner, brought by the stranger after the owner used it, is nothing', async () => {
    const { app, visitor: owner, code } = await begun(mode)
    const stranger = new Visitor(app)
    await stranger.start()
    expect((await owner.verify({ code })).status).toBe(200)
    expect((await stranger.verify({ code })).status).toBe(422)
    expect(app.verified.count).toBe(1)
  })

  test.each([429, 404] as const)(
    'a stranger who burns the five checks keeps the owner out, and no longer: %i',
    async (twilioSpent) => {
      const { app, visitor: owner, code } = await begun(mode)
      app.sim.behaviour.twilioSpent = twilioSpent
      for (const tries of [3, 2]) {
        const stranger = new Visitor(app)
        await stranger.start()
        for (let index = 0; index < tries; index++) await stranger.verify({ code: wrong(code) })
      }
      expect(app.sim.count(twilioCalls.check)).toBe(5)
      expect(await owner.verify({ code })).toMatchObject({
        status: 422,
        body: { code: 'rung_unable', reason: 'expired' },
      })
      expect(app.verified.count).toBe(0)
      await app.clock.advance(600_000)
      const again = new Visitor(app)
      expect((await again.start()).status).toBe(201)
      expect((await again.verify({ code: again.code() })).status).toBe(200)
    },
  )

  test('where the vendor sends no more to the number, the login is told to wait', async () => {
    const { app } = await begun(mode)
    app.sim.override('+12025550100', { twilio: { sendError: 60203 } })
    const other = await new Visitor(app).start()
    expect(other).toMatchObject({ status: 429, body: { code: 'cooldown', reason: 'busy' } })
    expect(other.retryAfter).toBe(600)
  })

  test('a country that Twilio blocks goes on with the next channel', async () => {
    const app = await twilioApp(mode, ['sms', 'call'])
    app.sim.fault({ match: twilioCalls.send, times: 1, status: 403, body: { code: 60605, message: 'x', status: 403 } })
    const visitor = new Visitor(app)
    expect((await visitor.start()).body).toMatchObject({
      method: 'twilio-call',
      skipped: [{ method: 'twilio-sms', reason: 'blocked' }],
    })
    expect(visitor.phone.inbox).toMatchObject([{ kind: 'call' }])
    expect((await visitor.verify({ code: visitor.code() })).status).toBe(200)
  })

  test('from SMS to a call it is the same Verification, and its code is good in both', async () => {
    const app = await twilioApp(mode, ['sms', 'call'])
    const visitor = new Visitor(app)
    await visitor.start()
    const code = visitor.code()
    await app.clock.advance(30_000)
    expect((await visitor.fallback()).body).toMatchObject({ method: 'twilio-call', expires_in: 570 })
    expect(visitor.code()).toBe(code)
    expect((await visitor.verify({ code })).status).toBe(200)
  })

  test('no event holds a number, a code or a secret', async () => {
    const { app, visitor, code } = await begun(mode)
    await visitor.verify({ code: wrong(code) })
    app.sim.override('+12025550100', { twilio: { checkError: 60200 } })
    await visitor.verify({ code: wrong(code) })
    app.sim.override('+12025550100', null)
    await visitor.verify({ code })
    const told = JSON.stringify(app.events)
    expect(told).toContain('provider_misconfigured')
    for (const secret of ['2025550100', code, wrong(code), 'the-auth-token', visitor.flow])
      expect(told).not.toContain(secret)
  })
})
