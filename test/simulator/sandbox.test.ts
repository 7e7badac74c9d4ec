import { afterEach, describe, expect, it } from 'vitest'
import type { Simulator } from '../../src/simulator/index.js'
import { at, checkUrl, setUp, walk } from '../support/simulator/simulator.js'

let sim: Simulator
afterEach(() => sim.close())

const rule: [string, boolean | 'error'][] = [
  ['+12025550100', true],
  ['+12025550198', true],
  ['+12025550101', false],
  ['+12025550109', false],
  ['+12025550199', 'error'],
]

describe('the sandbox rule', () => {
  it.each(rule)('decides for %s on an ordinary browser in a sandbox project: %s', async (number, outcome) => {
    const world = await setUp({ sandbox: true })
    sim = world.sim
    const created = await world.app.create(number)
    const id = at(created.body, 'check_id')
    const end = await walk(world.app, checkUrl(created))
    if (outcome === 'error') {
      expect(end).toMatchObject({ check_id: id, error: 'mno_server_error' })
      expect(sim.check(id)?.status).toBe('ERROR')
    } else
      expect((await world.app.patch(id, at(end, 'code'))).body).toMatchObject({ status: 'COMPLETED', match: outcome })
  })

  it.each(rule)('decides for %s on any phone in a sandbox project: %s', async (number, outcome) => {
    const world = await setUp({ sandbox: true })
    sim = world.sim
    const phone = sim.phone('+12025550177')
    phone.operator = 'mno_timeout'
    phone.mobileData = false
    const created = await world.app.create(number, { phone_ip: phone.wifiIp })
    const end = await phone.browse(checkUrl(created))
    expect(end.status).toBe(200)
    expect(sim.check(at(created.body, 'check_id'))).toMatchObject(
      outcome === 'error' ? { status: 'ERROR' } : { match: outcome },
    )
  })

  it('does not apply to a phone in a live project', async () => {
    const world = await setUp()
    sim = world.sim
    const created = await world.app.create('+12025550199')
    await sim.phone('+12025550199').open(checkUrl(created))
    expect(sim.check(at(created.body, 'check_id'))).toMatchObject({ match: true })
  })

  it('does not apply to a browser that runs on a phone', async () => {
    const world = await setUp()
    sim = world.sim
    const phone = sim.phone('+12025550101')
    sim.browserPhone = phone
    const created = await world.app.create('+12025550101')
    await walk(world.app, checkUrl(created))
    expect(sim.check(at(created.body, 'check_id'))).toMatchObject({ match: true })
    phone.mobileData = false
    expect(await walk(world.app, checkUrl(await world.app.create('+12025550101')))).toMatchObject({
      title: 'Precondition Failed',
    })
  })
})

describe('an ordinary browser without the sandbox rule', () => {
  const start = async (number: string) => {
    const world = await setUp()
    sim = world.sim
    const visit = async (more: object = {}) => {
      const created = await world.app.create(number, more)
      const id = at(created.body, 'check_id')
      return { id, end: await walk(world.app, checkUrl(created)) }
    }
    const matchOf = async ({ id, end }: { id: string; end: Record<string, unknown> }) =>
      (await world.app.patch(id, at(end, 'code'))).body['match']
    return { phone: sim.phone(number), visit, matchOf }
  }

  it.each(rule)('is the phone of %s, whose own SIM matches', async (number) => {
    const { visit, matchOf } = await start(number)
    expect(await matchOf(await visit())).toBe(true)
  })

  it("has that phone's SIM", async () => {
    const { phone, visit, matchOf } = await start('+12025550100')
    phone.sim = '+12025550102'
    expect(await matchOf(await visit())).toBe(false)
  })

  it("has that phone's mobile data", async () => {
    const { phone, visit, matchOf } = await start('+12025550100')
    phone.mobileData = false
    expect((await visit()).end).toMatchObject({ title: 'Precondition Failed' })
    phone.mobileData = true
    expect(await matchOf(await visit())).toBe(true)
    phone.sim = null
    expect((await visit()).end).toMatchObject({ title: 'Precondition Failed' })
  })

  it("has that phone's operator", async () => {
    const { phone, visit } = await start('+12025550100')
    phone.operator = 'mno_timeout'
    expect((await visit()).end).toMatchObject({ error: 'mno_timeout' })
    phone.operator = 'no_redirect'
    expect((await visit()).end).toMatchObject({ title: 'Not Implemented' })
  })

  it('has the address that the app has seen', async () => {
    const { visit, matchOf } = await start('+12025550100')
    expect(await matchOf(await visit({ phone_ip: '203.0.113.7' }))).toBe(true)
  })
})
