import { afterEach, describe, expect, it } from 'vitest'
import type { Simulator } from '../../src/simulator/index.js'
import { type AppServer, at, checkUrl, type FakeClock, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
let app: AppServer
let clock: FakeClock

const visited = async () => {
  const world = await setUp()
  sim = world.sim
  app = world.app
  clock = world.clock
  const created = await app.create()
  const opened = await sim.phone('+12025550100').open(checkUrl(created))
  return { id: at(created.body, 'check_id'), code: at(opened.body, 'code') }
}
afterEach(() => sim.close())

const notFound = {
  status: 404,
  body: { type: expect.stringMatching(/#check_not_found$/), title: 'Not Found', detail: 'Check Not Found' },
}

describe('the exchange of the code', () => {
  it('needs a visited check', async () => {
    const { code } = await visited()
    const id = at((await app.create()).body, 'check_id')
    expect(await app.patch(id, code)).toMatchObject(notFound)
    sim.behaviour.notVisited = 400
    expect((await app.patch(id, code)).status).toBe(400)
  })

  it('needs the right code, and survives a wrong one', async () => {
    const { id, code } = await visited()
    expect(await app.patch(id, `${code}x`)).toMatchObject(notFound)
    sim.behaviour.wrongCode = 400
    expect((await app.patch(id, '')).status).toBe(400)
    expect((await app.patch(id, code)).body['status']).toBe('COMPLETED')
  })

  it('happens once', async () => {
    const { id, code } = await visited()
    const first = await app.patch(id, code)
    expect(await app.patch(id, code)).toMatchObject(notFound)
    sim.behaviour.reusedCode = 200
    expect((await app.patch(id, code)).body).toEqual(first.body)
  })

  it('happens once under a hundred at once', async () => {
    const { id, code } = await visited()
    const answers = await Promise.all(Array.from({ length: 100 }, () => app.patch(id, code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('must come before the TTL', async () => {
    const { id, code } = await visited()
    clock.advance(120_000)
    expect(await app.patch(id, code)).toMatchObject(notFound)
    sim.behaviour.expiredCheck = 200
    const answer = await app.patch(id, code)
    expect(answer.body['status']).toBe('EXPIRED')
    expect(answer.body).not.toHaveProperty('match')
  })

  it('is for the own project', async () => {
    const { id, code } = await visited()
    await app.authorize('phone_check', 'other:x')
    expect(await app.patch(id, code)).toMatchObject(notFound)
    expect(await app.patch('00000000-0000-0000-0000-000000000000', code)).toMatchObject(notFound)
  })

  it.each(['application/json', 'text/plain'])('refuses %s with 415', async (type) => {
    const { id, code } = await visited()
    const answer = await app.patchRaw(id, JSON.stringify([{ op: 'add', path: '/code', value: code }]), type)
    expect(answer.status).toBe(415)
    expect(sim.check(id)?.status).toBe('PENDING')
  })

  it.each([
    ['an object', { op: 'add', path: '/code', value: 'x' }],
    ['no operation', []],
    [
      'two operations',
      [
        { op: 'add', path: '/code', value: 'x' },
        { op: 'add', path: '/code', value: 'x' },
      ],
    ],
    ['another op', [{ op: 'replace', path: '/code', value: 'x' }]],
    ['another path', [{ op: 'add', path: '/status', value: 'x' }]],
    ['a value that is no string', [{ op: 'add', path: '/code', value: 1 }]],
  ])('refuses %s with 400', async (_, patch) => {
    const { id } = await visited()
    const answer = await app.patchRaw(id, JSON.stringify(patch))
    expect([answer.status, answer.body['type']]).toEqual([400, expect.stringMatching(/#bad_request$/)])
    expect((await app.patchRaw(id, 'not json')).status).toBe(400)
  })
})
