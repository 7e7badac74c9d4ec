import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MessageRecord, Simulator, SimulatorOptions } from '../../src/simulator/index.js'
import { isSignedBy, jwksOf, Receiver } from '../support/simulator/receiver.js'
import { type Answer, at, checkUrl, eventually, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
let hook: Receiver
const start = async (options: SimulatorOptions = {}) => {
  const world = await setUp(options)
  sim = world.sim
  return world
}
beforeEach(async () => {
  hook = await Receiver.open()
})
afterEach(async () => {
  await sim.close()
  hook.close()
})

const idOf = (created: Answer) => at(created.body, 'check_id')
const sms = (created: Answer) => sim.phone(number).send(at(created.body, 'mo_receiver'), at(created.body, 'mo_body'))

describe('a callback', () => {
  it('of a PhoneCheck tells its verdict, once, signed', async () => {
    const { app } = await start()
    const created = await app.create(number, { callback_url: hook.url, reference_id: 'ref-1' })
    const opened = await sim.phone(number).open(checkUrl(created))
    await sim.settled()
    expect(hook.received).toEqual([])
    const exchanged = await app.patch(idOf(created), at(opened.body, 'code'))
    await sim.settled()
    expect(hook.bodies).toEqual([
      {
        check_id: idOf(created),
        status: 'COMPLETED',
        match: true,
        network_id: '00101',
        reference_id: 'ref-1',
        charge_amount: 1,
        charge_currency: 'API',
        created_at: '2026-01-01T00:00:00+00:00',
        updated_at: exchanged.body['updated_at'],
      },
    ])
    const [{ target, headers, body } = { target: '', headers: {}, body: '' }] = hook.received
    expect(target).toBe('POST /hooks/phone?tenant=a%20b')
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(body.length),
      'x-tru-callback': 'phone_check',
      date: 'Thu, 01 Jan 2026 00:00:00 GMT',
      host: hook.host,
    })
    const keys = await jwksOf(sim.url)
    expect(isSignedBy(keys, target, headers, body)).toBe(true)
    expect(isSignedBy(keys, target.replace('a%20b', 'other'), headers, body)).toBe(false)
    expect(isSignedBy(keys, target, headers, String(body).replace('true', 'false'))).toBe(false)
    expect(isSignedBy(keys, target, { ...headers, date: 'Thu, 01 Jan 2026 00:00:01 GMT' }, body)).toBe(false)
    expect(sim.callbacks).toEqual([
      {
        kind: 'callback',
        product: 'phone_check',
        checkId: idOf(created),
        attempt: 1,
        status: 200,
        at: Date.UTC(2026, 0, 1),
      },
    ])
  })

  it('of a MOCheck tells whether it was verified', async () => {
    const { app } = await start()
    const [good, bad] = [
      await app.createMo(number, { callback_url: hook.url }),
      await app.createMo(number, { callback_url: hook.url }),
    ]
    await sms(good)
    await sim.settled()
    await sim.deliverSms({ from: '+12025550142', to: at(bad.body, 'mo_receiver'), body: at(bad.body, 'mo_body') })
    await sim.settled()
    expect(hook.bodies).toMatchObject([
      { check_id: idOf(good), status: 'COMPLETED', verified: true },
      { check_id: idOf(bad), status: 'COMPLETED', verified: false },
    ])
    expect(JSON.stringify(hook.bodies)).not.toContain(at(good.body, 'mo_body'))
    expect(hook.received.map(({ headers }) => headers['x-tru-callback'])).toEqual(['mo_check', 'mo_check'])
    const keys = await jwksOf(sim.url)
    expect(hook.received.every(({ target, headers, body }) => isSignedBy(keys, target, headers, body))).toBe(true)
  })

  it('tells of a failure on the way and of one at the exchange', async () => {
    const { app } = await start()
    sim.phone(number).operator = 'mno_timeout'
    await sim.phone(number).open(checkUrl(await app.create(number, { callback_url: hook.url })))
    await sim.settled()
    sim.behaviour.errorDelivery = 'exchange'
    const created = await app.create(number, { callback_url: hook.url })
    const opened = await sim.phone(number).open(checkUrl(created))
    await sim.settled()
    expect(hook.bodies).toHaveLength(1)
    await app.patch(idOf(created), at(opened.body, 'code'))
    sim.override(number, { moCheck: { errorCode: 'mno_server_error' } })
    await sms(await app.createMo(number, { callback_url: hook.url }))
    await sim.settled()
    expect(hook.bodies).toMatchObject([
      { status: 'ERROR', error_code: 'mno_timeout' },
      { status: 'ERROR', error_code: 'mno_timeout' },
      { status: 'ERROR', error_code: 'mno_server_error' },
    ])
  })

  it('tells of expiry by itself, once, though nobody asks', async () => {
    const { app, clock } = await start()
    const check = await app.create(number, { callback_url: hook.url })
    const mo = await app.createMo(number, { callback_url: hook.url })
    clock.advance(120_000)
    await eventually(() => hook.received.length === 1)
    // Were the answer still on its way, it would now come too late.
    await sim.settled()
    clock.advance(180_000)
    await eventually(() => hook.received.length === 2)
    await sim.settled()
    await app.readMo(idOf(mo))
    clock.advance(1_000_000)
    await sim.settled()
    expect(hook.bodies).toMatchObject([
      { check_id: idOf(check), status: 'EXPIRED', updated_at: '2026-01-01T00:02:00+00:00' },
      { check_id: idOf(mo), status: 'EXPIRED', updated_at: '2026-01-01T00:05:00+00:00' },
    ])
    expect(JSON.stringify(hook.bodies)).not.toMatch(/match|verified/)
  })

  it('does not tell of expiry after an end', async () => {
    const { app, clock } = await start()
    await sms(await app.createMo(number, { callback_url: hook.url }))
    clock.advance(1_000_000)
    await sim.settled()
    expect(hook.bodies).toMatchObject([{ status: 'COMPLETED' }])
  })

  it('goes to the project when the check names no URL, for each product its own', async () => {
    const { app } = await start({ clients: { app: { secret: 's3cret', callbackUrls: { mo_check: hook.url } } } })
    await sim.phone(number).open(checkUrl(await app.create()))
    const created = await app.createMo()
    const elsewhere = await app.createMo(number, { callback_url: `http://${hook.host}/own` })
    await sms(created)
    await sim.settled()
    await sms(elsewhere)
    await sim.settled()
    expect(hook.received.map(({ target }) => target)).toEqual(['POST /hooks/phone?tenant=a%20b', 'POST /own'])
    expect(sim.moChecks.map(({ callbackUrl }) => callbackUrl)).toEqual([hook.url, `http://${hook.host}/own`])
    expect(sim.checks[0]?.callbackUrl).toBeNull()
  })

  it('without any URL is none', async () => {
    const { app, clock } = await start()
    await sms(await app.createMo())
    await app.createMo()
    clock.advance(1_000_000)
    await sim.settled()
    expect([sim.callbacks, clock.sleepers]).toEqual([[], 0])
  })
})

describe('where callbacks may go', () => {
  it('is loopback', async () => {
    const { app, clock } = await start()
    await sms(await app.createMo(number, { callback_url: 'https://app.example/hook' }))
    clock.advance(1_000_000)
    await sim.settled()
    expect(sim.callbacks).toMatchObject([{ attempt: 1, status: null, error: 'the host is not loopback' }])
  })

  it('can be opened', async () => {
    const { app } = await start({ behaviour: { callbackHosts: 'any' } })
    await sms(await app.createMo(number, { callback_url: 'http://callbacks.invalid/hook' }))
    await sim.settled()
    expect(sim.callbacks).toMatchObject([{ status: null, error: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) }])
  })

  it('is a URL, at the project too', async () => {
    const { app } = await start({ clients: { app: { secret: 's3cret', callbackUrls: { mo_check: 'nowhere' } } } })
    await sms(await app.createMo())
    await sim.settled()
    expect(sim.callbacks).toMatchObject([{ status: null, error: 'not an http(s) URL' }])
  })
})

it('tells listeners of SMS, calls and callbacks, without a secret', async () => {
  const { app } = await start()
  const heard: MessageRecord[] = []
  const stop = sim.onMessage((message) => heard.push(message))
  sim.onMessage(() => {
    throw new Error('broken listener')
  })
  const created = await app.createMo(number, { callback_url: hook.url })
  await sim.phone(number).send('+447700900999', 'hello')
  await sms(created)
  await sim.settled()
  stop()
  await sim.phone(number).send('+447700900999', 'hello')
  const at0 = Date.UTC(2026, 0, 1)
  expect(heard).toEqual([
    { kind: 'sms', direction: 'from_phone', phone: '+*******0100', delivered: false, at: at0 },
    { kind: 'sms', direction: 'from_phone', phone: '+*******0100', delivered: true, at: at0 },
    { kind: 'callback', product: 'mo_check', checkId: idOf(created), attempt: 1, status: 200, at: at0 },
  ])
})
