import { afterEach, describe, expect, test, vi } from 'vitest'
import { page, storage } from '../support/client/fake-page.js'
import { code, fakeClient, flow, number, pending, url } from '../support/client/fake-server.js'

afterEach(() => void vi.unstubAllGlobals())

const challenge = { type: 'get_token', kind: 'firebase_pnv', request: { nonce: 'n' } }
const token = { ...url, body: { ...(url.body as object), challenge } }
const done = { body: { ok: true } }
const unable = { status: 422, body: { code: 'rung_unable', fallback: ['next'] } }

describe('a challenge for a token', () => {
  test('is met by the app, and its token is the code', async () => {
    const asked: unknown[] = []
    const { login, calls, states } = fakeClient(
      { start: [token], verify: [done] },
      {
        token: async (wanted, { signal }) => {
          asked.push([wanted, signal.aborted])
          return 'a.b.c'
        },
      },
    )
    expect(await login.start(number)).toMatchObject({ state: 'done', result: { ok: true } })
    expect(asked).toEqual([[{ kind: 'firebase_pnv', request: { nonce: 'n' } }, false]])
    expect(calls.at(-1)).toMatchObject({ call: 'verify', body: { flow, code: 'a.b.c' } })
    expect(states).toEqual(['starting', 'opening', 'checking', 'done'])
  })

  test.each<[string, unknown, object]>([
    [
      "an SDK's error",
      Object.assign(new Error('no'), { code: 'pnv/carrier-not-supported' }),
      { error: 'pnv/carrier-not-supported', error_description: 'no' },
    ],
    [
      "the DOM's own",
      new DOMException('The user said no.', 'NotAllowedError'),
      { error: 'NotAllowedError', error_description: 'The user said no.' },
    ],
    ['nothing at all', undefined, { error: 'sdk_error' }],
  ])('that fails with %s is reported, and the ladder goes on', async (_name, reason, report) => {
    const { login, calls } = fakeClient(
      { start: [token], verify: [unable], fallback: [code] },
      { token: () => Promise.reject(reason) },
    )
    expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
    expect(calls[1]?.body).toEqual({ flow, ...report })
  })

  test('that the app cannot meet is passed over', async () => {
    const { login, calls } = fakeClient({ start: [token], verify: [unable], fallback: [code] })
    expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
    expect(calls[1]?.body).toEqual({ flow, error: 'sdk_error' })
  })

  test('leaves its request out of the storage', async () => {
    const place = storage()
    const { login, clock } = fakeClient({ start: [token] }, { storage: place, token: () => new Promise(() => {}) })
    void login.start(number)
    await clock.advance(1)
    expect(JSON.stringify(place.content)).toContain('get_token')
    expect(JSON.stringify(place.content)).not.toContain('nonce')
  })
})

describe('a check whose last response is the code', () => {
  const text = {
    ...url,
    body: { ...(url.body as object), challenge: { type: 'open_url', url: 'https://x.example/', answer: 'text' } },
  }

  test('brings the text as it is', async () => {
    const body = 'ErrorCode=0&ErrorDescription=Success'
    const { login, calls } = fakeClient(
      { start: [text], verify: [done] },
      { open: async () => ({ http_status: 200, response_body: body }) },
    )
    expect(await login.start(number)).toMatchObject({ state: 'done' })
    expect(calls[1]?.body).toEqual({ flow, code: body })
  })

  test("is not guessed at: elsewhere a text, such as a proxy's page, is a failure of the device", async () => {
    const { login, calls } = fakeClient(
      { start: [url], verify: [unable], fallback: [code] },
      { open: async () => ({ http_status: 200, response_body: '<html>' }) },
    )
    expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
    expect(calls[1]?.body).toEqual({ flow, error: 'sdk_error' })
  })
})

describe('a result behind the #', () => {
  async function sentBack(fragment: string, script: Parameters<typeof fakeClient>[0]) {
    const place = storage()
    page()
    const before = fakeClient({ start: [url] }, { open: undefined, storage: place })
    void before.login.start(number)
    await before.clock.advance(1)
    const { location } = page(`https://app.example/login?next=%2F&phonecheck=returned${fragment}`)
    const after = fakeClient({ status: [pending()], ...script }, { open: undefined, storage: place })
    await after.clock.advance(5_000)
    const resumed = after.login.resume()
    await after.clock.advance(0)
    return { ...after, progress: await resumed, location }
  }

  test('logs in, and is taken out of the address', async () => {
    const { progress, calls, location } = await sentBack('#request_id=r&code=c', { verify: [done] })
    expect(progress).toMatchObject({ state: 'done' })
    expect(calls.at(-1)?.body).toEqual({ flow, request_id: 'r', code: 'c' })
    expect(location.href).toBe('https://app.example/login?next=%2F')
  })

  test('that says why not moves the ladder on', async () => {
    const { progress, calls } = await sentBack('#error_description=Device+MSISDN+does+not+match.', {
      verify: [unable],
      fallback: [code],
    })
    expect(progress).toMatchObject({ state: 'waiting_for_code' })
    expect(calls[1]?.body).toEqual({ flow, error_description: 'Device MSISDN does not match.' })
  })

  test('cannot name another login: the page posts its own', async () => {
    const { calls } = await sentBack('#request_id=r&code=c&flow=of-an-attacker', { verify: [unable], fallback: [code] })
    expect(calls[1]?.body).toMatchObject({ flow })
  })

  test.each(['', '#', '#code=c', '#top'])(
    '%j is none: the way is as it was, and nothing is tried',
    async (fragment) => {
      const { progress, times } = await sentBack(fragment, {})
      expect(progress).toMatchObject({ state: 'failed', problem: { code: 'interrupted' } })
      expect(times('verify')).toEqual([])
    },
  )
})
