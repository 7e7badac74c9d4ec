import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Fault, Simulator, SimulatorOptions } from '../../src/simulator/index.js'
import { at, checksPath, checkUrl, eventually, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
const start = async (options: SimulatorOptions = {}) => {
  const world = await setUp(options)
  sim = world.sim
  return world
}
afterEach(() => sim.close())

const match = `POST ${checksPath}`

/** What really comes over the socket, and how it ends. */
function raw(token: string): { bytes: () => string; ended: Promise<'end' | 'ECONNRESET' | string> } {
  const body = JSON.stringify({ phone_number: number })
  const socket = connect(Number(new URL(sim.url).port), '127.0.0.1')
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk
  })
  socket.write(
    `POST ${checksPath} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    socket.on('end', () => resolve('end'))
  })
  return { bytes: () => received, ended }
}

describe('a fault', () => {
  it('spoils as many calls as asked, then gives way to the next, then to the truth', async () => {
    const { app } = await start()
    const first = sim.fault({ match, times: 2, status: 503, headers: { 'Retry-After': '9' } })
    const second = sim.fault({ match, times: 1, status: 500 })
    const statuses: number[] = []
    for (let call = 0; call < 4; call += 1) statuses.push((await app.create()).status)
    expect(statuses).toEqual([503, 503, 500, 201])
    expect([first.hits, second.hits]).toEqual([2, 1])
    expect(sim.checks).toHaveLength(1)
    expect(sim.requests.slice(-4).map(({ faulted }) => faulted)).toEqual([true, true, true, false])
  })

  it('can be removed, alone or with all others', async () => {
    const { app } = await start()
    const handle = sim.fault({ match: 'POST /phone_check/**', status: 503 })
    expect((await app.create()).status).toBe(503)
    handle.remove()
    expect((await app.create()).status).toBe(201)
    sim.fault({ match: `${checksPath}`, status: 503 })
    sim.clearFaults()
    expect((await app.create()).status).toBe(201)
  })

  it('answers another status as a problem, with headers, and does not process', async () => {
    const { app } = await start()
    sim.fault({ match, status: 429, headers: { 'Retry-After': '3' } })
    const answer = await app.create()
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('content-type')]).toEqual([
      429,
      '3',
      'application/problem+json',
    ])
    expect(sim.checks).toHaveLength(0)
  })

  it('can process and lie', async () => {
    const { app } = await start()
    sim.fault({ match, status: 502, processed: true })
    expect((await app.create()).status).toBe(502)
    expect(sim.checks).toHaveLength(1)
  })

  it('changes only the status below 400', async () => {
    const { app } = await start()
    sim.fault({ match, status: 202 })
    const answer = await app.create()
    expect([answer.status, answer.body['status']]).toEqual([202, 'ACCEPTED'])
  })

  it('answers another body, JSON or text, under another type', async () => {
    const { app } = await start()
    sim.fault({ match, times: 1, body: { check_id: 1 } })
    expect((await app.create()).body).toEqual({ check_id: 1 })
    sim.fault({ match, times: 1, body: '<html>', headers: { 'content-type': 'text/html' } })
    const html = await fetch(`${sim.url}${checksPath}`, { method: 'POST' })
    expect([html.status, html.headers.get('content-type'), await html.text()]).toEqual([200, 'text/html', '<html>'])
  })

  it('changes the real body', async () => {
    const { app } = await start()
    sim.fault({ match, patchBody: (body) => ({ ...body, check_id: 'other' }) })
    const answer = await app.create()
    expect([answer.status, answer.body['check_id'], answer.body['ttl']]).toEqual([201, 'other', 120])
    expect(sim.checks).toHaveLength(1)
  })

  it('delays on the clock', async () => {
    const { app, clock } = await start()
    sim.fault({ match, delayMs: 3000 })
    const answer = app.create()
    await eventually(() => clock.sleepers === 1)
    clock.advance(2999)
    expect(sim.requests.at(-1)?.status).toBeNull()
    clock.advance(1)
    expect((await answer).status).toBe(201)
  })

  it('announces everything and sends half', async () => {
    const { app } = await start()
    sim.fault({ match, truncate: true })
    const call = raw(app.token)
    expect(await call.ended).toBe('end')
    const [head = '', body = ''] = call.bytes().split('\r\n\r\n')
    const announced = Number(/Content-Length: (\d+)/.exec(head)?.[1])
    expect(body.length).toBe(Math.floor(announced / 2))
    await expect(app.create()).rejects.toThrow()
  })

  it('drips byte by byte', async () => {
    const { app, clock } = await start()
    sim.fault({ match, dripMs: 100, body: 'slow' })
    const call = raw(app.token)
    const arrived = () => call.bytes().split('\r\n\r\n')[1]
    for (const part of ['', 's', 'sl', 'slo']) {
      await eventually(() => clock.sleepers === 1 && arrived() === part)
      clock.advance(100)
    }
    await eventually(() => arrived() === 'slow')
  })

  it('hangs without processing', async () => {
    const { app } = await start()
    sim.fault({ match, hang: true })
    const abort = new AbortController()
    const call = fetch(`${sim.url}${checksPath}`, { method: 'POST', signal: abort.signal })
    await eventually(() => sim.count(match) === 1)
    abort.abort()
    await expect(call).rejects.toThrow()
    expect(sim.requests.at(-1)).toMatchObject({ status: null, faulted: true })
    expect(sim.checks).toHaveLength(0)
    expect(app.token).not.toBe('')
  })

  it.each<[Pick<Fault, 'reset' | 'status'>, number]>([
    [{ reset: 'before' }, 0],
    [{ reset: 'after' }, 1],
    [{ reset: 'after', status: 503 }, 1],
  ])('resets the connection: %j', async (fault, processed) => {
    const { app } = await start()
    sim.fault({ match, ...fault })
    const call = raw(app.token)
    expect(await call.ended).toBe('ECONNRESET')
    expect(call.bytes()).toBe('')
    expect(sim.checks).toHaveLength(processed)
    expect(sim.requests.at(-1)?.status).toBeNull()
  })

  it('pours out a huge body without a length', async () => {
    await start()
    sim.fault({ match, hugeBody: 3_000_000 })
    const response = await fetch(`${sim.url}${checksPath}`, { method: 'POST' })
    expect(response.headers.get('content-length')).toBeNull()
    expect((await response.text()).length).toBe(3_000_000)
  })

  it('reaches the device’s routes too', async () => {
    const { app } = await start()
    const url = checkUrl(await app.create())
    sim.fault({ match: 'GET /phone_check/v0.2/checks/*/redirect', times: 1, reset: 'before' })
    expect((await sim.phone(number).open(url)).error).toBe('sdk_connection_error')
    sim.fault({ match: 'GET /_operator/1', times: 1, truncate: true, body: { a: 1 } })
    expect((await sim.phone(number).open(url)).error).toBe('sdk_connection_error')
    sim.fault({ match: 'GET /_operator/1', times: 1, body: { a: 1 }, headers: { 'content-type': 'application/json' } })
    expect(await sim.phone(number).open(url)).toMatchObject({ status: 200, body: undefined })
    sim.fault({ match: 'GET /_operator/1', times: 1, status: 302, headers: { Location: '' } })
    expect((await sim.phone(number).open(url)).error).toBe('sdk_redirect_error')
  })

  it('does not touch reads of one check when it aims at create', async () => {
    const { app } = await start()
    const id = at((await app.create()).body, 'check_id')
    sim.fault({ match: `GET ${checksPath}/*`, status: 503 })
    expect((await app.call('GET', `${checksPath}/${id}`)).status).toBe(503)
    expect((await app.call('GET', checksPath)).status).toBe(200)
    expect((await sim.phone(number).open(`${sim.url}${checksPath}/${id}/redirect`)).status).toBe(200)
  })

  it.each([
    [{ match: 'checks', status: 500 }, /PATCH \/phone_check/],
    [{ match, stauts: 500 }, /"stauts"/],
    [{ match, status: 'x' }, /"status"/],
    [{ match, times: 0 }, /"times"/],
  ])('is refused when it makes no sense: %j', async (fault, complaint) => {
    await start()
    expect(() => sim.fault(fault as unknown as Fault)).toThrow(complaint)
  })
})
