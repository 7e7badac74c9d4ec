import { MemoryStore, type PhoneCheckEvent } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { LoginService } from '../../src/login/login-service.js'
import { secret } from '../support/app.js'
import { flowSetup, refusal } from '../support/flow.js'
import { endless } from '../support/limits.js'

const startFrom = (flow: LoginService, address: string, number = '+12025550100') =>
  refusal(
    flow.start({ phoneNumber: number, purpose: 'login', binding: 'handle', delivery: 'body', requester: { address } }),
  )

const spread = { checksPerNumber: Number.POSITIVE_INFINITY, checksPerDay: Number.POSITIVE_INFINITY }

describe('a MemoryStore that one network would fill', () => {
  test('has room for others after 12,000 silent logins from the forty /64 of one /48, with default limits', async () => {
    const { flow } = flowSetup({ limits: spread })
    let begun = 0
    for (let index = 0; index < 12_000; index++) {
      if ((await startFrom(flow, `2001:db8:7:${(index % 40).toString(16)}00::1`)) === 'no error') begun += 1
    }
    expect(begun).toBe(3_000)
    expect(await startFrom(flow, '2001:db8:8::1')).toBe('no error')
    expect(await startFrom(flow, '198.51.100.7')).toBe('no error')
  })

  test.each(['maxRecords', 'maxCounters'] as const)(
    'by %s refuses the networks that fill it, and admits each newcomer',
    async (option) => {
      const clock = fakeClock()
      const store = new MemoryStore({ clock, [option]: 400 })
      const limits = {
        ...endless,
        startsPerAddress: 1_000_000,
        ...(option === 'maxCounters' && { checksPerNumber: 1_000 }),
      }
      const { flow } = flowSetup({ clock, store, limits })
      let numbers = 0
      const number = () => `+1202555${1000 + numbers++}`
      const codes: string[] = []
      for (let index = 0; index < 900; index++)
        codes.push(await startFrom(flow, `203.0.${index % 3}.${index % 250}`, number()))
      expect(new Set(codes)).toEqual(new Set(['no error', 'address_limit']))
      for (let newcomer = 0; newcomer < 8; newcomer++)
        expect(await startFrom(flow, `198.51.${newcomer}.7`, number())).toBe('no error')
      await clock.advance(600_000)
      expect(await startFrom(flow, '203.0.1.1', number())).toBe('no error')
    },
  )

  test('says so, and what to do, once it is full for everybody', async () => {
    const events: PhoneCheckEvent[] = []
    const store = new MemoryStore({ maxRecords: 4 })
    const { provider } = flowSetup()
    const settings = {
      strategyName: 'phonecheck',
      ladder: [provider],
      store,
      secret,
      clock: fakeClock(),
      limits: endless,
    }
    const flow = new LoginService({ ...settings, emit: (event) => events.push(event) })
    for (let index = 0; index < 4; index++) expect(await startFrom(flow, `198.51.${index}.7`)).toBe('no error')
    expect(await startFrom(flow, '198.51.9.7')).toBe('store_unavailable')
    const message = expect.stringMatching(/raise its maxRecords or maxCounters/)
    expect(events).toContainEqual({ type: 'store_outage', operation: 'insertCharged', code: 'FULL', message })
  })
})
