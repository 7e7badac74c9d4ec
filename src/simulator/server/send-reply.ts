import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { bareProblem } from '../idlayr/problem.js'
import type { SimulatorClock } from '../state/clock.js'
import type { Fault } from './faults.js'
import { isObject, json, parseJson, type Reply, withHeaders } from './reply.js'

/** Runs the call and spoils its answer as the fault says. */
export async function applyFault(fault: Fault, run: () => Promise<Reply>): Promise<Reply> {
  const madeUp = fault.body !== undefined || fault.hugeBody !== undefined || (fault.status ?? 0) >= 400
  const real = !madeUp || fault.processed === true || fault.reset === 'after' ? await run() : undefined
  const reply = real === undefined || madeUp ? madeUpReply(fault) : { ...real, status: fault.status ?? real.status }
  return withHeaders(madeUp ? reply : patched(reply, fault), fault.headers ?? {})
}

function madeUpReply({ status, body }: Fault): Reply {
  if (body === undefined) return status === undefined ? json(200, {}) : bareProblem(status, 'Injected fault')
  if (typeof body !== 'string') return json(status ?? 200, body)
  return { status: status ?? 200, headers: { 'Content-Type': 'application/json' }, body }
}

function patched(reply: Reply, { patchBody }: Fault): Reply {
  const body = patchBody === undefined ? undefined : parseJson(reply.body)
  return patchBody !== undefined && isObject(body) ? { ...reply, body: JSON.stringify(patchBody(body)) } : reply
}

/** Puts the answer on the wire in one write, or as slowly and as badly as the fault wants it. */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  fault: Fault | undefined,
  clock: SimulatorClock,
  closed: AbortSignal,
): Promise<void> {
  const body = Buffer.from(reply.body)
  if (fault?.hugeBody !== undefined) {
    response.writeHead(reply.status, reply.headers)
    return pour(response, fault.hugeBody, closed)
  }
  response.writeHead(reply.status, { 'Content-Length': String(body.length), ...reply.headers })
  const sent = fault?.truncate === true ? body.subarray(0, Math.floor(body.length / 2)) : body
  if (fault?.dripMs !== undefined) {
    response.flushHeaders()
    for (const byte of sent) {
      await clock.delay(fault.dripMs, closed)
      if (closed.aborted) return
      response.write(Buffer.of(byte))
    }
  }
  const rest = fault?.dripMs === undefined ? sent : Buffer.alloc(0)
  if (fault?.truncate !== true) return void response.end(rest)
  response.flushHeaders()
  // Destroying at once could overtake the half that was to arrive.
  if (rest.length === 0) response.socket?.end()
  else response.write(rest, () => response.socket?.end())
}

async function pour(response: ServerResponse, bytes: number, closed: AbortSignal): Promise<void> {
  const [head, tail] = ['{"filler":"', '"}']
  const block = Buffer.alloc(65_536, 'x')
  response.write(head)
  for (let left = bytes - head.length - tail.length; left > 0 && !closed.aborted; left -= block.length) {
    if (!response.write(left < block.length ? block.subarray(0, left) : block))
      await once(response, 'drain', { signal: closed }).catch(() => undefined)
  }
  response.end(tail)
}
