import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import ipaddr from 'ipaddr.js'
import { afterEach, describe, expect, it } from 'vitest'
import type { Operator, Simulator } from '../../src/simulator/index.js'
import { number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
const phone = async () => {
  sim = (await setUp()).sim
  return sim.phone(number)
}
afterEach(() => sim.close())

async function serving<T>(listener: RequestListener, work: (origin: string) => Promise<T>): Promise<T> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.close()
  }
}

describe('a virtual phone', () => {
  it('is one per number, with its own SIM', async () => {
    const handset = await phone()
    expect(sim.phone(number)).toBe(handset)
    expect(sim.phone('+12025550102')).not.toBe(handset)
    expect([handset.number, handset.sim, handset.mobileData, handset.operator, handset.inbox]).toEqual([
      number,
      number,
      true,
      'supported',
      [],
    ])
  })

  it('has addresses that look public and are its own', async () => {
    await phone()
    const addresses = Array.from({ length: 500 }, (_, index) => sim.phone(`+1202555${1000 + index}`)).flatMap(
      ({ ip, wifiIp }) => [ip, wifiIp],
    )
    expect(new Set(addresses).size).toBe(1000)
    expect(new Set(addresses.map((address) => ipaddr.parse(address).range()))).toEqual(new Set(['unicast']))
  })

  it('refuses what is no number, SIM or operator', async () => {
    const handset = await phone()
    expect(() => sim.phone('12025550100')).toThrow(TypeError)
    expect(() => sim.phone('+1202')).toThrow(TypeError)
    expect(() => {
      handset.sim = 'x'
    }).toThrow(TypeError)
    expect(() => {
      handset.operator = 'fast' as Operator
    }).toThrow(/supported, slow/)
  })

  it('opens loopback http(s) only', async () => {
    const handset = await phone()
    expect((await handset.open('ftp://127.0.0.1/')).error).toBe('invalid scheme')
    expect((await handset.open('nonsense')).error).toBe('invalid scheme')
    expect((await handset.open('https://example.com/')).error).toBe('sdk_connection_error')
    expect((await handset.open('http://127.0.0.1:1/')).error).toBe('sdk_connection_error')
    await expect(handset.browse('https://example.com/')).rejects.toThrow(TypeError)
  })

  it('keeps one SDK id and its cookies over all hops', async () => {
    const handset = await phone()
    const seen: unknown[][] = []
    const listener: RequestListener = (request, response) => {
      seen.push([request.url, request.headers['x-tru-sdk-request'], request.headers.cookie])
      if (request.url === '/a')
        response.writeHead(302, { Location: '/b', 'Set-Cookie': ['all=1', 'narrow=2; Path=/c', 'gone=3; Max-Age=0'] })
      else if (request.url === '/b') response.writeHead(307, { location: 'c?x=1' })
      response.end()
    }
    await serving(listener, (origin) => handset.open(`${origin}/a`))
    const id = seen[0]?.[1]
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(seen).toEqual([
      ['/a', id, undefined],
      ['/b', id, 'all=1'],
      ['/c?x=1', id, 'all=1; narrow=2'],
    ])
  })

  it('parses a body only under a header spelled Content-Type, as native SDKs do', async () => {
    const handset = await phone()
    const open = (name: string, type: string) =>
      serving(
        (_, response) => response.writeHead(200, { [name]: type }).end('{"a":1}'),
        async (origin) => (await handset.open(origin)).body,
      )
    expect(await open('Content-Type', 'application/problem+json; charset=utf-8')).toEqual({ a: 1 })
    expect(await open('content-type', 'application/json')).toBeUndefined()
    expect(await open('Content-Type', 'text/plain')).toBeUndefined()
  })

  it('calls a redirect into nowhere a redirect error', async () => {
    const handset = await phone()
    const lost = await serving(
      (_, response) => response.writeHead(302).end(),
      (origin) => handset.open(origin),
    )
    expect(lost.error).toBe('sdk_redirect_error')
    const elsewhere = await serving(
      (_, response) => response.writeHead(302, { Location: 'myapp://localhost/' }).end(),
      (origin) => handset.open(origin),
    )
    expect(elsewhere.error).toBe('sdk_connection_error')
  })
})
