import { generateKeyPairSync, sign } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.js'
import { type Answer, AppServer, at, type FakeClock, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
let clock: FakeClock
let server: AppServer
let authorization = `Basic ${Buffer.from('key:s3cret').toString('base64')}`
const basic = authorization

async function begin(options: SimulatorOptions = {}): Promise<void> {
  const world = await setUp(options)
  ;({ sim, clock } = world)
  server = new AppServer(sim)
  authorization = basic
}
afterEach(() => sim.close())

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  server.call(method, path, body, authorization === '' ? {} : { authorization })
const to = number.slice(1)
const create = (step: object = { channel: 'sms', to }, more: object = {}) =>
  call('POST', '/v2/verify/', { brand: 'ACME', workflow: [step], ...more })
const silent = (more: object = {}) => create({ channel: 'silent_auth', to, ...more })
const id = (created: Answer) => at(created.body, 'request_id')
const check = (created: Answer, code: string) => call('POST', `/v2/verify/${id(created)}`, { code })
const cancel = (created: Answer) => call('DELETE', `/v2/verify/${id(created)}`)
const lastCode = (of = number) => /\d{4,10}/.exec(sim.phone(of).inbox.at(-1)?.text ?? '')?.[0] ?? ''
const wrong = (code: string) => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))
const fragment = ({ body }: Answer) => /#([a-z-]+)$/.exec(String(body['type']))?.[1]

describe('create', () => {
  it('sends a code and answers with the id alone', async () => {
    await begin()
    const created = await create({ channel: 'sms', to, app_hash: 'FA+9qCX9VSu' }, { code_length: 6 })
    expect([created.status, created.body]).toEqual([202, { request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) }])
    expect(sim.phone(number).inbox).toEqual([
      {
        kind: 'sms',
        from: 'ACME',
        text: expect.stringMatching(/^\d{6} is your ACME code\.\nFA\+9qCX9VSu$/),
        at: clock.now(),
      },
    ])
  })

  it.each([
    ['voice', {}, 'call', /^\+\d+$/],
    ['whatsapp', { from: '447700900000' }, 'sms', /^WhatsApp 447700900000$/],
  ])('reaches a phone by %s', async (channel, more, kind, from) => {
    await begin()
    await create({ channel, to, ...more })
    expect(sim.phone(number).inbox).toEqual([expect.objectContaining({ kind, from: expect.stringMatching(from) })])
    expect(lastCode()).toMatch(/^\d{4}$/)
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
    const answer = await create(undefined, fields)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([422, 'application/problem+json'])
    expect(answer.body).toMatchObject({
      type: 'https://developer.vonage.com/en/api-errors#invalid-params',
      invalid_parameters: [{ name }],
    })
    expect(sim.phone(number).inbox).toEqual([])
  })

  it('refuses what is no JSON', async () => {
    await begin()
    expect((await server.call('POST', '/v2/verify/', '{', { authorization })).status).toBe(400)
  })

  it('refuses a number that its operator does not cover, unless told not to ask', async () => {
    await begin()
    sim.phone(number).operator = 'unsupported'
    const refused = await silent()
    expect([refused.status, fragment(refused)]).toEqual([412, 'precondition-failed'])
    expect((await silent({ coverage_check: false })).body).toHaveProperty('check_url')
  })

  it.each(['GET', 'PUT'])('has no %s, and says so in its own way', async (method) => {
    await begin()
    const answer = await call(method, '/v2/verify/')
    expect([answer.status, answer.headers.get('allow'), fragment(answer)]).toEqual([405, 'POST', 'method-not-allowed'])
  })
})

describe('one request for each number', () => {
  it.each([
    ['completed', async (created: Answer) => check(created, lastCode())],
    ['expired', async () => clock.advance(180_000)],
    [
      'cancelled',
      async (created: Answer) => {
        clock.advance(30_000)
        expect((await cancel(created)).status).toBe(204)
      },
    ],
    [
      'ended by wrong codes',
      async (created: Answer) => {
        for (let times = 0; times < 3; times += 1) await check(created, wrong(lastCode()))
      },
    ],
  ])('refuses another with 409 until it is %s', async (_, end) => {
    await begin()
    const created = await create()
    const refused = await silent()
    expect([refused.status, fragment(refused)]).toEqual([409, 'concurrent'])
    expect((await create({ channel: 'sms', to: '12025550102' })).status).toBe(202)
    await end(created)
    expect((await create()).status).toBe(202)
  })

  it('of silent authentication lives a minute, whatever is asked for', async () => {
    await begin()
    await create({ channel: 'silent_auth', to }, { channel_timeout: 900 })
    clock.advance(59_999)
    expect((await create()).status).toBe(409)
    clock.advance(1)
    expect((await create()).status).toBe(202)
  })
})

describe('check', () => {
  it('says completed once', async () => {
    await begin()
    const created = await create()
    const code = lastCode()
    const answer = await check(created, code)
    expect([answer.status, answer.body]).toEqual([200, { request_id: id(created), status: 'completed' }])
    const again = await check(created, code)
    expect([again.status, fragment(again)]).toEqual([404, 'request-not-found'])
  })

  it.each([[410], [404]] as const)('takes three codes of a person; after that it is %i', async (vonageSpentCode) => {
    await begin({ behaviour: { vonageSpentCode } })
    const created = await create()
    const code = lastCode()
    const answers = []
    for (let times = 0; times < 3; times += 1) answers.push(await check(created, wrong(code)))
    expect(answers.map((answer) => [answer.status, fragment(answer)])).toEqual([
      [400, 'invalid-code'],
      [400, 'invalid-code'],
      [410, 'expired'],
    ])
    expect((await check(created, code)).status).toBe(vonageSpentCode)
  })

  it('knows no code after its time, of another account, or of another request', async () => {
    await begin()
    const created = await create()
    const code = lastCode()
    authorization = `Basic ${Buffer.from('other:x').toString('base64')}`
    expect((await check(created, code)).status).toBe(404)
    expect((await cancel(created)).status).toBe(404)
    authorization = basic
    expect((await check(await create({ channel: 'sms', to: '12025550102' }), code)).status).not.toBe(200)
    clock.advance(180_000)
    expect((await check(created, code)).status).toBe(404)
  })

  it.each([{}, { code: 1234 }, { code: '123' }, { code: '12345678901' }])('refuses %j', async (body) => {
    await begin()
    expect((await call('POST', `/v2/verify/${id(await create())}`, body)).status).toBe(422)
  })
})

describe('cancel and next step', () => {
  it('cancels from 30 seconds on, and no earlier', async () => {
    await begin()
    const created = await create()
    clock.advance(29_999)
    expect((await cancel(created)).status).toBe(404)
    clock.advance(1)
    expect((await cancel(created)).status).toBe(204)
    expect((await check(created, lastCode())).status).toBe(404)
  })

  it('takes the next step by itself after a minute, or when told; then it can be cancelled no more', async () => {
    await begin()
    const workflow = [
      { channel: 'silent_auth', to },
      { channel: 'sms', to },
      { channel: 'voice', to },
    ]
    const created = await create(undefined, { workflow })
    clock.advance(60_000)
    expect(sim.phone(number).inbox.map(({ kind }) => kind)).toEqual(['sms'])
    expect((await cancel(created)).status).toBe(404)
    expect((await call('POST', `/v2/verify/${id(created)}/next_workflow`)).status).toBe(200)
    expect(sim.phone(number).inbox.map(({ kind }) => kind)).toEqual(['sms', 'call'])
    expect((await call('POST', `/v2/verify/${id(created)}/next_workflow`)).status).toBe(409)
    expect((await check(created, lastCode())).status).toBe(200)
    expect((await call('POST', `/v2/verify/${id(created)}/next_workflow`)).status).toBe(404)
  })
})

describe('the check URL', () => {
  const url = (created: Answer) => at(created.body, 'check_url')

  it('ends in a code, which is good for one check', async () => {
    await begin()
    const created = await silent()
    expect(fragment(await check(created, 'early1'))).toBe('no-code')
    const opened = await sim.phone(number).open(url(created))
    expect(opened).toMatchObject({ status: 200, body: { request_id: id(created), code: expect.any(String) } })
    expect((await check(created, at(opened.body, 'code'))).body['status']).toBe('completed')
  })

  it('takes one wrong code', async () => {
    await begin()
    const created = await silent()
    const opened = await sim.phone(number).open(url(created))
    expect(fragment(await check(created, 'wrong1'))).toBe('invalid-code')
    expect((await check(created, at(opened.body, 'code'))).status).toBe(410)
  })

  it('is walked once', async () => {
    await begin()
    const created = await silent()
    await sim.phone(number).open(url(created))
    expect(await sim.phone(number).open(url(created))).toMatchObject({ status: 409 })
  })

  it('leads a browser back with the code behind the #', async () => {
    await begin()
    const created = await silent({ redirect_url: 'https://app.example/back?kept=1' })
    const { location = '' } = await sim.phone(number).browse(url(created))
    const { origin, pathname, search, hash } = new URL(location)
    expect([origin, pathname, search]).toEqual(['https://app.example', '/back', '?kept=1'])
    expect(Object.fromEntries(new URLSearchParams(hash.slice(1)))).toEqual({
      request_id: id(created),
      code: expect.any(String),
    })
  })

  it.each<[string, () => void, string, string]>([
    ['another SIM', () => (sim.phone(number).sim = '+12025550199'), 'msisdn-error', 'Device MSISDN does not match.'],
    [
      'Wi-Fi',
      () => (sim.phone(number).mobileData = false),
      'precondition-failed',
      'IP Address does not resolve to a cellular device.',
    ],
    [
      'an operator without it',
      () => (sim.phone(number).operator = 'unsupported'),
      'precondition-failed',
      'Device number does not resolve to a supported Mobile Network Operator.',
    ],
    [
      'an operator that fails',
      () => (sim.phone(number).operator = 'mno_timeout'),
      'network-error',
      'The silent auth verification cannot be completed.',
    ],
  ])('of a phone with %s gives no code, and ends the request', async (_, change, type, words) => {
    await begin({ behaviour: { vonageErrorId: true } })
    change()
    const inBody = await silent({ coverage_check: false })
    const { body } = await sim.phone(number).browse(url(inBody))
    expect(body).toMatchObject({ type: expect.stringMatching(new RegExp(`#${type}$`)), detail: words })
    const behind = await silent({ coverage_check: false, redirect_url: 'https://app.example/back' })
    const { location = '' } = await sim.phone(number).browse(url(behind))
    expect(Object.fromEntries(new URLSearchParams(new URL(location).hash.slice(1)))).toEqual({
      request_id: id(behind),
      error_description: words,
    })
    expect((await check(behind, 'any123')).status).toBe(404)
  })

  it('is over after a minute', async () => {
    await begin()
    const created = await silent()
    clock.advance(60_000)
    expect(await sim.phone(number).open(url(created))).toMatchObject({ status: 404 })
  })
})

describe('numbers of the test country', () => {
  it.each([
    ['9900000000', 200],
    ['9900000001', 404],
    ['9900000099', 404],
  ])('+%s: %i', async (test, status) => {
    await begin()
    const created = await create({ channel: 'sms', to: test })
    expect(created.status).toBe(202)
    expect((await check(created, lastCode(`+${test}`) || '1234')).status).toBe(status)
  })
})

describe('who may call', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = (claims: object = {}, alg = 'RS256', key = privateKey) => {
    const iat = Math.floor(clock.now() / 1000)
    const signed = `${encode({ alg, typ: 'JWT' })}.${encode({ application_id: 'app', iat, exp: iat + 60, jti: 'j', ...claims })}`
    return `Bearer ${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`
  }

  it.each(['', 'Basic ', 'Basic a2V5Og==', 'Bearer x', 'Bearer a.b.c', 'Bearer a.b.c.d'])('not "%s"', async (given) => {
    await begin()
    authorization = given
    const answer = await create()
    expect([answer.status, fragment(answer)]).toEqual([401, 'unauthorized'])
  })

  it('only the accounts given, if any are', async () => {
    await begin({ vonageKeys: { key: 'other' } })
    expect((await create()).status).toBe(401)
    for (const user of ['constructor', '__proto__'])
      expect(
        (await server.call('POST', '/v2/verify/', {}, { authorization: `Basic ${btoa(`${user}:x`)}` })).status,
      ).toBe(401)
    authorization = `Basic ${btoa('key:other')}`
    expect((await create()).status).toBe(202)
  })

  it('an application by the signature of its key, for as long as its token says', async () => {
    await begin({ vonageApplications: { app: pem } })
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const now = Math.floor(clock.now() / 1000)
    const refused = [
      token({}, 'none'),
      token({}, 'HS256'),
      token({}, 'RS256', stranger),
      token({ application_id: 'x' }),
    ]
    for (const given of [...refused, token({ jti: undefined }), token({ application_id: 'constructor' })]) {
      authorization = given
      expect(fragment(await create())).toBe('unauthorized')
    }
    for (const claims of [{ exp: now }, { exp: now - 60 }, { iat: now + 3600 }, { iat: now - 900, exp: undefined }]) {
      authorization = token(claims)
      expect(fragment(await create())).toBe('jwt-expired')
    }
    authorization = token()
    expect((await create()).status).toBe(202)
    clock.advance(60_000)
    expect(fragment(await create())).toBe('jwt-expired')
  })
})

describe('faults', () => {
  it('spoil these calls like any other', async () => {
    await begin()
    sim.fault({ match: 'POST /v2/verify/', status: 429, headers: { 'Retry-After': '3' }, times: 1 })
    const answer = await create()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3'])
    expect((await create()).status).toBe(202)
    expect(sim.count('POST /v2/verify/')).toBe(2)
  })
})
