import { describe, expect, test } from 'vitest'
import { clientOf, eventually, number, reach, world } from '../support/client/client.js'

describe('an SMS from the user', () => {
  test('is shown, awaited and redeemed', async () => {
    const app = await world({ ladder: ['sms', 'code'] })
    const { login, states, timers } = clientOf(app)
    expect(await login.start(number)).toEqual({
      state: 'waiting_for_sms',
      method: 'mocheck',
      skipped: [],
      fallbackAt: app.clock.now() + 20_000,
      to: '+447700900001',
      body: '123456',
      href: 'sms:+447700900001?&body=123456',
      fallback: ['idenfy-sms'],
      expiresAt: app.clock.now() + 180_000,
      problem: undefined,
      resendAt: undefined,
    })
    await app.clock.advance(3_000)
    await eventually(() => app.calls.at(-1)?.status === 200)
    expect(app.sms.polls).toBe(1)
    app.sms.outcome = { outcome: 'verified' }
    for (let second = 0; second < 5 && login.progress.state === 'waiting_for_sms'; second += 1) {
      await eventually(() => timers.count === 1)
      await app.clock.advance(1_000)
    }
    expect(await reach(login, 'done')).toMatchObject({ result: { method: 'mocheck' } })
    expect(states).toEqual(['starting', 'waiting_for_sms', 'checking', 'done'])
    expect(app.calls.at(-1)?.body).toEqual({ flow: expect.any(String) })
    expect(timers.count).toBe(0)
  })

  test('from another SIM: the ladder goes on', async () => {
    const app = await world({ ladder: ['sms', 'code'] })
    const { login } = clientOf(app)
    app.sms.outcome = { outcome: 'mismatch' }
    await login.start(number)
    await app.clock.advance(3_000)
    expect(await reach(login, 'waiting_for_code')).toMatchObject({ method: 'idenfy-sms', length: 4 })
    expect(app.code.sent).toBe(1)
  })

  test('from another SIM, with nothing left', async () => {
    const app = await world({ ladder: ['sms'] })
    const { login } = clientOf(app)
    app.sms.outcome = { outcome: 'mismatch' }
    await login.start(number)
    await app.clock.advance(3_000)
    expect(await reach(login, 'failed')).toMatchObject({
      problem: { code: 'ladder_exhausted', action: 'restart' },
      fallback: [],
    })
  })

  test('too early for another way: waits as asked, and takes it then', async () => {
    const app = await world({ ladder: ['sms', 'code'] })
    const { login, history } = clientOf(app)
    await login.start(number)
    const first = login.fallback()
    const second = login.fallback()
    expect(await reach(login, (progress) => 'retryAt' in progress)).toEqual({
      state: 'falling_back',
      retryAt: app.clock.now() + 20_000,
    })
    await app.clock.advance(20_000)
    expect(await first).toMatchObject({ state: 'waiting_for_code' })
    expect(await second).toMatchObject({ state: 'waiting_for_code' })
    expect(app.count('fallback')).toBe(2)
    expect(history.filter(({ state }) => state === 'waiting_for_code')).toHaveLength(1)
  })

  test('the SMS arrives while another way is asked for: it wins', async () => {
    const app = await world({ ladder: ['sms', 'code'] })
    const { login } = clientOf(app)
    await login.start(number)
    app.sms.outcome = { outcome: 'verified' }
    app.before = async (path) => {
      if (!path.endsWith('/fallback')) return
      app.before = () => {}
      await app.clock.advance(4_000)
      const flow = app.calls[0] && app.calls.at(-1)?.body['flow']
      await fetch(`${app.url}/login/phone/status`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ flow }),
      })
    }
    expect(await login.fallback()).toMatchObject({ state: 'done', result: { method: 'mocheck' } })
    expect(app.code.sent).toBe(0)
  })
})

describe('a code', () => {
  test('typed right, with blanks', async () => {
    const app = await world({ ladder: ['code'] })
    const { login, states, timers } = clientOf(app)
    expect(await login.start(number)).toEqual({
      state: 'waiting_for_code',
      method: 'idenfy-sms',
      skipped: [],
      length: 4,
      attemptsLeft: undefined,
      resendAt: app.clock.now() + 125_000,
      expiresAt: app.clock.now() + 300_000,
      fallback: [],
      problem: undefined,
    })
    expect(await login.submitCode(' 12-34 ')).toMatchObject({ state: 'done', result: { method: 'idenfy-sms' } })
    expect(states).toEqual(['starting', 'waiting_for_code', 'checking', 'done'])
    expect(timers.count).toBe(0)
  })

  test('submitted twice is verified once', async () => {
    const app = await world({ ladder: ['code'] })
    const { login } = clientOf(app)
    await login.start(number)
    const both = await Promise.all([
      login.submitCode('1234'),
      login.submitCode('1234'),
      login.fallback(),
      login.retry(),
    ])
    expect(both.map(({ state }) => state)).toEqual(['done', 'done', 'checking', 'done'])
    expect(app.count('verify')).toBe(1)
    expect((await login.submitCode('1234')).state).toBe('done')
    expect((await login.retry()).state).toBe('done')
    expect(app.count('verify')).toBe(1)
  })

  test('too short: no request, and no try', async () => {
    const app = await world({ ladder: ['code'] })
    const { login } = clientOf(app)
    await login.start(number)
    const answer = await login.submitCode('123')
    expect(answer).toMatchObject({ state: 'waiting_for_code', problem: { code: 'invalid_request', action: 'retry' } })
    expect(await login.submitCode('abcd')).toMatchObject({
      state: 'waiting_for_code',
      problem: { code: 'invalid_request', action: 'retry' },
    })
    expect(app.count('verify')).toBe(1)
    expect(await login.submitCode('1234')).toMatchObject({ state: 'done' })
  })

  test('wrong ones are counted; then only another message helps, after its cooldown', async () => {
    const app = await world({ ladder: ['code'] })
    const { login } = clientOf(app)
    await login.start(number)
    expect(await login.submitCode('0000')).toMatchObject({
      attemptsLeft: 2,
      problem: { code: 'invalid_code', action: 'retry' },
    })
    expect(await login.retry()).toMatchObject({ attemptsLeft: 2 })
    expect(await login.submitCode('0000')).toMatchObject({ attemptsLeft: 1 })
    const resendAt = app.clock.now() + 125_000
    const last = {
      state: 'waiting_for_code',
      attemptsLeft: 0,
      resendAt,
      problem: { code: 'invalid_code', action: 'wait', retryAt: resendAt },
    }
    expect(await login.submitCode('0000')).toMatchObject(last)
    expect(await login.submitCode('1234')).toMatchObject(last)
    expect(app.count('verify')).toBe(3)

    expect(await login.resend()).toMatchObject({
      state: 'waiting_for_code',
      problem: { code: 'cooldown', action: 'wait', retryAt: resendAt },
    })
    await app.clock.advance(125_000)
    const renewed = await login.resend()
    expect(renewed).toMatchObject({ state: 'waiting_for_code', problem: undefined })
    expect(renewed).not.toHaveProperty('attemptsLeft')
    expect(app.code.sent).toBe(2)
    expect(await login.submitCode('1234')).toMatchObject({ state: 'done' })
  })

  test('two resends at most: then none is offered', async () => {
    const app = await world({ ladder: ['code'] })
    const { login } = clientOf(app)
    await login.start(number)
    await app.clock.advance(125_000)
    await Promise.all([login.resend(), login.resend()])
    expect(app.count('resend')).toBe(1)
    expect(await login.resend()).toMatchObject({ problem: { code: 'cooldown' }, resendAt: app.clock.now() + 250_000 })
    await app.clock.advance(250_000)
    expect(await login.resend()).toMatchObject({ state: 'waiting_for_code', problem: undefined })
    expect(await login.resend()).toMatchObject({
      resendAt: undefined,
      problem: { code: 'send_refused', action: 'stop' },
    })
    expect(await login.submitCode('1234')).toMatchObject({ state: 'done' })
  })

  test('wrong to the end with another way left: that is taken', async () => {
    const app = await world({ ladder: ['code', 'sms'] })
    const { login } = clientOf(app)
    await login.start(number)
    await login.submitCode('0000')
    await login.submitCode('0000')
    expect(await login.submitCode('0000')).toMatchObject({ state: 'waiting_for_sms' })
  })

  test('its expiry is told to whoever is still there, and no message is sent unasked', async () => {
    const app = await world({ ladder: ['code', 'sms'] })
    const { login } = clientOf(app)
    await login.start(number)
    await app.clock.advance(300_000)
    expect(login.progress).toMatchObject({
      state: 'failed',
      problem: { code: 'expired', action: 'fallback' },
      fallback: ['mocheck'],
    })
    expect(app.calls).toHaveLength(1)
    expect(await login.fallback()).toMatchObject({ state: 'waiting_for_sms' })
  })
})

describe('the whole ladder, with the real adapters and a phone', () => {
  async function onWifi() {
    const app = await world({ ladder: ['silent', 'mocheck', 'idenfy'] })
    const phone = app.sim.phone(number)
    phone.mobileData = false
    const client = clientOf(app)
    const progress = await client.login.start(number)
    if (progress.state !== 'waiting_for_sms') throw new Error(`unexpected: ${JSON.stringify(progress)}`)
    return { ...app, ...client, phone, progress }
  }

  test('an SMS from the phone', async () => {
    const { login, clock, phone, progress } = await onWifi()
    expect(await phone.send(progress.to, progress.body)).toBe('delivered')
    await clock.advance(3_000)
    expect(await reach(login, 'done')).toMatchObject({ result: { user: `user-of-${number}`, method: 'mocheck' } })
  })

  test('a code to the phone', async () => {
    const { login, clock, phone, states } = await onWifi()
    const asked = login.fallback()
    await reach(login, (progress) => 'retryAt' in progress)
    await clock.advance(20_000)
    expect(await asked).toMatchObject({ state: 'waiting_for_code', method: 'idenfy-sms', fallback: [] })
    const code = /\d{4}/.exec(phone.inbox[0]?.text ?? '')?.[0] ?? ''
    expect(await login.submitCode(code)).toMatchObject({ state: 'done', result: { method: 'idenfy-sms' } })
    expect(states).toContain('falling_back')
  })
})
