import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type {
  NumberOverride,
  Operator,
  PhoneCheckErrorCode,
  Simulator,
  SimulatorOptions,
} from '../../src/simulator/index.js'
import { at, checkUrl, eventually, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
const start = async (options: SimulatorOptions = {}) => {
  const world = await setUp(options)
  sim = world.sim
  return { ...world, phone: sim.phone(number) }
}
afterEach(() => sim.close())

describe('opening the check URL over mobile data', () => {
  it('ends in a code that the server exchanges for a match', async () => {
    const { app, phone } = await start()
    const created = await app.create(number, { reference_id: 'ref-1' })
    const id = at(created.body, 'check_id')
    const opened = await phone.open(checkUrl(created))
    expect(opened).toMatchObject({
      status: 200,
      body: { check_id: id, code: expect.any(String), reference_id: 'ref-1' },
    })
    expect(sim.check(id)).toMatchObject({ status: 'PENDING', match: true })
    const patched = await app.patch(id, at(opened.body, 'code'))
    expect(patched.status).toBe(200)
    expect(patched.headers.get('content-type')).toBe('application/hal+json')
    expect(patched.body).toMatchObject({
      check_id: id,
      status: 'COMPLETED',
      match: true,
      reference_id: 'ref-1',
      network_id: '00101',
    })
    expect(sim.check(id)?.status).toBe('COMPLETED')
    expect(sim.requests.filter(({ from }) => from === 'device').map(({ status, sdk }) => [status, sdk])).toEqual([
      [302, true],
      [302, true],
      [200, true],
    ])
    expect(phone.seen.map(({ status }) => status)).toEqual([302, 302, 200])
  })

  it('gives a code for another SIM too; only the exchange tells', async () => {
    const { app, phone } = await start()
    phone.sim = '+12025550102'
    const created = await app.create()
    const opened = await phone.open(checkUrl(created))
    expect(opened.status).toBe(200)
    expect(JSON.stringify(opened.body)).not.toContain('match')
    const patched = await app.patch(at(created.body, 'check_id'), at(opened.body, 'code'))
    expect(patched.body).toMatchObject({ status: 'COMPLETED', match: false })
  })

  it('matches the SIM, whichever phone it is in', async () => {
    const { app } = await start()
    const other = sim.phone('+12025550102')
    other.sim = number
    const created = await app.create()
    const opened = await other.open(checkUrl(created))
    expect((await app.patch(at(created.body, 'check_id'), at(opened.body, 'code'))).body['match']).toBe(true)
  })

  it('does not start without mobile data or SIM', async () => {
    const { app, phone } = await start()
    const url = checkUrl(await app.create())
    phone.mobileData = false
    expect(await phone.open(url)).toEqual({ error: 'sdk_no_data_connectivity', error_description: expect.any(String) })
    phone.mobileData = true
    phone.sim = null
    expect((await phone.open(url)).error).toBe('sdk_no_data_connectivity')
    expect(sim.count('GET /phone_check/**')).toBe(0)
    expect(phone.seen.at(-1)).toMatchObject({ url: null, status: null, error: 'sdk_no_data_connectivity' })
  })

  it('answers 412 on Wi-Fi and ends the check', async () => {
    const { app, phone } = await start()
    const created = await app.create()
    phone.mobileData = false
    const seen = await phone.browse(checkUrl(created))
    expect([seen.status, seen.body?.['type']]).toEqual([412, expect.stringMatching(/#not_mobile_ip$/)])
    expect(sim.check(at(created.body, 'check_id'))).toMatchObject({ status: 'ERROR', errorCode: 'not_mobile_ip' })
    phone.mobileData = true
    expect((await phone.open(checkUrl(created))).status).toBe(404)
  })

  it('answers 501 when the operator cannot redirect', async () => {
    const { app, phone } = await start()
    phone.operator = 'no_redirect'
    const opened = await phone.open(checkUrl(await app.create()))
    expect([opened.status, opened.body?.['type']]).toEqual([501, expect.stringMatching(/#mno_redirect_unsupported$/)])
  })

  it.each<[Operator & PhoneCheckErrorCode]>([
    ['mno_timeout'],
    ['mno_user_not_found'],
    ['mno_response_error'],
    ['mno_server_error'],
    ['mno_no_data_available'],
  ])('reports %s at the end of the chain', async (operator) => {
    const { app, phone } = await start()
    phone.operator = operator
    const created = await app.create(number, { reference_id: 'r' })
    const id = at(created.body, 'check_id')
    const opened = await phone.open(checkUrl(created))
    expect(opened.status).toBe(200)
    expect(opened.body).toEqual({
      check_id: id,
      error: operator,
      error_description: expect.any(String),
      reference_id: 'r',
    })
    expect(sim.check(id)).toMatchObject({ status: 'ERROR', errorCode: operator })
    expect((await app.patch(id, 'x')).status).toBe(404)
  })

  it('can keep the error for the exchange', async () => {
    const { app, phone } = await start({ behaviour: { errorDelivery: 'exchange' } })
    phone.operator = 'mno_timeout'
    const created = await app.create()
    const opened = await phone.open(checkUrl(created))
    const patched = await app.patch(at(created.body, 'check_id'), at(opened.body, 'code'))
    expect([patched.status, patched.body['status'], patched.body['error_code']]).toEqual([200, 'ERROR', 'mno_timeout'])
    expect(patched.body).not.toHaveProperty('match')
  })

  it('reports ip_mismatch when the device comes from elsewhere than create said', async () => {
    const { app, phone } = await start()
    const other = sim.phone('+12025550102')
    const same = await phone.open(checkUrl(await app.create(number, { phone_ip: `::ffff:${phone.ip}` })))
    expect(same.body).toHaveProperty('code')
    const foreign = await other.open(checkUrl(await app.create(number, { phone_ip: phone.ip })))
    expect(foreign.body).toMatchObject({ error: 'ip_mismatch' })
  })

  it('takes its time with a slow operator', async () => {
    const { app, phone, clock } = await start()
    phone.operator = 'slow'
    const opening = phone.open(checkUrl(await app.create()))
    await eventually(() => sim.count('GET /_operator/1') === 1 && clock.sleepers === 2)
    clock.advance(4000)
    expect((await opening).body).toHaveProperty('code')
  })

  it('is given up by the phone after 5 s a hop', async () => {
    const { app, phone, clock } = await start({ behaviour: { slowOperatorMs: 60_000 } })
    phone.operator = 'slow'
    const opening = phone.open(checkUrl(await app.create()))
    await eventually(() => sim.count('GET /_operator/1') === 1 && clock.sleepers === 2)
    clock.advance(5000)
    expect((await opening).error).toBe('sdk_connection_error')
    await eventually(() => clock.sleepers === 0)
    expect(sim.requests.at(-1)).toMatchObject({ path: '/_operator/1', status: null })
  })

  it.each<[NumberOverride, object]>([
    [{ match: false }, { match: false }],
    [{ match: true }, { match: true }],
    [{ errorCode: 'mno_timeout' }, { errorCode: 'mno_timeout' }],
    [{ redirectProblem: 'ip_msisdn_mismatch' }, { errorCode: 'ip_msisdn_mismatch', status: 'ERROR' }],
    [{ redirectProblem: 'too_many_requests' }, { errorCode: null, status: 'ACCEPTED' }],
  ])('obeys the override %j', async (override, outcome) => {
    const { app, phone } = await start()
    phone.sim = override.match === true ? '+12025550102' : number
    const created = await app.create()
    sim.override(number, override)
    await phone.open(checkUrl(created))
    expect(sim.check(at(created.body, 'check_id'))).toMatchObject(outcome)
  })

  it('starts over when opened again, and kills the first code', async () => {
    const { app, phone } = await start()
    const created = await app.create()
    const id = at(created.body, 'check_id')
    const first = await phone.open(checkUrl(created))
    const second = await phone.open(checkUrl(created))
    expect((await app.patch(id, at(first.body, 'code'))).status).toBe(404)
    expect((await app.patch(id, at(second.body, 'code'))).body['match']).toBe(true)
    expect(sim.check(id)?.opens).toBe(2)
    expect((await phone.open(checkUrl(created))).status).toBe(404)
    sim.behaviour.checkUrlReuse = 'refuse'
    const once = checkUrl(await app.create())
    expect((await phone.open(once)).status).toBe(200)
    expect((await phone.open(once)).status).toBe(404)
  })

  it('needs the operator’s cookie', async () => {
    const { app } = await start()
    const created = await app.create()
    const first = await app.call('GET', checkUrl(created))
    const hop = await app.call('GET', first.headers.get('location') ?? '')
    expect(hop.headers.get('set-cookie')).toMatch(/^operator_session=/)
    const bare = await app.call('GET', hop.headers.get('location') ?? '')
    expect(bare.body).toMatchObject({ error: 'mno_response_error' })
  })

  it('walks as many hops as asked, and the phone gives up after ten redirects', async () => {
    const { app, phone } = await start({ behaviour: { operatorHops: 10 } })
    expect((await phone.open(checkUrl(await app.create()))).body).toHaveProperty('code')
    sim.behaviour.operatorHops = 11
    expect((await phone.open(checkUrl(await app.create()))).error).toBe('sdk_redirect_error')
    sim.behaviour.operatorHops = 1
    expect((await phone.open(checkUrl(await app.create()))).body).toHaveProperty('code')
  })
})

describe('redirect delivery', () => {
  const back = 'https://app.example/return?keep=a%20b'

  it('sends the browser home with the code', async () => {
    const { app, phone } = await start()
    const created = await app.create(number, { redirect_url: back, reference_id: 'r 1' })
    const id = at(created.body, 'check_id')
    const seen = await phone.browse(checkUrl(created))
    expect(seen.status).toBe(302)
    const location = new URL(seen.location ?? '')
    expect(location.href).toMatch(/^https:\/\/app\.example\/return\?keep=a%20b&check_id=/)
    expect(Object.fromEntries(location.searchParams)).toEqual({
      keep: 'a b',
      check_id: id,
      code: expect.any(String),
      reference_id: 'r 1',
    })
    expect((await app.patch(id, location.searchParams.get('code') ?? '')).body['match']).toBe(true)
    expect(sim.requests.filter(({ from }) => from === 'device').every(({ sdk }) => !sdk)).toBe(true)
  })

  it('sends it home with the error', async () => {
    const { app, phone } = await start()
    phone.operator = 'mno_timeout'
    const created = await app.create(number, { redirect_url: back })
    const location = new URL((await phone.browse(checkUrl(created))).location ?? '')
    expect(Object.fromEntries(location.searchParams)).toEqual({
      keep: 'a b',
      check_id: at(created.body, 'check_id'),
      error: 'mno_timeout',
      error_description: expect.any(String),
    })
  })

  it('has first-hop errors in both shapes', async () => {
    const { app, phone } = await start()
    phone.mobileData = false
    const stranded = await phone.browse(checkUrl(await app.create(number, { redirect_url: back })))
    expect([stranded.status, stranded.location]).toEqual([412, undefined])
    sim.behaviour.firstHopErrors = 'redirect'
    const home = await phone.browse(checkUrl(await app.create(number, { redirect_url: back })))
    expect(new URL(home.location ?? '').searchParams.get('error')).toBe('not_mobile_ip')
    const body = await phone.browse(checkUrl(await app.create()))
    expect([body.status, body.body?.['error']]).toEqual([200, 'not_mobile_ip'])
  })

  it('uses the project’s redirect URL when the check has none', async () => {
    const { app, phone } = await start({
      clients: { app: { secret: 's3cret', redirectUrl: 'https://project.example/' } },
    })
    const project = await phone.browse(checkUrl(await app.create()))
    expect(project.location).toMatch(/^https:\/\/project\.example\/\?check_id=/)
    const own = await phone.browse(checkUrl(await app.create(number, { redirect_url: back })))
    expect(own.location).toMatch(/^https:\/\/app\.example\//)
  })

  it('carries the SDK to a redirect URL on loopback, without the phone’s secret, and to no other', async () => {
    const { app, phone } = await start()
    const headers: Record<string, unknown>[] = []
    const home = createServer((request, response) => {
      headers.push(request.headers)
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"here":true}')
    })
    await new Promise<void>((resolve) => home.listen(0, '127.0.0.1', resolve))
    const { port } = home.address() as AddressInfo
    const opened = await phone.open(
      checkUrl(await app.create(number, { redirect_url: `http://127.0.0.1:${port}/return` })),
    )
    home.close()
    expect(opened.body).toEqual({ here: true })
    expect(headers[0]).toHaveProperty('x-tru-sdk-request')
    expect(JSON.stringify(headers[0])).not.toContain('x-simulator-line')
    const outside = await phone.open(checkUrl(await app.create(number, { redirect_url: back })))
    expect(outside.error).toBe('sdk_connection_error')
  })
})
