import { afterEach, describe, expect, it } from 'vitest'
import type { SimulatorOptions } from '../../src/simulator/index.js'
import { type Answer, AppServer, number } from '../support/simulator/simulator.js'
import { account, fragmentOf, idOf, to, type VonageClient, vonageClient } from '../support/simulator/vonage.js'

let vonage: VonageClient
const begin = async (options: SimulatorOptions = {}) => {
  vonage = await vonageClient(options)
}
afterEach(() => vonage.sim.close())

const wrong = (code: string) => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))

describe('create', () => {
  it('sends a code and answers with the id alone', async () => {
    await begin()
    const created = await vonage.create({ channel: 'sms', to, app_hash: 'FA+9qCX9VSu' }, { code_length: 6 })
    expect([created.status, created.body]).toEqual([202, { request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) }])
    expect(vonage.sim.phone(number).inbox).toEqual([
      {
        kind: 'sms',
        from: 'ACME',
        text: expect.stringMatching(/^\d{6} is your ACME code\.\nFA\+9qCX9VSu$/),
        at: vonage.clock.now(),
      },
    ])
  })

  it.each([
    ['voice', {}, 'call', /^\+\d+$/],
    ['whatsapp', { from: '447700900000' }, 'sms', /^WhatsApp 447700900000$/],
  ])('reaches a phone by %s', async (channel, more, kind, from) => {
    await begin()
    await vonage.create({ channel, to, ...more })
    expect(vonage.sim.phone(number).inbox).toEqual([
      expect.objectContaining({ kind, from: expect.stringMatching(from) }),
    ])
    expect(vonage.lastCode()).toMatch(/^\d{4}$/)
  })

  it.each<[string, object, string]>([
    ['no brand', { brand: undefined }, 'brand'],
    ['a long brand', { brand: 'x'.repeat(19) }, 'brand'],
    ['a brand with a slash', { brand: 'a/b' }, 'brand'],
    ['a long client_ref', { client_ref: 'a'.repeat(41) }, 'client_ref'],
    ['a client_ref with a dash', { client_ref: 'a-b' }, 'client_ref'],
    ['a short timeout', { channel_timeout: 14 }, 'channel_timeout'],
    ['a long code', { code_length: 11 }, 'code_length'],
    ['a language of another form', { locale: 'de' }, 'locale'],
    ['no workflow', { workflow: [] }, 'workflow'],
    ['four steps', { workflow: Array(4).fill({ channel: 'sms', to }) }, 'workflow'],
    ['a plus', { workflow: [{ channel: 'sms', to: number }] }, 'workflow[0].to'],
    ['no number', { workflow: [{ channel: 'sms' }] }, 'workflow[0].to'],
    ['an unknown channel', { workflow: [{ channel: 'pigeon', to }] }, 'workflow[0].channel'],
    ['WhatsApp without a sender', { workflow: [{ channel: 'whatsapp', to }] }, 'workflow[0].from'],
    [
      'silent_auth second',
      {
        workflow: [
          { channel: 'sms', to },
          { channel: 'silent_auth', to },
        ],
      },
      'workflow[1].channel',
    ],
  ])('refuses %s by its name', async (_, fields, name) => {
    await begin()
    const answer = await vonage.create(undefined, fields)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([422, 'application/problem+json'])
    expect(answer.body).toMatchObject({
      type: 'https://developer.vonage.com/en/api-errors#invalid-params',
      invalid_parameters: [{ name }],
    })
    expect(vonage.sim.phone(number).inbox).toEqual([])
  })

  it('refuses what is no JSON', async () => {
    await begin()
    expect((await new AppServer(vonage.sim).call('POST', '/v2/verify/', '{', { authorization: account })).status).toBe(
      400,
    )
  })

  it('refuses a number that its operator does not cover, unless told not to ask', async () => {
    await begin()
    vonage.sim.phone(number).operator = 'unsupported'
    const refused = await vonage.silent()
    expect([refused.status, fragmentOf(refused)]).toEqual([412, 'precondition-failed'])
    expect((await vonage.silent({ coverage_check: false })).body).toHaveProperty('check_url')
  })

  it.each(['GET', 'PUT'])('has no %s, and says so in its own way', async (method) => {
    await begin()
    const answer = await vonage.call(method, '/v2/verify/')
    expect([answer.status, answer.headers.get('allow'), fragmentOf(answer)]).toEqual([
      405,
      'POST',
      'method-not-allowed',
    ])
  })
})

describe('one request for each number', () => {
  it.each([
    ['completed', async (created: Answer) => vonage.check(created, vonage.lastCode())],
    ['expired', async () => vonage.clock.advance(180_000)],
    [
      'cancelled',
      async (created: Answer) => {
        vonage.clock.advance(30_000)
        expect((await vonage.cancel(created)).status).toBe(204)
      },
    ],
    [
      'ended by wrong codes',
      async (created: Answer) => {
        for (let times = 0; times < 3; times += 1) await vonage.check(created, wrong(vonage.lastCode()))
      },
    ],
  ])('refuses another with 409 until it is %s', async (_, end) => {
    await begin()
    const created = await vonage.create()
    const refused = await vonage.silent()
    expect([refused.status, fragmentOf(refused)]).toEqual([409, 'concurrent'])
    expect((await vonage.create({ channel: 'sms', to: '12025550102' })).status).toBe(202)
    await end(created)
    expect((await vonage.create()).status).toBe(202)
  })

  it('of silent authentication lives a minute, whatever is asked for', async () => {
    await begin()
    await vonage.create({ channel: 'silent_auth', to }, { channel_timeout: 900 })
    vonage.clock.advance(59_999)
    expect((await vonage.create()).status).toBe(409)
    vonage.clock.advance(1)
    expect((await vonage.create()).status).toBe(202)
  })
})

describe('check', () => {
  it('says completed once', async () => {
    await begin()
    const created = await vonage.create()
    const code = vonage.lastCode()
    const answer = await vonage.check(created, code)
    expect([answer.status, answer.body]).toEqual([200, { request_id: idOf(created), status: 'completed' }])
    const again = await vonage.check(created, code)
    expect([again.status, fragmentOf(again)]).toEqual([404, 'request-not-found'])
  })

  it.each([[410], [404]] as const)('takes three codes of a person; after that it is %i', async (vonageSpentCode) => {
    await begin({ behaviour: { vonageSpentCode } })
    const created = await vonage.create()
    const code = vonage.lastCode()
    const answers = []
    for (let times = 0; times < 3; times += 1) answers.push(await vonage.check(created, wrong(code)))
    expect(answers.map((answer) => [answer.status, fragmentOf(answer)])).toEqual([
      [400, 'invalid-code'],
      [400, 'invalid-code'],
      [410, 'expired'],
    ])
    expect((await vonage.check(created, code)).status).toBe(vonageSpentCode)
  })

  it('knows no code after its time, of another account, or of another request', async () => {
    await begin()
    const created = await vonage.create()
    const code = vonage.lastCode()
    vonage.authorization = `Basic ${Buffer.from('other:x').toString('base64')}`
    expect((await vonage.check(created, code)).status).toBe(404)
    expect((await vonage.cancel(created)).status).toBe(404)
    vonage.authorization = account
    expect((await vonage.check(await vonage.create({ channel: 'sms', to: '12025550102' }), code)).status).not.toBe(200)
    vonage.clock.advance(180_000)
    expect((await vonage.check(created, code)).status).toBe(404)
  })

  it.each([{}, { code: 1234 }, { code: '123' }, { code: '12345678901' }])('refuses %j', async (body) => {
    await begin()
    expect((await vonage.call('POST', `/v2/verify/${idOf(await vonage.create())}`, body)).status).toBe(422)
  })
})

describe('cancel and next step', () => {
  it('cancels from 30 seconds on, and no earlier', async () => {
    await begin()
    const created = await vonage.create()
    vonage.clock.advance(29_999)
    expect((await vonage.cancel(created)).status).toBe(404)
    vonage.clock.advance(1)
    expect((await vonage.cancel(created)).status).toBe(204)
    expect((await vonage.check(created, vonage.lastCode())).status).toBe(404)
  })

  it('takes the next step by itself after a minute, or when told; then it can be cancelled no more', async () => {
    await begin()
    const workflow = [
      { channel: 'silent_auth', to },
      { channel: 'sms', to },
      { channel: 'voice', to },
    ]
    const created = await vonage.create(undefined, { workflow })
    vonage.clock.advance(60_000)
    expect(vonage.sim.phone(number).inbox.map(({ kind }) => kind)).toEqual(['sms'])
    expect((await vonage.cancel(created)).status).toBe(404)
    expect((await vonage.call('POST', `/v2/verify/${idOf(created)}/next_workflow`)).status).toBe(200)
    expect(vonage.sim.phone(number).inbox.map(({ kind }) => kind)).toEqual(['sms', 'call'])
    expect((await vonage.call('POST', `/v2/verify/${idOf(created)}/next_workflow`)).status).toBe(409)
    expect((await vonage.check(created, vonage.lastCode())).status).toBe(200)
    expect((await vonage.call('POST', `/v2/verify/${idOf(created)}/next_workflow`)).status).toBe(404)
  })
})

describe('numbers of the test country', () => {
  it.each([
    ['9900000000', 200],
    ['9900000001', 404],
    ['9900000099', 404],
  ])('+%s: %i', async (test, status) => {
    await begin()
    const created = await vonage.create({ channel: 'sms', to: test })
    expect(created.status).toBe(202)
    expect((await vonage.check(created, vonage.lastCode(`+${test}`) || '1234')).status).toBe(status)
  })
})

describe('faults', () => {
  it('spoil these calls like any other', async () => {
    await begin()
    vonage.sim.fault({ match: 'POST /v2/verify/', status: 429, headers: { 'Retry-After': '3' }, times: 1 })
    const answer = await vonage.create()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3'])
    expect((await vonage.create()).status).toBe(202)
    expect(vonage.sim.count('POST /v2/verify/')).toBe(2)
  })
})
