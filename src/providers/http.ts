import { type Dispatcher, Pool } from 'undici'
import { type Clock, startTimer, wallTime } from '../core/clock.js'
import { type FetchLike, overFetch } from './fetch-transport.js'
import { asTransportError, type HttpRequest, maxBodyBytes, type Transport, TransportError } from './transport.js'

const connectTimeoutMs = 2_000
/** Of one process to one vendor. Requests beyond it wait for one, within their own time; how many may wait, the circuit breaker bounds. */
const maxConnections = 128

export interface HttpResponse {
  status: number
  /** Seconds, from either form of the header. */
  retryAfterSeconds: number | undefined
  /** Parsed when the text is JSON, whatever its declared type; else undefined. */
  body: unknown
}

export interface HttpClient {
  /** @throws TransportError when there is no answer */
  request(request: HttpRequest): Promise<HttpResponse>
  /** Ends the kept-alive connections once their requests are done. */
  close(): Promise<void>
}

/**
 * One kept-alive connection pool to one vendor origin. Follows no redirects, retries nothing, reads at most 64 KiB.
 *
 * An injected `fetch` takes the place of the pool.
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

/** Bun replaces undici by a stand-in of its own, whose pool cannot dispatch; its `fetch` is the way there. */
function ownTransport(origin: string, clock: Clock): Transport {
  if (typeof Pool.prototype.dispatch === 'function') return overPool(origin, clock)
  return overFetch(origin, clock, (url, init) => globalThis.fetch(url, init))
}

function overPool(origin: string, clock: Clock): Transport {
  const pool = new Pool(origin, { connect: { timeout: connectTimeoutMs }, connections: maxConnections, pipelining: 1 })
  return {
    exchange: ({ method, path, headers, body }, timeoutMs) =>
      new Promise((resolve, reject) => {
        pool.dispatch({ method, path, headers, body: body ?? null }, new Answer(clock, timeoutMs, resolve, reject))
      }),
    close: () => pool.close(),
  }
}

type Text = Awaited<ReturnType<Transport['exchange']>>

/**
 * Collects one answer, within its time. `Pool.request` would wrap each in a stream and an AbortSignal, which together cost more than everything else that
 * happens here.
 */
class Answer implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Text) => void
  readonly #reject: (error: TransportError) => void
  readonly #cancelTimer: () => void
  #controller: Dispatcher.DispatchController | undefined
  #late: TransportError | undefined
  #status = 0
  #retryAfter: string | undefined
  #chunks: Buffer[] = []
  #size = 0

  constructor(clock: Clock, timeoutMs: number, resolve: (answer: Text) => void, reject: (error: TransportError) => void) {
    this.#resolve = resolve
    this.#reject = reject
    this.#cancelTimer = startTimer(clock, timeoutMs, () => this.#expire())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // It waited for a connection until its time was over.
    if (this.#late) controller.abort(this.#late)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status
    this.#retryAfter = String(headers['retry-after'] ?? '')
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size <= maxBodyBytes) this.#chunks.push(chunk)
    else controller.abort(new TransportError('too_large', true))
  }

  onResponseEnd(): void {
    this.#cancelTimer()
    const [first = Buffer.alloc(0)] = this.#chunks
    const text = (this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first).toString('utf8')
    this.#resolve({ status: this.#status, retryAfter: this.#retryAfter, text })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#cancelTimer()
    // Told to start, it may have been written; before that it certainly was not.
    this.#reject(asTransportError(error, this.#controller !== undefined))
  }

  #expire(): void {
    // Without a connection nothing was sent yet, and nothing will be.
    this.#late = new TransportError('timeout', this.#controller !== undefined)
    if (this.#controller) this.#controller.abort(this.#late)
    else this.#reject(this.#late)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @param now the time of day, by which the vendor's dates are written. @returns undefined when the header is missing, lies in the past, or is no time at all. */
function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (!value) return undefined
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now) / 1000)
  return seconds >= 0 ? seconds : undefined
}
