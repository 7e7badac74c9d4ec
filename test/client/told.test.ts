import { afterEach, describe, expect, test, vi } from 'vitest'
import { typedCode } from '../../src/client/code.js'
import { typedCode as serverSide } from '../../src/lib/typed-text.js'
import { clientOf, world } from '../support/client/client.js'
import { page, storage } from '../support/client/fake-page.js'
import { code, fakeClient, flow, number, pending, problem, sms, step, url } from '../support/client/fake-server.js'
import { inScript } from '../support/keyboards.js'

afterEach(() => void vi.unstubAllGlobals())

const skipped = [{ method: 'phonecheck', reason: 'not_mobile_ip' }]

describe('a page of another origin, where CORS hides Retry-After', () => {
  test('the wait of a problem is read from its body', async () => {
    const early = { status: 409, body: { code: 'too_early', retry_after: 12 } }
    const { login, clock, times } = fakeClient({ start: [sms], fallback: [early, code] })
    await login.start(number)
    const gone = login.fallback()
    await clock.advance(12_000)
    expect(await gone).toMatchObject({ state: 'waiting_for_code' })
    expect([times('fallback'), times('verify')]).toEqual([[0, 12], []])
  })

  test('the body is believed before the header', async () => {
    const limited = { status: 429, body: { code: 'number_limit', retry_after: 600 }, headers: { 'retry-after': '1' } }
    const { login, clock } = fakeClient({ start: [limited] })
    expect(await login.start(number)).toMatchObject({
      problem: { code: 'number_limit', retryAt: clock.now() + 600_000 },
    })
  })
})

describe('the vendor limits how often a check URL is opened', () => {
  const tooMany = {
    http_status: 429,
    response_body: { type: 'https://vendor.example/api-errors#too_many_requests', status: 429 },
  }

  test('the URL is opened again after a pause, which is shown, and the check logs in', async () => {
    const answers: object[] = [tooMany, { ...tooMany, retry_after: 30 }, { check_id: 'c', code: 'right' }]
    const open = vi.fn(async () => answers.shift() ?? {})
    const { login, clock, states, calls } = fakeClient({ start: [url], verify: [{}] }, { open })
    const started = login.start(number)
    await clock.advance(0)
    expect(login.progress).toMatchObject({ state: 'opening', retryAt: clock.now() + 5_000 })
    await clock.advance(5_000)
    expect(login.progress).toMatchObject({ state: 'opening', retryAt: clock.now() + 30_000 })
    await clock.advance(30_000)
    expect(await started).toMatchObject({ state: 'done' })
    expect(open).toHaveBeenCalledTimes(3)
    expect(calls.map(({ call }) => call)).toEqual(['start', 'verify'])
    expect(states.at(-1)).toBe('done')
  })

  test('a check that does not outlive the pause is left for the next way', async () => {
    const open = vi.fn(async () => ({ http_status: 429 }))
    const spent = { status: 422, body: { code: 'rung_unable', fallback: ['next'] } }
    const short = step({ type: 'open_url', url: 'https://vendor.example/check' }, { expires_in: 20 })
    const { login, clock, calls } = fakeClient({ start: [short], verify: [spent], fallback: [code] }, { open })
    const started = login.start(number)
    await clock.advance(20_000)
    expect(await started).toMatchObject({ state: 'waiting_for_code' })
    expect(open).toHaveBeenCalledTimes(3)
    expect(calls[1]?.body).toMatchObject({ error: 'sdk_error' })
  })

  test('whoever cancels in the pause is not shown the check again', async () => {
    const { login, clock, states } = fakeClient({ start: [url] }, { open: async () => tooMany })
    void login.start(number)
    await clock.advance(0)
    login.cancel()
    await clock.advance(60_000)
    expect(states.at(-1)).toBe('idle')
  })
})

describe('what the server tells of its ladder', () => {
  test('which ways were passed over and why, and when fallback opens', async () => {
    const more = { skipped, fallback_in: 20 }
    const { login, clock } = fakeClient({
      start: [step({ type: 'send_sms', to: '+447700900001', body: '1', href: 'sms:1' }, more)],
    })
    expect(await login.start(number)).toMatchObject({
      state: 'waiting_for_sms',
      skipped,
      fallbackAt: clock.now() + 20_000,
    })
  })

  test('why a way that is watched is spent', async () => {
    const spent = { body: { state: 'pending', rung: 'spent', fallback: ['next'], reason: 'expired' } }
    const { login, clock } = fakeClient({ start: [sms], status: [spent] }, { autoFallback: false })
    await login.start(number)
    await clock.advance(3_000)
    expect(login.progress).toMatchObject({
      state: 'failed',
      problem: { code: 'rung_unable', reason: 'expired' },
      fallback: ['next'],
    })
  })

  test('that the app refused the user, in another tab', async () => {
    const { login, clock } = fakeClient({
      start: [sms],
      status: [{ body: { state: 'failed', rung: 'spent', fallback: [], reason: 'user_refused' } }],
    })
    await login.start(number)
    await clock.advance(3_000)
    expect(login.progress).toMatchObject({ state: 'failed', problem: { code: 'user_refused', action: 'stop' } })
  })

  test('with the real server: a rung that is passed over is in the state, and so is the time of fallback', async () => {
    const app = await world({ ladder: ['silent', 'sms', 'code'] })
    app.sim.fault({ match: 'POST /phone_check/v0.2/checks', status: 429 })
    const { login } = clientOf(app)
    expect(await login.start(number)).toMatchObject({
      state: 'waiting_for_sms',
      skipped: [{ method: 'phonecheck', reason: 'quota_exceeded' }],
      fallbackAt: app.clock.now() + 20_000,
    })
  })
})

/** A tab that came back from the check, with what the return leg says. */
function back(query: string, script: Parameters<typeof fakeClient>[0]) {
  const { location } = page(`https://app.example/login?${query}`)
  return { location, ...fakeClient(script, { storage: storage() }) }
}

describe('the return leg', () => {
  test('its reason is told, and taken out of the address with its code', async () => {
    const { login, location } = back('next=%2F&phonecheck=rung_unable&reason=not_mobile_ip#top', {})
    expect(await login.resume()).toMatchObject({
      state: 'failed',
      problem: { code: 'rung_unable', reason: 'not_mobile_ip' },
    })
    expect(location.href).toBe('https://app.example/login?next=%2F#top')
  })

  test('a reason of the app itself stays in the address', async () => {
    const { login, location } = back('reason=spring_sale', {})
    expect((await login.resume()).state).toBe('idle')
    expect(location.href).toBe('https://app.example/login?reason=spring_sale')
  })

  test('is not lost to effects that run, are undone and run again, as those of React do', async () => {
    const { login } = back('phonecheck=mismatch', {})
    void login.resume()
    login.cancel()
    expect(await login.resume()).toMatchObject({ state: 'failed', problem: { code: 'mismatch' } })
  })

  test('nor is the login itself', async () => {
    page()
    const place = storage()
    await fakeClient({ start: [code] }, { storage: place }).login.start(number)
    const { login } = fakeClient({ status: [pending()] }, { storage: place })
    void login.resume()
    login.cancel()
    expect(await login.resume()).toMatchObject({ state: 'waiting_for_code' })
    login.cancel()
    expect(place.content).toEqual({})
  })

  test('is kept until it was shown, by a page that goes while the server is asked', async () => {
    page()
    const place = storage()
    await fakeClient(
      { start: [url] },
      { storage: place, open: () => new Promise(() => {}), autoFallback: false },
    ).login.cancel()
    place.setItem(
      'phonecheck https://app.example',
      JSON.stringify({ flow, since: Date.UTC(2026, 0, 1), type: 'open_url', fallback: [] }),
    )
    page('https://app.example/login?phonecheck=mismatch')
    const { login } = fakeClient({ status: ['hang'] }, { storage: place })
    void login.resume()
    await vi.waitFor(() => expect(login.progress.state).toBe('checking'))
    login.cancel()
    expect(await login.resume()).toMatchObject({ state: 'failed', problem: { code: 'mismatch' } })
    login.cancel()
    expect((await login.resume()).state).toBe('idle')
  })
})

test('a login whose code is on its way is kept for the next page when another start is refused for it', async () => {
  const place = storage()
  const { login, script } = fakeClient({ start: [code] }, { storage: place })
  await login.start(number)
  script['start'] = [{ status: 429, body: { code: 'cooldown', retry_after: 90 } }]
  expect(await login.start(number)).toMatchObject({ state: 'failed', problem: { code: 'cooldown', action: 'wait' } })
  const next = fakeClient({ status: [pending()], verify: [{}] }, { storage: place })
  expect(await next.login.resume()).toMatchObject({ state: 'waiting_for_code' })
  expect(await next.login.submitCode('1234')).toMatchObject({ state: 'done' })

  script['start'] = [problem(400, 'invalid_phone_number')]
  await login.start(number)
  expect(place.content).toEqual({})
})

test('a browser that keeps no cookie is told so, and not to begin again', async () => {
  const app = await world({ binding: 'cookie', ladder: ['code'] })
  const { login } = clientOf(app, {
    // As in a frame of another site: what the server sets does not come back.
    fetch: (to, init) => fetch(to, { ...init, headers: { ...init.headers, origin: app.url } }),
  })
  await login.start(number)
  expect(await login.submitCode('1234')).toMatchObject({
    state: 'failed',
    problem: {
      code: 'flow_invalid',
      reason: 'no_cookie',
      action: 'stop',
      detail: expect.stringContaining("credentials: 'include'"),
    },
  })
})

test('a route that is missing is named', async () => {
  page()
  const place = storage()
  await fakeClient({ start: [code] }, { storage: place }).login.start(number)
  const { login } = fakeClient({ status: [{ status: 404, body: '<h1>Not found</h1>' }] }, { storage: place })
  const { state, ...rest } = await login.resume()
  expect(state).toBe('failed')
  expect(rest).toMatchObject({
    problem: { code: 'unexpected', detail: 'POST https://app.example/login/phone/status answered 404' },
  })
})

test.each([
  ['is absent', undefined],
  [
    'throws',
    {
      get: () => {
        throw new TypeError('Illegal invocation')
      },
    },
  ],
  ['rejects', { get: () => Promise.reject(new Error('no')) }],
  ['answers nothing', { get: () => undefined }],
])('WebOTP that is announced and %s leaves the code to the user', async (_, credentials) => {
  vi.stubGlobal('OTPCredential', class {})
  vi.stubGlobal('navigator', { credentials })
  const rejected = vi.fn()
  process.on('unhandledRejection', rejected)
  const { login } = fakeClient({ start: [code], verify: [{}] })
  expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
  await new Promise(setImmediate)
  process.off('unhandledRejection', rejected)
  expect(rejected).not.toHaveBeenCalled()
  expect(await login.submitCode('1234')).toMatchObject({ state: 'done' })
})

describe('a typed code', () => {
  test('of another script, with blanks and marks, is sent for the server to read', async () => {
    for (const zero of [0x660, 0x966, 0x1d7ce]) {
      const { login, calls } = fakeClient({ start: [code], verify: [{}] })
      await login.start(number)
      expect(await login.submitCode(`\u2067${inScript('90–53', zero)}\u2069\u00a0`)).toMatchObject({ state: 'done' })
      expect(serverSide(String(calls[1]?.body['code']))).toBe('9053')
    }
  })

  test('client and server drop the same characters, of all that there are', () => {
    const differing = Array.from({ length: 0x110000 }, (_, codePoint) => String.fromCodePoint(codePoint)).filter(
      (character) => (typedCode(character) === '') !== (serverSide(character) === ''),
    )
    expect(differing).toEqual([])
  })
})
