import { fakeClock } from 'passport-phonecheck/testing'
import { expect, test } from 'vitest'
import { tokenSource } from '../../src/providers/http/oauth-token.js'

function source(expiresInSeconds: unknown) {
  const clock = fakeClock()
  let calls = 0
  const tokens = tokenSource(async () => {
    calls += 1
    return { value: `token-${calls}`, expiresInSeconds }
  }, clock)
  return { clock, tokens, get: () => tokens.get(), calls: () => calls }
}

test('a token is renewed a minute before it expires', async () => {
  const { clock, get } = source(3600)
  expect(await get()).toBe('token-1')
  await clock.advance(3_539_000)
  expect(await get()).toBe('token-1')
  await clock.advance(1_000)
  expect(await get()).toBe('token-2')
})

test('a short-lived token is used for half its life', async () => {
  const { clock, get } = source(30)
  await get()
  await clock.advance(14_000)
  expect(await get()).toBe('token-1')
  await clock.advance(1_000)
  expect(await get()).toBe('token-2')
})

test.each([undefined, 0, -5, Number.NaN, 'x'])('a lifetime of %o is taken as a second', async (lifetime) => {
  const { clock, get } = source(lifetime)
  await get()
  expect(await get()).toBe('token-1')
  await clock.advance(1_000)
  expect(await get()).toBe('token-2')
})

test('an endless lifetime is cut to an hour', async () => {
  const { clock, get } = source(1e12)
  await get()
  await clock.advance(3_600_000)
  expect(await get()).toBe('token-2')
})

test('a failure is shared by those who waited, and not kept', async () => {
  const clock = fakeClock()
  let calls = 0
  const tokens = tokenSource(async () => {
    calls += 1
    if (calls === 1) throw new Error('down')
    return { value: 'token', expiresInSeconds: 60 }
  }, clock)
  const results = await Promise.allSettled([1, 2, 3].map(() => tokens.get()))
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(calls).toBe(1)
  expect(await tokens.get()).toBe('token')
})

test('refusing an old token does not throw away its successor', async () => {
  const { tokens, get, calls } = source(3600)
  const old = await get()
  tokens.refuse(old)
  const next = await get()
  tokens.refuse(old)
  expect(await get()).toBe(next)
  expect(calls()).toBe(2)
})
