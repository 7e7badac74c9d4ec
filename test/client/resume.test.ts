import { afterEach, describe, expect, test, vi } from 'vitest'
import { page, storage } from '../support/client/fake-page.js'
import { code, fakeClient, flow, number, pending, problem, sms, url } from '../support/client/fake-server.js'

afterEach(() => void vi.unstubAllGlobals())

const spent = { body: { state: 'pending', rung: 'spent', fallback: ['next'] } }

test('on a page, cookies of the same origin go along, unless the app says otherwise', async () => {
  page()
  const seen: string[] = []
  const { login, fetch } = fakeClient({ start: [code] })
  login.cancel()
  for (const credentials of [undefined, 'omit' as const]) {
    const { login } = fakeClient(
      {},
      {
        credentials,
        fetch(target, init) {
          seen.push(init.credentials)
          return fetch(target, init)
        },
      },
    )
    await login.start(number)
  }
  expect(seen).toEqual(['same-origin', 'omit'])
})

test('a double click leaves once, and a page that stays can start again', async () => {
  const { assign } = page()
  const { login, clock, times } = fakeClient({ start: [url] }, { open: undefined, storage: null })
  const both = [login.start(number), login.start(number)]
  await clock.advance(4_000)
  void login.start(number)
  await clock.advance(1_000)
  expect((await Promise.all(both)).map(({ state }) => state)).toEqual(['opening', 'opening'])
  expect(times('start')).toHaveLength(1)
  void login.start(number)
  await clock.advance(0)
  expect(times('start')).toHaveLength(2)
  expect(assign).toHaveBeenCalledTimes(2)
})

test('a check URL that is no web address is not opened', async () => {
  const { assign } = page()
  const { login, calls } = fakeClient(
    {
      start: [
        { ...url, body: { ...(url.body as object), challenge: { type: 'open_url', url: 'javascript:alert(1)' } } },
      ],
      verify: [{ status: 422, body: { code: 'rung_unable', fallback: [] } }],
    },
    { open: undefined },
  )
  expect(await login.start(number)).toMatchObject({
    state: 'failed',
    problem: { code: 'rung_unable', action: 'restart' },
  })
  expect(assign).not.toHaveBeenCalled()
  expect(calls[1]?.body).toMatchObject({ error: 'sdk_error' })
})

describe('after the return leg', () => {
  /** A tab that left for the check, and was sent back. */
  async function sentBack(
    code: string,
    script: Parameters<typeof fakeClient>[0],
    options: { laterMs?: number; begin?: typeof url } = {},
  ) {
    const place = storage()
    page()
    const before = fakeClient({ start: [options.begin ?? url] }, { open: undefined, storage: place })
    void before.login.start(number)
    await before.clock.advance(1)
    const { location } = page(`https://app.example/login?next=%2Fhome${code && `&phonecheck=${code}`}#top`)
    const after = fakeClient(script, { open: undefined, storage: place })
    await after.clock.advance(options.laterMs ?? 5_000)
    const resumed = after.login.resume()
    await after.clock.advance(0)
    return { ...after, progress: await resumed, location, place }
  }

  test('the ladder goes on when the way is spent', async () => {
    const { progress, calls, location, states } = await sentBack('mismatch', { status: [spent], fallback: [sms] })
    expect(progress).toMatchObject({ state: 'waiting_for_sms' })
    expect(states).toEqual(['checking', 'falling_back', 'waiting_for_sms'])
    expect(calls.map(({ call, body }) => [call, body])).toEqual([
      ['status', { flow }],
      ['fallback', { flow }],
    ])
    expect(location.href).toBe('https://app.example/login?next=%2Fhome#top')
  })

  test.each([
    ['mismatch', problem(401, 'flow_invalid'), { code: 'mismatch', action: 'restart' }, []],
    ['flow_invalid', problem(401, 'flow_invalid'), { code: 'flow_invalid', action: 'restart' }, []],
    ['user_refused', problem(401, 'flow_invalid'), { code: 'user_refused', action: 'stop' }, []],
    [
      'rung_unable',
      { body: { state: 'failed', rung: 'spent', fallback: [] } },
      { code: 'rung_unable', action: 'restart' },
      [],
    ],
    ['provider_unavailable', pending(), { code: 'provider_unavailable', action: 'fallback' }, ['next']],
    ['in_progress', pending(), { code: 'in_progress', action: 'retry' }, ['next']],
    ['constructor', pending(), { code: 'constructor', action: 'fallback' }, ['next']],
    ['', pending(), { code: 'interrupted', action: 'fallback' }, ['next']],
    ['mismatch', 'offline' as const, { code: 'offline', action: 'retry' }, ['next']],
  ])('?phonecheck=%s and status %o', async (code, status, wanted, fallback) => {
    const { progress } = await sentBack(code, { status: [status] })
    expect(progress).toMatchObject({ state: 'failed', problem: wanted, fallback })
  })

  test('offline: the look is repeated, and knows why it came back', async () => {
    const { login, script } = await sentBack('mismatch', { status: ['offline'] })
    script['status'] = [problem(401, 'flow_invalid')]
    expect(await login.retry()).toMatchObject({ problem: { code: 'mismatch' } })
  })

  test('a redeem that another request finished is found out by another look', async () => {
    const { login, script } = await sentBack('in_progress', { status: [pending()] })
    script['status'] = [{ body: { state: 'verified', rung: 'live', fallback: [] } }]
    script['verify'] = [{ body: { ok: 1 } }]
    expect(await login.retry()).toMatchObject({ state: 'done', result: { ok: 1 } })
  })

  test('a tab whose login ended well says nothing, and forgets', async () => {
    const { progress, states, place } = await sentBack('', { status: [problem(401, 'flow_invalid')] })
    expect(progress).toEqual({ state: 'idle' })
    expect(states).toEqual(['checking', 'idle'])
    expect(place.content).toEqual({})
  })

  test.each([
    ['older than ten minutes', 600_000],
    ['from the future', -1_000],
  ])('a login %s is forgotten', async (_, laterMs) => {
    const place = storage()
    page()
    const before = fakeClient({ start: [code] }, { storage: place })
    if (laterMs < 0) await before.clock.advance(-laterMs)
    await before.login.start(number)
    const after = fakeClient({}, { storage: place })
    if (laterMs > 0) await after.clock.advance(laterMs)
    expect(await after.login.resume()).toEqual({ state: 'idle' })
    expect(after.calls).toEqual([])
    expect(place.content).toEqual({})
  })

  test('without anything stored the code alone is told, once', async () => {
    const { location, replaceState } = page('https://app.example/login?phonecheck=rung_unable')
    const { login, calls } = fakeClient({}, { storage: null })
    expect(await login.resume()).toMatchObject({
      state: 'failed',
      problem: { code: 'rung_unable', action: 'restart' },
      fallback: [],
    })
    expect(location.href).toBe('https://app.example/login')
    expect(replaceState).toHaveBeenCalledWith({ mine: 1 }, '', 'https://app.example/login')
    expect(calls).toEqual([])
    expect(await fakeClient({}, { storage: null }).login.resume()).toEqual({ state: 'idle' })
  })

  test.each([
    '?phonecheck=<b>',
    '?phonecheck=',
    '?xphonecheck=mismatch',
    '?a=phonecheck=mismatch',
    '?phonecheck=MISMATCH%20',
  ])('%s is none of ours', async (query) => {
    const { location } = page(`https://app.example/login${query}`)
    expect(await fakeClient({}, { storage: null }).login.resume()).toEqual({ state: 'idle' })
    expect(location.href).toBe(`https://app.example/login${query}`)
  })

  test.each([
    ['?phonecheck=mismatch&a=1', '?a=1'],
    ['?a=1&phonecheck=mismatch&b=2', '?a=1&b=2'],
    ['?a=1&phonecheck=mismatch', '?a=1'],
    ['?phonecheck=mismatch#/x?y', '#/x?y'],
  ])('%s becomes %s', async (query, rest) => {
    const { location } = page(`https://app.example/login${query}`)
    await fakeClient({}, { storage: null }).login.resume()
    expect(location.href).toBe(`https://app.example/login${rest}`)
  })
})

describe('after a reload', () => {
  test('an SMS that was asked for is still awaited, until the same time', async () => {
    const place = storage()
    page()
    const before = fakeClient({ start: [sms] }, { storage: place })
    const seen = await before.login.start(number)
    const after = fakeClient({ status: [pending()] }, { storage: place })
    await after.clock.advance(60_000)
    expect(await after.login.resume()).toEqual(seen)
    await after.clock.advance(200_000)
    expect(after.times('status').at(-1)).toBe(180)
    expect(after.login.progress).toMatchObject({ state: 'failed', problem: { code: 'expired' } })
  })

  test('a code can still be typed, and its tries are remembered', async () => {
    const place = storage()
    page()
    const before = fakeClient(
      { start: [code], verify: [{ status: 401, body: { code: 'invalid_code', attempts_left: 1 } }] },
      { storage: place },
    )
    await before.login.start(number)
    await before.login.submitCode('0000')
    const after = fakeClient({ status: [pending()], verify: [{}] }, { storage: place })
    expect(await after.login.resume()).toMatchObject({ state: 'waiting_for_code', length: 4, attemptsLeft: 1 })
    expect(await after.login.submitCode('1234')).toMatchObject({ state: 'done' })
    expect(after.calls.at(-1)?.body).toEqual({ flow, code: '1234' })
  })
})

describe('a page that was kept while its user was away', () => {
  test('goes on when it is shown again', async () => {
    const { show } = page()
    const { login, clock, states, times, script } = fakeClient(
      { start: [url], status: [spent], fallback: [sms] },
      { open: undefined, storage: null },
    )
    const leaving = login.start(number)
    await clock.advance(1)
    expect(login.progress.state).toBe('opening')
    show(false)
    expect(times('status')).toEqual([])
    show(true)
    expect((await leaving).state).toBe('opening')
    await clock.advance(0)
    expect(states).toEqual(['starting', 'opening', 'checking', 'falling_back', 'waiting_for_sms'])
    script['status'] = [pending()]
    login.cancel()
    const heard = states.length
    show(true)
    await clock.advance(10_000)
    expect(states).toHaveLength(heard)
  })

  test('says so when the way is still open', async () => {
    const { show } = page()
    const { login, clock } = fakeClient({ start: [url], status: [pending()] }, { open: undefined, storage: null })
    void login.start(number)
    await clock.advance(10_000)
    show(true)
    await clock.advance(0)
    expect(login.progress).toMatchObject({
      state: 'failed',
      problem: { code: 'interrupted', action: 'fallback' },
      fallback: ['next'],
    })
  })
})
