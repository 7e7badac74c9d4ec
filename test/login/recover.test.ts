import { describe, expect, test } from 'vitest'
import { enterRung, type FlowRecord } from '../../src/flow/record.js'
import type { UnsealedFlow } from '../../src/flow/repository.js'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { recover } from '../../src/login/recover.js'
import { content, flowsSetup } from '../support/flows.js'

const charged = { resends: 1, sentAt: 100_000 }
const outage = () => new PhoneCheckError('delivery_unknown')

/** A flow that was claimed for a step at 100 s and failed in it a second later. */
async function failing(step: 'fallback' | 'resend', happened: Partial<UnsealedFlow> = {}) {
  const { clock, begin, flows } = flowsSetup()
  const { flow, key, secret } = await begin({ spent: true, reason: 'other', polledAt: 4_000, tries: 2 })
  const before = { record: flow.record, content: flow.content }
  await clock.advance(100_000)
  const changes = step === 'resend' ? { ...charged, leaseUntil: 120_000 } : enterRung('sms', flow)
  await flow.write('claimed', changes, step === 'resend' ? undefined : { number: content.number })
  Object.assign(flow, happened)
  await clock.advance(1_000)
  /** What the store holds after, without what is sealed. */
  async function recovered(problem: PhoneCheckError) {
    await recover(flow, before, problem, step === 'resend' ? charged : undefined)
    const held = await flows.find(key)
    if (!held) throw new Error('the flow is gone')
    const { sealed: _, ...record } = held.record
    return { record, content: flows.unseal(held, secret)?.content }
  }
  const { sealed: _, ...earlier } = before.record
  return { recovered, asItWas: JSON.parse(JSON.stringify(earlier)) as Partial<FlowRecord> }
}

describe.each(['fallback', 'resend'] as const)('after a %s that failed', (step) => {
  test('because another request owns the flow: nothing is touched', async () => {
    const { recovered } = await failing(step)
    expect((await recovered(new PhoneCheckError('in_progress'))).record.state).toBe('claimed')
  })

  test.each([
    ['the number is none', new PhoneCheckError('invalid_phone_number')],
    ['nothing may follow', new PhoneCheckError('ladder_exhausted', { ended: true })],
  ])('because %s: the flow has failed and is held by nobody', async (_name, problem) => {
    const { recovered } = await failing(step, { sending: true })
    const { record } = await recovered(problem)
    expect(record.state).toBe('failed')
    expect(record).not.toHaveProperty('leaseUntil')
  })

  test('before anything happened: the flow is as it was, nothing of the step left behind', async () => {
    const { recovered, asItWas } = await failing(step)
    expect(await recovered(outage())).toEqual({ record: asItWas, content })
  })

  test('because a quota refused it: the next step waits as long as the provider says', async () => {
    const { recovered, asItWas } = await failing(step, { pauseSeconds: 20 })
    const { record } = await recovered(new PhoneCheckError('provider_unavailable', { reason: 'quota_exceeded' }))
    expect(record).toEqual({ ...asItWas, stepAfter: 121_000 })
  })
})

describe('after a fallback', () => {
  test('whose message may be out: the new rung stands without a check, and its cooldown runs', async () => {
    const { recovered } = await failing('fallback', { sending: true })
    const { record, content: kept } = await recovered(outage())
    expect(record).toMatchObject({ state: 'pending', rung: 'sms', rungSince: 100_000, sentAt: 101_000, tries: 0 })
    expect(record).not.toHaveProperty('leaseUntil')
    expect(kept).toEqual({ number: content.number })
  })

  test('that a limit refused while a message was thought of: none is out', async () => {
    const { recovered, asItWas } = await failing('fallback', { sending: true })
    expect((await recovered(new PhoneCheckError('number_limit'))).record).toEqual(asItWas)
  })

  test('on whose way rungs said that they cannot work: the last of them stands, spent, and is not asked again', async () => {
    const { recovered } = await failing('fallback', {
      passed: { method: 'mocheck', reason: 'mno_timeout' },
      pauseSeconds: 5,
    })
    const { record, content: kept } = await recovered(new PhoneCheckError('provider_unavailable'))
    expect(record).toMatchObject({
      state: 'pending',
      rung: 'mocheck',
      rungSince: 101_000,
      spent: true,
      reason: 'mno_timeout',
      stepAfter: 106_000,
    })
    expect(record).not.toHaveProperty('leaseUntil')
    expect(kept).toEqual({ number: content.number })
  })
})

describe('after a resend', () => {
  test('whose message may be out: it is charged, and the check before stands', async () => {
    const { recovered, asItWas } = await failing('resend', { sending: true })
    expect(await recovered(outage())).toEqual({ record: { ...asItWas, ...charged }, content })
  })

  test('that the provider refused with a reason: it is charged, or a requester could ask without end', async () => {
    const { recovered, asItWas } = await failing('resend')
    const { record } = await recovered(new PhoneCheckError('send_refused', { reason: 'busy' }))
    expect(record).toEqual({ ...asItWas, ...charged })
  })

  test.each([
    ['a veto of the application', new PhoneCheckError('send_refused')],
    ['a limit', new PhoneCheckError('number_limit', { reason: 'other' })],
  ])('that %s refused: it is not charged', async (_name, problem) => {
    const { recovered, asItWas } = await failing('resend', { sending: true })
    expect((await recovered(problem)).record).toEqual(asItWas)
  })
})
