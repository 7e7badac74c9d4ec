import { afterEach, describe, expect, it } from 'vitest'
import type { NumberOverride, Simulator, SimulatorOptions } from '../../src/simulator/index.js'
import { at, checksPath, checkUrl, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
const start = async (options: SimulatorOptions = {}) => {
  const world = await setUp(options)
  sim = world.sim
  return world
}
afterEach(() => sim.close())

describe('create', () => {
  it.each([number, number.slice(1)])('accepts %s', async (given) => {
    const { app } = await start()
    const created = await app.create(given, { reference_id: 'ref-1' })
    expect(created.status).toBe(201)
    expect(created.headers.get('content-type')).toBe('application/hal+json')
    const id = at(created.body, 'check_id')
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(created.body).toMatchObject({
      status: 'ACCEPTED',
      reference_id: 'ref-1',
      charge_amount: 1,
      charge_currency: 'API',
      snapshot_balance: 99,
      created_at: '2026-01-01T00:00:00+00:00',
      ttl: 120,
      _links: {
        self: { href: `${sim.url}${checksPath}/${id}` },
        check_url: { href: `${sim.url}${checksPath}/${id}/redirect` },
      },
    })
    expect(created.body).not.toHaveProperty('match')
    expect(sim.check(id)).toMatchObject({ phoneNumber: number, status: 'ACCEPTED', match: null, referenceId: 'ref-1' })
  })

  it.each([
    ['a national number', { phone_number: '02079460000' }, 'phone_format_invalid'],
    ['letters', { phone_number: '+1202555O100' }, 'phone_format_invalid'],
    ['white space', { phone_number: '+1 202 555 0100' }, 'phone_format_invalid'],
    ['no number', {}, 'bad_request'],
    ['a number that is no string', { phone_number: 12025550100 }, 'bad_request'],
    ['a redirect_url that is no URL', { phone_number: number, redirect_url: '/back' }, 'bad_request'],
    ['a phone_ip that is no address', { phone_number: number, phone_ip: '1.2.3' }, 'bad_request'],
    ['an array', [], 'bad_request'],
  ])('refuses %s', async (_, body, fragment) => {
    const { app } = await start()
    const answer = await app.call('POST', checksPath, body)
    expect(answer.status).toBe(400)
    expect(at(answer.body, 'type').split('#')[1]).toBe(fragment)
    expect(sim.checks).toHaveLength(0)
  })

  it('refuses broken JSON and other media types', async () => {
    const { app } = await start()
    expect((await app.call('POST', checksPath, '{', { 'content-type': 'application/json' })).status).toBe(400)
    expect(
      (await app.call('POST', checksPath, `phone_number=${number}`, { 'content-type': 'text/plain' })).status,
    ).toBe(415)
    expect((await app.call('POST', checksPath, { phone_number: number, filler: 'x'.repeat(300_000) })).status).toBe(413)
  })

  it('is 400 for an unsupported operator and 412 for a phone_ip on Wi-Fi', async () => {
    const { app } = await start()
    const phone = sim.phone(number)
    expect((await app.create(number, { phone_ip: phone.ip })).status).toBe(201)
    expect((await app.create(number, { phone_ip: '9.9.9.9' })).status).toBe(201)
    const wifi = await app.create(number, { phone_ip: phone.wifiIp })
    expect([wifi.status, wifi.body['type']]).toEqual([412, expect.stringMatching(/#not_mobile_ip$/)])
    phone.operator = 'unsupported'
    const unsupported = await app.create()
    expect([unsupported.status, unsupported.body['type']]).toEqual([400, expect.stringMatching(/#mno_not_supported$/)])
  })

  it.each<[NonNullable<NumberOverride['createProblem']>, number, string | undefined]>([
    ['mno_not_supported', 400, 'mno_not_supported'],
    ['country_not_supported', 400, undefined],
    ['payment_required', 402, undefined],
    ['ip_msisdn_mismatch', 409, 'ip_msisdn_mismatch'],
    ['not_mobile_ip', 412, 'not_mobile_ip'],
    ['too_many_requests', 429, 'too_many_requests'],
  ])('answers the override %s with %i', async (createProblem, status, fragment) => {
    const { app } = await start()
    sim.override(number, { createProblem, retryAfterSeconds: 7 })
    const answer = await app.create()
    expect(answer.status).toBe(status)
    expect(at(answer.body, 'type').split('#')[1]).toBe(fragment)
    expect(answer.headers.get('retry-after')).toBe(status === 429 ? '7' : null)
    sim.override(number, null)
    expect((await app.create()).status).toBe(201)
  })

  it('points problems to the brand', async () => {
    const { app } = await start({ brand: 'idlayr' })
    const answer = await app.create('1')
    expect(answer.body['type']).toBe('https://developer.idlayr.com/docs/reference/api-errors#phone_format_invalid')
  })
})

describe('read and list', () => {
  it('reads one check, of the own project only', async () => {
    const { app, clock } = await start()
    const id = at((await app.create()).body, 'check_id')
    expect((await app.call('GET', `${checksPath}/${id}`)).body).toMatchObject({
      check_id: id,
      status: 'ACCEPTED',
      ttl: 120,
    })
    clock.advance(119_999)
    expect((await app.call('GET', `${checksPath}/${id}`)).body['status']).toBe('ACCEPTED')
    clock.advance(1)
    expect((await app.call('GET', `${checksPath}/${id}`)).body['status']).toBe('EXPIRED')
    await app.authorize('phone_check', 'other:x')
    const foreign = await app.call('GET', `${checksPath}/${id}`)
    expect([foreign.status, foreign.body['type']]).toEqual([404, expect.stringMatching(/#check_not_found$/)])
  })

  it('pages through the own checks, newest first', async () => {
    const { app } = await start()
    const ids: string[] = []
    for (let index = 0; index < 3; index += 1) ids.unshift(at((await app.create()).body, 'check_id'))
    const page = await app.call('GET', `${checksPath}?page=2&size=2`)
    expect(page.body['page']).toEqual({ size: 2, number: 2, total_pages: 2, total_elements: 3 })
    expect(page.body['_embedded']).toMatchObject({ checks: [{ check_id: ids[2] }] })
    expect(page.body['_links']).toHaveProperty('prev')
    expect(page.body['_links']).not.toHaveProperty('next')
    expect((await app.call('GET', `${checksPath}?size=101`)).status).toBe(400)
  })

  it('answers unknown routes and methods in the vendor’s shape', async () => {
    const { app } = await start()
    expect((await app.call('GET', '/phone_check/v9/checks')).status).toBe(404)
    const answer = await app.call('DELETE', checksPath)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, GET'])
    const head = await app.call('HEAD', checkUrl(await app.create()))
    expect(head.status).toBe(405)
  })
})
