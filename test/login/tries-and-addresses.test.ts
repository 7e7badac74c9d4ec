import { MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { anyone, begin, flowSetup, interceptedStore, redeeming, refusal, requester, scripted } from '../support/flow.js'

describe('tries', () => {
  test('are three per code and are given back on an outage and on pending', async () => {
    const { clock, flow, provider } = flowSetup()
    const started = await begin(flow)
    provider.onRedeem = async () => ({ outcome: 'pending', retryAfterSeconds: 2 })
    for (let index = 0; index < 300; index++)
      expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('pending')
    // However often it is asked, the provider is asked at its own pace.
    expect(provider.redeems).toBe(1)
    await clock.advance(3_000)
    provider.onRedeem = async () => ({ outcome: 'invalid_code' })
    for (let index = 0; index < 3; index++)
      expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('invalid_code')
    expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('flow_invalid')
  })
})

describe('device address', () => {
  const ask = async (
    deviceIp: 'off' | 'prefer' | 'require' | undefined,
    delivery: 'body' | 'redirect',
    address: string | undefined,
  ) => {
    const provider = scripted()
    let sent: string | undefined
    const start = provider.start
    provider.start = (input, context) => {
      sent = input.deviceIp
      return start(input, context)
    }
    const { flow } = flowSetup({ ladder: [provider], ...(deviceIp && { deviceIp }) })
    const code = await refusal(
      flow.start({
        phoneNumber: '+12025550100',
        purpose: 'login',
        binding: 'cookie',
        delivery,
        requester,
        ...(address !== undefined && { deviceAddress: address }),
      }),
    )
    return [code, sent]
  }
  test.each([
    ['prefer', 'redirect', '8.8.8.8', 'no error', '8.8.8.8'],
    ['prefer', 'redirect', '::ffff:8.8.8.8', 'no error', '8.8.8.8'],
    ['prefer', 'redirect', '2A00:1450:4001:0::1', 'no error', '2a00:1450:4001::1'],
    ['prefer', 'redirect', '10.0.0.1', 'no error', undefined],
    ['prefer', 'redirect', '100.64.0.1', 'no error', undefined],
    ['prefer', 'redirect', '127.0.0.1', 'no error', undefined],
    ['prefer', 'redirect', '203.0.113.5', 'no error', undefined],
    ['prefer', 'redirect', undefined, 'no error', undefined],
    ['prefer', 'redirect', 'x, 8.8.8.8', 'no error', undefined],
    [undefined, 'redirect', '8.8.8.8', 'no error', undefined],
    [undefined, 'body', '8.8.8.8', 'no error', undefined],
    ['prefer', 'body', '8.8.8.8', 'no error', '8.8.8.8'],
    ['off', 'redirect', '8.8.8.8', 'no error', undefined],
    ['require', 'body', '8.8.8.8', 'no error', '8.8.8.8'],
    ['require', 'body', '10.0.0.1', 'invalid_request', undefined],
    ['require', 'body', undefined, 'invalid_request', undefined],
  ] as const)('%s, %s, from %s: %s, sends %s', async (mode, delivery, address, code, sent) => {
    expect(await ask(mode, delivery, address)).toEqual([code, sent])
  })
})

describe('a race for one try', () => {
  test('is charged to the number once, however many requests read the flow before one of them claimed it', async () => {
    const clock = fakeClock()
    const inner = new MemoryStore({ clock })
    const provider = { ...scripted('code'), guessable: true, codeGrammar: /^[a-z]+$/ }
    let barrier: Promise<void> | undefined
    const store = interceptedStore(inner, () => {})
    store.find = async (key) => {
      const found = await inner.find(key)
      await barrier
      return found
    }
    const { flow } = flowSetup({ ladder: [provider], store, clock })
    let asked = 0
    provider.redeem = async () => {
      asked += 1
      return { outcome: 'invalid_code' }
    }
    const started = await begin(flow)
    let open: () => void = () => {}
    barrier = new Promise((resolve) => {
      open = resolve
    })
    const racers = Array.from({ length: 9 }, () => refusal(flow.redeem(redeeming(started, 'wrong'), anyone)))
    await new Promise((resolve) => setImmediate(resolve))
    open()
    barrier = undefined
    const codes = await Promise.all(racers)
    expect(codes.filter((code) => code === 'invalid_code')).toHaveLength(1)
    expect(asked).toBe(1)
    for (let flows = 0; flows < 9 && asked < 10; flows++) {
      const next = await begin(flow)
      for (let tries = 0; tries < 3; tries++) await refusal(flow.redeem(redeeming(next, 'wrong'), anyone))
    }
    expect(asked).toBe(10)
    expect(await refusal(begin(flow))).toBe('code_locked')
  })
})
