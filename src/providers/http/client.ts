import type { Clock } from '../../contracts/clock.js'
import { wallTime } from '../../lib/clock.js'
import { canDispatch, overConnections } from './connections.js'
import { type FetchLike, overFetch } from './fetch.js'
import { type Transport, TransportError, type VendorRequest } from './transport.js'

export interface VendorResponse {
  status: number
  /** Seconds, from either form of the header. */
  retryAfterSeconds: number | undefined
  /** Parsed when the text is JSON, whatever its declared type; else undefined. */
  body: unknown
}

export interface HttpClient {
  /** @throws TransportError when there is no answer */
  request(request: VendorRequest): Promise<VendorResponse>
  /** Ends the kept-alive connections once their requests are done. */
  close(): Promise<void>
}

/**
 * Kept-alive connections to one vendor origin. Follows no redirects, retries nothing, reads at most 64 KiB.
 *
 * An injected `fetch` takes their place, and so does the platform's own where undici cannot dispatch.
 */
export function httpClient(origin: string, clock: Clock, fetch?: FetchLike): HttpClient {
  const { exchange, close } = fetch ? overFetch(origin, clock, fetch) : ownTransport(origin, clock)
  return {
    close,
    async request(request) {
      const timeoutMs = Math.min(request.timeoutMs, request.deadline.leftMs())
      if (timeoutMs <= 0) throw new TransportError('timeout', false)
      const { status, retryAfter, text } = await exchange(request, timeoutMs)
      return { status, retryAfterSeconds: parseRetryAfter(retryAfter, wallTime(clock)), body: parseJson(text) }
    },
  }
}

function ownTransport(origin: string, clock: Clock): Transport {
  return canDispatch
    ? overConnections(origin, clock)
    : overFetch(origin, clock, (url, init) => globalThis.fetch(url, init))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * @param now the time of day, by which the vendor's dates are written.
 * @returns undefined when the header is missing, lies in the past, or is no time at all.
 */
function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (!value) return undefined
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now) / 1000)
  return seconds >= 0 ? seconds : undefined
}

export function isSuccess({ status }: VendorResponse): boolean {
  return status >= 200 && status < 300
}
