import { describe, expect, test, vi } from 'vitest'
import { flowKey } from '../../src/flow/record.js'
import type { RedeemRequest } from '../../src/flow/requests.js'
import { LoginService } from '../../src/login/login-service.js'
import { startLogin } from '../../src/login/start.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/fake-clock.js'
import { begin, refusal, scripted } from '../support/flow.js'
import { stepsSetup } from '../support/steps.js'

const number = '+12025550100'
const request = { phoneNumber: number, purpose: 'login', binding: 'handle', delivery: 'body' } as const

function setup(defaultCountry?: string) {
  const clock = fakeClock()
  const events: object[] = []
  const close = vi.fn(async () => {})
  const service = new LoginService({
    strategyName: 'phonecheck',
    ladder: [Object.assign(scripted('typed'), { guessable: true }), { ...scripted('other'), close }],
    store: new MemoryStore({ clock }),
    secret: 'a-test-secret-of-at-least-32-bytes',
    clock,
    emit: (event) => events.push(event),
    ...(defaultCountry !== undefined && { defaultCountry }),
  })
  return { service, events, close, clock }
}

const guess = async (service: LoginService): Promise<unknown> => {
  const { handle } = await begin(service)
  const wrong: RedeemRequest = {
    handle,
    proof: { binding: 'handle' },
    purpose: 'login',
    requester: { address: undefined },
    code: 'wrong',
  }
  return refusal(service.redeem(wrong, async () => false))
}

describe('for an operator', () => {
  test('a number that wrong codes locked is open again, also as it is written at home', async () => {
    const { service, events } = setup('US')
    for (let times = 0; times < 10; times++) await guess(service)
    expect(await begin(service)).toMatchObject({ method: 'other' })
    await service.unlock('(202) 555-0100')
    expect(await begin(service)).toMatchObject({ method: 'typed' })
    expect(events).toContainEqual(expect.objectContaining({ type: 'number_unlocked', country: 'US' }))
    expect(JSON.stringify(events)).not.toContain('2025550100')
  })

  test('a number needs its country code where no country is the default', async () => {
    const { service } = setup()
    await expect(service.unlock('202 555 0100')).rejects.toMatchObject({ code: 'invalid_phone_number' })
    await expect(service.forgetDevices('202 555 0100')).rejects.toMatchObject({ code: 'invalid_phone_number' })
  })

  test('its flows are listed, cancelled and erased', async () => {
    const { service } = setup()
    const { id } = await begin(service)
    expect(await service.flows(number)).toMatchObject([{ flowId: id }])
    expect(await service.cancel(id)).toBe(true)
    expect(await service.cancel(id)).toBe(false)
    await begin(service)
    expect(await service.erase(number)).toBeGreaterThan(0)
    expect(await service.flows(number)).toEqual([])
  })

  test('connections are let go of', async () => {
    const { service, close } = setup()
    await service.close()
    expect(close).toHaveBeenCalledTimes(1)
  })
})

test('known devices of a number are strangers once they are forgotten', async () => {
  const { login } = stepsSetup()
  const hash = login.limiter.hashNumber(number)
  const value = (await login.limiter.devices.issue(hash, 'its id')) ?? ''
  const deviceOf = async () => {
    const requester = { address: '192.0.2.1', devices: [value] }
    const { handle } = await startLogin(login, { ...request, requester })
    return (await login.flows.find(flowKey(handle)))?.record.device
  }
  expect(await deviceOf()).toBe('its id')
  await new LoginService(login.settings).forgetDevices(number)
  expect(await deviceOf()).toBeUndefined()
})
