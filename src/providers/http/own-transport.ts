import type { Clock } from '../../contracts/clock.js'
import { PhoneCheckError } from '../../lib/errors.js'
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
  // Told to each call that needs it.
  loading.catch(() => {})
  /** @throws PhoneCheckError where it cannot be loaded, as from a bundle that lacks it: then nothing was sent */
  const loaded = () =>
    loading.catch((cause: unknown) => {
      throw new PhoneCheckError('provider_unavailable', { cause, untried: true })
    })
  return {
    async exchange(request, timeoutMs) {
      if (isClosed) throw new TransportError('connect', false)
      return (transport ?? (await loaded())).exchange(request, timeoutMs)
    },
    async close() {
      isClosed = true
      // What was never loaded has nothing to let go of.
      await (await loading.catch(() => undefined))?.close()
    },
  }
}
