import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { fakeClock } from 'passport-phonecheck/testing'
import { expect, onTestFinished, test } from 'vitest'
import { deadlineIn, systemClock } from '../../src/lib/clock.js'
import { type ConnectionLimits, overConnections } from '../../src/providers/http/connections.js'
import { TransportError, type VendorRequest } from '../../src/providers/http/transport.js'

const until = (holds: () => boolean) => expect.poll(holds, { interval: 2, timeout: 60_000 }).toBe(true)
const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** A vendor that takes every connection and counts; `onRequest` says what becomes of a request. */
async function vendor(onRequest: (socket: Socket, request: number) => void = () => {}) {
  const seen = { connections: 0, requests: 0, open: 0, mostOpen: 0 }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    seen.connections += 1
    seen.open += 1
    seen.mostOpen = Math.max(seen.mostOpen, seen.open)
    socket.on('error', () => {})
    socket.on('close', () => {
      seen.open -= 1
      sockets.delete(socket)
    })
    socket.on('data', () => onRequest(socket, ++seen.requests))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return { seen, sockets, origin: `http://127.0.0.1:${port}` }
}

const request: VendorRequest = {
  method: 'POST',
  path: '/',
  headers: {},
  body: '{}',
  timeoutMs: 0,
  deadline: deadlineIn(12_000, systemClock),
}

function connect(origin: string, limits?: ConnectionLimits) {
  const clock = fakeClock()
  const transport = overConnections(origin, clock, limits)
  const ask = (timeoutMs = 5_000) =>
    transport.exchange(request, timeoutMs).then(
      ({ status, text }) => `${status} ${text}`,
      (error: unknown) =>
        error instanceof TransportError ? `${error.kind}, ${error.sent ? 'sent' : 'not sent'}` : String(error),
    )
  return { ...transport, ask, clock }
}

test('a vendor that hangs gets one connection for each request, and none that carries nothing', async () => {
  const { seen, origin } = await vendor()
  const { ask, close, clock } = connect(origin)
  for (let index = 0; index < 4; index++) {
    const lost = ask()
    await until(() => seen.requests > index)
    await clock.advance(5_000)
    expect(await lost).toBe('timeout, sent')
  }
  // Ends its connections, so that one which was opened beside them would be seen by now.
  await close()
  expect(seen).toMatchObject({ connections: 4, requests: 4 })
})

test('no more connections than allowed; those that wait follow in their order as soon as one is free', async () => {
  const held: Socket[] = []
  const { seen, origin } = await vendor((socket) => held.push(socket))
  const { ask } = connect(origin, { connections: 2, waiting: 10 })
  const order: number[] = []
  const all = [0, 1, 2, 3, 4].map((index) => ask().finally(() => order.push(index)))
  for (let answered = 0; answered < 5; ) {
    const socket = held.shift()
    if (socket) answered += Number(socket.write(answer))
    else await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await Promise.all(all)).toEqual(Array(5).fill('200 ok'))
  expect(order.slice(2)).toEqual([2, 3, 4])
  expect(seen).toMatchObject({ connections: 2, requests: 5, mostOpen: 2 })
})

test('more than may wait are refused at once, unsent', async () => {
  const { seen, origin } = await vendor()
  const { ask, clock } = connect(origin, { connections: 2, waiting: 3 })
  const all = Promise.all(Array.from({ length: 8 }, () => ask()))
  await until(() => seen.requests === 2)
  await clock.advance(5_000)
  const outcomes = await all
  expect(outcomes.slice(0, 2)).toEqual(['timeout, sent', 'timeout, sent'])
  expect(outcomes.slice(5)).toEqual(Array(3).fill('overload, not sent'))
})

test('a request whose time ends while it waits leaves the queue, and is never sent', async () => {
  let release = () => {}
  const { seen, origin } = await vendor((socket) => {
    release = () => void socket.write(answer)
  })
  const { ask, clock } = connect(origin, { connections: 1, waiting: 2 })
  const first = ask()
  await until(() => seen.requests === 1)
  const late = Promise.all([ask(40), ask(40)])
  await clock.advance(40)
  expect(await late).toEqual(['timeout, not sent', 'timeout, not sent'])
  // Their places are free again.
  const later = ask()
  const last = ask(40)
  await clock.advance(40)
  expect(await last).toBe('timeout, not sent')
  release()
  expect(await first).toBe('200 ok')
  await until(() => seen.requests === 2)
  release()
  expect(await later).toBe('200 ok')
  expect(seen).toMatchObject({ connections: 1, requests: 2 })
})

test('a connection is used again after an answer, and another one opened after it was closed', async () => {
  const { seen, sockets, origin } = await vendor((socket, request) =>
    socket.write(request === 3 ? answer.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n') : answer),
  )
  const { ask } = connect(origin)
  for (let index = 0; index < 3; index++) expect(await ask()).toBe('200 ok')
  expect(seen.connections).toBe(1)
  expect(await ask()).toBe('200 ok')
  expect(seen.connections).toBe(2)
  for (const socket of sockets) socket.destroy()
  await until(() => seen.open === 0)
  const outcome = await ask()
  // The client may not have heard of the end yet; then the request is lost, and the next one is not.
  expect(['200 ok', 'reset, sent']).toContain(outcome)
  expect(await ask()).toBe('200 ok')
})

test('an answer without end is cut off, and its connection not used again', async () => {
  const { seen, origin } = await vendor((socket, request) => {
    if (request > 1) return void socket.write(answer)
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n${'x'.repeat(200_000)}`)
  })
  const { ask } = connect(origin)
  expect(await ask()).toBe('too_large, sent')
  expect(await ask()).toBe('200 ok')
  expect(seen.connections).toBe(2)
})

test('close waits for requests that are under way or waiting, and takes no others', async () => {
  const held: Socket[] = []
  const { seen, origin } = await vendor((socket) => held.push(socket))
  const { ask, close } = connect(origin, { connections: 1, waiting: 5 })
  const both = [ask(), ask()]
  let isClosed = false
  const closed = Promise.all([close(), close()]).then(() => {
    isClosed = true
  })
  expect(await ask()).toBe('connect, not sent')
  for (let answered = 0; answered < 2; ) {
    const socket = held.shift()
    if (!socket) await new Promise((resolve) => setImmediate(resolve))
    else {
      expect(isClosed).toBe(false)
      answered += Number(socket.write(answer))
    }
  }
  expect(await Promise.all(both)).toEqual(['200 ok', '200 ok'])
  await closed
  await until(() => seen.open === 0)
})
