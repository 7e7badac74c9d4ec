import { type CamaraOtpSmsOptions, camaraOtpSms, type UnableReason } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { number, startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { calls, camaraClients, camaraOptions } from '../support/camara.js'
import { isLoggedIn } from '../support/login.js'
import { callContext, startInput } from '../support/rung.js'

const message = '{{code}} is your code for Example'

function options(sim: { url: string }, more: Partial<CamaraOtpSmsOptions> = {}): CamaraOtpSmsOptions {
  const { authorizeUrl: _a, redirectUri: _r, timeoutsMs: _t, ...common } = camaraOptions(sim)
  return { ...common, message, ...more }
}

async function setUp() {
  const clock = fakeClock()
  const sim = await startSimulator({ clock, camaraClients: camaraClients ?? {} })
  onTestFinished(() => sim.close())
  const rung = camaraOtpSms(options(sim, { clock }))
  onTestFinished(() => rung.close?.())
  const context = callContext()
  const start = () => rung.start(startInput({ phoneNumber: number }), context)
  const sent = async () => {
    const started = await start()
    if (!('check' in started)) throw new Error(`unable: ${started.unable}`)
    return started.check
  }
  const code = () => /\d{6}/.exec(sim.phone(number).inbox.at(-1)?.text ?? '')?.[0] ?? ''
  const redeem = (check: { id: string }, given: string) => rung.redeem?.(check, given, context)
  return { clock, sim, context, start, sent, code, redeem }
}

const info = (status: number, code: string) => ({ status, body: { status, code, message: 'text' } })

test('a login by the operator’s code', async () => {
  const app = await startApp({
    simulator: { camaraClients: camaraClients ?? {} },
    strategy: { countries: ['US'] },
    ladder: (sim) => [camaraOtpSms(options(sim))],
  })
  const browser = new Browser(app.url)
  const { flow, challenge } = await (await browser.post('/login/phone', { phone_number: number })).json()
  expect(challenge).toEqual({ type: 'enter_code', length: 6, resend_in: 60 })
  const text = app.sim.phone(number).inbox[0]?.text ?? ''
  expect(text).toMatch(/^\d{6} is your code for Example$/)
  const wrong = text.startsWith('1') ? '222222' : '111111'
  expect((await browser.post('/login/phone/verify', { flow, code: wrong })).status).toBe(401)
  const answer = await browser.post('/login/phone/verify', { flow, code: text.slice(0, 6) })
  expect([answer.status, await isLoggedIn(browser)]).toEqual([200, true])
})

describe('send-code', () => {
  test.each<[string, object, UnableReason]>([
    ['MAX_OTP_CODES_EXCEEDED', info(403, 'ONE_TIME_PASSWORD_SMS.MAX_OTP_CODES_EXCEEDED'), 'busy'],
    ['PHONE_NUMBER_NOT_ALLOWED', info(403, 'ONE_TIME_PASSWORD_SMS.PHONE_NUMBER_NOT_ALLOWED'), 'blocked'],
    ['PHONE_NUMBER_BLOCKED', info(403, 'ONE_TIME_PASSWORD_SMS.PHONE_NUMBER_BLOCKED'), 'blocked'],
    ['IDENTIFIER_NOT_FOUND', info(404, 'IDENTIFIER_NOT_FOUND'), 'mno_not_supported'],
    ['INVALID_ARGUMENT', info(400, 'INVALID_ARGUMENT'), 'other'],
  ])('%s is no way for this number', async (_name, fault, unable) => {
    const { sim, start } = await setUp()
    sim.fault({ match: calls.send, ...fault })
    expect(await start()).toEqual({ unable })
  })

  test.each<[string, object, object]>([
    ['PERMISSION_DENIED', info(403, 'PERMISSION_DENIED'), { reason: 'misconfigured', untried: true }],
    ['a 401, twice', info(401, 'UNAUTHENTICATED'), { reason: 'misconfigured', untried: true }],
    ['a quota', info(429, 'QUOTA_EXCEEDED'), { reason: 'quota_exceeded', untried: true }],
  ])('%s is an outage, and nothing was sent', async (_name, fault, details) => {
    const { sim, start } = await setUp()
    sim.fault({ match: calls.send, ...fault })
    await expect(start()).rejects.toMatchObject({ code: 'provider_unavailable', details })
  })

  test.each<[string, object]>([
    ['a 500', { status: 500, body: '' }],
    ['a lost answer', { reset: 'after' }],
    ['no id', { status: 200, body: {} }],
    ['an id of another kind', { status: 200, body: { authenticationId: 'x'.repeat(37) } }],
  ])('%s leaves open whether a message is out, and is never repeated', async (_name, fault) => {
    const { sim, start } = await setUp()
    sim.fault({ match: calls.send, ...fault })
    await expect(start()).rejects.toMatchObject({ code: 'delivery_unknown' })
    expect(sim.count(calls.send)).toBe(1)
  })

  test('takes a new token for one that the operator forgot, and one token for many messages', async () => {
    const { sim, sent } = await setUp()
    await sent()
    await sent()
    expect(sim.count(calls.token)).toBe(1)
    sim.expireTokens()
    await sent()
    expect([sim.count(calls.token), sim.phone(number).inbox.length]).toEqual([2, 3])
  })

  test('without a token sends nothing, and says what to look at', async () => {
    const { sim, start, context } = await setUp()
    sim.fault({ match: calls.token, status: 401, body: { error: 'invalid_client' } })
    await expect(start()).rejects.toMatchObject({ details: { reason: 'misconfigured', untried: true } })
    expect(context.events).toMatchObject([
      { type: 'provider_misconfigured', operation: 'token', error: 'invalid_client' },
    ])
    expect(sim.count(calls.send)).toBe(0)
  })
})

describe('validate-code', () => {
  test('a right code is a yes once; wrong ones, too many and late ones are not', async () => {
    const { clock, sent, code, redeem } = await setUp()
    const first = await sent()
    const right = code()
    const wrong = right === '111111' ? '222222' : '111111'
    expect(await redeem(first, wrong)).toEqual({ outcome: 'invalid_code' })
    expect(await redeem(first, right)).toEqual({ outcome: 'verified' })
    expect(await redeem(first, right)).toEqual({ outcome: 'unable', reason: 'expired' })
    const second = await sent()
    for (const _ of [1, 2, 3]) expect(await redeem(second, 'AAAA')).toEqual({ outcome: 'invalid_code' })
    expect(await redeem(second, code())).toEqual({ outcome: 'unable', reason: 'expired' })
    const third = await sent()
    await clock.advance(300_000)
    expect(await redeem(third, code())).toEqual({ outcome: 'unable', reason: 'expired' })
    expect(await redeem({ id: 'unknown' }, code())).toEqual({ outcome: 'unable', reason: 'expired' })
  })

  test.each<[string, object]>([
    ['a 200', { status: 200, body: {} }],
    ['a 200 that says so', { status: 200, body: { verified: true } }],
    ['PERMISSION_DENIED', info(403, 'PERMISSION_DENIED')],
    ['a quota', info(429, 'TOO_MANY_REQUESTS')],
  ])('%s is an outage', async (_name, fault) => {
    const { sim, sent, code, redeem } = await setUp()
    const check = await sent()
    sim.fault({ match: calls.validate, ...fault })
    await expect(redeem(check, code())).rejects.toMatchObject({ code: 'provider_unavailable' })
  })

  test.each<[string, object]>([
    ['a 500', { status: 500, body: '' }],
    ['a lost answer', { reset: 'after' }],
  ])('%s ends the rung: the code may be used up', async (_name, fault) => {
    const { sim, sent, code, redeem } = await setUp()
    const check = await sent()
    sim.fault({ match: calls.validate, ...fault })
    expect(await redeem(check, code())).toEqual({ outcome: 'unable', reason: 'other', lost: true })
    expect(sim.count(calls.validate)).toBe(1)
  })
})
