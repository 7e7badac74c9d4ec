import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../src/contracts/provider.js'
import { canContinue, recordOutcome, recordReport, rejection, releaseLease } from '../../src/login/record-outcome.js'
import { stepsSetup, told } from '../support/steps.js'

const claimed = { state: 'claimed', leaseUntil: 20_000, tries: 1, flowTries: 1 } as const

type No = Exclude<Outcome, { outcome: 'verified' }>

async function record(outcome: No, changes: object = {}, settings = {}) {
  const setup = stepsSetup(settings)
  const begun = await setup.begin({ ...claimed, ...changes })
  const { code, details } = await recordOutcome(setup.login, begun.flow, outcome)
  const { flowId, ...answer } = details
  expect([undefined, begun.flow.id]).toContain(flowId)
  return { answer: { code, ...answer }, stored: await begun.stored(), events: told(setup.events) }
}

describe('a no of the provider', () => {
  test('that the SIM is another one spends the rung, and the operator hears that it is suspicious', async () => {
    const { answer, stored, events } = await record({ outcome: 'mismatch' })
    expect(answer).toEqual({ code: 'mismatch', fallback: ['poll', 'sms'], ended: false, reason: 'mismatch' })
    expect(stored).toMatchObject({ state: 'pending', spent: true, reason: 'mismatch' })
    expect(stored).not.toHaveProperty('leaseUntil')
    expect(events).toEqual([
      { type: 'suspicious', reason: 'mismatch' },
      { type: 'rung_spent', reason: 'mismatch' },
    ])
  })

  test('that the rung cannot work spends it, and alarms nobody', async () => {
    const { answer, events } = await record({ outcome: 'unable', reason: 'mno_timeout' }, {}, { deviceIp: 'require' })
    expect(answer).toMatchObject({ code: 'rung_unable', reason: 'mno_timeout', ended: false })
    expect(events).toEqual([{ type: 'rung_spent', reason: 'mno_timeout' }])
  })

  test('in words of its own is told in ours', async () => {
    const { answer } = await record({ outcome: 'unable', reason: 'SECRET of the vendor' as never })
    expect(answer).toMatchObject({ code: 'rung_unable', reason: 'other' })
  })

  test('that nothing may follow ends the flow', async () => {
    const { answer, stored, events } = await record({ outcome: 'unable', reason: 'other', stop: true })
    expect(answer).toMatchObject({ fallback: [], ended: true })
    expect(stored.state).toBe('failed')
    expect(events).toEqual([{ type: 'rung_spent', reason: 'other' }, { type: 'flow_failed' }])
  })

  test.each([
    ['off', false],
    ['require', true],
  ] as const)('for another address, where deviceIp is %s', async (deviceIp, ends) => {
    const { answer, events } = await record({ outcome: 'unable', reason: 'ip_mismatch' }, {}, { deviceIp })
    expect(answer).toMatchObject({ ended: ends })
    expect(events.map(({ type }) => type)).toEqual(ends ? ['suspicious', 'rung_spent', 'flow_failed'] : ['rung_spent'])
  })

  test('of a flow that another request took over is not told: that one answers', async () => {
    const { login, begin, events } = stepsSetup()
    const { flow, overtake } = await begin(claimed)
    await overtake()
    const answer = await recordOutcome(login, flow, { outcome: 'mismatch' })
    expect([answer.code, answer.details.retryAfterSeconds]).toEqual(['in_progress', 1])
    expect(events).toEqual([])
  })

  test('for now gives the flow back with its try, and says when to ask again', async () => {
    const { answer, stored, events } = await record({ outcome: 'pending', retryAfterSeconds: 4 })
    expect(answer).toEqual({ code: 'pending', fallback: ['poll', 'sms'], retryAfterSeconds: 4 })
    expect(stored).toMatchObject({ state: 'pending', polledAt: 0, tries: 0, flowTries: 0 })
    expect(events).toEqual([])
  })

  test('for now, of a flow that nobody holds, writes nothing', async () => {
    const { login, begin } = stepsSetup()
    const { flow, stored } = await begin({ tries: 1 })
    await recordOutcome(login, flow, { outcome: 'pending', retryAfterSeconds: 4 })
    expect(await stored()).toEqual(expect.not.objectContaining({ polledAt: expect.anything() }))
  })
})

describe('a wrong code', () => {
  test.each([
    [1, 1, 2],
    [2, 2, 1],
    [1, 4, 1],
  ])('that was try %d of the code and %d of the flow leaves %d', async (tries, flowTries, attemptsLeft) => {
    const { answer, stored, events } = await record({ outcome: 'invalid_code' }, { tries, flowTries })
    expect(answer).toEqual({ code: 'invalid_code', fallback: ['poll', 'sms'], attemptsLeft })
    expect(stored).toMatchObject({ state: 'pending', tries, flowTries })
    expect(stored).not.toHaveProperty('leaseUntil')
    expect(stored).not.toHaveProperty('spent')
    expect(events).toEqual([{ type: 'code_rejected', attemptsLeft }])
  })

  test('that was the last of the code spends the rung', async () => {
    const { answer, stored, events } = await record({ outcome: 'invalid_code' }, { tries: 3, flowTries: 3 })
    expect(answer).toEqual({ code: 'invalid_code', fallback: ['poll', 'sms'], ended: false, attemptsLeft: 0 })
    expect(stored).toMatchObject({ state: 'pending', spent: true, reason: 'tries' })
    expect(events.map(({ type }) => type)).toEqual(['code_rejected', 'rung_spent'])
  })

  test('that was the last of the flow ends it', async () => {
    const { answer, stored } = await record({ outcome: 'invalid_code' }, { tries: 1, flowTries: 5 })
    expect(answer).toEqual({ code: 'invalid_code', fallback: [], ended: true, attemptsLeft: 0 })
    expect(stored.state).toBe('failed')
  })

  test('after which the provider takes no other one spends the rung', async () => {
    const { answer } = await record({ outcome: 'invalid_code', spent: true })
    expect(answer).toMatchObject({ code: 'invalid_code', attemptsLeft: 0 })
  })
})

describe('what the device reports', () => {
  async function report(error: string, judgeReport?: (error: string, description?: string) => unknown) {
    const { login, begin } = stepsSetup()
    const { flow, stored } = await begin()
    const rung = { ...login.ladder.rungOf(flow), ...(judgeReport && { judgeReport: judgeReport as never }) }
    const { code, details } = await recordReport(login, flow, rung, error, 'a description')
    return {
      answer: [code, details.reason, details.ended ?? false],
      wait: details.retryAfterSeconds,
      stored: await stored(),
    }
  }

  test('that the check URL was opened too often spends nothing: the check is as good as before', async () => {
    const { answer, wait, stored } = await report('too_many_requests')
    expect([...answer, wait]).toEqual(['pending', 'quota_exceeded', false, 5])
    expect(stored).not.toHaveProperty('spent')
  })

  test.each([
    ['a word of ours', 'mno_timeout', undefined, ['rung_unable', 'mno_timeout', false]],
    ['any other word', 'x', undefined, ['rung_unable', 'reported', false]],
    ['what the rung has a word for', 'x', () => ({ unable: 'declined' }), ['rung_unable', 'declined', false]],
    ['what the rung has no word for', 'x', () => undefined, ['rung_unable', 'reported', false]],
    ['what nothing may follow', 'x', () => ({ unable: 'blocked', stop: true }), ['rung_unable', 'blocked', true]],
    ['what is nearly so', 'x', () => ({ unable: 'blocked', stop: 'yes' }), ['rung_unable', 'blocked', false]],
    [
      'what the rung fails at',
      'x',
      () => {
        throw new Error('a defect')
      },
      ['rung_unable', 'reported', false],
    ],
    [
      'with its description',
      'x',
      (error: string, description?: string) => ({
        unable: error === 'x' && description === 'a description' ? 'declined' : 'other',
      }),
      ['rung_unable', 'declined', false],
    ],
  ])('is %s', async (_name, error, judge, expected) => {
    expect((await report(error, judge)).answer).toEqual(expected)
  })
})

describe('a flow can go on', () => {
  test.each([
    ['to a rung that follows', { rung: 'link' }, 570, true],
    ['but not without the time for it', { rung: 'link' }, 570.001, false],
    ['to another message on the last rung', { rung: 'sms' }, 0, true],
    ['to the second one', { rung: 'sms', resends: 1 }, 0, true],
    ['but to no third', { rung: 'sms', resends: 2 }, 0, false],
    ['to nowhere from a rung that is gone', { rung: 'removed' }, 0, false],
  ])('%s', async (_name, changes, seconds, expected) => {
    const { login, begin, pass } = stepsSetup()
    const { flow } = await begin(changes)
    await pass(seconds)
    expect(canContinue(login, flow)).toBe(expected)
    if (seconds > 570) expect(rejection(login, flow, 'pending', {}).details.fallback).toEqual([])
  })

  test('to nowhere from the last rung, if that sends nothing', async () => {
    const { login, begin } = stepsSetup()
    const { flow } = await begin({ rung: 'sms' })
    const silent = stepsSetup({ ladder: [{ ...login.ladder.rungOf(flow), sends: false }] })
    expect(canContinue(silent.login, flow)).toBe(false)
  })
})

describe('a flow that is given back', () => {
  test.each([
    ['with its try', 'link', undefined, 0],
    ['without, when the provider may have judged it', 'link', false, 1],
    ['without, where a rung has no tries', 'poll', undefined, 1],
  ])('%s', async (_name, rung, withTry, tries) => {
    const { login, begin } = stepsSetup()
    const { flow, stored } = await begin({ ...claimed, rung })
    await releaseLease(login, flow, withTry)
    expect(await stored()).toMatchObject({ state: 'pending', tries, flowTries: tries })
    expect(await stored()).not.toHaveProperty('leaseUntil')
  })
})
