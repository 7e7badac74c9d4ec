import type { Clock } from '../../contracts/clock.js'
import { wallTime } from '../../lib/clock.js'
import { isObject } from '../../lib/json.js'
import { type FetchLike, overFetch } from './fetch.js'
import { ownTransport } from './own-transport.js'
import { TransportError, type VendorRequest } from './transport.js'

export interface VendorResponse {
  status: number
  /** Seconds, from either form of the header. */
  retryAfterSeconds: number | undefined
  /** The JSON object that the text is, whatever its declared type; else undefined. */
  body: Record<string, unknown> | undefined
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
      return { status, retryAfterSeconds: parseRetryAfter(retryAfter, clock), body: parseObject(text) }
    },
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * @param clock has the time of day, by which the vendor's dates are written
 * @returns undefined when the header is missing, lies in the past, or is no time at all.
 */
function parseRetryAfter(value: string | undefined, clock: Clock): number | undefined {
  if (!value) return undefined
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - wallTime(clock)) / 1000)
  return seconds >= 0 ? seconds : undefined
}

export function isSuccess({ status }: VendorResponse): boolean {
  return status >= 200 && status < 300
}
