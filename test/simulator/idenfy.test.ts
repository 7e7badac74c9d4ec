import { afterEach, describe, expect, it } from 'vitest'
import type { IdenfyOverride, Simulator, SimulatorOptions } from '../../src/simulator/index.js'
import { at, IdenfyClient, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
let idenfy: IdenfyClient
const start = async (options: SimulatorOptions = {}) => {
  const world = await setUp(options)
  sim = world.sim
  idenfy = new IdenfyClient(sim)
  return world
}
afterEach(() => sim.close())

/** Hands out these codes, then the last one for ever. */
const codes = (...list: string[]) => {
  let drawn = 0
  return () => list[Math.min(drawn++, list.length - 1)] ?? ''
}
const other = (code: string) => (code === '0000' ? '0001' : '0000')
const lastCode = () => /\b\d{4}\b/.exec(sim.phone(number).inbox.at(-1)?.text ?? '')?.[0] ?? ''

describe('send-sms', () => {
  it('sends the vendor’s text and answers the request id alone', async () => {
    await start({ codes: codes('1234', '5678') })
    const answer = await idenfy.send(number, { sender_name: 'The Sender', unknown: true })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(answer.body).toEqual({ request_id: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(sim.phone(number).inbox).toEqual([
      {
        kind: 'sms',
        from: 'The Sender',
        text: 'The Sender code: 1234. Valid for 5 minutes.',
        at: Date.UTC(2026, 0, 1),
      },
    ])
  })

  it('names iDenfy when no sender is given, and takes eleven characters', async () => {
    await start({ codes: () => '0042' })
    await idenfy.send()
    await idenfy.send('+12025550102', { sender_name: 'ÄÖÜ-Bank 12' })
    expect([number, '+12025550102'].map((each) => sim.phone(each).inbox[0]?.text)).toEqual([
      'iDenfy code: 0042. Valid for 5 minutes.',
      'ÄÖÜ-Bank 12 code: 0042. Valid for 5 minutes.',
    ])
  })

  it('reaches the SIM, wherever it sits, and no phone without it', async () => {
    await start()
    const [own, lent] = [sim.phone(number), sim.phone('+12025550102')]
    own.sim = null
    lent.sim = number
    await idenfy.send()
    expect([own.inbox.length, lent.inbox.length]).toEqual([0, 1])
    lent.sim = null
    expect((await idenfy.send('+12025550102')).status).toBe(200)
    expect(lent.inbox).toHaveLength(1)
  })

  it.each([
    ['no number', {}, 'MISSING_VALUE'],
    ['a number that is no string', { phone_number: 12025550100 }, 'BAD_VALUE'],
    ['a null number', { phone_number: null }, 'BAD_VALUE'],
    ['a number without its plus', { phone_number: '12025550100' }, 'VALIDATION_ERROR'],
    ['a national number', { phone_number: '02079460000' }, 'VALIDATION_ERROR'],
    ['a number with spaces', { phone_number: '+1 202 555 0100' }, 'VALIDATION_ERROR'],
    ['a sender of twelve characters', { phone_number: number, sender_name: 'twelve chars' }, 'VALIDATION_ERROR'],
    ['an empty sender', { phone_number: number, sender_name: '' }, 'VALIDATION_ERROR'],
    ['a sender that is no string', { phone_number: number, sender_name: 7 }, 'BAD_VALUE'],
    ['an array', [], 'JSON_ERROR'],
  ])('refuses %s', async (_, body, identifier) => {
    await start()
    const answer = await idenfy.call('/fraud/send-sms', body)
    expect(answer.status).toBe(400)
    expect(answer.body).toEqual({ identifier, message: expect.any(String) })
    expect(sim.phone(number).inbox).toEqual([])
  })

  it('refuses what is no JSON', async () => {
    await start()
    expect((await idenfy.call('/fraud/send-sms', '{', { 'content-type': 'application/json' })).body['identifier']).toBe(
      'JSON_ERROR',
    )
    expect(
      (await idenfy.call('/fraud/send-sms', 'phone_number=1', { 'content-type': 'text/plain' })).body['identifier'],
    ).toBe('JSON_ERROR')
  })

  it('refuses a second request while one is open, from any partner', async () => {
    await start()
    await idenfy.sent()
    for (const client of [idenfy, new IdenfyClient(sim, 'other:x')]) {
      const again = await client.send()
      expect([again.status, again.body['identifier']]).toEqual([400, 'VALIDATION_ERROR'])
    }
    expect(sim.phone(number).inbox).toHaveLength(1)
    expect((await idenfy.send('+12025550102')).status).toBe(200)
  })

  it('or takes it and ends the first, which calls no more', async () => {
    const { clock } = await start({
      behaviour: { idenfySecondSend: 'accept' },
      codes: codes('1111', '2222', '3333', '4444'),
    })
    const first = await idenfy.sent()
    clock.advance(60_000)
    const second = await idenfy.sent()
    expect(await idenfy.verify(first, '1111')).toBe(false)
    clock.advance(60_000)
    expect(sim.phone(number).inbox.map(({ kind }) => kind)).toEqual(['sms', 'sms'])
    expect(await idenfy.verify(second, '3333')).toBe(true)
  })

  it.each<[NonNullable<IdenfyOverride['sendError']>, number, string | undefined]>([
    ['payment_required', 402, undefined],
    ['token_limit', 400, 'PERMISSIONS_ERROR'],
    ['partner_inactive', 403, undefined],
    ['too_many_requests', 429, 'TOO_MANY_REQUESTS'],
    ['internal_error', 500, 'INTERNAL_ERROR'],
  ])('answers the override %s with %i', async (sendError, status, identifier) => {
    await start()
    sim.override(number, { idenfy: { sendError } })
    const answer = await idenfy.send()
    expect([answer.status, answer.body['identifier'], typeof answer.body['message']]).toEqual([
      status,
      identifier,
      'string',
    ])
    expect(sim.phone(number).inbox).toEqual([])
    sim.override(number, null)
    expect((await idenfy.send()).status).toBe(200)
  })
})

describe('verify-sms', () => {
  it('confirms the code, once', async () => {
    await start()
    const id = await idenfy.sent()
    const answer = await idenfy.call('/fraud/verify-sms', { request_id: id, received_code: lastCode(), unknown: 1 })
    expect([answer.status, answer.body]).toEqual([200, { is_verified: true }])
    expect(await idenfy.verify(id, lastCode())).toBe(false)
    expect((await idenfy.send()).status).toBe(200)
  })

  it('keeps leading zeros', async () => {
    await start({ codes: codes('0007', '0000') })
    const id = await idenfy.sent()
    expect(sim.phone(number).inbox[0]?.text).toContain(' 0007.')
    expect(await idenfy.verify(id, '0007')).toBe(true)
  })

  it('ends with the third wrong code', async () => {
    const { clock } = await start()
    const id = await idenfy.sent()
    const code = lastCode()
    for (let tries = 0; tries < 2; tries += 1) expect(await idenfy.verify(id, other(code))).toBe(false)
    expect((await idenfy.send()).status).toBe(400)
    expect(await idenfy.verify(id, other(code))).toBe(false)
    expect(await idenfy.verify(id, code)).toBe(false)
    clock.advance(600_000)
    expect(sim.phone(number).inbox).toHaveLength(1)
    expect((await idenfy.send()).status).toBe(200)
  })

  it('survives two wrong codes', async () => {
    await start()
    const id = await idenfy.sent()
    for (let tries = 0; tries < 2; tries += 1) await idenfy.verify(id, other(lastCode()))
    expect(await idenfy.verify(id, lastCode())).toBe(true)
  })

  it('takes no code of another request', async () => {
    await start({ codes: codes('1111', '2222', '3333', '4444') })
    const [mine, theirs] = [await idenfy.sent(), await idenfy.sent('+12025550102')]
    expect(await idenfy.verify(mine, '3333')).toBe(false)
    expect(await idenfy.verify(theirs, '3333')).toBe(true)
  })

  it('knows no foreign and no made-up request: false, or 400', async () => {
    await start()
    const id = await idenfy.sent()
    const stranger = new IdenfyClient(sim, 'other:x')
    expect(await stranger.verify(id, lastCode())).toBe(false)
    expect(await idenfy.verify('0'.repeat(32), '1234')).toBe(false)
    sim.behaviour.idenfyUnknownRequest = 400
    const unknown = await idenfy.call('/fraud/verify-sms', { request_id: '0'.repeat(32), received_code: '1234' })
    expect([unknown.status, unknown.body['identifier']]).toEqual([400, 'BAD_VALUE'])
    expect(await idenfy.verify(id, lastCode())).toBe(true)
  })

  it.each([
    ['no request id', { received_code: '1234' }, 'MISSING_VALUE'],
    ['a short request id', { request_id: 'a'.repeat(31), received_code: '1234' }, 'VALIDATION_ERROR'],
    ['a long request id', { request_id: 'a'.repeat(41), received_code: '1234' }, 'VALIDATION_ERROR'],
    ['no code', { request_id: 'a'.repeat(32) }, 'MISSING_VALUE'],
    ['a code that is a number', { request_id: 'a'.repeat(32), received_code: 1234 }, 'BAD_VALUE'],
    ['three digits', { request_id: 'a'.repeat(32), received_code: '123' }, 'VALIDATION_ERROR'],
    ['letters', { request_id: 'a'.repeat(32), received_code: '12a4' }, 'VALIDATION_ERROR'],
    ['other digits', { request_id: 'a'.repeat(32), received_code: '١٢٣٤' }, 'VALIDATION_ERROR'],
  ])('refuses %s', async (_, body, identifier) => {
    await start()
    const answer = await idenfy.call('/fraud/verify-sms', body)
    expect([answer.status, answer.body['identifier']]).toEqual([400, identifier])
  })

  it('does not count what is malformed as a wrong code', async () => {
    await start()
    const id = await idenfy.sent()
    for (let tries = 0; tries < 5; tries += 1) expect(await idenfy.verify(id, '12')).toBeUndefined()
    expect(await idenfy.verify(id, lastCode())).toBe(true)
  })
})

describe('who may call', () => {
  it.each(['', 'key', 'key:', ':secret'])('not "%s"', async (credentials) => {
    await start()
    idenfy.credentials = credentials
    const answer = await idenfy.send()
    expect([answer.status, answer.body]).toEqual([
      401,
      { identifier: 'UNAUTHORIZED', message: 'Invalid authorization credentials' },
    ])
  })

  it('only the partners given, if any are', async () => {
    await start({ idenfyKeys: { key: 's3cret:x' } })
    for (const wrong of ['key:s3cret', 'other:s3cret:x', 'constructor:x']) {
      idenfy.credentials = wrong
      expect((await idenfy.send()).status).toBe(401)
    }
    idenfy.credentials = 'key:s3cret:x'
    expect((await idenfy.send()).status).toBe(200)
  })

  it.each([
    ['identifier', 401, 'UNAUTHORIZED'],
    ['bare', 401, undefined],
    ['bad_request', 400, 'UNAUTHORIZED'],
  ] as const)('says so as %s', async (idenfyUnauthorized, status, identifier) => {
    await start({ behaviour: { idenfyUnauthorized } })
    idenfy.credentials = ''
    const answer = await idenfy.send()
    expect([answer.status, answer.body['identifier'], answer.body['message']]).toEqual([
      status,
      identifier,
      'Invalid authorization credentials',
    ])
  })

  it('so many times an hour', async () => {
    const { clock } = await start({ behaviour: { idenfyRateLimitPerHour: 2 } })
    const statuses: number[] = []
    for (let call = 0; call < 3; call += 1) statuses.push((await idenfy.send(`+1202555010${call}`)).status)
    expect(statuses).toEqual([200, 200, 429])
    expect((await idenfy.send()).body['identifier']).toBe('TOO_MANY_REQUESTS')
    expect((await new IdenfyClient(sim, 'other:x').send()).status).toBe(400)
    clock.advance(3_600_000)
    expect((await idenfy.send()).status).toBe(200)
  })

  it('by POST, to known paths, with small bodies', async () => {
    const { app } = await start()
    const get = await app.call('GET', '/fraud/send-sms')
    expect([get.status, get.body['identifier'], get.headers.get('allow')]).toEqual([405, 'METHOD_NOT_ALLOWED', 'POST'])
    const lost = await app.call('POST', '/fraud/send-mail', {})
    expect([lost.status, Object.keys(lost.body)]).toEqual([404, ['message']])
    expect((await idenfy.send(number, { filler: 'x'.repeat(300_000) })).status).toBe(413)
  })
})

it('is spoilable and logged like the rest', async () => {
  await start()
  sim.fault({ match: 'POST /fraud/send-sms', times: 1, reset: 'after' })
  await expect(idenfy.send()).rejects.toThrow()
  expect(sim.phone(number).inbox).toHaveLength(1)
  sim.fault({ match: 'POST /fraud/verify-sms', times: 1, body: { is_verified: 'true' } })
  expect(await idenfy.verify('a'.repeat(32), '1234')).toBe('true')
  expect(sim.requests.slice(-2)).toMatchObject([
    { path: '/fraud/send-sms', from: 'server', faulted: true },
    { path: '/fraud/verify-sms', from: 'server', faulted: true },
  ])
})

it('fails loudly on codes that are none', async () => {
  await start({ codes: () => '12345' })
  const answer = await idenfy.send()
  expect([answer.status, at(answer.body, 'title')]).toEqual([500, expect.stringMatching(/four digits/)])
})
