import { describe, expect, test } from 'vitest'
import { enterRung, type FlowRecord } from '../../src/flow/record.js'
import {
  hasTimeForMore,
  msUntilFallback,
  msUntilPoll,
  msUntilResend,
  secondsUntilFallback,
} from '../../src/flow/timing.js'

const since = 100_000
const record = (changes: Partial<FlowRecord> = {}): FlowRecord => ({
  state: 'pending',
  strategy: 'phonecheck',
  purpose: 'login',
  binding: 'cookie',
  owner: 'owner',
  number: 'number',
  delivery: 'body',
  rung: 'mocheck',
  rungSince: since,
  tries: 0,
  flowTries: 0,
  sealed: 'sealed',
  ...changes,
})

describe('a provider is asked for a result', () => {
  test.each([
    [0, 3],
    [29.999, 3],
    [30, 5],
    [179.999, 5],
    [180, 15],
    [400, 15],
  ])('after %d s on the rung every %d s', (seconds, every) => {
    const now = since + seconds * 1000
    expect(msUntilPoll(record({ polledAt: now }), now)).toBe(every * 1000)
    expect(msUntilPoll(record({ polledAt: now - 1_000 }), now)).toBe(every * 1000 - 1_000)
    expect(msUntilPoll(record({ polledAt: now - every * 1000 }), now)).toBe(0)
    expect(msUntilPoll(record({ polledAt: now - 60_000 }), now)).toBe(0)
  })

  test('3 s after the rung began for the first time', () => {
    expect(msUntilPoll(record(), since + 1_000)).toBe(2_000)
    expect(msUntilPoll(record(), since + 3_000)).toBe(0)
  })

  test('at once when a webhook announced it, however lately it was asked', () => {
    expect(msUntilPoll(record({ polledAt: since + 1_000, resultAnnounced: true }), since + 1_001)).toBe(0)
  })
})

describe('a fallback', () => {
  test('opens when the rung was tried for its dwell time', () => {
    expect(msUntilFallback(record(), since, 10)).toBe(10_000)
    expect(msUntilFallback(record(), since + 9_999, 10)).toBe(1)
    expect(msUntilFallback(record(), since + 10_000, 10)).toBe(0)
    expect(msUntilFallback(record(), since + 60_000, 10)).toBe(0)
  })

  test('is open at once on a spent rung', () => {
    expect(msUntilFallback(record(), since)).toBe(0)
  })

  test('waits for the pause that a quota asks for, if that is longer', () => {
    const paused = record({ stepAfter: since + 20_000 })
    expect(msUntilFallback(paused, since, 10)).toBe(20_000)
    expect(msUntilFallback(paused, since, 30)).toBe(30_000)
    expect(msUntilFallback(paused, since + 21_000)).toBe(0)
  })

  test('is told in whole seconds, never too early', () => {
    expect(secondsUntilFallback(record(), since, 10)).toBe(10)
    expect(secondsUntilFallback(record(), since + 1, 10)).toBe(10)
    expect(secondsUntilFallback(record(), since + 9_999, 10)).toBe(1)
    expect(secondsUntilFallback(record(), since + 10_000, 10)).toBe(0)
  })
})

test('no check is begun that could live less than 30 s of the ten minutes', () => {
  expect(hasTimeForMore(0)).toBe(true)
  expect(hasTimeForMore(570_000)).toBe(true)
  expect(hasTimeForMore(570_001)).toBe(false)
  expect(hasTimeForMore(700_000)).toBe(false)
})

describe('another message may be asked for', () => {
  test('when its wait has passed since the last one', () => {
    const sent = record({ sentAt: since + 5_000 })
    expect(msUntilResend(sent, since + 5_000, 250)).toBe(250_000)
    expect(msUntilResend(sent, since + 255_000, 250)).toBe(0)
    expect(msUntilResend(sent, since + 900_000, 250)).toBe(0)
  })

  test('in the rhythm of the provider, counted from the begin of the rung where no message is on record', () => {
    expect(msUntilResend(record(), since + 1_000, 30)).toBe(29_000)
  })

  test('not before the pause that a quota asks for', () => {
    expect(msUntilResend(record({ sentAt: since, stepAfter: since + 40_000 }), since, 30)).toBe(40_000)
    expect(msUntilResend(record({ sentAt: since, stepAfter: since + 20_000 }), since, 30)).toBe(30_000)
  })
})

test('a flow that enters a rung leaves nothing of the one before, and holds its lease from now', () => {
  const before = record({
    rungUntil: 1,
    check: 'check',
    spent: true,
    reason: 'other',
    tries: 3,
    flowTries: 3,
    sentAt: 1,
    resends: 1,
    polledAt: 1,
    resultAnnounced: true,
    stepAfter: 1,
  })
  const after = { ...before, ...enterRung('idenfy-sms', { ageMs: 200_000 }) }
  // What is undefined is not written.
  expect(JSON.parse(JSON.stringify(after))).toEqual({
    ...JSON.parse(JSON.stringify(record())),
    rung: 'idenfy-sms',
    rungSince: 200_000,
    leaseUntil: 220_000,
    // What is charged to the flow stays charged.
    flowTries: 3,
    resends: 1,
  })
})
