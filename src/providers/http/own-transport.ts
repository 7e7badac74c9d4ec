import type { Clock } from '../../contracts/clock.js'
import { overFetch } from './fetch.js'
import { type Transport, TransportError } from './transport.js'

/**
 * Our own connections, or the platform's `fetch` where undici cannot dispatch.
 *
 * undici is loaded when a rung is made and not with this package: it is a third of what an
 * application would pay for importing us, also where it makes no rung, as in a service that only
 * verifies tokens.
 */
export function ownTransport(origin: string, clock: Clock): Transport {
  let transport: Transport | undefined
  let isClosed = false
  const loading = import('./connections.js').then(({ canDispatch, overConnections }) => {
    transport = canDispatch
      ? overConnections(origin, clock)
      : overFetch(origin, clock, (url, init) => globalThis.fetch(url, init))
    return transport
  })
  // Told to the first call that needs it.
  loading.catch(() => {})
  return {
    async exchange(request, timeoutMs) {
      if (isClosed) throw new TransportError('connect', false)
      return (transport ?? (await loading)).exchange(request, timeoutMs)
    },
    async close() {
      isClosed = true
      await (await loading).close()
    },
  }
}
