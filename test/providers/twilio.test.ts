import { PhoneCheckError, type Provider, type TwilioVerifyOptions, twilioVerify } from 'passport-phonecheck'
import { type Fault, type Simulator, type SimulatorOptions, startSimulator } from 'passport-phonecheck/simulator'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { number } from '../support/app.js'
import { adapterClock } from '../support/hanging.js'
import { callContext, startInput } from '../support/rung.js'
import { twilioAccount as account, twilioCalls as calls } from '../support/twilio.js'

const { serviceSid } = account
const sid = `VE${'e'.repeat(32)}`
const created = { sid, to: number, channel: 'sms', status: 'pending', valid: false }

/** The rung alone before the simulator, and the two steps of a login on it. */
async function setUp(options: Partial<TwilioVerifyOptions> = {}, simulator: SimulatorOptions = {}) {
  const clock = fakeClock()
  const sim = await startSimulator({ clock, ...simulator })
  onTestFinished(() => sim.close())
  const rung = twilioVerify({ ...account, baseUrl: sim.url, clock: adapterClock(clock), ...options })
  onTestFinished(() => rung.close?.())
  const context = callContext()
  const start = (input = {}) => rung.start(startInput(input), context)
  async function begun() {
    const started = await start()
    if (!('check' in started)) throw new Error(`unable: ${started.unable}`)
    return started
  }
  const redeem = async (code: string, check?: { id: string; state?: unknown }) => {
    const { redeem: ask } = rung
    if (!ask) throw new Error('no redeem')
    return ask(check ?? (await begun()).check, code, context)
  }
  return { clock, sim, rung, context, start, begun, redeem }
}

const codeOn = (sim: Simulator) => /\b\d{6}\b/.exec(sim.phone(number).inbox.at(-1)?.text ?? '')?.[0] ?? ''
const problemOf = (answer: Promise<unknown>) =>
  answer.then(
    (value) => value,
    (error: unknown) => (error instanceof PhoneCheckError ? { code: error.code, ...error.details } : error),
  )
const envelope = (code: number, status: number, message = 'x'): Omit<Fault, 'match'> => ({
  status,
  body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
})

/** One call to the vendor with this answer; what the rung sent. */
async function sent(
  options: Partial<TwilioVerifyOptions>,
  act: (rung: Provider) => Promise<unknown>,
): Promise<{ url: string; headers: Record<string, string>; form: Record<string, string> }> {
  const seen: { url: string; headers: Record<string, string>; form: Record<string, string> }[] = []
  const rung = twilioVerify({
    ...account,
    ...options,
    fetch: async (url, { headers, body = '' }) => {
      seen.push({ url, headers, form: Object.fromEntries(new URLSearchParams(body)) })
      return { status: 201, headers: { get: () => null }, text: async () => JSON.stringify(created) }
    },
  })
  await act(rung)
  expect(seen).toHaveLength(1)
  return seen[0] ?? { url: '', headers: {}, form: {} }
}

describe('a message', () => {
  test('is asked for as Twilio documents it, and with nothing else', async () => {
    const { url, headers, form } = await sent({}, (rung) =>
      rung.start(startInput({ deviceIp: '8.8.8.8' }), callContext()),
    )
    expect(url).toBe(`https://verify.twilio.com/v2/Services/${serviceSid}/Verifications`)
    expect(headers).toMatchObject({
      authorization: `Basic ${Buffer.from(`${account.accountSid}:the-auth-token`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    })
    expect(form).toEqual({ To: number, Channel: 'sms' })
  })

  test('carries the options of its channel, and an API key in place of the token', async () => {
    const key = { apiKeySid: `SK${'b'.repeat(32)}`, apiKeySecret: 'key-secret' }
    const templateSid = `HJ${'c'.repeat(32)}`
    const more = { templateSid, appHash: 'He42w354ol9', riskCheck: 'disable' } as const
    const { headers, form } = await sent({ ...key, ...more }, (rung) => rung.start(startInput(), callContext()))
    expect(headers['authorization']).toBe(`Basic ${Buffer.from(`${key.apiKeySid}:key-secret`).toString('base64')}`)
    expect(form).toMatchObject({ TemplateSid: templateSid, AppHash: 'He42w354ol9', RiskCheck: 'disable' })
  })

  test.each([
    ['de-CH', 'de'],
    ['pt-br', 'pt-BR'],
    ['pt-PT', 'pt'],
    ['EN-gb', 'en-GB'],
    ['zh-Hant-HK', 'zh-HK'],
    ['es-419', 'es'],
    ['gsw-CH', undefined],
    ['x-klingon', undefined],
    [undefined, undefined],
  ])('speaks the language %s as %s', async (locale, Locale) => {
    const input = startInput(locale === undefined ? {} : { locale })
    const { form } = await sent({}, (rung) => rung.start(input, callContext()))
    expect(form['Locale']).toBe(Locale)
  })

  test('is asked for without its language where Twilio refused that, as nothing was sent', async () => {
    const { sim, start } = await setUp()
    sim.fault({ match: calls.send, times: 1, ...envelope(20404, 404) })
    expect(await start({ locale: 'kn-IN' })).toMatchObject({ challenge: { type: 'enter_code', length: 6 } })
    expect(sim.count(calls.send)).toBe(2)
    expect(sim.phone(number).inbox).toHaveLength(1)
  })

  test.each([
    ['sms', 'twilio-sms', 'sms'],
    ['call', 'twilio-call', 'call'],
    ['whatsapp', 'twilio-whatsapp', 'whatsapp'],
  ] as const)('by %s is the rung %s', async (channel, name, kind) => {
    const { sim, rung, begun } = await setUp({ channel })
    expect(rung).toMatchObject({ name, vendor: 'twilio', assurance: 'low', sends: true, guessable: true })
    expect(await begun()).toMatchObject({ check: { state: { to: number } }, expiresInSeconds: 600 })
    expect(sim.phone(number).inbox).toMatchObject([{ kind }])
  })

  test('joins the Verification that the number has, whose time goes on', async () => {
    const { clock, begun } = await setUp()
    const first = await begun()
    await clock.advance(240_000)
    expect(await begun()).toMatchObject({ check: { id: first.check.id }, expiresInSeconds: 360 })
    await clock.advance(360_000)
    const next = await begun()
    expect(next.check.id).not.toBe(first.check.id)
    expect(next.expiresInSeconds).toBe(600)
  })

  test.each([
    ['longer ago than a code lives', { date_created: '2020-01-01T00:00:00Z' }],
    ['a second in the past', { date_updated: '2020-01-01T00:00:00Z' }],
    ['of no time', { date_created: 'yesterday' }],
  ])('is taken to be new where its dates make no sense: %s', async (_, change) => {
    const { sim, begun } = await setUp()
    sim.fault({ match: calls.send, patchBody: (body) => ({ ...body, ...change }) })
    expect((await begun()).expiresInSeconds).toBe(600)
  })
})

describe('what an answer to a message proves', () => {
  test.each<[string, Omit<Fault, 'match'>, object]>([
    ['60200 for To', envelope(60200, 400, `Invalid parameter \`To\`: ${number}`), { code: 'invalid_phone_number' }],
    ['60200 for To, otherwise put', envelope(60200, 400, 'Invalid parameter: To'), { code: 'invalid_phone_number' }],
    ['60200 for Locale', envelope(60200, 400, 'Invalid parameter `Locale`: To'), { reason: 'misconfigured' }],
    ['60006', envelope(60006, 400), { code: 'invalid_phone_number' }],
    ['60205, a landline', envelope(60205, 403), { code: 'invalid_phone_number' }],
    ['60202, its checks used up', envelope(60202, 429), { unable: 'busy' }],
    ['60203, its messages used up', envelope(60203, 429), { unable: 'busy' }],
    ['60212', envelope(60212, 429), { unable: 'busy' }],
    ['60626', envelope(60626, 429), { unable: 'busy' }],
    ['60728', envelope(60728, 429), { unable: 'busy' }],
    ['60410', envelope(60410, 403), { unable: 'blocked' }],
    ['60412', envelope(60412, 403), { unable: 'blocked' }],
    ['60238', envelope(60238, 403), { unable: 'blocked' }],
    ['60605', envelope(60605, 403), { unable: 'blocked' }],
    ['60220', envelope(60220, 403), { unable: 'blocked' }],
    ['60226', envelope(60226, 403), { unable: 'blocked' }],
    ...[60223, 60204, 60207, 60329].map((code): [string, Omit<Fault, 'match'>, object] => [
      String(code),
      envelope(code, 403),
      { code: 'provider_unavailable', reason: 'misconfigured', untried: true },
    ]),
    ['20003', envelope(20003, 401), { code: 'provider_unavailable', reason: 'misconfigured', untried: true }],
    ['401 without a document', { status: 401, body: 'no' }, { reason: 'misconfigured', untried: true }],
    ['20404', envelope(20404, 404), { code: 'provider_unavailable', reason: 'misconfigured', untried: true }],
    [
      '20429',
      { ...envelope(20429, 429), headers: { 'Retry-After': '17' } },
      { code: 'provider_unavailable', reason: 'quota_exceeded', untried: true, retryAfterSeconds: 17 },
    ],
    ['429 without a document', { status: 429, body: 'no' }, { reason: 'quota_exceeded', untried: true }],
    ['a code that is new', envelope(60999, 403), { reason: 'provider_down', untried: true }],
    ['60410 of a server that failed', envelope(60410, 500), { code: 'delivery_unknown' }],
    ["a proxy's 403", { status: 403, body: '<html>' }, { code: 'delivery_unknown' }],
    ["a proxy's 404", { status: 404, body: '<html>' }, { code: 'delivery_unknown' }],
    ['500', { status: 500 }, { code: 'delivery_unknown' }],
    ['a lost answer', { reset: 'after' }, { code: 'delivery_unknown', retryAfterSeconds: 30 }],
    ['a redirect', { status: 302, body: created }, { code: 'delivery_unknown' }],
    ['no JSON', { status: 201, body: 'sid=VE' }, { code: 'delivery_unknown' }],
    ['a list', { status: 201, body: [created] }, { code: 'delivery_unknown' }],
    ['a SID that is none', { status: 201, body: { ...created, sid: 'VE1' } }, { code: 'delivery_unknown' }],
    ['another number', { status: 201, body: { ...created, to: '+12025550199' } }, { code: 'delivery_unknown' }],
    ['a status that is none', { status: 201, body: { ...created, status: 'approved' } }, { code: 'delivery_unknown' }],
  ])('%s, after one call', async (_, fault, expected) => {
    const { sim, start } = await setUp()
    sim.fault({ match: calls.send, ...fault })
    expect(await problemOf(start())).toMatchObject(expected)
    expect(sim.count(calls.send)).toBe(1)
  })

  test('a call that found no connection sent nothing', async () => {
    const { rung } = await setUp({ baseUrl: 'http://127.0.0.1:1' })
    const context = callContext()
    expect(await problemOf(rung.start(startInput(), context))).toMatchObject({ untried: true })
    expect(context.events).toMatchObject([{ type: 'provider_outage', kind: 'connect' }])
  })

  test('the operator hears what to mend, and never a number, a code or a secret', async () => {
    const { sim, start, redeem, context } = await setUp()
    const check = { id: sid, state: { to: number } }
    for (const fault of [
      envelope(60200, 400, `Invalid parameter \`Code\`: 123456 for ${number}`),
      envelope(20003, 401),
    ]) {
      const spoiled = sim.fault({ match: '/v2/Services/**', ...fault })
      const problems = [await problemOf(start()), await problemOf(redeem('123456', check))]
      expect(JSON.stringify(problems)).not.toMatch(/2025550100|123456|auth-token/)
      spoiled.remove()
    }
    expect(context.events.map((event) => [event.type, 'error' in event && event.error])).toEqual([
      ['provider_misconfigured', 'twilio_60200'],
      ['provider_misconfigured', 'twilio_60200'],
      ['provider_misconfigured', 'twilio_20003'],
      ['provider_misconfigured', 'twilio_20003'],
    ])
    expect(JSON.stringify(context.events)).not.toMatch(/2025550100|123456|auth-token/)
    expect(JSON.stringify(context.events)).toMatch(/codeLength.*accountSid/)
    sim.fault({ match: calls.send, status: 401, body: 'no' })
    await problemOf(start())
    expect(JSON.stringify(context.events.at(-1))).toContain('accountSid')
  })
})

describe('what an answer to a code proves', () => {
  const verdict = { sid, to: number, status: 'approved', valid: true }
  const check = { id: sid, state: { to: number } }

  test('the right code is a yes, a wrong one is not, and a second use finds nothing', async () => {
    const { sim, begun, redeem } = await setUp()
    const mine = (await begun()).check
    const code = codeOn(sim)
    expect(await redeem(code === '000000' ? '000001' : '000000', mine)).toEqual({ outcome: 'invalid_code' })
    expect(await redeem(code, mine)).toEqual({ outcome: 'verified' })
    expect(await redeem(code, mine)).toEqual({ outcome: 'unable', reason: 'expired' })
  })

  test('is asked by SID and code, and nothing else', async () => {
    const { url, form } = await sent({}, async (rung) =>
      problemOf(rung.redeem?.(check, '123456', callContext()) ?? Promise.reject()),
    )
    expect(url).toBe(`https://verify.twilio.com/v2/Services/${serviceSid}/VerificationCheck`)
    expect(form).toEqual({ VerificationSid: sid, Code: '123456' })
  })

  test.each<[string, Omit<Fault, 'match'>, object]>([
    ['200 approved', { status: 200, body: verdict }, { outcome: 'verified' }],
    ['201 approved', { status: 201, body: verdict }, { outcome: 'verified' }],
    ['pending', { body: { ...verdict, status: 'pending', valid: false } }, { outcome: 'invalid_code' }],
    ['canceled', { body: { ...verdict, status: 'canceled' } }, { outcome: 'unable', reason: 'expired' }],
    ['deleted', { body: { ...verdict, status: 'deleted' } }, { outcome: 'unable', reason: 'expired' }],
    ['expired', { body: { ...verdict, status: 'expired' } }, { outcome: 'unable', reason: 'expired' }],
    ['max_attempts_reached', { body: { ...verdict, status: 'max_attempts_reached' } }, { reason: 'expired' }],
    ['failed', { body: { ...verdict, status: 'failed' } }, { outcome: 'unable', reason: 'other' }],
    ['60202', envelope(60202, 429), { outcome: 'unable', reason: 'expired' }],
    ['20404', envelope(20404, 404), { outcome: 'unable', reason: 'expired' }],
    ['60410', envelope(60410, 403), { outcome: 'unable', reason: 'blocked' }],
    [
      '60212',
      { ...envelope(60212, 429), headers: { 'Retry-After': '9' } },
      { outcome: 'pending', retryAfterSeconds: 9 },
    ],
    ['20429', envelope(20429, 429), { code: 'provider_unavailable', reason: 'quota_exceeded', untried: true }],
    ['20003', envelope(20003, 401), { code: 'provider_unavailable', reason: 'misconfigured', untried: true }],
    ['60200', envelope(60200, 400, 'Invalid parameter `Code`'), { reason: 'misconfigured', untried: true }],
    // Unknown: it may be a word for a wrong code, so it stays a counted guess.
    ['a code that is new', envelope(60999, 400), { code: 'provider_unavailable', untried: false }],
    ['500', { status: 500 }, { outcome: 'unable', reason: 'other', lost: true }],
    ['a lost answer', { reset: 'after' }, { outcome: 'unable', reason: 'other', lost: true }],
    ['half an answer', { truncate: true }, { outcome: 'unable', reason: 'other', lost: true }],
  ])('%s, after one call', async (_, fault, expected) => {
    const { sim, redeem } = await setUp()
    sim.fault({ match: calls.check, ...fault })
    expect(await problemOf(redeem('123456', check))).toMatchObject(expected)
    expect(sim.count(calls.check)).toBe(1)
  })

  test.each<[string, unknown]>([
    ['approved without valid', { ...verdict, valid: undefined }],
    ['valid as text', { ...verdict, valid: 'true' }],
    ['valid as a number', { ...verdict, valid: 1 }],
    ['not valid', { ...verdict, valid: false }],
    ['valid without a status', { ...verdict, status: undefined }],
    ['pending, but valid', { ...verdict, status: 'pending' }],
    ['Approved', { ...verdict, status: 'Approved' }],
    ['a list of statuses', { ...verdict, status: ['approved'] }],
    ['a status of every object', { ...verdict, status: 'constructor' }],
    ['another SID', { ...verdict, sid: `VE${'f'.repeat(32)}` }],
    ['no SID', { ...verdict, sid: undefined }],
    ["another number's", { ...verdict, to: '+12025550199' }],
    ["nobody's number", { ...verdict, to: undefined }],
    ['another SID that is pending', { ...verdict, sid: `VE${'f'.repeat(32)}`, status: 'pending', valid: false }],
    ['a list', [verdict]],
    ['nested', { verification: verdict }],
    ['text', 'approved'],
    ['null', 'null'],
  ])('%s is an outage', async (_, body) => {
    const { sim, redeem, context } = await setUp()
    sim.fault({ match: calls.check, status: 200, body: body as string })
    expect(await problemOf(redeem('123456', check))).toMatchObject({ code: 'provider_unavailable', untried: false })
    expect(context.events).toMatchObject([{ type: 'provider_outage', kind: 'malformed' }])
  })

  test('a yes is none for a check whose number is not known', async () => {
    const { sim, redeem } = await setUp()
    sim.fault({ match: calls.check, status: 200, body: { ...verdict, to: undefined } })
    expect(await problemOf(redeem('123456', { id: sid }))).toMatchObject({ code: 'provider_unavailable' })
  })
})

describe('options', () => {
  test.each<[Partial<Record<keyof TwilioVerifyOptions | 'chanel', unknown>>, RegExp]>([
    [{ serviceSid: undefined }, /serviceSid is missing/],
    [{ serviceSid: 'VA1' }, /serviceSid must be VA/],
    [{ accountSid: undefined }, /apiKeySid and apiKeySecret, or accountSid and authToken/],
    [{ authToken: undefined }, /or accountSid and authToken/],
    [{ authToken: '' }, /authToken/],
    [{ apiKeySid: `SK${'b'.repeat(32)}` }, /apiKeySid and apiKeySecret/],
    [{ accountSid: 'SK' }, /accountSid must be AC/],
    [{ channel: 'auto' }, /channel must be 'sms', 'call' or 'whatsapp'/],
    [{ channel: 'sna' }, /channel/],
    [{ codeLength: 3 }, /codeLength .* 4 to 10/],
    [{ codeLength: 6.5 }, /codeLength/],
    [{ ttlSeconds: 601 }, /ttlSeconds .* 120 to 600/],
    [{ templateSid: 'HJ' }, /templateSid/],
    [{ appHash: 'short' }, /appHash/],
    [{ riskCheck: 'off' }, /riskCheck/],
    [{ channel: 'call', appHash: 'He42w354ol9' }, /appHash is for sms only; leave it out for call/],
    [{ channel: 'whatsapp', templateSid: `HJ${'c'.repeat(32)}` }, /templateSid is for sms, call only/],
    [{ channel: 'call', riskCheck: 'enable' }, /riskCheck is for sms only/],
    [{ baseUrl: 'http://verify.twilio.com' }, /https/],
    [{ timeoutsMs: { read: 1 } }, /timeoutsMs/],
    [{ chanel: 'sms' }, /did you mean channel/],
  ])('%o is refused at construction', (options, message) => {
    expect(() => twilioVerify({ ...account, ...(options as TwilioVerifyOptions) })).toThrow(message)
    expect(() => twilioVerify({ ...account, ...(options as TwilioVerifyOptions) })).not.toThrow(/the-auth-token/)
  })

  test('a code has as many digits as the service is set to', async () => {
    const { rung, begun } = await setUp({ codeLength: 8 })
    expect(await begun()).toMatchObject({ challenge: { length: 8 } })
    expect(['12345678', '123456', '1234567a'].map((code) => rung.codeGrammar?.test(code))).toEqual([true, false, false])
  })
})
