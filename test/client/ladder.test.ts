import type { Progress } from 'passport-phonecheck/client'
import { describe, expect, test } from 'vitest'
import { clientOf, number, reach, world } from '../support/client/client.js'

describe('the silent way', () => {
  test('in an app: the SDK’s answer goes to verify, and no timer is left', async () => {
    const app = await world()
    const { login, states, timers } = clientOf(app)
    expect(await login.start(` ${number} `)).toEqual({
      state: 'done',
      result: { user: `user-of-${number}`, method: 'phonecheck' },
    })
    expect(states).toEqual(['starting', 'opening', 'checking', 'done'])
    expect(app.calls.map(({ path, credentials }) => [path, credentials])).toEqual([
      ['/login/phone', 'omit'],
      ['/login/phone/verify', 'omit'],
    ])
    expect(app.calls[0]?.body).toEqual({ phone_number: number })
    expect(app.calls[1]?.body).toEqual({
      flow: expect.any(String),
      check_id: expect.any(String),
      code: expect.any(String),
    })
    expect(timers.count).toBe(0)
  })

  test('bound by a cookie, in body delivery', async () => {
    const app = await world({ binding: 'cookie' })
    const { login } = clientOf(app, { credentials: 'same-origin' })
    expect(await login.start(number)).toMatchObject({ state: 'done' })
    expect(app.calls.map(({ credentials }) => credentials)).toEqual(['same-origin', 'same-origin'])
  })

  test.each([
    [
      'no mobile data',
      async () => ({ error: 'sdk_no_data_connectivity', error_description: 'x'.repeat(5000) }),
      'sdk_no_data_connectivity',
    ],
    [
      'a refusal of the vendor',
      async () => ({ http_status: 412, response_body: { type: 'https://x.example/docs#not_mobile_ip', status: 412 } }),
      'not_mobile_ip',
    ],
    [
      'an error in the last answer',
      async () => ({ http_status: '200', response_body: { code: null, error: 'mno_timeout' } }),
      'mno_timeout',
    ],
    ['an answer that nobody can read', async () => ({ http_status: 502, response_raw_body: '<html>' }), 'sdk_error'],
    ['an error of great length', async () => ({ error: 'x'.repeat(300) }), 'reported'],
    ['an SDK that rejects', () => Promise.reject(new Error('native')), 'sdk_error'],
    [
      'an SDK that throws',
      () => {
        throw new Error('native')
      },
      'sdk_error',
    ],
    ['an SDK without an answer', async () => undefined as never, 'sdk_error'],
  ])('%s: reported, and the last way of the ladder says so', async (_, open, reason) => {
    const app = await world({ ladder: ['silent'] })
    const { login } = clientOf(app, { open })
    expect(await login.start(number)).toEqual({
      state: 'failed',
      fallback: [],
      problem: { code: 'rung_unable', action: 'restart', reason, retryAt: undefined, detail: expect.any(String) },
    })
    if (reason !== 'reported') expect(app.calls[1]?.body['error']).toBe(reason)
  })

  test('a code beside an error is a code', async () => {
    const app = await world()
    const open = async (url: string) => ({ ...(await app.open(url)), error: 'sdk_error' })
    expect(await clientOf(app, { open }).login.start(number)).toMatchObject({ state: 'done' })
  })

  test('where there is neither an SDK nor a page, the next way is taken', async () => {
    const app = await world()
    const { login } = clientOf(app, { open: undefined })
    expect(await login.start(number)).toMatchObject({ state: 'waiting_for_sms' })
  })

  test('another SIM: the ladder goes on at once, or waits to be told', async () => {
    const app = await world()
    app.sim.phone(number).sim = '+12025550199'
    const { login, states } = clientOf(app)
    expect(await login.start(number)).toMatchObject({
      state: 'waiting_for_sms',
      method: 'mocheck',
      fallback: ['idenfy-sms'],
    })
    expect(states).toEqual(['starting', 'opening', 'checking', 'falling_back', 'waiting_for_sms'])

    const patient = clientOf(app, { autoFallback: false }).login
    expect(await patient.start(number)).toMatchObject({
      state: 'failed',
      problem: { code: 'mismatch', action: 'fallback' },
      fallback: ['mocheck', 'idenfy-sms'],
    })
    expect(await patient.fallback()).toMatchObject({ state: 'waiting_for_sms' })
  })

  test('a code that the vendor does not know ends in a choice', async () => {
    const app = await world()
    const { login } = clientOf(app, { open: async () => ({ code: 'made-up' }) })
    expect(await login.start(number)).toMatchObject({ problem: { code: 'invalid_code', action: 'fallback' } })
    // The way is not spent for the server, so it asks for its ten seconds.
    const next = login.fallback()
    await reach(login, (progress) => progress.state === 'falling_back' && progress.retryAt !== undefined)
    await app.clock.advance(10_000)
    expect(await next).toMatchObject({ state: 'waiting_for_sms' })
  })
})

describe('the application', () => {
  test('that says no ends the login', async () => {
    const app = await world({ verify: async () => false as const })
    const { login } = clientOf(app)
    expect(await login.start(number)).toMatchObject({
      state: 'failed',
      problem: { code: 'user_refused', action: 'stop' },
      fallback: [],
    })
    expect(await login.fallback()).toMatchObject({ state: 'failed' })
    expect(app.count('fallback')).toBe(0)
  })

  test('that fails may be asked again without another check', async () => {
    let asked = 0
    const app = await world({
      verify: async () => {
        asked += 1
        if (asked === 1) throw new Error('the database is down')
        return { id: 'u1' }
      },
    })
    const { login } = clientOf(app)
    expect(await login.start(number)).toMatchObject({
      state: 'failed',
      problem: { code: 'app_error', action: 'retry' },
    })
    expect(await login.retry()).toMatchObject({ state: 'done', result: { user: 'u1' } })
    expect(app.sim.count('PATCH /phone_check/v0.2/checks/*')).toBe(1)
  })

  test('that throws in a listener is reported, and the login goes on', async () => {
    const app = await world()
    const { login } = clientOf(app)
    const reported = new Promise((resolve) => process.once('uncaughtException', resolve))
    const others = process
      .listeners('uncaughtException')
      .filter((listener) => listener !== process.listeners('uncaughtException').at(-1))
    for (const other of others) process.removeListener('uncaughtException', other)
    const leave = login.subscribe(() => {
      leave()
      throw new Error('a defect of the page')
    })
    expect(await login.start(number)).toMatchObject({ state: 'done' })
    expect(await reported).toMatchObject({ message: 'a defect of the page' })
    for (const other of others) process.on('uncaughtException', other)
  })

  test('may act from a listener', async () => {
    const app = await world({ ladder: ['code'] })
    const { login } = clientOf(app)
    login.subscribe(({ state }) => {
      if (state === 'waiting_for_code') void login.submitCode('1234')
    })
    void login.start(number)
    expect(await reach(login, 'done')).toMatchObject({ result: { method: 'idenfy-sms' } })
  })
})

describe('starting', () => {
  test.each([
    ['not a number', 'invalid_phone_number', 'restart'],
    ['+442079460000', 'number_type_not_allowed', 'restart'],
    ['+447911123456', 'country_not_allowed', 'restart'],
  ])('with %s', async (typed, code, action) => {
    const app = await world()
    const { login } = clientOf(app)
    expect(await login.start(typed)).toMatchObject({ state: 'failed', problem: { code, action }, fallback: [] })
    expect(await login.start(number)).toMatchObject({ state: 'done' })
  })

  test('twice by a double click is one login', async () => {
    const app = await world()
    const { login } = clientOf(app)
    const [one, two] = await Promise.all([login.start(number), login.start(number)])
    expect(one).toBe(two)
    expect(app.count('start')).toBe(1)
    expect(app.count('verify')).toBe(1)
  })

  test('again from a state of rest takes the place of the old login', async () => {
    const app = await world({ ladder: ['code'] })
    const { login, timers } = clientOf(app)
    await login.start(number)
    expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
    expect(app.count('start')).toBe(2)
    expect(timers.count).toBe(1)
    expect(await login.submitCode('1234')).toMatchObject({ state: 'done' })
    expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
  })

  test('with something that is no number is a defect', async () => {
    const app = await world()
    const { login, states } = clientOf(app)
    await expect(login.start(undefined as never)).rejects.toThrow(
      new TypeError('phoneLogin: phoneNumber must be a string'),
    )
    await expect(login.submitCode(1234 as never)).rejects.toThrow(TypeError)
    expect(states).toEqual([])
  })

  test('what makes no sense changes nothing', async () => {
    const app = await world()
    const { login, states } = clientOf(app)
    const idle: Progress = { state: 'idle' }
    expect(
      await Promise.all([login.submitCode('1234'), login.resend(), login.fallback(), login.retry(), login.resume()]),
    ).toEqual(Array(5).fill(idle))
    login.cancel()
    expect(new Set(states)).toEqual(new Set(['idle']))
    expect(app.calls).toEqual([])
  })

  test('an unsubscribed listener hears no more', async () => {
    const app = await world()
    const { login } = clientOf(app)
    const heard: string[] = []
    const leave = login.subscribe(({ state }) => heard.push(state))
    leave()
    await login.start(number)
    expect(heard).toEqual([])
  })
})

test('nothing that a listener gets to see, and no address, has the handle or the number in it', async () => {
  const app = await world()
  app.sim.phone(number).sim = '+12025550199'
  const { login, history } = clientOf(app)
  await login.start(number)
  await app.clock.advance(20_000)
  await login.fallback()
  await login.submitCode('0000')
  const flow = String(app.calls.at(-1)?.body['flow'])
  expect(flow).toHaveLength(43)
  expect(history.length).toBeGreaterThan(8)
  const seen = JSON.stringify([history, app.calls.map(({ path }) => path), login])
  expect(seen).not.toContain(flow)
  expect(seen).not.toContain(number.slice(2))
})
