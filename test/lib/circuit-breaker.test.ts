import { PhoneCheckError, type PhoneCheckEvent } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { CircuitBreakers } from '../../src/lib/circuit-breaker.js'
import { deadlineIn } from '../../src/lib/clock.js'

function setup() {
  const clock = fakeClock()
  const events: PhoneCheckEvent[] = []
  const breakers = new CircuitBreakers(clock, (event) => events.push(event))
  let calls = 0
  const run = (call: () => Promise<unknown>, operation = 'start') =>
    breakers
      .run('p', operation, deadlineIn(12_000, clock), () => {
        calls += 1
        return call()
      })
      .then(
        () => 'ok',
        (error) => error.code ?? error.message,
      )
  const fail = () => run(async () => Promise.reject(new PhoneCheckError('provider_unavailable')))
  const succeed = () => run(async () => 'yes')
  return { clock, events, breakers, run, fail, succeed, calls: () => calls }
}

test('opens after five outages in a row, for 30 s, and then lets one call of many probe', async () => {
  const { clock, events, fail, succeed, run, calls } = setup()
  for (let index = 0; index < 5; index++) await fail()
  expect(await succeed()).toBe('provider_unavailable')
  expect(calls()).toBe(5)
  await clock.advance(30_000)
  let finish: () => void = () => {}
  const probe = run(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve
      }),
  )
  const others = await Promise.all(Array.from({ length: 50 }, succeed))
  expect(new Set(others)).toEqual(new Set(['provider_unavailable']))
  finish()
  expect(await probe).toBe('ok')
  expect(await succeed()).toBe('ok')
  expect(events.map((event) => event.type)).toEqual(['breaker_opened', 'breaker_closed'])
})

test('a call from before it opened neither closes it nor opens it again', async () => {
  for (const late of ['yes', 'no'] as const) {
    const { clock, events, fail, succeed, run } = setup()
    let finish: () => void = () => {}
    const slow = run(
      () =>
        new Promise<void>((resolve, reject) => {
          finish = () => (late === 'yes' ? resolve() : reject(new PhoneCheckError('provider_unavailable')))
        }),
    )
    for (let index = 0; index < 5; index++) await fail()
    await clock.advance(late === 'yes' ? 5_000 : 10_000)
    finish()
    await slow
    expect(await succeed()).toBe('provider_unavailable')
    await clock.advance(late === 'yes' ? 25_000 : 20_000)
    expect(await succeed()).toBe('ok')
    expect(events.map((event) => event.type)).toEqual(['breaker_opened', 'breaker_closed'])
  }
})

test('a failed probe opens it again', async () => {
  const { clock, fail, succeed, calls } = setup()
  for (let index = 0; index < 5; index++) await fail()
  await clock.advance(30_000)
  await fail()
  expect(await succeed()).toBe('provider_unavailable')
  expect(calls()).toBe(6)
})

test('an answer ends a row of outages, and so does an opening', async () => {
  const { clock, fail, succeed, calls } = setup()
  for (let index = 0; index < 4; index++) await fail()
  await succeed()
  for (let index = 0; index < 4; index++) await fail()
  expect(await succeed()).toBe('ok')
  for (let index = 0; index < 5; index++) await fail()
  expect(await succeed()).toBe('provider_unavailable')
  await clock.advance(30_000)
  await succeed()
  await fail()
  expect(await succeed()).toBe('ok')
  expect(calls()).toBe(18)
})

test('opens when half of twenty calls fail, however they are mixed', async () => {
  const { breakers, fail, succeed } = setup()
  for (let index = 0; index < 10; index++) {
    await succeed()
    await fail()
  }
  expect(breakers.isOpen('p', 'start')).toBe(true)
})

test('failures of more than 30 s ago do not count', async () => {
  const { clock, breakers, fail, succeed } = setup()
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 4; index++) await fail()
    await succeed()
    await clock.advance(30_000)
  }
  expect(breakers.isOpen('p', 'start')).toBe(false)
})

test('verdicts and the store’s outages are no outages of the provider', async () => {
  const { breakers, run } = setup()
  for (let index = 0; index < 50; index++) {
    await run(async () => Promise.reject(new PhoneCheckError('invalid_phone_number')))
    await run(async () => Promise.reject(new PhoneCheckError('store_unavailable')))
  }
  expect(breakers.isOpen('p', 'start')).toBe(false)
})

test('operations of one provider are kept apart', async () => {
  const { breakers, fail } = setup()
  for (let index = 0; index < 5; index++) await fail()
  expect(breakers.isOpen('p', 'start')).toBe(true)
  expect(breakers.isOpen('p', 'redeem')).toBe(false)
})

describe('a quota that is used up', () => {
  const quota = (retryAfterSeconds?: number) =>
    new PhoneCheckError('provider_unavailable', {
      reason: 'quota_exceeded',
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    })

  test.each([
    [undefined, 5],
    [0, 1],
    [3, 3],
    [2290, 60],
  ])(
    'that the vendor says is over in %s seconds is not asked for again within %s, and the circuit stays closed',
    async (said, seconds) => {
      const { clock, events, breakers, run, succeed, calls } = setup()
      await run(async () => Promise.reject(quota(said)))
      await clock.advance(seconds * 1000 - 1)
      const refusal = await breakers
        .run('p', 'start', deadlineIn(12_000, clock), async () => 'asked')
        .catch((error) => error)
      expect(refusal).toMatchObject({
        code: 'provider_unavailable',
        details: { reason: 'quota_exceeded', untried: true, retryAfterSeconds: 1 },
      })
      for (let index = 0; index < 30; index++) expect(await succeed()).toBe('provider_unavailable')
      expect(calls()).toBe(1)
      expect(await run(async () => 'yes', 'redeem')).toBe('ok')
      expect(breakers.isOpen('p', 'start')).toBe(false)
      await clock.advance(1)
      expect(await succeed()).toBe('ok')
      expect(events).toEqual([])
    },
  )
})
