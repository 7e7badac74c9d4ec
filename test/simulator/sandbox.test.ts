import { afterEach, describe, expect, it } from 'vitest'
import type { Simulator } from '../../src/simulator/index.js'
import { type AppServer, at, checkUrl, setUp } from './support.js'

let sim: Simulator
afterEach(() => sim.close())

/** A device that the simulator does not know, as a real browser is one. */
async function walk(app: AppServer, url: string): Promise<Record<string, unknown>> {
  let cookie = ''
  let next: string | null = url
  while (next !== null) {
    const answer = await app.call('GET', next, undefined, cookie === '' ? {} : { cookie })
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie
    next = answer.headers.get('location')
    if (next === null) return answer.body
  }
  return {}
}

const rule: [string, boolean | 'error'][] = [
  ['+12025550100', true],
  ['+12025550198', true],
  ['+12025550101', false],
  ['+12025550109', false],
  ['+12025550199', 'error'],
]

describe('the sandbox rule', () => {
  it.each(rule)('decides for %s on an unknown device: %s', async (number, outcome) => {
    const world = await setUp()
    sim = world.sim
    const created = await world.app.create(number)
    const id = at(created.body, 'check_id')
    const end = await walk(world.app, checkUrl(created))
    if (outcome === 'error') {
      expect(end).toMatchObject({ check_id: id, error: 'mno_server_error' })
      expect(sim.check(id)?.status).toBe('ERROR')
    } else expect((await world.app.patch(id, at(end, 'code'))).body).toMatchObject({ status: 'COMPLETED', match: outcome })
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
    expect(sim.check(at(created.body, 'check_id'))).toMatchObject(outcome === 'error' ? { status: 'ERROR' } : { match: outcome })
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
    expect(await walk(world.app, checkUrl(await world.app.create('+12025550101')))).toMatchObject({ title: 'Precondition Failed' })
  })
})
