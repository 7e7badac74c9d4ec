import { request } from 'node:http'
import { afterEach, expect, it } from 'vitest'
import type { RequestRecord, Simulator } from '../../src/simulator/index.js'
import { at, checksPath, checkUrl, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
afterEach(() => sim.close())

it('counts calls by pattern', async () => {
  const { app } = await setUp().then((world) => {
    sim = world.sim
    return world
  })
  await app.create()
  await app.create()
  await app.call('GET', checksPath)
  expect(sim.count(`POST ${checksPath}`)).toBe(2)
  expect(sim.count(checksPath)).toBe(3)
  expect(sim.count(`* ${checksPath}`)).toBe(3)
  expect(sim.count('post /oauth2/v1/token')).toBe(1)
  expect(sim.count(`PATCH ${checksPath}/*`)).toBe(0)
  expect(() => sim.count('checks')).toThrow(TypeError)
})

it('tells listeners, even after one of them has failed', async () => {
  const world = await setUp()
  sim = world.sim
  const heard: RequestRecord[] = []
  sim.onRequest(() => {
    throw new Error('broken listener')
  })
  const stop = sim.onRequest((record) => heard.push(record))
  await world.app.create()
  stop()
  await world.app.create()
  expect(heard).toEqual([
    {
      method: 'POST',
      path: checksPath,
      status: 201,
      from: 'server',
      at: world.clock.now(),
      sdk: false,
      faulted: false,
    },
  ])
})

it('holds no number, token, code, secret or query', async () => {
  const world = await setUp()
  sim = world.sim
  const { app } = world
  await app.authorize('phone_check coverage', 'canary-client:canary-secret')
  const created = await app.create(number, {
    reference_id: 'canary-reference',
    redirect_url: 'https://app.example/canary-return',
  })
  const phone = sim.phone(number)
  const seen = await phone.browse(checkUrl(created))
  const code = new URL(seen.location ?? '').searchParams.get('code') ?? ''
  await app.patch(at(created.body, 'check_id'), code)
  await app.call('GET', `${checksPath}?search=canary-query`)
  await app.call('GET', `/wrong/${encodeURIComponent(number)}/${number.slice(1)}`)
  await phone.open(`${sim.url}/oops/${number}?canary-query`)
  const written = JSON.stringify([sim.requests, phone.seen])
  for (const secret of [number.slice(1), app.token, code, 'canary', 'session']) expect(written).not.toContain(secret)
  expect(written).toContain(at(created.body, 'check_id'))
})

it('spells the headers that SDKs look for as they expect, and sends small bodies whole', async () => {
  const world = await setUp()
  sim = world.sim
  const url = checkUrl(await world.app.create())
  const names = await new Promise<string[]>((resolve) =>
    request(url, (response) => resolve(response.resume().rawHeaders)).end(),
  )
  expect(names).toContain('Location')
  const gone = await new Promise<string[]>((resolve) =>
    request(`${sim.url}/_operator/1`, (response) => resolve(response.resume().rawHeaders)).end(),
  )
  expect(gone).toEqual(expect.arrayContaining(['Content-Type', 'application/problem+json', 'Content-Length']))
  expect(gone).not.toContain('Transfer-Encoding')
})
