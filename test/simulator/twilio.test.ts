import { afterEach, describe, expect, it } from 'vitest'
import type { Simulator, SimulatorOptions, TwilioErrorCode } from '../../src/simulator/index.js'
import { type Answer, at, number, setUp } from '../support/simulator/simulator.js'
import { account, service, TwilioClient } from '../support/simulator/twilio.js'

const now = '2026-01-01T00:00:00Z'

let sim: Simulator
let twilio: TwilioClient
const start = async (options: SimulatorOptions = {}) => {
  const world = await setUp(options)
  sim = world.sim
  twilio = new TwilioClient(sim)
  return world
}
afterEach(() => sim.close())

const lastText = () => sim.phone(number).inbox.at(-1)?.text ?? ''
const lastCode = () => /\b\d{4,10}\b/.exec(lastText())?.[0] ?? ''
const other = (code: string) => (code === '000000' ? '000001' : '000000')
const codeOf = ({ status, body }: Answer) => [status, body['code']]

describe('Verifications', () => {
  it('answers the resource as documented, and sends the code', async () => {
    await start({ twilioCodes: () => '012345' })
    const { status, body } = await twilio.send({ Unknown: 'x' })
    const sid = at(body, 'sid')
    expect([status, body]).toEqual([
      201,
      {
        sid: expect.stringMatching(/^VE[0-9a-f]{32}$/),
        service_sid: service,
        account_sid: account,
        to: number,
        channel: 'sms',
        status: 'pending',
        valid: false,
        date_created: now,
        date_updated: now,
        lookup: {},
        amount: null,
        payee: null,
        send_code_attempts: [{ time: now, channel: 'SMS', attempt_sid: expect.stringMatching(/^VL[0-9a-f]{32}$/) }],
        sna: null,
        url: `${sim.url}/v2/Services/${service}/Verifications/${sid}`,
      },
    ])
    expect(sim.phone(number).inbox).toEqual([
      { kind: 'sms', from: 'VERIFY', text: 'Your verification code is: 012345', at: Date.UTC(2026, 0, 1) },
    ])
  })

  it.each([
    ['call', 'call', 'CALL'],
    ['whatsapp', 'whatsapp', 'whatsapp'],
  ])('reaches the phone by %s', async (Channel, kind, word) => {
    await start()
    const { body } = await twilio.send({ Channel })
    expect(body).toMatchObject({ channel: Channel, send_code_attempts: [{ channel: word }] })
    expect(sim.phone(number).inbox).toMatchObject([{ kind }])
  })

  it('ends an SMS with the hash of the app, and nothing else', async () => {
    await start({ twilioCodes: () => '1234' })
    await twilio.send({ AppHash: 'He42w354ol9' })
    expect(lastText()).toBe('<#> Your verification code is: 1234 He42w354ol9')
    await twilio.send({ AppHash: 'He42w354ol9', Channel: 'call' })
    expect(lastText()).toBe('Your verification code is: 1234')
  })

  it('keeps one for each number and service, whoever asks: the same SID, the same code, the same end', async () => {
    const { clock } = await start()
    const first = await twilio.sent()
    const code = lastCode()
    clock.advance(599_000)
    twilio.credentials = `SK${'b'.repeat(32)}:secret`
    expect(await twilio.send({ Channel: 'call' })).toMatchObject({
      body: {
        sid: first,
        channel: 'call',
        account_sid: account,
        date_created: now,
        date_updated: '2026-01-01T00:09:59Z',
      },
    })
    expect(lastCode()).toBe(code)
    const elsewhere = await twilio.sent({}, `VA${'6'.repeat(32)}`)
    expect(new Set([first, elsewhere, await twilio.sent({ To: '+12025550102' })]).size).toBe(3)
    clock.advance(1_000)
    expect(await twilio.sent()).not.toBe(first)
  })

  it('sends five messages, of whatever channel', async () => {
    await start()
    for (const Channel of ['sms', 'call', 'whatsapp', 'sms', 'sms'])
      expect((await twilio.send({ Channel })).status).toBe(201)
    expect(codeOf(await twilio.send())).toEqual([429, 60203])
    expect(sim.phone(number).inbox).toHaveLength(5)
  })

  it.each<[Record<string, string>, string]>([
    [{ To: '' }, 'To'],
    [{ To: '12025550100' }, 'To'],
    [{ To: 'mail@example.com' }, 'To'],
    [{ Channel: '' }, 'Channel'],
    [{ Channel: 'sna' }, 'Channel'],
    [{ Channel: 'auto' }, 'Channel'],
    [{ Channel: 'constructor' }, 'Channel'],
  ])('refuses %o', async (form, parameter) => {
    await start()
    const answer = await twilio.send(form)
    expect([answer.status, answer.body]).toEqual([
      400,
      {
        code: 60200,
        message: `Invalid parameter \`${parameter}\`: ${form[parameter]}`,
        more_info: 'https://www.twilio.com/docs/errors/60200',
        status: 400,
      },
    ])
    expect(sim.phone(number).inbox).toEqual([])
  })

  it('refuses a body that is no form', async () => {
    await start()
    const answer = await twilio.call(
      'POST',
      `${service}/Verifications`,
      { To: number, Channel: 'sms' },
      { 'content-type': 'application/json' },
    )
    expect(codeOf(answer)).toEqual([400, 60200])
  })

  it.each<[TwilioErrorCode, number]>([
    [60410, 403],
    [60203, 429],
    [20003, 401],
    [60205, 403],
  ])('answers the override %i with %i', async (sendError, status) => {
    await start()
    sim.override(number, { twilio: { sendError } })
    expect(codeOf(await twilio.send())).toEqual([status, sendError])
    expect(sim.phone(number).inbox).toEqual([])
    sim.override(number, null)
    expect((await twilio.send()).status).toBe(201)
  })
})

describe('VerificationCheck', () => {
  it('approves the code as documented, and the SID is gone', async () => {
    await start()
    const sid = await twilio.sent()
    const { status, body } = await twilio.check({ VerificationSid: sid, Code: lastCode() })
    expect([status, body]).toEqual([
      200,
      {
        sid,
        service_sid: service,
        account_sid: account,
        to: number,
        channel: 'sms',
        status: 'approved',
        valid: true,
        amount: null,
        payee: null,
        sna_attempts_error_codes: [],
        date_created: now,
        date_updated: now,
      },
    ])
    expect(codeOf(await twilio.check({ VerificationSid: sid, Code: lastCode() }))).toEqual([404, 20404])
    expect(await twilio.sent()).not.toBe(sid)
  })

  it('answers a wrong code with pending, and takes the number in place of the SID', async () => {
    await start()
    await twilio.sent()
    expect(await twilio.check({ To: number, Code: other(lastCode()) })).toMatchObject({
      status: 200,
      body: { status: 'pending', valid: false },
    })
    expect((await twilio.check({ To: number, Code: lastCode() })).body['status']).toBe('approved')
  })

  it.each([
    [429, 60202],
    [404, 20404],
  ] as const)('ends after five wrong codes, with %i', async (twilioSpent, code) => {
    const { clock } = await start({ behaviour: { twilioSpent } })
    const sid = await twilio.sent()
    const right = lastCode()
    for (let tries = 0; tries < 5; tries++)
      expect((await twilio.check({ VerificationSid: sid, Code: other(right) })).body['status']).toBe('pending')
    expect(codeOf(await twilio.check({ VerificationSid: sid, Code: right }))).toEqual([twilioSpent, code])
    expect(await twilio.sent()).not.toBe(sid)
    clock.advance(600_000)
    expect(codeOf(await twilio.check({ VerificationSid: sid, Code: right }))).toEqual([404, 20404])
  })

  it('lives ten minutes, or as long as the service says', async () => {
    const { clock } = await start({ behaviour: { twilioTtlSeconds: 120, twilioCodeLength: 8 } })
    const sid = await twilio.sent()
    expect(lastCode()).toMatch(/^\d{8}$/)
    clock.advance(120_000)
    expect(codeOf(await twilio.check({ VerificationSid: sid, Code: lastCode() }))).toEqual([404, 20404])
  })

  it('knows a SID at its own service only', async () => {
    await start()
    const sid = await twilio.sent()
    const elsewhere = await twilio.check({ VerificationSid: sid, Code: lastCode() }, `VA${'6'.repeat(32)}`)
    expect(codeOf(elsewhere)).toEqual([404, 20404])
    expect(codeOf(await twilio.check({ Code: '123456' }))).toEqual([404, 20404])
  })

  it.each(['', '123', '12345678901'])('refuses the code "%s", which costs no try', async (Code) => {
    await start()
    const sid = await twilio.sent()
    for (let tries = 0; tries < 6; tries++)
      expect(codeOf(await twilio.check({ VerificationSid: sid, Code }))).toEqual([400, 60200])
    expect((await twilio.check({ VerificationSid: sid, Code: lastCode() })).body['status']).toBe('approved')
  })

  it('answers the override of a check', async () => {
    await start()
    const sid = await twilio.sent()
    sim.override(number, { twilio: { checkError: 60212 } })
    expect(codeOf(await twilio.check({ VerificationSid: sid, Code: lastCode() }))).toEqual([429, 60212])
  })
})

describe('one Verification', () => {
  it('can be read while it is pending', async () => {
    await start()
    const created = await twilio.send()
    const sid = at(created.body, 'sid')
    expect((await twilio.call('GET', `${service}/Verifications/${sid}`)).body).toEqual(created.body)
    await twilio.check({ VerificationSid: sid, Code: lastCode() })
    expect(codeOf(await twilio.call('GET', `${service}/Verifications/${sid}`))).toEqual([404, 20404])
  })

  it.each(['canceled', 'approved'])('can be %s, for all who share it', async (Status) => {
    await start()
    const sid = await twilio.sent()
    const answer = await twilio.call('POST', `${service}/Verifications/${sid}`, { Status })
    expect(answer).toMatchObject({ status: 200, body: { status: Status, valid: Status === 'approved' } })
    expect(codeOf(await twilio.check({ VerificationSid: sid, Code: lastCode() }))).toEqual([404, 20404])
  })

  it('takes no other status', async () => {
    await start()
    const sid = await twilio.sent()
    expect(codeOf(await twilio.call('POST', `${service}/Verifications/${sid}`, { Status: 'pending' }))).toEqual([
      400, 60200,
    ])
    expect(codeOf(await twilio.call('POST', `${service}/Verifications/VE1`, { Status: 'canceled' }))).toEqual([
      404, 20404,
    ])
  })
})

describe('who may call', () => {
  it.each(['', 'key', 'key:', ':secret'])('not "%s"', async (credentials) => {
    await start()
    twilio.credentials = credentials
    const answer = await twilio.send()
    expect(codeOf(answer)).toEqual([401, 20003])
    expect(answer.headers.get('www-authenticate')).toBe('Basic')
  })

  it('only the accounts given, if any are', async () => {
    await start({ twilioAccounts: { [account]: 'token' } })
    for (const wrong of [`${account}:x`, 'other:token', 'constructor:x']) {
      twilio.credentials = wrong
      expect((await twilio.send()).status).toBe(401)
    }
    twilio.credentials = `${account}:token`
    expect((await twilio.send()).status).toBe(201)
  })

  it('so many times an hour, and then says when again', async () => {
    const { clock } = await start({ behaviour: { twilioRateLimitPerHour: 1 } })
    await twilio.send()
    const refused = await twilio.send()
    expect(codeOf(refused)).toEqual([429, 20429])
    expect(refused.headers.get('retry-after')).toBe('3600')
    clock.advance(3_600_000)
    expect((await twilio.send()).status).toBe(201)
  })

  it('at services with a SID, known paths and methods, with small bodies', async () => {
    await start()
    expect(codeOf(await twilio.send({}, 'VA1'))).toEqual([404, 20404])
    expect(codeOf(await twilio.call('GET', `${service}/Verifications`))).toEqual([405, 20004])
    expect(codeOf(await twilio.call('POST', `${service}/Mails`, {}))).toEqual([404, 20404])
    expect((await twilio.send({ Filler: 'x'.repeat(300_000) })).status).toBe(413)
  })
})

it('is spoilable, logged and heard like the rest', async () => {
  await start()
  const heard: unknown[] = []
  sim.onMessage((message) => heard.push(message))
  sim.fault({ match: 'POST /v2/Services/*/Verifications', times: 1, reset: 'after' })
  await expect(twilio.send({ Channel: 'whatsapp' })).rejects.toThrow()
  expect(sim.requests.at(-1)).toMatchObject({
    path: `/v2/Services/${service}/Verifications`,
    from: 'server',
    faulted: true,
  })
  expect(heard).toMatchObject([{ kind: 'whatsapp', direction: 'to_phone', phone: '+*******0100', delivered: true }])
})

it('fails loudly on codes that are none', async () => {
  await start({ twilioCodes: () => '123' })
  const answer = await twilio.send()
  expect([answer.status, at(answer.body, 'title')]).toEqual([500, expect.stringMatching(/4 to 10 digits/)])
})
