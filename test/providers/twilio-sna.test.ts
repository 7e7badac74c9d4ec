import { type Check, type Started, twilioSna } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { number } from '../support/app.js'
import { callContext, startInput } from '../support/rung.js'
import { twilioAccount, twilioCalls } from '../support/twilio.js'

const other = '+12025550144'

async function sna(more: object = {}) {
  const clock = fakeClock()
  const sim = await startSimulator({ clock })
  onTestFinished(() => sim.close())
  const rung = twilioSna({ ...twilioAccount, baseUrl: sim.url, clock, ...more })
  onTestFinished(() => rung.close?.())
  const context = callContext()
  const start = async (phoneNumber = number): Promise<Started> => {
    const started = await rung.start(startInput({ phoneNumber }), context)
    if ('unable' in started) throw new Error(started.unable)
    return started
  }
  /** The text that the phone of that number reads. */
  const open = async ({ challenge }: Started, by = number) => {
    const { text = '' } = await sim.phone(by).open(challenge.type === 'open_url' ? challenge.url : '')
    return text
  }
  const redeem = async (check: Check, text: string) => {
    if (!rung.redeem) throw new Error('no redeem')
    return rung.redeem(check, text, context)
  }
  return { sim, clock, rung, context, start, open, redeem }
}

describe('the phone with the SIM', () => {
  test.each(['field', 'bare'] as const)('brings the text of the page, with the token as %s of it', async (form) => {
    const { sim, start, open, redeem } = await sna()
    sim.behaviour.twilioSnaToken = form
    const started = await start()
    expect(started.challenge).toMatchObject({ type: 'open_url', answer: 'text' })
    expect(await redeem(started.check, await open(started))).toEqual({ outcome: 'verified' })
  })

  test('is asked for the token always, and never polled', async () => {
    const { rung, start } = await sna()
    // The simulator refuses a start without EnableSnaClientToken.
    expect((await start()).check.id).toMatch(/^[\w-]{43}$/)
    expect(rung.poll).toBeUndefined()
  })

  test('cannot use a browser: the page has no way back', async () => {
    const { sim, rung, context } = await sna()
    const input = startInput({ delivery: 'redirect', redirectUrl: 'https://app.example/return' })
    expect(await rung.start(input, context)).toEqual({ unable: 'mno_redirect_unsupported' })
    expect(sim.count(twilioCalls.send)).toBe(0)
  })
})

describe('a stranger who begins a login of my number', () => {
  test('shares Twilio’s Verification with me, and wins nothing when my phone opens its own URL', async () => {
    const { sim, start, open, redeem } = await sna()
    const [theirs, mine] = [await start(), await start()]
    expect(theirs.check.id).not.toBe(mine.check.id)
    expect((theirs.check.state as { sid: string }).sid).toBe((mine.check.state as { sid: string }).sid)
    const text = await open(mine)
    for (const guess of [
      '',
      'ErrorCode=0&ErrorDescription=Success&Carrier=X',
      `${'a'.repeat(32)}`,
      'ErrorCode=0&SnaClientToken=guessed-token',
    ])
      expect(await redeem(theirs.check, guess)).not.toEqual({ outcome: 'verified' })
    expect(await redeem(mine.check, text)).toEqual({ outcome: 'verified' })
    // What is approved is gone: the token wins nothing more.
    expect(await redeem(theirs.check, text)).toEqual({ outcome: 'unable', reason: 'expired' })
    expect(sim.count(twilioCalls.check)).toBeGreaterThan(0)
  })

  test('does not end my login by failing its own', async () => {
    const { sim, start, open, redeem } = await sna()
    const [theirs, mine] = [await start(), await start()]
    await open(theirs, other)
    const token = /SnaClientToken=([\w-]+)/.exec(await open(mine))?.[1] ?? ''
    const attempt = (mine.check.state as { attempt: string }).attempt
    const body = { sid: (mine.check.state as { sid: string }).sid, to: number, status: 'pending', valid: false }
    sim.fault({
      match: twilioCalls.check,
      times: 1,
      status: 200,
      body: { ...body, sna_attempts_error_codes: [{ attempt_sid: 'VL-of-theirs', code: 60500 }] },
    })
    expect(await redeem(mine.check, `ErrorCode=0&SnaClientToken=${token}`)).toMatchObject({ outcome: 'pending' })
    sim.fault({
      match: twilioCalls.check,
      times: 1,
      status: 200,
      body: { ...body, sna_attempts_error_codes: [{ attempt_sid: attempt, code: 60500 }] },
    })
    expect(await redeem(mine.check, `ErrorCode=0&SnaClientToken=${token}`)).toEqual({ outcome: 'mismatch' })
  })
})

test('a token that Twilio calls no token ends the rung of who brought it, and is no outage to others', async () => {
  const { sim, start, redeem } = await sna()
  const { check } = await start()
  sim.fault({ match: twilioCalls.check, times: 1, status: 400, body: { code: 60200, message: 'Invalid parameter' } })
  const text = `ErrorCode=0&SnaClientToken=${'!'.repeat(2_000)}`
  expect(await redeem(check, text)).toEqual({ outcome: 'unable', reason: 'other' })
})

describe('the text', () => {
  test.each<[string, object]>([
    ['ErrorCode=60531&ErrorDescription=x', { outcome: 'unable', reason: 'not_mobile_ip' }],
    ['ErrorCode=60532', { outcome: 'unable', reason: 'ip_msisdn_mismatch' }],
    ['ErrorCode=60500', { outcome: 'unable', reason: 'reported' }],
    ['ErrorCode=-10', { outcome: 'unable', reason: 'reported' }],
    ['ErrorCode=60531&SnaClientToken=abcdefgh', { outcome: 'unable', reason: 'not_mobile_ip' }],
    ['{"ErrorCode":60533}', { outcome: 'unable', reason: 'mno_response_error' }],
    ['ErrorCode=0&ErrorDescription=Success', { outcome: 'unable', reason: 'other' }],
    ['<!doctype html><title>Sign in</title>', { outcome: 'unable', reason: 'other' }],
    ['ErrorCode=0&aToken=abcdefgh&bToken=ijklmnop', { outcome: 'unable', reason: 'other' }],
    ['SnaClientToken=abcdefgh', { outcome: 'unable', reason: 'other' }],
    ['ErrorCode=&SnaClientToken=abcdefgh', { outcome: 'unable', reason: 'other' }],
    ['short', { outcome: 'unable', reason: 'other' }],
    ['', { outcome: 'unable', reason: 'other' }],
    ['x'.repeat(5_000), { outcome: 'unable', reason: 'other' }],
  ])('%.60j asks nobody', async (text, outcome) => {
    const { sim, start, redeem } = await sna()
    const { check } = await start()
    expect(await redeem(check, text)).toEqual(outcome)
    expect(sim.count(twilioCalls.check)).toBe(0)
  })

  test('is hearsay: never a mismatch by its own word, nor a yes', async () => {
    const { start, open, redeem } = await sna()
    const started = await start()
    expect(await redeem(started.check, await open(started, other))).toEqual({ outcome: 'unable', reason: 'reported' })
  })
})

describe('Twilio’s answer', () => {
  const sid = `VE${'e'.repeat(32)}`
  const own = { sid, to: number, status: 'pending', valid: false }
  const check: Check = { id: 'x', state: { sid, to: number, attempt: 'VL1' } }
  const failed = (code: number) => ({ ...own, sna_attempts_error_codes: [{ attempt_sid: 'VL1', code }] })
  test.each<[string, number, object, object | string]>([
    ['approved', 200, { ...own, status: 'approved', valid: true }, { outcome: 'verified' }],
    ['approved, and not valid', 200, { ...own, status: 'approved' }, { lost: true }],
    ['valid, and pending', 200, { ...own, valid: true }, { lost: true }],
    ['of another number', 200, { ...own, to: other, status: 'approved', valid: true }, { lost: true }],
    ['of another Verification', 200, { ...own, sid: 'VE1', status: 'approved', valid: true }, { lost: true }],
    ['canceled', 200, { ...own, status: 'canceled' }, { outcome: 'unable', reason: 'expired' }],
    ['not opened yet', 200, failed(60519), { outcome: 'pending', retryAfterSeconds: 3 }],
    ['another SIM', 200, failed(60500), { outcome: 'mismatch' }],
    ['dual SIM', 200, failed(60532), { outcome: 'unable', reason: 'ip_msisdn_mismatch' }],
    ['an SMS would fail too', 200, failed(60540), { outcome: 'unable', reason: 'other', stop: true }],
    ['something new', 200, failed(60599), { outcome: 'unable', reason: 'other' }],
    ['a wrong token', 400, { code: 60007, status: 400 }, { outcome: 'invalid_code' }],
    ['too many checks', 429, { code: 60202, status: 429 }, { outcome: 'unable', reason: 'expired' }],
    ['gone', 404, { code: 20404, status: 404 }, { outcome: 'unable', reason: 'expired' }],
    ['our credentials', 401, { code: 20003, status: 401 }, 'provider_unavailable'],
    ['a fault', 503, {}, { outcome: 'unable', reason: 'other', lost: true }],
  ])('%s', async (_name, status, body, outcome) => {
    const { sim, redeem } = await sna()
    sim.fault({ match: twilioCalls.check, status, body: body as Record<string, unknown> })
    const answer = await redeem(check, 'ErrorCode=0&Token=abcdefgh').catch((error) => error)
    if (typeof outcome === 'string') expect(answer).toMatchObject({ code: outcome, details: { untried: true } })
    else expect(answer).toMatchObject(outcome)
  })

  test.each<[string, object]>([
    ['without a URL', { ...own, sna: null, send_code_attempts: [{ attempt_sid: 'VL1' }] }],
    ['with a plain URL', { ...own, sna: { url: 'http://mi.example/x' }, send_code_attempts: [{ attempt_sid: 'VL1' }] }],
    [
      'with a URL of this machine',
      { ...own, sna: { url: 'https://127.0.0.1/x' }, send_code_attempts: [{ attempt_sid: 'VL1' }] },
    ],
    [
      'with a user in its URL',
      { ...own, sna: { url: 'https://a@mi.example/x' }, send_code_attempts: [{ attempt_sid: 'VL1' }] },
    ],
    ['without an attempt', { ...own, sna: { url: 'https://mi.example/x' }, send_code_attempts: [] }],
    [
      'of another number',
      { ...own, to: other, sna: { url: 'https://mi.example/x' }, send_code_attempts: [{ attempt_sid: 'VL1' }] },
    ],
  ])('to a start %s is an outage', async (_name, body) => {
    const { sim, start } = await sna()
    sim.fault({ match: twilioCalls.send, status: 201, body: body as Record<string, unknown> })
    await expect(start()).rejects.toMatchObject({ code: 'provider_unavailable' })
  })

  test.each([
    [60203, 429, 'busy'],
    [60410, 403, 'blocked'],
  ])('%i to a start leaves the rung', async (code, status, unable) => {
    const { sim, rung, context } = await sna()
    sim.fault({ match: twilioCalls.send, status, body: { code, status } })
    expect(await rung.start(startInput(), context)).toEqual({ unable })
  })
})

test.each<[object, RegExp]>([
  [{}, /twilioSna: serviceSid is missing/],
  [{ ...twilioAccount, authToken: undefined }, /twilioSna: give apiKeySid and apiKeySecret/],
  [{ ...twilioAccount, channel: 'sna' }, /twilioSna: unknown option 'channel'/],
  [{ ...twilioAccount, enableClientToken: false }, /unknown option 'enableClientToken'/],
])('%j are refused as options', (options, message) => {
  expect(() => twilioSna(options as never)).toThrow(message)
})
