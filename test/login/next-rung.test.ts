import { describe, expect, test } from 'vitest'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { fallBack, resend } from '../../src/login/next-rung.js'
import { content } from '../support/flows.js'
import { stepsSetup, told } from '../support/steps.js'

/** What the requester is told. */
const answer = (asked: Promise<{ method: string }>) =>
  asked.then(
    ({ method }) => method as unknown,
    ({ code, message, details }) =>
      code === undefined
        ? message
        : [code, ...(details.retryAfterSeconds === undefined ? [] : [details.retryAfterSeconds])],
  )

const refused = (step: string, code: string) => ({ type: 'step_refused', step, code })
const proven = { ...content, verifiedAt: 1 }

describe('a fallback', () => {
  test('goes to the next rung when the dwell time is over', async () => {
    const { login, begin, pass, events } = stepsSetup()
    const { request, flow, stored } = await begin({ rungUntil: 120_000 })
    await pass(4.5)
    expect(await answer(fallBack(login, request))).toEqual(['too_early', 5.5])
    expect(told(events)).toEqual([refused('fallback', 'too_early')])
    await pass(5.5)
    const step = await fallBack(login, request)
    expect(step).toMatchObject({ id: flow.id, method: 'poll', checkId: 'check of poll', fallback: ['sms'] })
    expect(told(events).at(-1)).toEqual({ type: 'rung_started' })
    expect(await stored()).toMatchObject({ state: 'pending', rung: 'poll', rungSince: 10_000, rungUntil: 130_000 })
  })

  test('goes on at once from a rung that is spent', async () => {
    const { login, begin } = stepsSetup()
    const { request } = await begin({ spent: true, reason: 'other' })
    expect(await answer(fallBack(login, request))).toBe('poll')
  })

  test('from the last rung goes nowhere', async () => {
    const { login, begin, events } = stepsSetup()
    const { request } = await begin({ rung: 'sms', spent: true })
    await expect(fallBack(login, request)).rejects.toMatchObject({
      code: 'ladder_exhausted',
      details: { fallback: [] },
    })
    expect(told(events)).toEqual([refused('fallback', 'ladder_exhausted')])
  })

  test.each([
    [570, 'poll'],
    [570.001, ['ladder_exhausted']],
  ])('after %d s: %s', async (seconds, expected) => {
    const { login, begin, pass } = stepsSetup()
    const { request } = await begin()
    await pass(seconds)
    expect(await answer(fallBack(login, request))).toEqual(expected)
  })

  test('of a number that is proven is refused: what was proven is to be used', async () => {
    const { login, begin, events } = stepsSetup()
    const { request } = await begin({ state: 'proven', provenUntil: 60_000 }, proven)
    expect(await answer(fallBack(login, request))).toEqual(['too_early'])
    expect(told(events)).toEqual([refused('fallback', 'too_early')])
    await expect(fallBack(login, request)).rejects.toMatchObject({ message: expect.stringContaining('call verify') })
  })

  test('looks for a result that came meanwhile, and throws no proof away', async () => {
    const { login, begin, pass, script } = stepsSetup()
    const { request, stored } = await begin({ rung: 'poll' })
    script.poll = async () => ({ outcome: 'verified' })
    await pass(20)
    expect(await answer(fallBack(login, request))).toEqual(['too_early'])
    expect((await stored()).state).toBe('proven')
  })

  test('is over where that result is one that nothing follows', async () => {
    const { login, begin, pass, script } = stepsSetup()
    const { request } = await begin({ rung: 'poll' })
    script.poll = async () => ({ outcome: 'unable', reason: 'other', stop: true })
    await pass(20)
    expect(await answer(fallBack(login, request))).toEqual(['ladder_exhausted'])
  })

  test('does not ask where it was asked just now', async () => {
    const { login, begin, pass, script } = stepsSetup()
    const { request } = await begin({ rung: 'poll', polledAt: 19_000 })
    script.poll = () => Promise.reject(new Error('asked too often'))
    await pass(20)
    expect(await answer(fallBack(login, request))).toBe('sms')
  })
})

describe('another message', () => {
  const sent = { rung: 'sms', sentAt: 1_000, rungUntil: 300_000 }

  test('is sent when the pause is over, and charged', async () => {
    const { login, begin, pass, events } = stepsSetup()
    const { request, stored } = await begin(sent)
    await pass(100)
    expect(await answer(resend(login, request))).toEqual(['cooldown', 26])
    expect(told(events)).toEqual([refused('resend', 'cooldown')])
    await pass(26)
    expect(await resend(login, request)).toMatchObject({ method: 'sms', fallback: [] })
    expect(await stored()).toMatchObject({ state: 'pending', resends: 1, sentAt: 126_000 })
    expect(told(events).at(-1)).toEqual({ type: 'rung_started' })
  })

  test('comes after twice the pause of the one before', async () => {
    const { login, begin, pass } = stepsSetup()
    const { request } = await begin({ ...sent, resends: 1 })
    await pass(250)
    expect(await answer(resend(login, request))).toEqual(['cooldown', 1])
  })

  test.each([
    [undefined, ['delivery_unknown', 250]],
    // The last one: there is none to wait for.
    [1, ['delivery_unknown']],
  ])(
    'of which nobody knows whether it went out, after %s others, says when the next may be asked for',
    async (resends, said) => {
      const { login, begin, pass } = stepsSetup()
      const { request } = await begin({ ...sent, ...(resends !== undefined && { resends }) })
      const lost = () => Promise.reject(new PhoneCheckError('provider_unavailable'))
      Object.assign(login.ladder.find('sms') ?? {}, { start: lost })
      await pass(300)
      expect(await answer(resend(login, request))).toEqual(said)
      const [, seconds] = said
      if (seconds === undefined) return
      await pass(Number(seconds) - 1)
      expect(await answer(resend(login, request))).toEqual(['cooldown', 1])
    },
  )

  test.each([
    ['on a rung that sends none', { rung: 'link' }, 200, /sends no messages/],
    ['on a rung that is gone', { rung: 'removed' }, 200, /sends no messages/],
    ['after the last one', { ...sent, resends: 2 }, 550, /had its last message/],
    ['without time for it', sent, 570.001, /no time left/],
  ])('is refused %s', async (_name, changes, seconds, sentence) => {
    const { login, begin, pass, events } = stepsSetup()
    const { request } = await begin(changes)
    await pass(seconds)
    await expect(resend(login, request)).rejects.toMatchObject({
      code: 'send_refused',
      message: expect.stringMatching(sentence),
    })
    expect(told(events)).toEqual([refused('resend', 'send_refused')])
  })

  test('is sent with the last half minute before it', async () => {
    const { login, begin, pass } = stepsSetup()
    const { request } = await begin({ ...sent, resends: 1 })
    await pass(570)
    expect(await answer(resend(login, request))).toBe('sms')
  })

  test('for a number that is proven is refused', async () => {
    const { login, begin, events } = stepsSetup()
    const { request } = await begin({ ...sent, state: 'proven', provenUntil: 60_000 }, proven)
    expect(await answer(resend(login, request))).toEqual(['too_early'])
    expect(told(events)).toEqual([refused('resend', 'too_early')])
  })
})

describe('a step that fails', () => {
  test.each([
    ['fallback', { rung: 'poll', spent: true, reason: 'other' }, fallBack],
    ['resend', { rung: 'sms', rungUntil: 300_000 }, resend],
  ] as const)('is told to the operator by its name: %s', async (step, changes, take) => {
    const { login, begin, pass, events } = stepsSetup()
    const { request } = await begin(changes)
    await pass(200)
    const requester = { address: '192.0.2.1', beforeSend: async () => false }
    expect(await answer(take(login, { ...request, requester }))).toEqual(['send_refused'])
    expect(told(events)).toEqual([refused(step, 'send_refused')])
  })

  test.each([
    ['fallback', { rung: 'link', spent: true, reason: 'other' }, fallBack],
    ['resend', { rung: 'sms', rungUntil: 300_000 }, resend],
  ] as const)('because another request was first asks no provider: %s', async (_step, changes, take) => {
    const { login, begin, pass } = stepsSetup()
    const { request, stored, overtake } = await begin(changes)
    const before = await stored()
    await pass(200)
    const { find } = login.flows
    login.flows.find = async (key) => {
      login.flows.find = find
      const held = await find.call(login.flows, key)
      await overtake()
      return held
    }
    for (const rung of ['poll', 'sms'])
      Object.assign(login.ladder.find(rung) ?? {}, { start: () => Promise.reject(new Error('was asked')) })
    expect(((await answer(take(login, request))) as string[])[0]).toBe('in_progress')
    expect(await stored()).toEqual(before)
  })
})

describe("a step in which the application's own function fails", () => {
  const failing = { address: '192.0.2.1', beforeSend: () => Promise.reject(new Error('a defect of theirs')) }

  test.each([
    ['fallback', { rung: 'poll', spent: true, reason: 'other' }, fallBack],
    ['resend', { rung: 'sms', rungUntil: 300_000 }, resend],
  ] as const)('leaves the flow as it was, and is no refusal: %s', async (_name, changes, take) => {
    const { login, begin, pass, events } = stepsSetup()
    const { request, stored } = await begin(changes)
    const before = await stored()
    await pass(200)
    expect(await answer(take(login, { ...request, requester: failing }))).toMatch(/a defect of theirs|beforeSend/)
    expect(await stored()).toEqual(before)
    expect(told(events)).toEqual([])
  })
})
