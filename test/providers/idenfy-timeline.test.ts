import { describe, expect, test } from 'vitest'
import { calls, ladderApp, Visitor } from '../support/ladder.js'

/** A login by SMS alone, and the codes that its phone was told: by SMS and first call, and by second call. */
async function begun() {
  const app = await ladderApp('cookie + body', ['idenfy-sms'], { simulator: { codes: drawing('1111', '2222') } })
  const visitor = new Visitor(app)
  const start = await visitor.start()
  expect(start.status).toBe(201)
  return { app, visitor, start }
}

function drawing(...codes: string[]): () => string {
  let drawn = 0
  return () => codes[drawn++ % codes.length] ?? ''
}

describe('iDenfy, by the clock of its guide', () => {
  test('an SMS at once, a call with the same code after two minutes, a call with a new one after five', async () => {
    const { app, visitor } = await begun()
    const heard = () => visitor.phone.inbox.map(({ kind, text }) => [kind, /\d{4}/.exec(text)?.[0]])
    expect(heard()).toEqual([['sms', '1111']])
    await app.clock.advance(119_999)
    expect(heard()).toHaveLength(1)
    await app.clock.advance(1)
    expect(heard().slice(1)).toEqual([['call', '1111']])
    await app.clock.advance(179_999)
    expect(heard()).toHaveLength(2)
    await app.clock.advance(1)
    expect(heard().slice(2)).toEqual([['call', '2222']])
  })

  test.each([
    ['0:01', 1, '1111'],
    ['0:30', 30, '1111'],
    ['1:59', 119, '1111'],
    ['2:00', 120, '1111'],
    ['2:10', 130, '1111'],
    ['4:58', 298, '1111'],
    ['4:59', 299, '1111'],
    ['5:00', 300, '2222'],
    ['5:02', 302, '2222'],
    ['7:00', 420, '2222'],
    ['9:50', 590, '2222'],
    ['9:59', 599, '2222'],
  ])('at %s the valid code logs in', async (_at, seconds, code) => {
    const { app, visitor } = await begun()
    await app.clock.advance(seconds * 1000)
    expect((await visitor.verify({ code })).status).toBe(200)
    expect(await visitor.isLoggedIn()).toBe(true)
  })

  test.each([
    ['4:59, the code of the second call', 299, '2222'],
    ['5:00, the code of the SMS', 300, '1111'],
    ['9:50, the code of the SMS', 590, '1111'],
  ])('at %s is a wrong code, and the right one still logs in', async (_at, seconds, code) => {
    const { app, visitor } = await begun()
    await app.clock.advance(seconds * 1000)
    expect((await visitor.verify({ code })).body).toMatchObject({ code: 'invalid_code', attempts_left: 2 })
    expect((await visitor.verify({ code: code === '1111' ? '2222' : '1111' })).status).toBe(200)
  })

  test('at 10:00 the login is over, and the vendor is not asked', async () => {
    const { app, visitor, start } = await begun()
    expect(start.body).toMatchObject({ expires_in: 600, challenge: { resend_in: 125 } })
    await app.clock.advance(600_000)
    expect((await visitor.verify({ code: '2222' })).body.code).toBe('flow_invalid')
    expect(app.sim.count(calls.verify)).toBe(0)
  })

  test('on a ladder it lives as long as the flow does', async () => {
    const app = await ladderApp('cookie + body', ['mocheck', 'idenfy-sms'])
    const visitor = new Visitor(app)
    await visitor.start()
    await app.clock.advance(100_000)
    expect((await visitor.fallback()).body).toMatchObject({ method: 'idenfy-sms', expires_in: 500 })
  })
})

describe('a second login for a number whose message is still open at the vendor', () => {
  test('is told how long to wait, as we sent that message ourselves', async () => {
    const { app } = await begun()
    await app.clock.advance(60_000)
    const again = await new Visitor(app).start()
    expect(again).toMatchObject({ status: 429, retryAfter: 540, body: { code: 'cooldown', reason: 'busy' } })
    await app.clock.advance(540_000)
    expect((await new Visitor(app).start()).status).toBe(201)
  })

  test('goes on with the next rung, where there is one', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms', 'mocheck'])
    await new Visitor(app).start()
    const again = await new Visitor(app).start()
    expect(again).toMatchObject({
      status: 201,
      body: { method: 'mocheck', skipped: [{ method: 'idenfy-sms', reason: 'busy' }] },
    })
  })

  test('is a refusal without a wait when the message is not ours', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'])
    app.sim.fault({ match: calls.send, status: 400, body: '{"identifier":"VALIDATION_ERROR","message":"x"}' })
    expect((await new Visitor(app).start()).body).toMatchObject({ code: 'ladder_exhausted', reason: 'other' })
  })
})

describe('what an answer to send-sms proves', () => {
  test.each([
    ['201 with a request id', 201, { request_id: '3d50e1584e0946e789e0185c009aaadf' }, 201, undefined],
    ['202 with a request id', 202, { request_id: '3d50e1584e0946e789e0185c009aaadf' }, 201, undefined],
    ['200 without one', 200, {}, 503, 'delivery_unknown'],
    ['201 without one', 201, { ok: true }, 503, 'delivery_unknown'],
    ['a redirect', 302, {}, 503, 'delivery_unknown'],
    ['408', 408, {}, 503, 'delivery_unknown'],
    ['418', 418, {}, 503, 'delivery_unknown'],
    ['500', 500, { identifier: 'INTERNAL_ERROR' }, 503, 'delivery_unknown'],
    ['400 INTERNAL_ERROR', 400, { identifier: 'INTERNAL_ERROR', message: 'x' }, 503, 'delivery_unknown'],
    ['400 TOO_MANY_REQUESTS', 400, { identifier: 'TOO_MANY_REQUESTS', message: 'x' }, 503, 'provider_unavailable'],
    ['429', 429, { identifier: 'TOO_MANY_REQUESTS', message: 'x' }, 503, 'provider_unavailable'],
    ['401', 401, {}, 503, 'provider_unavailable'],
  ])('%s', async (_name, status, body, answered, code) => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'])
    app.sim.fault({ match: calls.send, status, body: JSON.stringify(body) })
    const start = await new Visitor(app).start()
    expect(start.status).toBe(answered)
    expect(start.body.code).toBe(code)
  })

  test('a message that may be out stays charged: the fourth in ten minutes is refused before the vendor is asked', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'])
    app.sim.fault({ match: calls.send, status: 201, body: '{"is_verified":true}' })
    for (let index = 0; index < 3; index++) expect((await new Visitor(app).start()).body.code).toBe('delivery_unknown')
    expect((await new Visitor(app).start()).body.code).toBe('number_limit')
    expect(app.sim.count(calls.send)).toBe(3)
  })
})

describe('what an answer to verify-sms proves', () => {
  test.each([
    ['201 with a yes', 201, { is_verified: true }, 200, undefined],
    ['202 with a no', 202, { is_verified: false }, 401, 'invalid_code'],
    ['400 BAD_VALUE', 400, { identifier: 'BAD_VALUE', message: 'x' }, 422, 'rung_unable'],
    ['400 INTERNAL_ERROR', 400, { identifier: 'INTERNAL_ERROR', message: 'x' }, 503, 'provider_unavailable'],
    ['400 TOO_MANY_REQUESTS', 400, { identifier: 'TOO_MANY_REQUESTS', message: 'x' }, 503, 'provider_unavailable'],
  ])('%s', async (_name, status, body, answered, code) => {
    const { app, visitor } = await begun()
    const fault = app.sim.fault({ match: calls.verify, status, body: JSON.stringify(body) })
    const verify = await visitor.verify({ code: '1111' })
    expect(verify.status).toBe(answered)
    expect(verify.body.code).toBe(code)
    fault.remove()
    if (answered !== 503) return
    expect(app.events.map(({ type }) => type)).toContain(
      JSON.stringify(body).includes('INTERNAL_ERROR') ? 'provider_outage' : 'quota_exceeded',
    )
    await app.clock.advance(5_000)
    expect((await visitor.verify({ code: '1111' })).status).toBe(200)
  })
})
