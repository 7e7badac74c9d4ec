import type { Clock } from '../../contracts/clock.js'
import { startTimer } from '../../lib/clock.js'
import { asTransportError, maxBodyBytes, type Transport, TransportError } from './transport.js'

/** The part of `fetch` that a replacement must have. */
export type FetchLike = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; redirect: 'manual'; signal: AbortSignal },
) => Promise<FetchAnswer>

interface FetchAnswer {
  status: number
  headers: { get(name: string): string | null }
  /** A `ReadableStream` of bytes is read only as far as an answer may be long; without one, all of `text()` is. */
  body?: unknown
  text(): Promise<string>
}

/** An injected `fetch` in place of our pool. Its failures all count as sent. */
export function overFetch(origin: string, clock: Clock, fetch: FetchLike): Transport {
  return {
    exchange({ method, path, headers, body }, timeoutMs) {
      const stop = new AbortController()
      const ask = async () => {
        // Decompression bomb: a few compressed kilobytes can become gigabytes. Ask for none.
        const plain = { ...headers, 'accept-encoding': 'identity' }
        const init = {
          method,
          headers: plain,
          redirect: 'manual' as const,
          signal: stop.signal,
          ...(body !== undefined && { body }),
        }
        const response = await fetch(new URL(path, origin).href, init)
        const text = await textOf(response).catch((error) => {
          stop.abort()
          throw error
        })
        return { status: response.status, retryAfter: response.headers.get('retry-after') ?? undefined, text }
      }
      return new Promise((resolve, reject) => {
        // An injected fetch may ignore its AbortSignal: race it with a timer, or its caller would wait for ever.
        const cancelTimer = startTimer(clock, timeoutMs, () => {
          reject(new TransportError('timeout', true))
          stop.abort()
        })
        ask()
          .then(resolve, (error) => reject(asTransportError(error, true)))
          .finally(cancelTimer)
      })
    },
    close: async () => {},
  }
}

async function textOf(response: FetchAnswer): Promise<string> {
  const { body } = response
  if (!isByteStream(body)) {
    const text = await response.text()
    if (Buffer.byteLength(text) > maxBodyBytes) throw new TransportError('too_large', true)
    return text
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBodyBytes) throw new TransportError('too_large', true)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function isByteStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}
