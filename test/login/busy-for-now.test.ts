import { describe, expect, test } from 'vitest'
import { anyone, begin, flowSetup, redeeming, refusal, scripted } from '../support/flow.js'

// A vendor that keeps one check for each number is free again soon, where that check is of this
// very login.

const busy = async () => ({ unable: 'busy' as const, retryAfterSeconds: 19 })

async function left(names: string[]) {
  const rungs = names.map(scripted)
  const { flow, clock, events } = flowSetup({ ladder: rungs })
  const started = await begin(flow)
  const { code: _, ...request } = redeeming(started)
  await refusal(flow.redeem({ ...redeeming(started), error: 'sdk_no_data_connectivity' }, anyone))
  return { rungs, flow, clock, events, started, request, fallback: () => flow.fallback(request) }
}

describe('a rung that says when it can work', () => {
  test('as the last one refuses the step until then, asks nobody meanwhile, and works after', async () => {
    const { rungs, clock, fallback, flow, started } = await left(['first', 'second'])
    const second = rungs[1] ?? scripted()
    const { onStart } = second
    second.onStart = busy
    const refused = await fallback().catch((error) => error)
    expect(refused).toMatchObject({ code: 'too_early', details: { retryAfterSeconds: 19, reason: 'busy' } })
    await clock.advance(18_000)
    expect(await refusal(fallback())).toBe('too_early')
    expect(second.starts).toBe(1)
    await clock.advance(1_000)
    second.onStart = onStart
    expect(await fallback()).toMatchObject({ method: 'second', skipped: [] })
    expect(await flow.redeem(redeeming(started), anyone)).toMatchObject({ user: { id: '+12025550100' } })
  })

  test('is passed over at once for a rung after it', async () => {
    const { rungs, fallback } = await left(['first', 'second', 'third'])
    const [, second] = rungs
    if (second) second.onStart = busy
    expect(await fallback()).toMatchObject({ method: 'third', skipped: [{ method: 'second', reason: 'busy' }] })
  })

  test('opens no circuit, however often', async () => {
    const { rungs, fallback, clock } = await left(['first', 'second'])
    const [, second] = rungs
    if (second) second.onStart = busy
    for (let times = 0; times < 6; times++) {
      expect(await refusal(fallback())).toBe('too_early')
      await clock.advance(19_000)
    }
    expect(second?.starts).toBe(6)
  })

  test.each([0, -5, 1e9])('%d seconds are held within 1 and 60', async (retryAfterSeconds) => {
    const { rungs, fallback } = await left(['first', 'second'])
    const [, second] = rungs
    if (second) second.onStart = async () => ({ unable: 'busy', retryAfterSeconds })
    const { details } = await fallback().catch((error) => error)
    expect(details.retryAfterSeconds).toBe(retryAfterSeconds > 0 ? 60 : 1)
  })
})

test('a wrong code that was the only try ends its rung, and the ladder goes on', async () => {
  const [first, second] = [scripted('first'), scripted('second')]
  first.onRedeem = async () => ({ outcome: 'invalid_code', spent: true })
  const { flow, events } = flowSetup({ ladder: [first, second] })
  const started = await begin(flow)
  const refused = await flow.redeem(redeeming(started), anyone).catch((error) => error)
  expect(refused).toMatchObject({ code: 'invalid_code', details: { attemptsLeft: 0, fallback: ['second'] } })
  expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('rung_unable')
  expect(first.redeems).toBe(1)
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['code_rejected', 'rung_spent']))
  const { code: _, ...request } = redeeming(started)
  expect(await flow.fallback(request)).toMatchObject({ method: 'second' })
})
