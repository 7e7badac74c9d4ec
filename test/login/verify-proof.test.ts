import { describe, expect, test, vi } from 'vitest'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { limits } from '../../src/limits/numbers.js'
import { requireLiveRung, verifyProof } from '../../src/login/verify-proof.js'
import { stepsSetup, told } from '../support/steps.js'

type Setup = ReturnType<typeof stepsSetup>
type Changes = Parameters<Setup['begin']>[0]

const sms = { rung: 'sms', rungUntil: 300_000 }
const outage = (details: { untried?: boolean; reason?: 'quota_exceeded' } = {}) =>
  Promise.reject(new PhoneCheckError('provider_unavailable', details))

/** The counters that a step left charged: what is refunded is gone. */
async function setup(changes: Changes = {}) {
  const all = stepsSetup()
  const begun = await all.begin(changes)
  const refund = vi.spyOn(all.login.limiter, 'refundAttempt')
  const charge = vi.spyOn(all.login.limiter, 'consumeAttempt')
  const verify = async (code?: unknown) =>
    verifyProof(all.login, begun.flow, await requireLiveRung(all.login, begun.flow), all.context(), code)
  return { ...all, ...begun, refund, charge, verify }
}

describe('a rung that can win no more is written off before its provider is asked', () => {
  test.each([
    ['too old', { rungUntil: 1 }, 'rung_unable', 'expired'],
    ['its code had all its tries', { ...sms, tries: 3, flowTries: 3 }, 'invalid_code', 'tries'],
    ['the login had all its tries', { ...sms, tries: 0, flowTries: 5 }, 'invalid_code', 'tries'],
  ])('%s', async (_why, changes, code, reason) => {
    const { verify, stored, pass, script } = await setup(changes)
    script.redeem = () => Promise.reject(new Error('the provider was asked'))
    await pass(2)
    await expect(verify('1234')).rejects.toMatchObject({ code })
    expect(await stored()).toMatchObject({ spent: true, reason })
  })

  test('one try less is one that is left', async () => {
    const { verify } = await setup({ ...sms, tries: 2, flowTries: 4 })
    expect(await verify('1234')).toEqual({ outcome: 'verified' })
  })
})

describe('a code', () => {
  test.each([
    ['link', 'ABC'],
    ['link', ' abc'],
    ['link', undefined],
    ['link', 12],
    ['sms', '123'],
    ['sms', '12345'],
    ['sms', ['1234']],
  ])('of %s that cannot be one costs nothing: %j', async (rung, code) => {
    const { verify, charge, stored } = await setup({ rung, rungUntil: 300_000 })
    await expect(verify(code)).rejects.toMatchObject({
      code: 'invalid_request',
      message: `code must be a string that looks like a code of ${rung}.`,
    })
    expect(charge).not.toHaveBeenCalled()
    expect(await stored()).toMatchObject({ state: 'pending', tries: 0, flowTries: 0 })
  })

  test.each([
    ['sms', ' 12-34 '],
    ['sms', '١٢٣٤'],
    ['link', 'abc'],
  ])('of %s is read as people write it where they type it: %j', async (rung, code) => {
    const { verify, charge, refund, stored } = await setup({ rung, rungUntil: 300_000 })
    expect(await verify(code)).toEqual({ outcome: 'verified' })
    expect(charge).toHaveBeenCalledTimes(1)
    expect(refund).not.toHaveBeenCalled()
    expect(await stored()).toMatchObject({ state: 'claimed', tries: 1, flowTries: 1 })
  })

  test('is not shown to a provider that said "not yet" a moment ago', async () => {
    const { verify, script, charge } = await setup({ ...sms, polledAt: 0 })
    script.redeem = () => Promise.reject(new Error('the provider was asked'))
    const first = limits.pollEverySeconds.first
    expect(await verify('1234')).toEqual({ outcome: 'pending', retryAfterSeconds: first })
    expect(charge).not.toHaveBeenCalled()
  })
})

describe('the attempt that was charged comes back', () => {
  test.each([
    ['for "not yet"', 'link', async () => ({ outcome: 'pending', retryAfterSeconds: 1 }) as const, true],
    ['for "not yet" to a typed code', 'sms', async () => ({ outcome: 'pending', retryAfterSeconds: 1 }) as const, true],
    ['for "cannot work"', 'link', async () => ({ outcome: 'unable', reason: 'expired' }) as const, true],
    ['not for "cannot work" to a guess', 'sms', async () => ({ outcome: 'unable', reason: 'expired' }) as const, false],
    ['not for a wrong code', 'sms', async () => ({ outcome: 'invalid_code' }) as const, false],
    ['not for another number', 'link', async () => ({ outcome: 'mismatch' }) as const, false],
    ['for an outage', 'link', outage, true],
    ['not for an outage after a guess', 'sms', outage, false],
    ['for a guess that never left', 'sms', () => outage({ untried: true }), true],
  ])('%s', async (_what, rung, answer, comesBack) => {
    const { verify, script, refund } = await setup({ rung, rungUntil: 300_000 })
    script.redeem = answer
    await verify(rung === 'sms' ? '1234' : 'abc').catch(() => {})
    expect(refund).toHaveBeenCalledTimes(comesBack ? 1 : 0)
  })
})

describe('after an outage the flow can go on, with its try where nothing can have been judged', () => {
  test.each([
    ['link', outage, { tries: 0, flowTries: 0 }],
    ['sms', outage, { tries: 1, flowTries: 1 }],
    ['sms', () => outage({ untried: true }), { tries: 0, flowTries: 0 }],
  ])('%s', async (rung, answer, tries) => {
    const { verify, script, stored } = await setup({ rung, rungUntil: 300_000 })
    script.redeem = answer
    await expect(verify(rung === 'sms' ? '1234' : 'abc')).rejects.toMatchObject({ code: 'provider_unavailable' })
    const left = await stored()
    expect(left).toMatchObject({ state: 'pending', ...tries })
    expect(left).not.toHaveProperty('polledAt')
  })

  test('what a quota refused is not asked again at once', async () => {
    const { verify, script, stored, pass } = await setup()
    await pass(7)
    script.redeem = () => outage({ untried: true, reason: 'quota_exceeded' })
    await verify('abc').catch(() => {})
    expect(await stored()).toMatchObject({ polledAt: 7_000 })
  })

  test('a provider without an answer is a defect, and the flow is given back', async () => {
    const { verify, script, stored } = await setup()
    script.redeem = async () => undefined as never
    await expect(verify('abc')).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect(await stored()).toMatchObject({ state: 'pending', tries: 0 })
  })
})

describe('a question for the result', () => {
  const poll = { rung: 'poll', rungUntil: 300_000 }

  test('waits for its time, claims the flow, and is charged nothing', async () => {
    const { verify, stored, charge, pass } = await setup(poll)
    expect(await verify()).toEqual({ outcome: 'pending', retryAfterSeconds: 3 })
    expect(await stored()).toMatchObject({ state: 'pending' })
    await pass(3)
    expect(await verify()).toEqual({ outcome: 'pending', retryAfterSeconds: 3 })
    expect(await stored()).toMatchObject({ state: 'claimed', polledAt: 3_000 })
    expect(charge).not.toHaveBeenCalled()
  })
})

describe('a limit that refuses', () => {
  test('gives the flow back with its try, and the operator hears of it', async () => {
    const { verify, charge, stored, events } = await setup(sms)
    charge.mockRejectedValue(new PhoneCheckError('code_locked', { retryAfterSeconds: 60 }))
    await expect(verify('1234')).rejects.toMatchObject({ code: 'code_locked' })
    expect(await stored()).toMatchObject({ state: 'pending', tries: 0, flowTries: 0 })
    expect(told(events)).toEqual([{ type: 'step_refused', step: 'verify', code: 'code_locked' }])
  })

  test('because the store failed is no refusal', async () => {
    const { verify, charge, events } = await setup(sms)
    charge.mockRejectedValue(new PhoneCheckError('store_unavailable'))
    await expect(verify('1234')).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(told(events)).toEqual([])
  })
})

describe('of two requests at once', () => {
  test('in one process the second is charged nothing', async () => {
    const { verify, charge } = await setup(sms)
    const answers = await Promise.allSettled([verify('1234'), verify('1234')])
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(charge).toHaveBeenCalledTimes(1)
  })

  test('in two processes the loser gives its attempt back', async () => {
    const { verify, refund, overtake } = await setup(sms)
    await overtake()
    await expect(verify('1234')).rejects.toMatchObject({ code: 'in_progress', details: { retryAfterSeconds: 1 } })
    expect(refund).toHaveBeenCalledTimes(1)
  })

  test('a loser whom a limit refused too has nothing to give back', async () => {
    const { verify, charge, refund, overtake } = await setup(sms)
    await overtake()
    charge.mockRejectedValue(new PhoneCheckError('code_locked'))
    await expect(verify('1234')).rejects.toMatchObject({ code: 'in_progress' })
    expect(refund).not.toHaveBeenCalled()
  })
})
