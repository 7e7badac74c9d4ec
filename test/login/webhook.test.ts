import { describe, expect, test } from 'vitest'
import type { Provider, WebhookRequest } from '../../src/contracts/provider.js'
import { fingerprint } from '../../src/lib/crypto.js'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { takeAnnouncement } from '../../src/login/webhook.js'
import { content } from '../support/flows.js'
import { stepsSetup, told } from '../support/steps.js'

const request: WebhookRequest = { method: 'POST', url: 'https://app.example/hook', headers: {}, body: Buffer.alloc(0) }
type Announced = NonNullable<Provider['webhook']>

/** A flow on `poll`, whose check a webhook may name. */
async function setup(changes: Parameters<ReturnType<typeof stepsSetup>['begin']>[0] = {}) {
  const steps = stepsSetup()
  const begun = await steps.begin({ rung: 'poll', ...changes })
  await steps.login.checkIndex.add('poll', content.check?.id ?? '', begun.key, 300)
  const listen = (name: string, webhook: Announced) => Object.assign(steps.login.ladder.find(name) ?? {}, { webhook })
  return { ...steps, ...begun, listen, take: () => takeAnnouncement(steps.login, request) }
}

const names =
  (checkId: string, nonce = 'n1') =>
  async () => ({ checkId, nonce })
const forged = () => Promise.reject(new PhoneCheckError('flow_invalid'))

describe('an announcement', () => {
  test('makes the next question due, and nothing else', async () => {
    const { listen, take, stored, events } = await setup()
    const before = await stored()
    listen('poll', names('check-1'))
    await take()
    expect(await stored()).toEqual({ ...before, resultAnnounced: true })
    expect(events).toEqual([])
  })

  test('that comes again is taken once', async () => {
    const { listen, take, stored, login, key } = await setup()
    listen('poll', names('check-1'))
    await take()
    const held = await login.flows.find(key)
    if (held) await login.flows.replace(held, { ...held.record, resultAnnounced: undefined })
    await take()
    expect(await stored()).not.toHaveProperty('resultAnnounced')
  })

  test('of a check that was left behind is told, and changes nothing', async () => {
    const { listen, take, stored, events } = await setup({ check: fingerprint('a later check') })
    listen('poll', names('check-1'))
    await take()
    expect(await stored()).not.toHaveProperty('resultAnnounced')
    expect(told(events)).toEqual([{ type: 'late_result' }])
  })

  test.each([
    ['is being asked about', { state: 'claimed', leaseUntil: 60_000 }],
    ['is over', { state: 'failed' }],
    ['knows it already', { resultAnnounced: true }],
  ] as const)('of a flow that %s writes nothing', async (_what, changes) => {
    const { listen, take, login, key } = await setup(changes)
    listen('poll', names('check-1'))
    await take()
    expect((await login.flows.find(key))?.version).toBe(1)
  })

  test.each([
    ['of a check that nobody began', names('unknown')],
    ['about none of ours', async () => undefined],
  ])('%s is taken without a word', async (_what, webhook) => {
    const { listen, take, stored } = await setup()
    listen('poll', webhook)
    await take()
    expect(await stored()).not.toHaveProperty('resultAnnounced')
  })

  test('is refused when no provider knows it, and an outage goes before a refusal', async () => {
    const { listen, take } = await setup()
    listen('poll', forged)
    await expect(take()).rejects.toMatchObject({ code: 'flow_invalid' })
    listen('sms', () => Promise.reject(new PhoneCheckError('provider_unavailable')))
    await expect(take()).rejects.toMatchObject({ code: 'provider_unavailable' })
    listen('sms', names('check-1'))
    await take()
  })

  test('that the store cannot look up is taken, and the provider asked in its time', async () => {
    const { listen, take, login } = await setup()
    listen('poll', names('check-1'))
    login.checkIndex.resolveOnce = () => Promise.reject(new Error('the store is down'))
    await take()
    login.checkIndex.resolveOnce = async () => 'a key'
    login.flows.find = () => Promise.reject(new Error('the store is down'))
    await take()
  })

  test('by a function that throws no Error is refused with one', async () => {
    const { listen, take } = await setup()
    listen('poll', () => Promise.reject(undefined))
    await expect(take()).rejects.toThrow(/webhook of the method 'poll'.*undefined/)
  })
})
