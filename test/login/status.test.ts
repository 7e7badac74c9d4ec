import { describe, expect, test } from 'vitest'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { isPollDue, pollForStatus, readStatus, statusOf } from '../../src/login/status.js'
import { content } from '../support/flows.js'
import { stepsSetup } from '../support/steps.js'

const { number } = content
const proven = { ...content, verifiedAt: 1 }
const later = { fallback: ['poll', 'sms'] }

describe('the status of a flow', () => {
  test.each([
    [
      'that waits for its device',
      {},
      content,
      4,
      'pending',
      'live',
      { ...later, fallbackInSeconds: 6, retryAfterSeconds: 3 },
    ],
    [
      'in the last moment of its rung',
      {},
      content,
      119.999,
      'pending',
      'live',
      { ...later, fallbackInSeconds: 0, retryAfterSeconds: 3 },
    ],
    [
      'whose rung is too old',
      {},
      content,
      120,
      'pending',
      'spent',
      { ...later, fallbackInSeconds: 0, reason: 'expired' },
    ],
    [
      'whose rung was written off',
      { spent: true, reason: 'mismatch' },
      content,
      1,
      'pending',
      'spent',
      { ...later, fallbackInSeconds: 0, reason: 'mismatch' },
    ],
    ['whose check is not known', {}, { number }, 1, 'pending', 'spent', { ...later, fallbackInSeconds: 0 }],
    [
      'that a request holds',
      { state: 'claimed', leaseUntil: 20_000 },
      { number },
      1,
      'pending',
      'spent',
      { ...later, fallbackInSeconds: 0, retryAfterSeconds: 3 },
    ],
    [
      'that a request holds, on a rung that is too old',
      { state: 'claimed' },
      content,
      120,
      'pending',
      'spent',
      { ...later, fallbackInSeconds: 0, retryAfterSeconds: 3 },
    ],
    ['that is proven', { state: 'proven', provenUntil: 130_000 }, proven, 125, 'verified', 'live', later],
    [
      'that was proven too long ago',
      { state: 'proven', provenUntil: 60_000 },
      proven,
      60,
      'failed',
      'live',
      { ...later, reason: 'expired' },
    ],
    ['that was used', { state: 'consumed', outcome: 'accepted' }, proven, 130, 'verified', 'live', { fallback: [] }],
    [
      'whose user was refused',
      { state: 'consumed', outcome: 'refused' },
      proven,
      1,
      'failed',
      'live',
      { fallback: [], reason: 'user_refused' },
    ],
    [
      'that failed',
      { state: 'failed', spent: true, reason: 'tries' },
      content,
      1,
      'failed',
      'spent',
      { fallback: [], reason: 'tries' },
    ],
    [
      'that has no time left for another rung',
      { rungUntil: 600_000 },
      content,
      570.001,
      'pending',
      'live',
      { fallback: [], retryAfterSeconds: 3 },
    ],
    [
      'that has just time for another rung',
      { rungUntil: 600_000 },
      content,
      570,
      'pending',
      'live',
      { ...later, fallbackInSeconds: 0, retryAfterSeconds: 3 },
    ],
    [
      'that has no time left and nothing to wait for',
      { spent: true, reason: 'other' },
      content,
      570.001,
      'expired',
      'spent',
      { fallback: [], reason: 'other' },
    ],
    ['that ran out', {}, content, 599, 'expired', 'spent', { fallback: [], reason: 'expired' }],
    [
      'on the last rung, where a message may be asked for',
      { rung: 'sms', spent: true, reason: 'tries' },
      content,
      1,
      'pending',
      'spent',
      { fallback: [], reason: 'tries' },
    ],
    [
      'on the last rung, which sent its last message',
      { rung: 'sms', spent: true, reason: 'tries', resends: 2 },
      content,
      1,
      'expired',
      'spent',
      { fallback: [], reason: 'tries' },
    ],
    [
      'that is asked for its result',
      { rung: 'poll', polledAt: 9_000 },
      content,
      10.5,
      'pending',
      'live',
      { fallback: ['sms'], fallbackInSeconds: 0, retryAfterSeconds: 2 },
    ],
    [
      'that may be asked at once',
      { rung: 'poll', polledAt: 0 },
      content,
      10,
      'pending',
      'live',
      { fallback: ['sms'], fallbackInSeconds: 0, retryAfterSeconds: 1 },
    ],
  ] as const)('%s', async (_name, changes, sealed, seconds, state, rung, more) => {
    const { login, begin, pass } = stepsSetup()
    const { flow } = await begin(changes, sealed)
    await pass(seconds)
    expect(statusOf(login, flow)).toStrictEqual({ state, rung, ...more })
  })
})

describe('a provider is asked', () => {
  test.each([
    ['when it is time', {}, content, true],
    ['not by a rung that has a code', { rung: 'link' }, content, false],
    ['not by a rung that is gone', { rung: 'removed' }, content, false],
    ['not while another request asks', { state: 'claimed' }, content, false],
    ['not when the rung is spent', { spent: true }, content, false],
    ['not too often', { polledAt: 2_001 }, content, false],
  ] as const)('%s', async (_name, changes, sealed, expected) => {
    const { login, begin, pass } = stepsSetup()
    const { flow } = await begin({ rung: 'poll', ...changes }, sealed)
    await pass(5)
    expect(isPollDue(login, flow)).toBe(expected)
  })

  test('by whoever wants to know the status, and by that alone when it is due', async () => {
    const { login, begin, pass, script } = stepsSetup()
    let asked = 0
    script.poll = async () => {
      asked++
      return { outcome: 'verified' }
    }
    const { request } = await begin({ rung: 'poll' })
    expect(await readStatus(login, request)).toMatchObject({ state: 'pending' })
    expect(asked).toBe(0)
    await pass(3)
    expect(await readStatus(login, request)).toMatchObject({ state: 'verified' })
    expect(asked).toBe(1)
  })

  test('and its yes is kept for a minute, and logs nobody in', async () => {
    const { login, begin, pass, script, context, clock } = stepsSetup()
    script.poll = async () => ({ outcome: 'verified' })
    const { flow, stored } = await begin({ rung: 'poll' })
    await pass(4)
    await pollForStatus(login, flow, context())
    expect(await stored()).toMatchObject({ state: 'proven', polledAt: 4_000, provenUntil: 64_000 })
    expect(await stored()).not.toHaveProperty('leaseUntil')
    expect(flow.content).toEqual({ ...content, verifiedAt: clock.now() })
  })

  test('and its no is written down', async () => {
    const { login, begin, pass, script, context } = stepsSetup()
    script.poll = async () => ({ outcome: 'mismatch' })
    const { flow, stored } = await begin({ rung: 'poll' })
    await pass(4)
    await pollForStatus(login, flow, context())
    expect(await stored()).toMatchObject({ state: 'pending', spent: true, reason: 'mismatch' })
  })

  test('and that it is down is no news', async () => {
    const { login, begin, pass, script, context } = stepsSetup()
    script.poll = () => Promise.reject(new PhoneCheckError('provider_unavailable'))
    const { flow } = await begin({ rung: 'poll' })
    await pass(4)
    await expect(pollForStatus(login, flow, context())).resolves.toBeUndefined()
  })

  test('but that the store is down, or that we are at fault, is', async () => {
    const { login, begin, pass, context } = stepsSetup()
    await pass(4)
    for (const fault of [new PhoneCheckError('store_unavailable'), new TypeError('a defect')]) {
      const { flow } = await begin({ rung: 'poll', polledAt: -10_000 })
      flow.write = () => Promise.reject(fault)
      await pass(4)
      await expect(pollForStatus(login, flow, context())).rejects.toBe(fault)
    }
  })
})
