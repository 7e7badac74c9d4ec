import { afterEach, describe, expect, test, vi } from 'vitest'
import { page, storage } from '../support/client/fake-page.js'
import { code, fakeClient, flow, number, url } from '../support/client/fake-server.js'

afterEach(() => void vi.unstubAllGlobals())

test('what is stored is one entry, with the handle and without the check URL, and is gone after success', async () => {
  const { assign } = page()
  const place = storage()
  const { login, script } = fakeClient({ start: [url] }, { open: undefined, storage: place })
  const leaving = login.start(number)
  await vi.waitFor(() => expect(assign).toHaveBeenCalledWith('https://vendor.example/check'), 60_000)
  expect(Object.keys(place.content)).toHaveLength(1)
  expect(Object.values(place.content)[0]).toContain(flow)
  expect(Object.values(place.content)[0]).not.toContain('vendor.example')
  expect(Object.values(place.content)[0]).not.toContain(number)
  login.cancel()
  await leaving
  expect(place.content).toEqual({})

  script['start'] = [code]
  script['verify'] = [{}]
  await login.start(number)
  expect(Object.keys(place.content)).toHaveLength(1)
  await login.submitCode('1234')
  expect(place.content).toEqual({})
})

describe('storage', () => {
  test.each([
    ['that throws', { getItem: forbidden, setItem: forbidden, removeItem: forbidden }],
    ['that is full', { ...storage(), setItem: forbidden }],
    ['with something else in it', { ...storage(), getItem: () => '{"not' }],
  ])('%s only means that nothing is remembered', async (_, place) => {
    const { login } = fakeClient({ start: [code], verify: [{}] }, { storage: place })
    expect(await login.resume()).toEqual({ state: 'idle' })
    await login.start(number)
    expect(await login.submitCode('1234')).toMatchObject({ state: 'done' })
  })

  test('that may not even be looked at', async () => {
    Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, get: forbidden })
    try {
      const { login } = fakeClient({ start: [code], verify: [{}] })
      expect(await login.resume()).toEqual({ state: 'idle' })
      expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
    } finally {
      Reflect.deleteProperty(globalThis, 'sessionStorage')
    }
  })

  test('keeps logins on different paths apart', async () => {
    const place = storage()
    const one = fakeClient({ start: [code] }, { storage: place })
    await one.login.start(number)
    const other = fakeClient({}, { storage: place, paths: { start: '/link/phone' } })
    expect(await other.login.resume()).toEqual({ state: 'idle' })
    expect(Object.keys(place.content)).toHaveLength(1)
  })
})

describe('what the server knows the device by', () => {
  const device = 'D'.repeat(140)
  const startsOf = ({ calls }: ReturnType<typeof fakeClient>) =>
    calls.filter(({ call }) => call === 'start').map(({ body }) => body)

  test('is kept over logins, a cancelled one too, and goes with every next start', async () => {
    const place = storage()
    const first = fakeClient({ start: [code], verify: [{ body: { access_token: 'a', device } }] }, { storage: place })
    await first.login.start(number)
    expect(await first.login.submitCode('1234')).toMatchObject({ state: 'done', result: { device } })
    expect(startsOf(first)).toEqual([{ phone_number: number }])
    expect(Object.values(place.content)).toEqual([device])

    const next = fakeClient({ start: [code], verify: [{ body: { access_token: 'b' } }] }, { storage: place })
    await next.login.start(number)
    next.login.cancel()
    await next.login.start(number)
    await next.login.submitCode('1234')
    await next.login.start('+12025550101')
    expect(startsOf(next).map((body) => body['device'])).toEqual([device, device, device])
  })

  test('is replaced by a newer one, and by nothing that is of another path', async () => {
    const place = storage()
    const { login, script, ...rest } = fakeClient({ start: [code], verify: [{ body: { device } }] }, { storage: place })
    await login.start(number)
    await login.submitCode('1234')
    script['verify'] = [{ body: { device: 'E'.repeat(140) } }]
    await login.start(number)
    await login.submitCode('1234')
    await login.start(number)
    expect(rest.calls.at(-1)?.body['device']).toBe('E'.repeat(140))
    const other = fakeClient({ start: [code] }, { storage: place, paths: { start: '/link/phone' } })
    await other.login.start(number)
    expect(other.calls[0]?.body).toEqual({ phone_number: number })
  })

  test('a login that fails leaves it as it is', async () => {
    const place = storage()
    const { login, script } = fakeClient({ start: [code], verify: [{ body: { device } }] }, { storage: place })
    await login.start(number)
    await login.submitCode('1234')
    script['verify'] = [{ status: 401, body: { code: 'invalid_code', attempts_left: 0, device: 'E'.repeat(140) } }]
    await login.start(number)
    await login.submitCode('0000')
    login.cancel()
    expect(Object.values(place.content)).toEqual([device])
  })

  test('is not needed: a storage that has something longer in its place does not stop a start', async () => {
    const { login, calls } = fakeClient(
      { start: [code] },
      { storage: { ...storage(), getItem: () => 'x'.repeat(5_000) } },
    )
    expect(await login.start(number)).toMatchObject({ state: 'waiting_for_code' })
    // As long as the server takes it; there it is worth nothing.
    expect(String(calls[0]?.body['device'])).toHaveLength(512)
  })
})

function forbidden(): never {
  throw new Error('forbidden')
}
