import { describe, expect, test } from 'vitest'
import { flowId, flowKey } from '../../src/flow/record.js'
import { fingerprint } from '../../src/lib/crypto.js'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { startLogin } from '../../src/login/start.js'
import type { StartRequest } from '../../src/login/types.js'
import { content } from '../support/flows.js'
import { requester, stepsSetup, told } from '../support/steps.js'

const number = content.number.e164
const request: StartRequest = { phoneNumber: number, purpose: 'login', binding: 'cookie', delivery: 'body', requester }

describe('a new login', () => {
  test('is bound to a cookie that is not its handle, or to the handle', async () => {
    const { login } = stepsSetup()
    const bound = await startLogin(login, request)
    expect(bound.secret).not.toBe(bound.handle)
    const held = await login.flows.find(flowKey(bound.handle))
    expect(held?.record).toMatchObject({ binding: 'cookie', owner: fingerprint(bound.secret) })
    const free = await startLogin(login, { ...request, binding: 'handle' })
    expect(free.secret).toBe(free.handle)
    expect(free.id).toBe(flowId(flowKey(free.handle)))
  })

  test('is on record with what it is for, and for whom', async () => {
    const { login } = stepsSetup()
    const begun = await startLogin(login, { ...request, purpose: 'link', subject: 'user-1', locale: 'de-CH' })
    const held = await login.flows.find(flowKey(begun.handle))
    expect(held?.record).toMatchObject({
      state: 'pending',
      purpose: 'link',
      strategy: 'phonecheck',
      subject: login.limiter.hashSubject('user-1'),
      number: login.limiter.hashNumber(number),
      rung: 'link',
    })
    expect(held && login.flows.unseal(held, begun.secret)?.content).toMatchObject({ locale: 'de-CH' })
    const anonymous = await login.flows.find(flowKey((await startLogin(login, request)).handle))
    expect(anonymous?.record).not.toHaveProperty('subject')
    expect(anonymous?.record).not.toHaveProperty('device')
  })

  test('is told to the operator', async () => {
    const { login, events } = stepsSetup()
    const { id } = await startLogin(login, request)
    expect(events).toEqual([
      { type: 'flow_started', flowId: id, purpose: 'login', method: 'link', country: 'US', number: '+1********00' },
    ])
  })

  test('of a known device is charged to it; of one that was forgotten, to strangers', async () => {
    const { login } = stepsSetup()
    const { devices } = login.limiter
    const hash = login.limiter.hashNumber(number)
    const value = (await devices.issue(hash, 'its id')) ?? ''
    const begin = async () => {
      const { handle } = await startLogin(login, { ...request, requester: { ...requester, devices: ['x', value] } })
      return (await login.flows.find(flowKey(handle)))?.record.device
    }
    expect(await begin()).toBe('its id')
    await devices.forget(hash)
    expect(await begin()).toBeUndefined()
  })
})

describe('a login that cannot begin', () => {
  test('because a limit closes its first rung begins on the next, and says what it left', async () => {
    const { login, events } = stepsSetup({ limits: { checksPerNumber: 1 } })
    await startLogin(login, request)
    events.length = 0
    const begun = await startLogin(login, request)
    const left = { method: 'link', reason: 'limit_reached' }
    const second = { method: 'poll', reason: 'limit_reached' }
    expect(begun).toMatchObject({ method: 'sms', skipped: [left, second] })
    expect(events.filter(({ type }) => type === 'rung_skipped')).toMatchObject([left, second])
    expect(told(events).at(-1)).toEqual({ type: 'flow_started' })
  })

  test('because the address asks too much is refused on all of them, and leaves nothing', async () => {
    const { login, events } = stepsSetup({ limits: { startsPerAddress: 1 } })
    await startLogin(login, request)
    events.length = 0
    await expect(startLogin(login, request)).rejects.toMatchObject({ code: 'address_limit' })
    expect(events).toEqual([
      {
        type: 'step_refused',
        step: 'start',
        code: 'address_limit',
        flowId: expect.stringMatching(/^[0-9a-f]{16}$/),
        purpose: 'login',
        method: 'link',
        country: 'US',
        number: '+1********00',
      },
    ])
  })

  test('because its provider is down leaves no record', async () => {
    const { login, events } = stepsSetup()
    const down = () => Promise.reject(new PhoneCheckError('provider_unavailable', { untried: true }))
    for (const name of ['link', 'poll', 'sms']) Object.assign(login.ladder.find(name) ?? {}, { start: down })
    const removed: string[] = []
    const { remove } = login.flows
    login.flows.remove = (key) => {
      removed.push(key)
      return remove.call(login.flows, key)
    }
    await expect(startLogin(login, request)).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect(removed.length).toBe(1)
    expect(await login.flows.find(removed[0] ?? '')).toBeUndefined()
    expect(told(events).at(-1)).toEqual({ type: 'step_refused', step: 'start', code: 'provider_unavailable' })
  })

  test('because the store fails while it is written is removed, if it was written all the same', async () => {
    const { login } = stepsSetup()
    const removed: string[] = []
    login.flows.remove = async (key) => {
      removed.push(key)
    }
    login.limiter.consumeStart = () => Promise.reject(new PhoneCheckError('store_unavailable'))
    await expect(startLogin(login, request)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(removed.length).toBe(1)
    login.limiter.consumeStart = () => Promise.reject(new PhoneCheckError('address_limit'))
    await expect(startLogin(login, request)).rejects.toMatchObject({ code: 'address_limit' })
    expect(removed.length).toBe(1)
  })

  test('under a handle that another one has', async () => {
    const { login } = stepsSetup()
    login.limiter.consumeStart = async () => 'taken'
    await expect(startLogin(login, request)).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  test('without the address that its provider must be told', async () => {
    const { login } = stepsSetup({ deviceIp: 'require' })
    await expect(startLogin(login, request)).rejects.toMatchObject({ code: 'invalid_request' })
  })
})
