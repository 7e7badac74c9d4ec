import { expect, test } from 'vitest'
import { forge, goodClaims, goodHeader, hmacSecret, payloadOf, tokenApp } from '../support/tokens/tokens.js'

test('the token is good from iat to exp, and 30 seconds longer for clocks that differ', async () => {
  const app = await tokenApp()
  const { body } = await app.login()
  const { iat, exp } = payloadOf(body.access_token)
  expect(Number(exp) - Number(iat)).toBe(600)
  for (const [seconds, status] of [
    [0, 200],
    [599, 200],
    [600, 200],
    [629, 200],
    [630, 401],
    [631, 401],
    [100_000, 401],
  ] as const) {
    await app.clock.advance(Number(iat) * 1000 + seconds * 1000 - app.clock.now())
    expect([seconds, (await app.me(body.access_token)).status]).toEqual([seconds, status])
  }
  expect(app.events).toEqual(Array(3).fill({ type: 'token_refused', reason: 'expired' }))
})

test.each([
  ['expired 29 s ago', { exp: -29, iat: -100 }, 200],
  ['expired 31 s ago', { exp: -31, iat: -100 }, 401],
  ['issued 30 s ahead', { exp: 600, iat: 30 }, 200],
  ['issued 31 s ahead', { exp: 600, iat: 31 }, 401],
  ['valid for 900 s', { exp: 900, iat: 0 }, 200],
  ['valid for 901 s', { exp: 901, iat: 0 }, 401],
  ['not before 30 s', { exp: 600, iat: 0, nbf: 30 }, 200],
  ['not before 31 s', { exp: 600, iat: 0, nbf: 31 }, 401],
])('%s', async (_name, offsets, expected) => {
  const app = await tokenApp()
  const now = app.clock.now() / 1000
  const times = Object.fromEntries(Object.entries(offsets).map(([name, offset]) => [name, now + offset]))
  const { status } = await app.me(forge(goodHeader(), goodClaims(app.clock, times), 'HS256', hmacSecret))
  expect(status).toBe(expected)
})

test.each([1, 900])('accessTtlSeconds: %d', async (accessTtlSeconds) => {
  const app = await tokenApp({ settings: { accessTtlSeconds } })
  const { body } = await app.login()
  expect(body).toMatchObject({ expires_in: accessTtlSeconds })
  await app.clock.advance((accessTtlSeconds + 29) * 1000)
  expect((await app.me(body.access_token)).status).toBe(200)
  await app.clock.advance(2000)
  expect((await app.me(body.access_token)).status).toBe(401)
})
