import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Simulator } from '../../src/simulator/index.js'
import { type AppServer, checksPath, checkUrl, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
let app: AppServer
beforeEach(async () => {
  const world = await setUp()
  sim = world.sim
  app = world.app
})
afterEach(() => sim.close())

const phonePath = `/_simulator/phones/${number}`

/** fetch would not let us lie about Host. */
function statusWith(headers: Record<string, string>, path = phonePath): Promise<number | undefined> {
  return new Promise((resolve) =>
    request(`${sim.url}${path}`, { headers }, (response) => resolve(response.resume().statusCode)).end(),
  )
}

describe('who may control', () => {
  it.each([
    [{ host: '127.0.0.1' }, 200],
    [{ host: '127.0.0.1:4010' }, 200],
    [{ host: 'localhost:4010' }, 200],
    [{ host: '[::1]:4010' }, 200],
    [{ host: 'evil.example' }, 403],
    [{ host: 'localhost.evil.example' }, 403],
    [{ host: '127.0.0.1.evil.example:80' }, 403],
    [{ host: 'localhost:4010@evil.example' }, 403],
    [{ host: 'localhost', origin: 'http://localhost' }, 200],
    [{ host: 'localhost', origin: 'https://evil.example' }, 403],
    [{ host: 'localhost', origin: 'null' }, 403],
    [{ host: 'localhost:4010', origin: 'http://localhost:3000' }, 403],
    [{ host: 'localhost', 'sec-fetch-site': 'cross-site' }, 403],
    [{ host: 'localhost', 'sec-fetch-site': 'same-site' }, 403],
    [{ host: 'localhost', 'sec-fetch-site': 'same-origin' }, 200],
  ])('%j: %i', async (headers, status) => {
    expect(await statusWith(headers)).toBe(status)
  })

  it('guards every control route', async () => {
    expect(await statusWith({ host: 'evil.example' }, '/_simulator/requests')).toBe(403)
    const put = await app.call('PUT', '/_simulator/browser-phone', { number }, { origin: 'https://evil.example' })
    expect(put.status).toBe(403)
    expect(sim.browserPhone).toBeNull()
  })
})

describe('the control routes', () => {
  it('show and change a phone', async () => {
    const patched = await app.call('PATCH', phonePath, { sim: null, mobileData: false, operator: 'slow' })
    expect(patched.body).toMatchObject({ number, sim: null, mobileData: false, operator: 'slow', inbox: [], seen: [] })
    const handset = sim.phone(number)
    expect([handset.sim, handset.mobileData, handset.operator]).toEqual([null, false, 'slow'])
    expect((await app.call('GET', `/_simulator/phones/${encodeURIComponent(number)}`)).body['ip']).toBe(handset.ip)
  })

  it.each([
    [{ colour: 'red' }, /"colour"/],
    [{ mobileData: false, sim: 12 }, /sim/],
    [{ mobileData: 'no' }, /mobileData/],
    [{ mobileData: false, operator: 'fast' }, /operator/],
  ])('refuse %j and change nothing', async (body, complaint) => {
    const answer = await app.call('PATCH', phonePath, body)
    expect([answer.status, answer.body['error']]).toEqual([400, expect.stringMatching(complaint)])
    expect(sim.phone(number).mobileData).toBe(true)
  })

  it('refuse what is no JSON', async () => {
    expect((await app.call('PATCH', phonePath, '{"mobileData":false}', { 'content-type': 'text/plain' })).status).toBe(
      415,
    )
    expect((await app.call('PATCH', phonePath, '[]', { 'content-type': 'application/json' })).status).toBe(400)
    expect((await app.call('GET', '/_simulator/phones/nobody')).status).toBe(400)
    expect((await app.call('GET', '/_simulator/nothing')).status).toBe(404)
  })

  it('open and browse on a phone', async () => {
    const opened = await app.call('POST', `${phonePath}/open`, { url: checkUrl(await app.create()) })
    expect(opened.body).toMatchObject({ status: 200, body: { code: expect.any(String) } })
    const redirected = await app.create(number, { redirect_url: 'https://app.example/' })
    const browsed = await app.call('POST', `${phonePath}/browse`, { url: checkUrl(redirected) })
    expect(browsed.body).toMatchObject({
      status: 302,
      location: expect.stringMatching(/^https:\/\/app\.example\/\?check_id=/),
    })
    expect((await app.call('POST', `${phonePath}/browse`, { url: 'https://app.example/' })).status).toBe(400)
    expect((await app.call('POST', `${phonePath}/open`, {})).status).toBe(400)
  })

  it('show the calls, without their own', async () => {
    const answer = await fetch(`${sim.url}/_simulator/requests`)
    expect(await answer.json()).toEqual([
      expect.objectContaining({ method: 'POST', path: '/oauth2/v1/token', status: 200 }),
    ])
  })

  it('set and clear faults', async () => {
    expect((await app.call('POST', '/_simulator/faults', { match: `POST ${checksPath}`, status: 503 })).status).toBe(
      201,
    )
    expect((await app.create()).status).toBe(503)
    expect((await app.call('DELETE', '/_simulator/faults')).status).toBe(200)
    expect((await app.create()).status).toBe(201)
    expect((await app.call('POST', '/_simulator/faults', { match: 'checks' })).status).toBe(400)
    expect((await app.call('POST', '/_simulator/faults', { match: '/**', nope: 1 })).body['error']).toContain('"nope"')
  })

  it('are out of reach of faults', async () => {
    sim.fault({ match: '/**', status: 503 })
    expect((await app.call('DELETE', '/_simulator/faults')).status).toBe(200)
  })

  it('choose the phone that browsers run on', async () => {
    await app.call('PUT', '/_simulator/browser-phone', { number })
    expect(sim.browserPhone).toBe(sim.phone(number))
    await app.call('PUT', '/_simulator/browser-phone', { number: null })
    expect(sim.browserPhone).toBeNull()
    expect((await app.call('PUT', '/_simulator/browser-phone', {})).status).toBe(400)
  })
})
