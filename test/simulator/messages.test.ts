import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Simulator } from '../../src/simulator/index.js'
import { Receiver } from '../support/simulator/receiver.js'
import { type AppServer, at, IdenfyClient, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
let app: AppServer
beforeEach(async () => {
  const world = await setUp()
  sim = world.sim
  app = world.app
})
afterEach(() => sim.close())

const phonePath = `/_simulator/phones/${number}`

describe('a phone that sends', () => {
  it('keeps what it sent, and shows that it did', async () => {
    const handset = sim.phone(number)
    const created = await app.createMo()
    const [to, body] = [at(created.body, 'mo_receiver'), at(created.body, 'mo_body')]
    await handset.send(to, body)
    await handset.send('50505', 'x')
    await handset.send('+12025550199', 'hello')
    handset.sim = null
    await handset.send(to, body)
    expect(handset.outbox).toMatchObject([
      { to, body, result: 'delivered' },
      { to: '50505', body: 'x', result: 'delivered' },
      { to: '+12025550199', body: 'hello', result: 'dropped' },
      { to, body, result: 'no_sim' },
    ])
    const step = { at: Date.UTC(2026, 0, 1), kind: 'send', url: null, status: null }
    expect(handset.seen).toEqual([
      { ...step, to: '+********0123' },
      { ...step, to: '50505' },
      { ...step, to: '+*******0199', error: 'dropped' },
      { ...step, to: '+********0123', error: 'no_sim' },
    ])
  })
})

describe('the control routes', () => {
  it('show the inbox', async () => {
    await new IdenfyClient(sim).sent()
    const inbox = await (await fetch(`${sim.url}${phonePath}/inbox`)).json()
    expect(inbox).toEqual([expect.objectContaining({ kind: 'sms', from: 'iDenfy' })])
    expect((await app.call('GET', phonePath)).body).toMatchObject({ inbox, outbox: [] })
  })

  it('send, and spoof', async () => {
    const created = await app.createMo()
    const message = { to: at(created.body, 'mo_receiver'), body: at(created.body, 'mo_body') }
    const dropped = await app.call('POST', `${phonePath}/send`, { ...message, to: '+12025550199' })
    expect([dropped.status, dropped.body]).toEqual([200, { result: 'dropped' }])
    sim.behaviour.moWrongSender = 'ignore'
    expect((await app.call('POST', '/_simulator/sms', { ...message, from: '+12025550142' })).body).toEqual({
      result: 'delivered',
    })
    expect(sim.moChecks[0]?.status).toBe('ACCEPTED')
    expect((await app.call('POST', `${phonePath}/send`, message)).body).toEqual({ result: 'delivered' })
    expect(sim.moChecks[0]?.verified).toBe(true)
  })

  it.each([
    ['send', { to: '50505' }, /body must be a string/],
    ['send', { to: 50505, body: '' }, /to must be a string/],
    ['send', { to: '50505', body: '', from: number }, /"from"/],
    ['sms', { to: '50505', body: '' }, /from must be a string/],
    ['sms', { to: '50505', body: '', from: number, at: 1 }, /"at"/],
  ])('refuse %s %j', async (route, body, complaint) => {
    const answer = await app.call('POST', route === 'sms' ? '/_simulator/sms' : `${phonePath}/send`, body)
    expect([answer.status, answer.body['error']]).toEqual([400, expect.stringMatching(complaint)])
    expect(sim.phone(number).outbox).toEqual([])
  })

  it('show the callbacks', async () => {
    const hook = await Receiver.open()
    const created = await app.createMo(number, { callback_url: hook.url })
    await sim.phone(number).send(at(created.body, 'mo_receiver'), at(created.body, 'mo_body'))
    await sim.settled()
    hook.close()
    expect(await (await fetch(`${sim.url}/_simulator/callbacks`)).json()).toEqual([
      expect.objectContaining({ product: 'mo_check', checkId: at(created.body, 'check_id'), attempt: 1, status: 200 }),
    ])
  })

  it.each([`${phonePath}/inbox`, '/_simulator/callbacks'])('guard %s', async (path) => {
    expect((await app.call('GET', path, undefined, { origin: 'https://evil.example' })).status).toBe(403)
  })

  it.each([`${phonePath}/send`, '/_simulator/sms'])('guard %s', async (path) => {
    expect((await app.call('POST', path, { to: '50505', body: 'x' }, { origin: 'https://evil.example' })).status).toBe(
      403,
    )
  })
})

it('the logs hold no number, code, text or credential', async () => {
  // Six digits alone could be part of a time stamp.
  sim.behaviour.moBody = 'sentence'
  const heard: unknown[] = []
  sim.onMessage((message) => heard.push(message))
  const hook = await Receiver.open()
  const idenfy = new IdenfyClient(sim, 'canary-key:canary-secret')
  const id = await idenfy.sent()
  const code = /\d{4}/.exec(sim.phone(number).inbox[0]?.text ?? '')?.[0] ?? ''
  await idenfy.verify(id, code)
  const created = await app.createMo(number, {
    callback_url: `http://${hook.host}/canary-path`,
    reference_id: 'canary-reference',
  })
  await sim.phone(number).send(at(created.body, 'mo_receiver'), at(created.body, 'mo_body'))
  await sim.settled()
  hook.close()
  const written = JSON.stringify([sim.requests, sim.callbacks, heard, sim.phone(number).seen])
  const secrets = [
    number.slice(1),
    app.token,
    `"${code}"`,
    ` ${code}`,
    id,
    JSON.stringify(created.body['mo_body']).slice(1, -1),
    at(created.body, 'mo_receiver'),
    'canary',
  ]
  for (const secret of secrets) expect(written).not.toContain(secret)
  expect([heard.length, sim.callbacks.length]).toEqual([3, 1])
  expect(written).toContain(at(created.body, 'check_id'))
})

it('a closed simulator leaves no delivery, retry or timer behind', async () => {
  const world = await setUp()
  const hook = await Receiver.open()
  const finish = async () => {
    const created = await world.app.createMo(number, { callback_url: hook.url })
    await world.sim.phone(number).send(at(created.body, 'mo_receiver'), at(created.body, 'mo_body'))
  }
  hook.status = 500
  await finish()
  await world.sim.settled()
  await world.app.create(number, { callback_url: hook.url })
  await new IdenfyClient(world.sim).sent()
  hook.status = null
  await finish()
  while (hook.received.length < 2) await new Promise((resolve) => setImmediate(resolve))
  await world.sim.close()
  await world.sim.settled()
  expect(world.clock.sleepers).toBe(0)
  world.clock.advance(1_000_000)
  await world.sim.settled()
  hook.close()
  expect([hook.received.length, world.sim.phone(number).inbox.length]).toEqual([2, 1])
})
