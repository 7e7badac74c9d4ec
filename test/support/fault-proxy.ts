import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface FaultProxy {
  readonly port: number
  /**
   * Requests passed on since the last call of `heal`: what a client writes at once is one, so ask
   * one thing at a time.
   */
  readonly requests: number
  /** Ends all connections and refuses new ones. */
  down(): void
  /** Takes connections and bytes, and passes nothing on. */
  hang(): void
  /**
   * Resets the connection in place of request number `index` since now, counted from 1, or instead
   * of its answer. Once.
   */
  resetAt(index: number, when: 'before' | 'after'): void
  /** Resets every connection once its server has sent that many more bytes. */
  resetAfterBytes(bytes: number): void
  /** Delays what the server sends. */
  latency(ms: number): void
  /** Everything passes again, on new connections and on old ones. */
  heal(): void
  close(): Promise<void>
}

/** A TCP proxy before a real server, on a port of its own, that fails in the ways a network does. */
export async function faultProxy(target: { host?: string; port: number }): Promise<FaultProxy> {
  const healthy = {
    refuses: false,
    hangs: false,
    delayMs: 0,
    requests: 0,
    reset: undefined,
    bytesLeft: Number.POSITIVE_INFINITY,
  }
  let state: Omit<typeof healthy, 'reset'> & { reset: { index: number; when: 'before' | 'after' } | undefined } = {
    ...healthy,
  }
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  const resume = () => {
    for (const wake of waiting) wake()
    waiting.clear()
  }
  const healed = async () => {
    while (state.hangs) await new Promise<void>((resolve) => void waiting.add(resolve))
  }

  const server = createServer((client) => {
    if (state.refuses) return void client.destroy()
    const upstream = connect(target.port, target.host ?? '127.0.0.1')
    const end = () => {
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
    let swallow = false
    const pipe = (from: Socket, to: Socket, pass: (bytes: Buffer) => Promise<void> | void) => {
      sockets.add(from)
      let queue = Promise.resolve()
      from.on('data', (bytes) => {
        queue = queue.then(healed).then(() => pass(bytes))
      })
      from.on('end', () => void queue.then(() => to.end()))
      from.on('close', () => {
        sockets.delete(from)
        void queue.then(() => to.destroy())
      })
      from.on('error', end)
    }
    pipe(client, upstream, (bytes) => {
      state.requests++
      const { index, when } = state.reset ?? {}
      if (index === state.requests) {
        state.reset = undefined
        if (when === 'before') return end()
        swallow = true
      }
      upstream.write(bytes)
    })
    pipe(upstream, client, async (bytes) => {
      if (state.delayMs > 0) await sleep(state.delayMs)
      if (swallow || bytes.length > state.bytesLeft) return end()
      state.bytesLeft -= bytes.length
      client.write(bytes)
    })
  })
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const set = (change: Partial<typeof state>) => {
    state = { ...state, ...change }
    if (!state.hangs) resume()
  }

  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return state.requests
    },
    down: () => {
      set({ refuses: true })
      cut()
    },
    hang: () => set({ hangs: true }),
    resetAt: (index, when) => set({ requests: 0, reset: { index, when } }),
    resetAfterBytes: (bytes) => set({ bytesLeft: bytes }),
    latency: (ms) => set({ delayMs: ms }),
    heal: () => set({ ...healthy }),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      cut()
      resume()
      await closed
    },
  }
}
