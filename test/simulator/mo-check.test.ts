import { afterEach, describe, expect, it } from 'vitest'
import type { MoCheckOverride, Simulator, SimulatorOptions } from '../../src/simulator/index.js'
import { type Answer, at, moChecksPath, number, setUp } from '../support/simulator/simulator.js'

const stranger = '+12025550142'

let sim: Simulator
const start = async (options: SimulatorOptions = {}) => {
  const world = await setUp(options)
  sim = world.sim
  return world
}
afterEach(() => sim.close())

const idOf = (created: Answer) => at(created.body, 'check_id')
const sendFrom = (phoneNumber: string, created: Answer) =>
  sim.phone(phoneNumber).send(at(created.body, 'mo_receiver'), at(created.body, 'mo_body'))

describe('create', () => {
  it.each([number, number.slice(1)])('accepts %s', async (given) => {
    const { app } = await start()
    const created = await app.createMo(given, { reference_id: 'ref-1' })
    expect([created.status, created.headers.get('content-type')]).toEqual([201, 'application/hal+json'])
    expect(created.headers.has('x-ratelimit-remaining')).toBe(true)
    const id = idOf(created)
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(created.body).toEqual({
      check_id: id,
      status: 'ACCEPTED',
      mo_receiver: expect.stringMatching(/^\+\d{8,}$/),
      mo_body: expect.stringMatching(/^\d{6}$/),
      reference_id: 'ref-1',
      charge_amount: 1,
      charge_currency: 'API',
      snapshot_balance: 99,
      created_at: '2026-01-01T00:00:00+00:00',
      updated_at: '2026-01-01T00:00:00+00:00',
      ttl: 300,
      _links: { self: { href: `${sim.url}${moChecksPath}/${id}` } },
    })
    expect(sim.moChecks).toMatchObject([{ checkId: id, phoneNumber: number, status: 'ACCEPTED', verified: null }])
  })

  it.each([
    ['a national number', { phone_number: '02079460000' }, 'phone_format_invalid'],
    ['no number', {}, 'bad_request'],
    ['a number that is no string', { phone_number: 12025550100 }, 'bad_request'],
    ['a callback_url that is no URL', { phone_number: number, callback_url: '/hook' }, 'bad_request'],
    ['a reference_id that is no string', { phone_number: number, reference_id: 1 }, 'bad_request'],
    ['an array', [], 'bad_request'],
  ])('refuses %s', async (_, body, fragment) => {
    const { app } = await start()
    const answer = await app.call('POST', moChecksPath, body)
    expect([answer.status, at(answer.body, 'type').split('#')[1]]).toEqual([400, fragment])
    expect(sim.moChecks).toEqual([])
  })

  it('needs JSON, a token, and its own scope', async () => {
    const { app } = await start()
    expect((await app.call('POST', moChecksPath, '{}', { 'content-type': 'text/plain' })).status).toBe(415)
    await app.authorize('phone_check')
    expect((await app.createMo()).status).toBe(403)
    app.token = ''
    expect((await app.createMo()).status).toBe(401)
    await app.authorize('mo_check')
    expect((await app.createMo()).status).toBe(201)
    expect((await app.create()).status).toBe(403)
  })

  it.each<[NonNullable<MoCheckOverride['createProblem']>, number, string | undefined]>([
    ['phone_format_invalid', 400, 'phone_format_invalid'],
    ['country_not_supported', 400, undefined],
    ['payment_required', 402, undefined],
    ['too_many_requests', 429, 'too_many_requests'],
  ])('answers the override %s with %i, for MOCheck alone', async (createProblem, status, fragment) => {
    const { app } = await start()
    sim.override(number, { moCheck: { createProblem, retryAfterSeconds: 7 } })
    const answer = await app.createMo()
    expect([answer.status, at(answer.body, 'type').split('#')[1]]).toEqual([status, fragment])
    expect(answer.headers.get('retry-after')).toBe(status === 429 ? '7' : null)
    expect((await app.create()).status).toBe(201)
    sim.override(number, { createProblem: 'payment_required' })
    expect([(await app.create()).status, (await app.createMo()).status]).toEqual([402, 201])
  })

  it('hides ttl and status on request', async () => {
    const { app } = await start({ behaviour: { moTtlField: false, moStatusField: false, moUnverified: 'false' } })
    const created = await app.createMo()
    expect(created.body).not.toHaveProperty('ttl')
    expect(created.body['status']).toBe('ACCEPTED')
    const read = await app.readMo(idOf(created))
    expect(Object.keys(read.body).sort()).toEqual([
      '_links',
      'charge_amount',
      'charge_currency',
      'check_id',
      'created_at',
      'updated_at',
      'verified',
    ])
    expect(read.body['verified']).toBe(false)
  })

  it('has spoilable calls, and no other methods', async () => {
    const { app } = await start()
    sim.fault({ match: `GET ${moChecksPath}/*`, patchBody: (body) => ({ ...body, verified: 'yes' }) })
    expect((await app.readMo(idOf(await app.createMo()))).body['verified']).toBe('yes')
    expect((await app.call('GET', moChecksPath)).status).toBe(405)
  })
})

describe('the SMS', () => {
  it('from the right SIM with the right body verifies', async () => {
    const { app, clock } = await start()
    const created = await app.createMo()
    expect((await app.readMo(idOf(created))).body).not.toHaveProperty('verified')
    clock.advance(5000)
    expect(await sendFrom(number, created)).toBe('delivered')
    const read = await app.readMo(idOf(created))
    expect([read.status, read.headers.get('content-type')]).toEqual([200, 'application/hal+json'])
    expect(read.body).toMatchObject({
      status: 'COMPLETED',
      verified: true,
      ttl: 300,
      updated_at: '2026-01-01T00:00:05+00:00',
    })
    expect(read.body).not.toHaveProperty('mo_body')
  })

  it('needs no mobile data, only a SIM', async () => {
    const { app } = await start()
    const created = await app.createMo()
    const handset = sim.phone(number)
    handset.mobileData = false
    handset.sim = null
    expect(await sendFrom(number, created)).toBe('no_sim')
    expect(sim.moChecks[0]?.status).toBe('ACCEPTED')
    handset.sim = number
    expect(await sendFrom(number, created)).toBe('delivered')
    expect(sim.moChecks[0]?.verified).toBe(true)
  })

  it('comes from the SIM, whatever phone it sits in', async () => {
    const { app } = await start()
    const created = await app.createMo()
    sim.phone(stranger).sim = number
    await sendFrom(stranger, created)
    expect((await app.readMo(idOf(created))).body['verified']).toBe(true)
  })

  it('from another number ends the check as not verified, or changes nothing', async () => {
    const { app } = await start()
    const created = await app.createMo()
    await sendFrom(stranger, created)
    expect((await app.readMo(idOf(created))).body).toMatchObject({ status: 'COMPLETED', verified: false })
    await sendFrom(number, created)
    expect((await app.readMo(idOf(created))).body['verified']).toBe(false)

    sim.behaviour.moWrongSender = 'ignore'
    const other = await app.createMo()
    await sendFrom(stranger, other)
    expect((await app.readMo(idOf(other))).body).toMatchObject({ status: 'ACCEPTED' })
    await sendFrom(number, other)
    expect((await app.readMo(idOf(other))).body['verified']).toBe(true)
  })

  it('with another body changes nothing, or ends the newest check as not verified', async () => {
    const { app } = await start()
    const created = await app.createMo()
    const [receiver, body] = [at(created.body, 'mo_receiver'), at(created.body, 'mo_body')]
    for (const wrong of [`${body} `, body.slice(1), ''])
      expect(await sim.phone(number).send(receiver, wrong)).toBe('delivered')
    expect((await app.readMo(idOf(created))).body['status']).toBe('ACCEPTED')
    sim.behaviour.moWrongBody = 'complete'
    await sim.phone(stranger).send(receiver, 'hello')
    expect((await app.readMo(idOf(created))).body['status']).toBe('ACCEPTED')
    const newer = await app.createMo()
    await sim.phone(number).send(receiver, 'hello')
    expect((await app.readMo(idOf(newer))).body).toMatchObject({ status: 'COMPLETED', verified: false })
    expect((await app.readMo(idOf(created))).body['status']).toBe('ACCEPTED')
  })

  it('finds its own check among several of one number', async () => {
    const { app } = await start()
    const [first, second] = [await app.createMo(), await app.createMo()]
    await sendFrom(number, first)
    expect(sim.moChecks.map(({ checkId, status }) => [checkId, status])).toEqual([
      [idOf(first), 'COMPLETED'],
      [idOf(second), 'ACCEPTED'],
    ])
  })

  it('to an unknown receiver is dropped', async () => {
    const { app } = await start()
    const created = await app.createMo()
    expect(await sim.phone(number).send('+447700900999', at(created.body, 'mo_body'))).toBe('dropped')
    expect(await sim.phone(number).send('', at(created.body, 'mo_body'))).toBe('dropped')
    expect((await app.readMo(idOf(created))).body['status']).toBe('ACCEPTED')
  })

  it.each([
    ['plus', /^\+\d{12}$/],
    ['bare', /^[1-9]\d{11}$/],
    ['short', /^\d{5}$/],
  ] as const)('reaches a receiver of the kind %s', async (moReceiver, shape) => {
    const { app } = await start({ behaviour: { moReceiver } })
    const created = await app.createMo()
    expect(created.body['mo_receiver']).toMatch(shape)
    const elsewhere = moReceiver === 'short' ? '+447700900123' : '50505'
    await sim.phone(number).send(elsewhere, at(created.body, 'mo_body'))
    expect(sim.moChecks[0]?.status).toBe('ACCEPTED')
    await sendFrom(number, created)
    expect(sim.moChecks[0]?.verified).toBe(true)
  })

  it('may be a sentence that survives an sms: link only when it is encoded', async () => {
    const { app } = await start({ behaviour: { moBody: 'sentence' } })
    const created = await app.createMo()
    const [receiver, body] = [at(created.body, 'mo_receiver'), at(created.body, 'mo_body')]
    for (const special of ['&', '?', '#', '%', '+', '=', ' ', '"', "'", ';', '/', 'ä']) expect(body).toContain(special)
    const naive = new URL(`sms:${receiver}?body=${body}`)
    await sim.phone(number).send(receiver, naive.searchParams.get('body') ?? '')
    expect(sim.moChecks[0]?.status).toBe('ACCEPTED')
    const encoded = new URL(`sms:${receiver}?body=${encodeURIComponent(body)}`)
    await sim.phone(number).send(receiver, decodeURIComponent(encoded.search.slice('?body='.length)))
    expect(sim.moChecks[0]?.verified).toBe(true)
  })

  it('can be spoofed by a test', async () => {
    const { app } = await start()
    const created = await app.createMo()
    const [to, body] = [at(created.body, 'mo_receiver'), at(created.body, 'mo_body')]
    expect(await sim.deliverSms({ from: number, to: '+447700900999', body })).toBe('dropped')
    expect(await sim.deliverSms({ from: 'Bank', to, body: 'x' })).toBe('delivered')
    expect(await sim.deliverSms({ from: number, to, body })).toBe('delivered')
    expect(sim.moChecks[0]?.verified).toBe(true)
  })

  it('can be judged by an override', async () => {
    const { app } = await start()
    sim.override(number, { moCheck: { verified: false } })
    const refused = await app.createMo()
    await sendFrom(number, refused)
    expect((await app.readMo(idOf(refused))).body).toMatchObject({ status: 'COMPLETED', verified: false })
    sim.override(number, { moCheck: { errorCode: 'mno_server_error' } })
    const failed = await app.createMo()
    await sendFrom(number, failed)
    const read = await app.readMo(idOf(failed))
    expect(read.body).toMatchObject({ status: 'ERROR', error_code: 'mno_server_error' })
    expect(read.body).not.toHaveProperty('verified')
  })
})

describe('its time', () => {
  it('is over after the TTL, for the SMS too', async () => {
    const { app, clock } = await start({ behaviour: { moTtlSeconds: 60 } })
    const created = await app.createMo()
    expect(created.body['ttl']).toBe(60)
    clock.advance(59_999)
    expect((await app.readMo(idOf(created))).body['status']).toBe('ACCEPTED')
    clock.advance(1)
    expect(await sendFrom(number, created)).toBe('delivered')
    const read = await app.readMo(idOf(created))
    expect(read.body).toMatchObject({ status: 'EXPIRED', updated_at: '2026-01-01T00:01:00+00:00' })
    expect(read.body).not.toHaveProperty('verified')
  })

  it('does not undo a verdict', async () => {
    const { app, clock } = await start()
    const created = await app.createMo()
    await sendFrom(number, created)
    clock.advance(1_000_000)
    expect((await app.readMo(idOf(created))).body).toMatchObject({ status: 'COMPLETED', verified: true })
  })
})

it('shows a check to its own project only, and knows no others', async () => {
  const { app } = await start()
  const created = await app.createMo()
  await app.authorize('mo_check', 'other:x')
  for (const id of [idOf(created), '00000000-0000-4000-8000-000000000000']) {
    const answer = await app.readMo(id)
    expect([answer.status, answer.body['type']]).toEqual([404, expect.stringMatching(/#check_not_found$/)])
  }
})
