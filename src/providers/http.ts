import { type Dispatcher, Pool } from 'undici'
import type { Clock, Deadline } from '../core/clock.js'

/** Largest answer of a vendor that is read. The real ones stay under 2 KiB. */
const maxBodyBytes = 64 * 1024
const connectTimeoutMs = 2_000

/**
 * An answer that never became one.
 *
 * `sent` says whether the vendor may have acted on the request: false only when no connection was made.
 */
export class TransportError extends Error {
  readonly kind: 'connect' | 'timeout' | 'reset' | 'too_large'
  readonly sent: boolean

  constructor(kind: TransportError['kind'], sent: boolean) {
    super(`The provider's answer was lost: ${kind}.`)
    this.kind = kind
    this.sent = sent
  }
}

/** For `catch`: a lost answer becomes a value, anything else stays a fault. */
export function lost(error: unknown): TransportError {
  if (error instanceof TransportError) return error
  throw error
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH'
  /** Absolute path, already encoded. */
  path: string
  headers: Record<string, string>
  body?: string
  /** For the whole exchange, body included. */
  timeoutMs: number
  deadline: Deadline
}

export interface HttpResponse {
  status: number
  /** Seconds, from either form of the header. */
  retryAfterSeconds: number | undefined
  /** Parsed when the text is JSON, whatever its declared type; else undefined. */
  body: unknown
}

/** The part of `fetch` that a replacement must have. */
export type FetchLike = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; redirect: 'manual'; signal: AbortSignal },
) => Promise<{ status: number; headers: { get(name: string): string | null }; text(): Promise<string> }>

export interface HttpClient {
  /** @throws TransportError when there is no answer */
  request(request: HttpRequest): Promise<HttpResponse>
  /** Ends the kept-alive connections once their requests are done. */
  close(): Promise<void>
}

/**
 * One kept-alive connection pool to one vendor origin. Follows no redirects, retries nothing, reads at most 64 KiB.
 *
 * An injected `fetch` takes the place of the pool; its failures all count as sent.
 */
export function httpClient(origin: string, clock: Clock, fetch?: FetchLike): HttpClient {
  const { exchange, close } = fetch ? overFetch(origin, fetch) : overPool(origin)
  return {
    close,
    async request(request) {
      const timeoutMs = Math.min(request.timeoutMs, request.deadline.leftMs())
      if (timeoutMs <= 0) throw new TransportError('timeout', false)
      const { status, retryAfter, text } = await exchange(request, timeoutMs)
      return { status, retryAfterSeconds: parseRetryAfter(retryAfter, clock.now()), body: parseJson(text) }
    },
  }
}

interface Transport {
  exchange(request: HttpRequest, timeoutMs: number): Promise<{ status: number; retryAfter: string | undefined; text: string }>
  close(): Promise<void>
}

function overPool(origin: string): Transport {
  const pool = new Pool(origin, { connect: { timeout: connectTimeoutMs }, pipelining: 1 })
  const exchange: Transport['exchange'] = async ({ method, path, headers, body }, timeoutMs) => {
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(new TransportError('timeout', true)), timeoutMs)
    try {
      const response = await pool.request({ method, path, headers, body: body ?? null, signal: stop.signal })
      const retryAfter = response.headers['retry-after']
      return { status: response.statusCode, retryAfter: String(retryAfter ?? ''), text: await readText(response.body) }
    } catch (error) {
      throw asTransportError(error)
    } finally {
      clearTimeout(timer)
    }
  }
  return { exchange, close: () => pool.close() }
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBodyBytes) throw new TransportError('too_large', true)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function overFetch(origin: string, fetch: FetchLike): Transport {
  const exchange: Transport['exchange'] = async ({ method, path, headers, body }, timeoutMs) => {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const init = { method, headers, redirect: 'manual' as const, signal, ...(body !== undefined && { body }) }
      const response = await fetch(new URL(path, origin).href, init)
      const text = await response.text()
      if (text.length > maxBodyBytes) throw new TransportError('too_large', true)
      return { status: response.status, retryAfter: response.headers.get('retry-after') ?? undefined, text }
    } catch (error) {
      throw signal.aborted ? new TransportError('timeout', true) : asTransportError(error)
    }
  }
  return { exchange, close: async () => {} }
}

const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

/** The original error is dropped on purpose: it may quote the request, and with it our credentials. */
function asTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error
  const code = codeOf(error)
  if (neverConnected.has(code) || code.startsWith('ERR_TLS') || code.includes('CERT') || code.startsWith('UNABLE_TO_'))
    return new TransportError('connect', false)
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return new TransportError('timeout', true)
  return new TransportError('reset', true)
}

function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
  return String(code ?? cause?.code ?? '')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @returns undefined when the header is missing, lies in the past, or is no time at all. */
function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (!value) return undefined
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now) / 1000)
  return seconds >= 0 ? seconds : undefined
}
