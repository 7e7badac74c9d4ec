import { describe, expect, test } from 'vitest'
import type { Provider, Started, StartInput, Unable } from '../../src/contracts/provider.js'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { fallBack, resend } from '../../src/login/next-rung.js'
import { startLogin } from '../../src/login/start.js'
import type { StartRequest } from '../../src/login/types.js'
import { content } from '../support/flows.js'
import { requester, stepsSetup, told } from '../support/steps.js'

const number = content.number.e164
const request: StartRequest = { phoneNumber: number, purpose: 'login', binding: 'handle', delivery: 'body', requester }
const code: Started = {
  challenge: { type: 'enter_code', length: 4 },
  check: { id: 'a new check' },
  expiresInSeconds: 300,
}

/** Lets a rung answer `start` as told. @returns what it was asked with */
function answering(
  { login }: ReturnType<typeof stepsSetup>,
  name: string,
  answer: () => Promise<Started | Unable>,
  more: Partial<Provider> = {},
): StartInput[] {
  const asked: StartInput[] = []
  const start: Provider['start'] = (input) => {
    asked.push(input)
    return answer()
  }
  Object.assign(login.ladder.find(name) ?? {}, { start, ...more })
  return asked
}

describe('a provider is told', () => {
  const open: Started = {
    challenge: { type: 'open_url', url: 'https://x.example/' },
    check: { id: 'c' },
    expiresInSeconds: 60,
  }

  test('nothing that is not known', async () => {
    const steps = stepsSetup()
    const asked = answering(steps, 'link', async () => open)
    const { id } = await startLogin(steps.login, { ...request, redirectUrl: 'https://app.example/back' })
    expect(asked).toEqual([{ phoneNumber: number, flowId: id, purpose: 'login', resends: 0, delivery: 'body' }])
  })

  test('all that is', async () => {
    const steps = stepsSetup({ deviceIp: 'prefer', callbackUrl: 'https://app.example/hook' })
    const asked = answering(steps, 'link', async () => open)
    await startLogin(steps.login, {
      ...request,
      purpose: 'pay',
      delivery: 'redirect',
      redirectUrl: 'https://app.example/back',
      deviceAddress: '8.8.8.8',
      locale: 'de-CH',
      consent: true,
    })
    expect(asked[0]).toMatchObject({
      purpose: 'pay',
      delivery: 'redirect',
      redirectUrl: 'https://app.example/back',
      deviceIp: '8.8.8.8',
      callbackUrl: 'https://app.example/hook',
      locale: 'de-CH',
      consent: true,
    })
  })

  test.each([
    ['its own vendor’s', 'scripted', content.check],
    ['nothing of another vendor’s', 'other', undefined],
  ])('of the check that is left behind %s', async (_what, vendor, previous) => {
    const steps = stepsSetup()
    const { request: flow } = await steps.begin({ spent: true, reason: 'other' })
    const asked = answering(steps, 'poll', async () => open, { vendor })
    await fallBack(steps.login, flow)
    expect(asked[0]?.previous).toEqual(previous)
    expect(asked[0]?.resends).toBe(0)
  })

  test('how many messages were asked for again', async () => {
    const steps = stepsSetup()
    const { request: flow } = await steps.begin({ rung: 'sms', rungUntil: 300_000, sentAt: 0 })
    const asked = answering(steps, 'sms', async () => code)
    await steps.pass(125)
    await resend(steps.login, flow)
    expect(asked[0]).toMatchObject({ resends: 1, previous: content.check })
  })
})

describe('the answer to the requester', () => {
  test('of a code has its length, when the next one may be asked for, and how long it lives', async () => {
    const steps = stepsSetup()
    const { request: flow, stored } = await steps.begin({ rung: 'poll', spent: true, reason: 'other' })
    answering(steps, 'sms', async () => code, { ttlSeconds: 200 })
    await steps.pass(10)
    expect(await fallBack(steps.login, flow)).toMatchObject({
      challenge: { type: 'enter_code', length: 4, resend_in: 125 },
      checkId: 'a new check',
      expiresInSeconds: 200,
      fallback: [],
      skipped: [],
    })
    expect(await stored()).toMatchObject({ sentAt: 10_000, rungSince: 10_000, rungUntil: 210_000, tries: 0 })
    expect(told(steps.events)).toContainEqual({ type: 'message_sent', resend: false })
  })

  test('names no time beyond the end of the login, and no fallback for which none is left', async () => {
    const steps = stepsSetup()
    const { request: flow } = await steps.begin({ rung: 'sms', rungUntil: 600_000, sentAt: 0, resends: 1 })
    answering(steps, 'sms', async () => code, { ttlSeconds: 600 })
    await steps.pass(569)
    const step = await resend(steps.login, flow)
    expect(step).toMatchObject({ expiresInSeconds: 31, challenge: { type: 'enter_code', length: 4 } })
    expect(step.challenge).not.toHaveProperty('resend_in')
    expect(step).not.toHaveProperty('fallbackInSeconds')
    expect(told(steps.events)).toContainEqual({ type: 'message_sent', resend: true })
  })

  test('of a rung that sends nothing is told as no message', async () => {
    const steps = stepsSetup()
    const { request: flow, stored } = await steps.begin({ spent: true, reason: 'other' })
    expect(await fallBack(steps.login, flow)).toMatchObject({
      method: 'poll',
      fallback: ['sms'],
      fallbackInSeconds: 10,
    })
    expect(await stored()).not.toHaveProperty('sentAt')
    expect(told(steps.events).map(({ type }) => type)).toEqual(['rung_started'])
  })
})

describe('a rung that refuses a message', () => {
  const refused = (unable: Unable['unable']) => async (): Promise<Unable> => ({ unable })
  const onItsWay = async (steps: ReturnType<typeof stepsSetup>) => {
    const { flow } = await steps.begin()
    await steps.login.openSends.add('sms', flow.record.number, 300)
  }

  test.each(['other', 'busy'] as const)('without a word (%s) because ours is open says how long', async (unable) => {
    const steps = stepsSetup()
    await onItsWay(steps)
    const { request: flow } = await steps.begin({ rung: 'poll', spent: true, reason: 'other' })
    answering(steps, 'sms', refused(unable))
    await steps.pass(100)
    await expect(fallBack(steps.login, flow)).rejects.toMatchObject({
      code: 'cooldown',
      details: { reason: 'busy', retryAfterSeconds: 200, ended: true },
    })
  })

  test.each([
    ['that names another reason', 'blocked', true],
    ['where we sent none', 'other', false],
  ] as const)('%s ends the ladder', async (_what, unable, isOpen) => {
    const steps = stepsSetup()
    if (isOpen) await onItsWay(steps)
    const { request: flow } = await steps.begin({ rung: 'poll', spent: true, reason: 'other' })
    answering(steps, 'sms', refused(unable))
    await expect(fallBack(steps.login, flow)).rejects.toMatchObject({
      code: 'ladder_exhausted',
      details: { reason: unable, ended: true },
    })
  })

  test('is asked again when it says, at most a minute later, and not before', async () => {
    const steps = stepsSetup()
    const { request: flow } = await steps.begin({ rung: 'poll', spent: true, reason: 'other' })
    answering(steps, 'sms', async () => ({ unable: 'busy', retryAfterSeconds: 500 }))
    await expect(fallBack(steps.login, flow)).rejects.toMatchObject({
      code: 'too_early',
      details: { reason: 'busy', retryAfterSeconds: 60 },
    })
    answering(steps, 'sms', async () => code)
    await steps.pass(59)
    await expect(fallBack(steps.login, flow)).rejects.toMatchObject({ code: 'too_early' })
    await steps.pass(1)
    expect(await fallBack(steps.login, flow)).toMatchObject({ method: 'sms' })
  })
})

describe('a rung that fails', () => {
  test.each([
    ['a message may be out', {}, 'delivery_unknown'],
    ['it was certainly not sent', { untried: true }, 'provider_unavailable'],
  ])('%s', async (_what, details, expected) => {
    const steps = stepsSetup()
    const { request: flow } = await steps.begin({ rung: 'poll', spent: true, reason: 'other' })
    answering(steps, 'sms', () => Promise.reject(new PhoneCheckError('provider_unavailable', details)))
    await expect(fallBack(steps.login, flow)).rejects.toMatchObject({ code: expected })
  })

  test.each([
    [null],
    ['yes'],
    [{}],
    [{ challenge: { type: 'open_url', url: 'https://x.example/' } }],
    [{ check: { id: 'x' } }],
  ])('with %j for an answer is an outage by a defect, and the next rung answers', async (answer) => {
    const steps = stepsSetup()
    answering(steps, 'link', async () => answer as never)
    expect(await startLogin(steps.login, request)).toMatchObject({
      method: 'poll',
      skipped: [{ method: 'link', reason: 'provider_down' }],
    })
    expect(steps.events).toContainEqual(expect.objectContaining({ type: 'provider_outage', kind: 'defect' }))
  })

  test('and whose circuit is open says when it may be asked again', async () => {
    const steps = stepsSetup()
    for (const name of ['link', 'poll', 'sms'])
      answering(steps, name, () => Promise.reject(new PhoneCheckError('provider_unavailable', { untried: true })))
    const answers = []
    for (let times = 0; times < 6; times++)
      answers.push(
        await startLogin(steps.login, request).catch(({ code, details }) => [code, details.retryAfterSeconds]),
      )
    expect(answers[0]).toEqual(['provider_unavailable', undefined])
    expect(answers.at(-1)).toEqual(['provider_unavailable', 30])
  })
})
