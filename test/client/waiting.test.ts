import { describe, expect, test, vi } from 'vitest'
import { code, fakeClient, number, pending, problem, sms, url } from '../support/client/fake-server.js'

const verified = { body: { state: 'verified', rung: 'live', fallback: ['next'] } }

describe('polling', () => {
  test('keeps to the pace that the server names, and ends with the result', async () => {
    const { login, clock, times, timers, states } = fakeClient({
      start: [sms],
      status: [pending(5), pending(5), pending(2), pending(0), verified],
      verify: [{ body: 'not JSON' }],
    })
    await login.start(number)
    await clock.advance(2_999)
    expect(times('status')).toEqual([])
    await clock.advance(60_000)
    expect(times('status').slice(0, 4)).toEqual([3, 8, 13, 15])
    expect(times('status')[4]).toBeGreaterThan(16)
    expect(login.progress).toEqual({ state: 'done', result: undefined })
    expect(states).toEqual(['starting', 'waiting_for_sms', 'checking', 'done'])
    expect(timers.count).toBe(0)
  })

  test('never has two questions open, and gives up on one that hangs', async () => {
    const { login, clock, times, calls } = fakeClient({ start: [sms], status: ['hang', pending(4)] })
    await login.start(number)
    await clock.advance(32_900)
    expect(times('status')).toEqual([3])
    expect(calls[1]?.signal.aborted).toBe(false)
    await clock.advance(20_000)
    expect(calls[1]?.signal.aborted).toBe(true)
    const [, second = 0, third] = times('status')
    expect(second).toBeGreaterThan(33)
    expect(third).toBe(second + 4)
  })

  test.each([
    ['503', problem(503, 'store_unavailable', { 'retry-after': '20' })],
    ['429', problem(429, 'address_limit', { 'retry-after': '20' })],
  ])('honours Retry-After of a %s', async (_, answer) => {
    const { login, clock, times } = fakeClient({ start: [sms], status: [answer, pending()] })
    await login.start(number)
    await clock.advance(24_000)
    expect(times('status')).toEqual([3, 23])
  })

  test('backs off while there is trouble, each device at its own times, and tells of it', async () => {
    const gaps = async (id: string) => {
      const server = fakeClient({ start: [{ ...sms, body: { ...(sms.body as object), id } }], status: ['offline'] })
      const { login, clock, times, history } = server
      await login.start(number)
      await clock.advance(120_000)
      expect(login.progress).toMatchObject({ state: 'waiting_for_sms', problem: { code: 'offline', action: 'retry' } })
      server.script['status'] = [pending()]
      await clock.advance(40_000)
      expect(history.at(-1)).toMatchObject({ state: 'waiting_for_sms', problem: undefined })
      return times('status').map((at, index, all) => at - (all[index - 1] ?? 0))
    }
    const [first, second] = [await gaps('9f86d081884c7d65'), await gaps('00a1b2c3d4e5f607')]
    for (const all of [first, second]) {
      for (const [index, nominal] of [3, 6, 12, 24, 30].entries()) {
        expect(all[index + 1]).toBeGreaterThanOrEqual(nominal * 0.75)
        expect(all[index + 1]).toBeLessThanOrEqual(nominal * 1.25)
      }
    }
    expect(first).not.toEqual(second)
  })

  test('says nothing new as long as there is nothing new', async () => {
    const { login, clock, states, times } = fakeClient({ start: [sms], status: [pending()] })
    await login.start(number)
    await clock.advance(60_000)
    expect(times('status')).toHaveLength(20)
    expect(states).toEqual(['starting', 'waiting_for_sms'])
  })

  test('rests while the page is hidden, and asks once when it is seen again', async () => {
    const page = Object.assign(new EventTarget(), { visibilityState: 'hidden' })
    vi.stubGlobal('document', page)
    try {
      const { login, clock, times } = fakeClient({ start: [sms], status: [pending()] })
      await login.start(number)
      await clock.advance(60_000)
      expect(times('status')).toEqual([])
      page.dispatchEvent(new Event('visibilitychange'))
      await clock.advance(1_000)
      expect(times('status')).toEqual([])
      page.visibilityState = 'visible'
      page.dispatchEvent(new Event('visibilitychange'))
      await clock.advance(4_000)
      expect(times('status')).toEqual([61, 64])
    } finally {
      vi.unstubAllGlobals()
    }
  })

  test('asks a last time when the way expires, and stops', async () => {
    const { login, clock, times, timers } = fakeClient({ start: [sms], status: [pending(50)] })
    await login.start(number)
    await clock.advance(1_000_000)
    expect(times('status')).toEqual([3, 53, 103, 153, 180])
    expect(login.progress).toEqual({
      state: 'failed',
      problem: { code: 'expired', action: 'fallback', reason: undefined, retryAt: undefined },
      fallback: ['next'],
    })
    expect(timers.count).toBe(0)
  })

  test('the last question may be the one that wins', async () => {
    const { login, clock } = fakeClient({ start: [sms], status: [pending(170), verified, verified], verify: [{}] })
    await login.start(number)
    await clock.advance(181_000)
    expect(login.progress.state).toBe('done')
  })

  test.each([
    ['a login that is gone', problem(401, 'flow_invalid'), 'flow_invalid'],
    ['a route that is not there', { status: 404, body: '<html>' }, 'unexpected'],
    ['an answer that makes no sense', { body: '<html>' }, 'ladder_exhausted'],
  ])('%s ends it', async (_, answer, name) => {
    const { login, clock, times } = fakeClient({ start: [sms], status: [answer] })
    await login.start(number)
    await clock.advance(100_000)
    expect(times('status')).toEqual([3])
    expect(login.progress).toMatchObject({ state: 'failed', problem: { code: name, action: 'restart' }, fallback: [] })
  })

  test('a way that failed to be left goes on being waited for, and its problem stays in sight', async () => {
    const { login, clock, times } = fakeClient({
      start: [sms],
      status: [pending()],
      fallback: [problem(503, 'provider_unavailable', { 'retry-after': '30' }), code],
    })
    await login.start(number)
    const seen = {
      state: 'waiting_for_sms',
      problem: { code: 'provider_unavailable', action: 'retry', retryAt: clock.now() + 30_000 },
    }
    expect(await login.fallback()).toMatchObject(seen)
    await clock.advance(6_000)
    expect(times('status')).toEqual([3, 6])
    expect(login.progress).toMatchObject(seen)
    expect(await login.retry()).toMatchObject({ state: 'waiting_for_code' })
  })
})

describe('a busy login', () => {
  test('is asked again after Retry-After, and the user need not know', async () => {
    const { login, clock, times } = fakeClient({
      start: [url],
      verify: [problem(409, 'pending', { 'retry-after': '4' }), problem(409, 'in_progress'), { body: { ok: true } }],
    })
    const done = login.start(number)
    await clock.advance(10_000)
    expect(await done).toEqual({ state: 'done', result: { ok: true } })
    expect(times('verify')).toEqual([0, 4, 5])
  })

  test('for more than half a minute becomes the user’s business', async () => {
    const { login, clock, times, script } = fakeClient({
      start: [url],
      verify: [problem(409, 'in_progress', { 'retry-after': '9' })],
    })
    const failed = login.start(number)
    await clock.advance(60_000)
    expect(await failed).toMatchObject({ state: 'failed', problem: { code: 'in_progress', action: 'retry' } })
    expect(times('verify')).toEqual([0, 9, 18, 27])
    script['verify'] = [{}]
    expect(await login.retry()).toMatchObject({ state: 'done' })
  })

  test('may be left for a new one', async () => {
    const { login, clock, script } = fakeClient({
      start: [code],
      verify: [problem(409, 'in_progress', { 'retry-after': '9' })],
    })
    await login.start(number)
    const first = login.submitCode('1234')
    await clock.advance(1)
    expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
    expect((await first).state).toBe('checking')
    script['verify'] = [{}]
    expect(await login.submitCode('1234')).toMatchObject({ state: 'done' })
  })
})

describe('networks and servers', () => {
  test('offline is a state, and its step may be repeated', async () => {
    const { login, script } = fakeClient({ start: ['offline'] })
    const offline = { state: 'failed', problem: { code: 'offline', action: 'retry' }, fallback: [] }
    expect(await login.start(number)).toMatchObject(offline)
    expect(await login.retry()).toMatchObject(offline)
    script['start'] = [code]
    expect(await login.retry()).toMatchObject({ state: 'waiting_for_code' })
    // The form stays, with what was typed.
    expect(await login.submitCode('1234')).toMatchObject({
      state: 'waiting_for_code',
      problem: { code: 'offline', action: 'retry' },
    })
    script['verify'] = [{}]
    expect(await login.retry()).toMatchObject({ state: 'done' })
  })

  test('a call that gets no answer is offline after half a minute', async () => {
    const { login, clock, timers, calls } = fakeClient({ start: ['hang'] })
    const failed = login.start(number)
    await clock.advance(30_000)
    expect(await failed).toMatchObject({ problem: { code: 'offline' } })
    expect(calls[0]?.signal.aborted).toBe(true)
    expect(timers.count).toBe(0)
  })

  test.each([
    ['HTML instead of a challenge', { status: 201, body: '<html>' }, 'unexpected', 'restart'],
    ['JSON without one', { status: 201, body: { flow: 'x' } }, 'unexpected', 'restart'],
    ['a proxy’s error page', { status: 502, body: '<html>' }, 'unexpected', 'retry'],
    ['a page that it was sent on to', { ...code, redirected: true }, 'unexpected', 'retry'],
    ['a code of the app’s own', problem(403, 'account_suspended'), 'account_suspended', 'stop'],
    ['a code that is a name of Object’s', problem(400, 'constructor'), 'constructor', 'restart'],
  ])('%s', async (_, answer, name, action) => {
    const { login } = fakeClient({ start: [answer] })
    expect(await login.start(number)).toMatchObject({ state: 'failed', problem: { code: name, action } })
  })

  test('a verify that Passport redirected to the login page is no success', async () => {
    const { login } = fakeClient({ start: [code], verify: [{ redirected: true, body: '<html>' }] })
    await login.start(number)
    expect(await login.submitCode('1234')).toMatchObject({
      state: 'waiting_for_code',
      problem: { code: 'unexpected', action: 'retry' },
    })
  })

  test('a code form ends with a login that is not admitted', async () => {
    const { login } = fakeClient({ start: [code], verify: [problem(403, 'user_refused')] })
    await login.start(number)
    expect(await login.submitCode('1234')).toMatchObject({
      state: 'failed',
      problem: { code: 'user_refused', action: 'stop' },
      fallback: [],
    })
  })

  test('a way that has expired is not waited for again when the next one fails', async () => {
    const { login, clock } = fakeClient({
      start: [sms],
      status: [pending(170)],
      fallback: [problem(503, 'provider_unavailable'), code],
    })
    await login.start(number)
    await clock.advance(181_000)
    expect(await login.fallback()).toMatchObject({
      state: 'failed',
      problem: { code: 'provider_unavailable', action: 'retry' },
      fallback: ['next'],
    })
    expect(await login.retry()).toMatchObject({ state: 'waiting_for_code' })
  })

  test('a challenge of a later version is reported, and the next way taken', async () => {
    const { login, calls } = fakeClient({
      start: [{ ...code, body: { ...(code.body as object), challenge: { type: 'wave_hands' } } }],
      verify: [{ status: 422, body: { code: 'rung_unable', fallback: ['next'] } }],
      fallback: [code],
    })
    expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
    expect(calls[1]?.body).toMatchObject({ error: 'sdk_error' })
  })

  test('a message that may be under way leads to a new start when no other way is left', async () => {
    const { login } = fakeClient({
      start: [url],
      verify: [{ status: 422, body: { code: 'rung_unable', fallback: ['next'] } }],
      fallback: [problem(503, 'delivery_unknown'), problem(422, 'ladder_exhausted')],
    })
    expect(await login.start(number)).toMatchObject({
      state: 'failed',
      problem: { code: 'delivery_unknown', action: 'retry' },
    })
    expect(await login.retry()).toMatchObject({
      state: 'failed',
      problem: { code: 'ladder_exhausted', action: 'restart' },
    })
  })
})

describe('retry()', () => {
  test('waits for the time that the server named, and a new start need not', async () => {
    const { login, clock, times } = fakeClient({
      start: [problem(429, 'number_limit', { 'retry-after': '500' }), code],
    })
    expect(await login.start(number)).toMatchObject({
      problem: { code: 'number_limit', action: 'wait', retryAt: clock.now() + 500_000 },
    })
    const [one, two] = [login.retry(), login.retry()]
    await clock.advance(499_000)
    expect(times('start')).toEqual([0])
    await clock.advance(1_000)
    expect([await one, await two]).toMatchObject([{ state: 'waiting_for_code' }, { state: 'waiting_for_code' }])
    expect(times('start')).toEqual([0, 500])
  })

  test('does not wait for a day', async () => {
    const { login, timers } = fakeClient({ start: [problem(429, 'code_locked', { 'retry-after': '2592000' })] })
    const failed = await login.start(number)
    expect(await login.retry()).toBe(failed)
    expect(timers.count).toBe(0)
  })
})
