import { asTransportError, maxBodyBytes, type Transport, TransportError } from './transport.js'

/** The part of `fetch` that a replacement must have. */
export type FetchLike = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; redirect: 'manual'; signal: AbortSignal },
) => Promise<{ status: number; headers: { get(name: string): string | null }; text(): Promise<string> }>

/** An injected `fetch` in place of our pool. Its failures all count as sent. */
export function overFetch(origin: string, fetch: FetchLike): Transport {
  return {
    exchange({ method, path, headers, body }, timeoutMs) {
      const stop = new AbortController()
      const ask = async () => {
        const init = { method, headers, redirect: 'manual' as const, signal: stop.signal, ...(body !== undefined && { body }) }
        const response = await fetch(new URL(path, origin).href, init)
        const text = await response.text()
        if (text.length > maxBodyBytes) throw new TransportError('too_large', true)
        return { status: response.status, retryAfter: response.headers.get('retry-after') ?? undefined, text }
      }
      return new Promise((resolve, reject) => {
        // It may be deaf to its signal: a call that never ended would hold whoever waits for it.
        const timer = setTimeout(() => {
          reject(new TransportError('timeout', true))
          stop.abort()
        }, timeoutMs)
        ask()
          .then(resolve, (error) => reject(asTransportError(error, true)))
          .finally(() => clearTimeout(timer))
      })
    },
    close: async () => {},
  }
}
