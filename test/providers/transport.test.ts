import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { fakeClock } from 'passport-phonecheck/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { deadlineIn, systemClock } from '../../src/lib/clock.js'
import { type HttpClient, httpClient } from '../../src/providers/http/client.js'
import type { FetchLike } from '../../src/providers/http/fetch.js'
import { TransportError } from '../../src/providers/http/transport.js'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A vendor that does with each connection, or with what it hears on it, as it is told. */
async function vendor(on: {
  connection?: (socket: Socket) => void
  request?: (socket: Socket, text: string) => void
}): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => on.request?.(socket, String(bytes)))
    on.connection?.(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    return server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}

const ask = (client: HttpClient, timeoutMs = 1000) =>
  client
    .request({
      method: 'POST',
      path: '/',
      headers: {},
      body: '{}',
      timeoutMs,
      deadline: deadlineIn(12_000, systemClock),
    })
    .catch((error: unknown) =>
      error instanceof TransportError ? { kind: error.kind, sent: error.sent } : { thrown: String(error) },
    )

const over = (origin: string) => {
  const client = httpClient(origin, systemClock)
  ends.push(() => client.close())
  return client
}

describe('whether a lost request was sent', () => {
  test('yes, once it was written, however the connection ends', async () => {
    const reset = over(await vendor({ request: (socket) => socket.resetAndDestroy() }))
    expect(await ask(reset)).toEqual({ kind: 'reset', sent: true })
    const ended = over(await vendor({ request: (socket) => socket.end() }))
    expect(await ask(ended)).toEqual({ kind: 'reset', sent: true })
    const silent = over(await vendor({}))
    expect(await ask(silent, 100)).toEqual({ kind: 'timeout', sent: true })
  })

  test('no, when nobody listens, and after the pool was closed', async () => {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    expect(await ask(over(`http://127.0.0.1:${port}`))).toEqual({ kind: 'connect', sent: false })
    const closed = httpClient(await vendor({}), systemClock)
    await closed.close()
    expect(await ask(closed)).toEqual({ kind: 'connect', sent: false })
  })

  test('no, when it waited for its connection until its time was over, and then it never leaves', async () => {
    let heard = 0
    // A TLS handshake that is never answered.
    const origin = (await vendor({ request: () => heard++ })).replace('http:', 'https:')
    expect(await ask(over(origin), 100)).toEqual({ kind: 'timeout', sent: false })
    expect(heard).toBeLessThanOrEqual(1)
  })

  test.each(['EHOSTUNREACH', 'ENETUNREACH', 'ECONNREFUSED', 'CERT_HAS_EXPIRED'])(
    'yes, for every failure of an injected fetch: it may have tried before it said %s',
    async (code) => {
      const failing: FetchLike = async () => {
        throw Object.assign(new TypeError('fetch failed'), { cause: { code } })
      }
      expect(await ask(httpClient('https://vendor.example', systemClock, failing))).toEqual({
        kind: 'reset',
        sent: true,
      })
    },
  )
})

describe('an injected fetch', () => {
  const answer = { status: 200, headers: { get: () => null }, text: async () => '{"ok":true}' }

  test('is asked with whatever part of a millisecond is left', async () => {
    const clock = { ...fakeClock(), now: () => 0.25 }
    const client = httpClient('https://vendor.example', clock, async () => answer)
    const deadline = { leftMs: () => 1999.7001953125 }
    const request = { method: 'GET', path: '/', headers: {}, timeoutMs: 4000, deadline } as const
    expect(await client.request(request)).toMatchObject({ status: 200, body: { ok: true } })
  })

  test('is read only as far as an answer may be long', async () => {
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(16 * 1024).fill(32))
      },
    })
    const endless: FetchLike = async () => new Response(body)
    expect(await ask(httpClient('https://vendor.example', systemClock, endless))).toEqual({
      kind: 'too_large',
      sent: true,
    })
    expect(pulled).toBeLessThan(10)
  })

  test("may be the platform's own, and asks for nothing packed", async () => {
    let heard = ''
    const origin = await vendor({
      request: (socket, text) => {
        heard += text
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"ok":true}')
      },
    })
    const client = httpClient(origin, systemClock, fetch)
    const request = {
      method: 'GET',
      path: '/',
      headers: {},
      timeoutMs: 4000,
      deadline: { leftMs: () => 4000 },
    } as const
    expect(await client.request(request)).toMatchObject({ status: 200, body: { ok: true } })
    expect(heard).toMatch(/^accept-encoding: identity\r$/im)
  })

  test('that is deaf to its signal holds nobody beyond the time of the call', async () => {
    const client = httpClient('https://vendor.example', systemClock, () => new Promise(() => {}))
    expect(await ask(client, 50)).toEqual({ kind: 'timeout', sent: true })
  })
})

test("a vendor's date to come back at is read by the time of day, also where the clock of this process stood still", async () => {
  const wall = Date.UTC(2026, 0, 1, 10)
  const clock = { ...fakeClock(), wall: () => wall }
  const retryAfter = new Date(wall + 120_000).toUTCString()
  const fetch: FetchLike = async () => new Response('{}', { status: 429, headers: { 'retry-after': retryAfter } })
  const client = httpClient('https://vendor.example', clock, fetch)
  expect(await ask(client)).toMatchObject({ status: 429, retryAfterSeconds: 120 })
})
