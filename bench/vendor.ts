import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the vendor was asked for. */
export interface Calls {
  token: number
  create: number
  patch: number
}

export interface Vendor {
  url: string
  calls: Calls
  /** Makes its answers late, so that calls meet each other. */
  delayMs: { token: number; patch: number }
  close(): Promise<void>
}

interface Reply {
  status: number
  type: string
  text: string
  lateMs: number
}

const checks = '/phone_check/v0.2/checks'
const token = 'a-benchmark-token'

/**
 * What a phone with the right SIM brings back: known to the vendor and, because it plays the
 * phones, to the load generator.
 */
export function codeOf(checkId: string): string {
  return checkId.slice(-12).toUpperCase()
}

/** A vendor who answers as the simulator does, but keeps no books: cheap enough not to be what is measured. */
export async function startVendor(): Promise<Vendor> {
  const calls: Calls = { token: 0, create: 0, patch: 0 }
  const delayMs = { token: 0, patch: 0 }
  const open = new Set<string>()
  let origin = ''

  const server = createServer((req, res) => {
    let body = ''
    req.setEncoding('utf8')
    req.on('data', (chunk: string) => {
      body += chunk
    })
    req.on('end', () => {
      const reply = answer(req, body)
      if (reply.lateMs === 0) send(res, reply)
      else setTimeout(() => send(res, reply), reply.lateMs)
    })
  })

  function answer({ method, url = '', headers }: IncomingMessage, body: string): Reply {
    if (method === 'POST' && url === '/oauth2/v1/token') {
      calls.token += 1
      const granted = headers.authorization?.startsWith('Basic ') && body.includes('grant_type=client_credentials')
      const grant = { access_token: token, token_type: 'bearer', expires_in: 3600, scope: 'phone_check' }
      return { ...(granted ? reply(200, grant, 'application/json') : problem(401)), lateMs: delayMs.token }
    }
    if (headers.authorization !== `Bearer ${token}`) return problem(401)
    if (method === 'POST' && url === checks) {
      calls.create += 1
      const { phone_number } = JSON.parse(body)
      if (typeof phone_number !== 'string' || !phone_number.startsWith('+')) return problem(400)
      const id = randomUUID()
      open.add(id)
      const self = `${origin}${checks}/${id}`
      const links = { self: { href: self }, check_url: { href: `${self}/redirect` } }
      return reply(201, { ...resource(id, 'ACCEPTED'), snapshot_balance: 99, ttl: 120, _links: links })
    }
    if (method === 'PATCH' && url.startsWith(`${checks}/`)) {
      calls.patch += 1
      const id = url.slice(checks.length + 1)
      const [operation] = JSON.parse(body)
      const good =
        operation?.op === 'add' && operation.path === '/code' && operation.value === codeOf(id) && open.delete(id)
      const verdict = { ...resource(id, 'COMPLETED'), match: true, network_id: '00101' }
      return { ...(good ? reply(200, verdict) : problem(404)), lateMs: delayMs.patch }
    }
    return problem(404)
  }

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  server.keepAliveTimeout = 600_000
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: origin,
    calls,
    delayMs,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

function resource(id: string, status: string) {
  const at = '2026-01-01T00:00:00+00:00'
  return { check_id: id, status, charge_amount: 1, charge_currency: 'API', created_at: at, updated_at: at }
}

function problem(status: number): Reply {
  return reply(status, { type: 'about:blank', title: 'refused', status }, 'application/problem+json')
}

function reply(status: number, body: object, type = 'application/hal+json'): Reply {
  return { status, type, text: JSON.stringify(body), lateMs: 0 }
}

function send(res: ServerResponse, { status, type, text }: Reply): void {
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  res.end(text)
}
