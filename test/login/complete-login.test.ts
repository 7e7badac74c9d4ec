import { describe, expect, test } from 'vitest'
import type { Provider } from '../../src/contracts/provider.js'
import type { FlowRecord } from '../../src/flow/record.js'
import { completeLogin } from '../../src/login/complete-login.js'
import type { MemoryStore } from '../../src/stores/memory.js'
import { content } from '../support/flows.js'
import { requester, stepsSetup, told } from '../support/steps.js'

const verifiedAt = Date.UTC(2026, 0, 1)
const claimed = { state: 'claimed', leaseUntil: 20_000, tries: 1, flowTries: 1 } as const
const yes = async () => ({ id: 'user-1' })

async function setup(changes: Partial<FlowRecord> = {}, store?: MemoryStore) {
  const all = stepsSetup(store && { store })
  const begun = await all.begin({ ...claimed, ...changes })
  const { login } = all
  const rung =
    login.ladder.find(begun.flow.record.rung) ?? ({ ...login.ladder.find('link'), name: 'review' } as Provider)
  const complete = <User>(resolve: () => Promise<User | false | undefined>, devices: string[] = []) =>
    completeLogin(login, begun.flow, { rung, verifiedAt }, resolve, { ...requester, devices })
  /** Opened as its starter would open it again. */
  async function reread() {
    const held = await login.flows.find(begun.key)
    return held && login.flows.unseal(held, begun.request.handle)
  }
  return { ...all, ...begun, complete, reread }
}

const answer = (asked: Promise<unknown>) =>
  asked.then(
    () => 'no error',
    ({ code, details }) => [code, details?.ended ?? false, details?.retryAfterSeconds],
  )

describe('a proven identity', () => {
  test('that the application accepts is a login, and the flow is used', async () => {
    const { complete, stored, events, flow } = await setup()
    const { user, identity } = await complete(yes)
    expect(user).toEqual({ id: 'user-1' })
    expect(identity).toEqual({
      phoneNumber: content.number.e164,
      country: 'US',
      method: 'link',
      assurance: 'high',
      vendor: 'scripted',
      verifiedAt: new Date(verifiedAt),
      purpose: 'login',
      flowId: flow.id,
    })
    expect(await stored()).toMatchObject({ state: 'consumed', outcome: 'accepted' })
    expect(await stored()).not.toHaveProperty('leaseUntil')
    expect(told(events)).toEqual([{ type: 'identity_verified' }])
  })

  test('says what its method is called in RFC 8176, and what the user agreed to, where that is known', async () => {
    const { complete, login } = await setup({ consent: false })
    Object.assign(login.ladder.find('link') ?? {}, { amr: ['sms', 'otp'] })
    expect((await complete(yes)).identity).toMatchObject({ amr: ['sms', 'otp'], consent: false })
  })

  test.each([
    ['false', false, { type: 'user_refused', reason: 'refused' }, undefined],
    ['nothing', undefined, { type: 'user_refused', reason: 'no_answer' }, expect.stringContaining('`return`')],
  ])('of which it says %s is none, for good', async (_name, verdict, event, message) => {
    const { complete, stored, events } = await setup()
    expect(await answer(complete(async () => verdict as false))).toEqual(['user_refused', true, undefined])
    expect(await stored()).toMatchObject({ state: 'consumed', outcome: 'refused' })
    expect(told(events)).toEqual([event])
    expect(events[0]).toEqual(expect.objectContaining(message ? { message } : {}))
    expect('message' in (events[0] ?? {})).toBe(message !== undefined)
  })

  test('of a flow that another request took over meanwhile logs nobody in', async () => {
    const { complete, events, overtake } = await setup()
    const asked = complete(async () => {
      await overtake()
      return { id: 'user-1' }
    })
    expect(await answer(asked)).toEqual(['in_progress', false, 1])
    expect(events).toEqual([])
  })
})

describe('an application that fails instead of deciding', () => {
  const fault = new Error('database down')
  const failing = () => Promise.reject(fault)

  test('hears of its fault, and the proof is kept for a minute', async () => {
    const { complete, stored, events, reread, pass } = await setup()
    await pass(5)
    await expect(complete(failing)).rejects.toBe(fault)
    expect(await stored()).toMatchObject({ state: 'proven', provenUntil: 65_000 })
    expect(await stored()).not.toHaveProperty('leaseUntil')
    expect((await reread())?.content).toEqual({ ...content, verifiedAt })
    expect(told(events)).toEqual([{ type: 'verify_callback_failed', canRepeat: true }])
    expect(events[0]).toHaveProperty('message')
  })

  test('again and again has that minute once', async () => {
    const { complete, stored, pass } = await setup({ provenUntil: 30_000 })
    await pass(5)
    await expect(complete(failing)).rejects.toBe(fault)
    expect((await stored()).provenUntil).toBe(30_000)
  })

  test('while the store fails too: it is told that nothing can be repeated', async () => {
    const { complete, events, flow } = await setup()
    flow.write = () => Promise.reject(new Error('down'))
    await expect(complete(failing)).rejects.toBe(fault)
    expect(told(events)).toEqual([{ type: 'verify_callback_failed', canRepeat: false }])
  })

  test('by giving no answer is given up a second before the lease ends', async () => {
    const { complete, pass, stored } = await setup()
    await pass(5)
    let over = false
    const asked = complete(() => new Promise(() => {})).catch(() => {
      over = true
    })
    await pass(13.999)
    expect(over).toBe(false)
    await pass(0.001)
    await asked
    expect(await stored()).toMatchObject({ state: 'proven' })
  })
})

describe('a login whose session could not be kept', () => {
  test('may be repeated for a minute: nobody was logged in', async () => {
    const { complete, stored, reread, pass } = await setup()
    const { reopen } = await complete(yes)
    await pass(2)
    expect(await reopen()).toBe(true)
    expect(await stored()).toMatchObject({ state: 'proven', provenUntil: 62_000 })
    expect(await stored()).not.toHaveProperty('outcome')
    expect((await reread())?.content.verifiedAt).toBe(verifiedAt)
  })

  test('is over where the store fails', async () => {
    const { complete, flow } = await setup()
    const { reopen } = await complete(yes)
    flow.write = () => Promise.reject(new Error('down'))
    expect(await reopen()).toBe(false)
  })
})

describe('the device of a login', () => {
  test('is known from then on, beside those of the other numbers of its browser', async () => {
    const { complete, login, flow } = await setup()
    const other = (await login.limiter.devices.issue('another number', undefined)) ?? ''
    const { devices } = await complete(yes, [other, 'garbage'])
    expect(devices).toEqual([expect.any(String), other])
    expect(login.limiter.devices.recognise(devices ?? [], flow.record.number)).toBeDefined()
  })

  test('keeps its id', async () => {
    const { complete, login, flow } = await setup({ device: 'its id' })
    const { devices } = await complete(yes)
    expect(login.limiter.devices.recognise(devices ?? [], flow.record.number)?.id).toBe('its id')
  })

  test('of a review number is nobody’s: many people know its code', async () => {
    const { complete, events } = await setup({ rung: 'review' })
    expect(await complete(yes)).not.toHaveProperty('devices')
    expect(told(events)).toEqual([{ type: 'review_login' }])
  })

  test.each([
    ['the day has had its five', async () => undefined],
    ['the store fails at it', () => Promise.reject(new Error('down'))],
  ])('is a stranger, and the login stands, where %s', async (_name, issue) => {
    const { complete, login } = await setup()
    login.limiter.devices.issue = issue
    expect(await complete(yes)).not.toHaveProperty('devices')
  })

  test('is a stranger where the store takes longer than a second', async () => {
    const { complete, login, pass } = await setup()
    login.limiter.devices.issue = () => new Promise(() => {})
    const asked = complete(yes)
    await pass(1)
    expect(await asked).not.toHaveProperty('devices')
  })
})

describe('wrong codes of the number', () => {
  /** How many more wrong codes a stranger may try. */
  async function left({ login, flow }: Awaited<ReturnType<typeof setup>>): Promise<number> {
    const sms = login.ladder.find('sms') as Provider
    const account = { number: flow.record.number }
    let count = 0
    for (; count < 20; count++) {
      const refused = await login.limiter.consumeAttempt(sms, account, requester).then(
        () => false,
        () => true,
      )
      if (refused) break
    }
    return count
  }

  test.each([
    ['are forgiven by a login that no guesser could have had', 'link', {}, 10],
    ['are forgiven by one that was asked for', 'poll', {}, 10],
    ['are not by a typed code, which only gives its own try back', 'sms', {}, 2],
    ['are not by one whose try was given back before', 'sms', { provenUntil: 30_000 }, 1],
  ])('%s', async (_name, rung, changes, expected) => {
    const all = await setup({ rung, ...changes })
    const sms = all.login.ladder.find('sms') as Provider
    for (let index = 0; index < 9; index++)
      await all.login.limiter.consumeAttempt(sms, { number: all.flow.record.number }, requester)
    await all.complete(yes)
    await all.pass(0)
    expect(await left(all)).toBe(expected)
  })
})
