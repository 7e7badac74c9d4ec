import { afterEach, describe, expect, test, vi } from 'vitest'
import { page, storage } from './fake-page.js'
import { code, fakeClient, flow, number, url } from './fake-server.js'

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

function forbidden(): never {
  throw new Error('forbidden')
}
