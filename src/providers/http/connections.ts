import { Client, type Dispatcher } from 'undici'
import type { Clock } from '../../contracts/clock.js'
import { startTimer } from '../../lib/clock.js'
import { asTransportError, maxBodyBytes, type Transport, type TransportAnswer, TransportError } from './transport.js'

const connectTimeoutMs = 2_000
/** Of one process to one vendor. */
const maxConnections = 128
/**
 * Requests that may wait for a connection. Behind the circuit breakers' own bound on calls under
 * way, so that this one is never met by logins alone.
 */
const maxWaiting = 1_024

export interface ConnectionLimits {
  connections: number
  waiting: number
}

/** Bun replaces undici by a stand-in of its own, which cannot dispatch. */
export const canDispatch = typeof Client?.prototype?.dispatch === 'function'

/**
 * Kept-alive connections to one origin, with one request on each at a time: at most so many of
 * them, and at most so many requests that wait for one.
 *
 * undici's own `Pool` is not used because of vendors that hang. It opens a connection that carries
 * nothing for each request that it gives up, and holds every request that gave up waiting until a
 * connection is free, to open one for it and close it again. Here a connection that is given up is
 * gone, and so is a request that waits no longer.
 */
export function overConnections(
  origin: string,
  clock: Clock,
  { connections, waiting }: ConnectionLimits = { connections: maxConnections, waiting: maxWaiting },
): Transport {
  /** Used last, taken first: the ones that are not needed grow old, and their sockets close. */
  const free: Client[] = []
  const queue = new Set<Exchange>()
  let busy = 0
  let closed: Promise<void> | undefined
  let onIdle: (() => void) | undefined

  function begin(exchange: Exchange): void {
    busy += 1
    const client = free.pop() ?? new Client(origin, { connect: { timeout: connectTimeoutMs }, pipelining: 1 })
    exchange.run(client, (isUsable) => {
      busy -= 1
      if (isUsable) free.push(client)
      else void client.destroy().catch(() => {})
      const [next] = queue
      if (next) {
        queue.delete(next)
        begin(next)
      } else if (busy === 0) onIdle?.()
    })
  }

  return {
    exchange: ({ method, path, headers, body }, timeoutMs) =>
      new Promise((resolve, reject) => {
        if (closed !== undefined) return reject(new TransportError('connect', false))
        if (busy >= connections && queue.size >= waiting) return reject(new TransportError('overload', false))
        const exchange = new Exchange(
          clock,
          { method, path, headers, body: body ?? null },
          timeoutMs,
          { resolve, reject },
          () => queue.delete(exchange),
        )
        if (busy < connections) begin(exchange)
        else queue.add(exchange)
      }),
    close() {
      const idle = () =>
        new Promise<void>((resolve) => {
          onIdle = resolve
          if (busy === 0) resolve()
        })
      closed ??= idle().then(async () => void (await Promise.all(free.splice(0).map((client) => client.close()))))
      return closed
    },
  }
}

interface Settle {
  resolve(answer: TransportAnswer): void
  reject(error: TransportError): void
}

/**
 * One request and its answer, within its time. `Client.request` would wrap each in a stream and an
 * AbortSignal, which together cost more than everything else that happens here.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: Dispatcher.DispatchOptions
  readonly #settle: Settle
  readonly #cancelTimer: () => void
  readonly #leaveQueue: () => void
  #release: ((isUsable: boolean) => void) | undefined
  /** Once told to start, the request may have been written; before that it certainly was not. */
  #sent = false
  #status = 0
  #retryAfter: string | undefined
  #chunks: Buffer[] = []
  #size = 0

  constructor(
    clock: Clock,
    request: Dispatcher.DispatchOptions,
    timeoutMs: number,
    settle: Settle,
    leaveQueue: () => void,
  ) {
    this.#request = request
    this.#settle = settle
    this.#leaveQueue = leaveQueue
    this.#cancelTimer = startTimer(clock, timeoutMs, () => this.#fail(new TransportError('timeout', this.#sent)))
  }

  /** @param release called once, with whether the connection may be used again */
  run(client: Client, release: (isUsable: boolean) => void): void {
    this.#release = release
    client.dispatch(this.#request, this)
  }

  onRequestStart(): void {
    this.#sent = true
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status
    this.#retryAfter = String(headers['retry-after'] ?? '')
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size <= maxBodyBytes) this.#chunks.push(chunk)
    else this.#fail(new TransportError('too_large', true))
  }

  onResponseEnd(): void {
    const [first = Buffer.alloc(0)] = this.#chunks
    const text = (this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first).toString('utf8')
    this.#finish(true, () => this.#settle.resolve({ status: this.#status, retryAfter: this.#retryAfter, text }))
  }

  onResponseError(_: unknown, error: Error): void {
    this.#fail(asTransportError(error, this.#sent))
  }

  /** A connection whose answer is not whole can carry no other one. */
  #fail(error: TransportError): void {
    this.#leaveQueue()
    this.#finish(false, () => this.#settle.reject(error))
  }

  #finish(isUsable: boolean, settle: () => void): void {
    this.#cancelTimer()
    settle()
    const release = this.#release
    this.#release = undefined
    release?.(isUsable)
  }
}
