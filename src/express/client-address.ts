import type { OnEvent } from '../contracts/events.js'
import { isAddress } from '../lib/ip-address.js'
import type { HttpRequest } from './http-types.js'

export interface RequestAddress {
  /** For limits: Express's `req.ip`, which obeys `trust proxy`. A forged header changes nothing here. */
  address: string | undefined
  /**
   * The same, if it can be the device's own; undefined when an untrusted forwarding header says
   * that it is a proxy's.
   */
  deviceAddress?: string
}

/**
 * Makes a function that says whose address a request has. Of a forwarding header that Express was
 * not told to trust, the operator hears once.
 */
export function addressReader(emit: OnEvent): (req: HttpRequest) => RequestAddress {
  let warned = false
  let warnedOfAny = false
  let warnedOfUnreadable = false
  return (req) => {
    if (!warnedOfAny && req.app?.get('trust proxy') === true) {
      warnedOfAny = true
      emit({
        type: 'misconfiguration',
        code: 'trust_proxy_true',
        message:
          "Express's `trust proxy` is true: every client chooses its own address, and no limit on addresses holds. Name your proxies or their number.",
      })
    }
    const own = req.socket.remoteAddress
    const address = req.ip ?? own
    // A socket's own address is one; what a proxy wrote may be anything.
    if (!warnedOfUnreadable && (address === undefined || address !== own) && !isAddress(address)) {
      warnedOfUnreadable = true
      emit({
        type: 'misconfiguration',
        code: 'address_unreadable',
        message:
          "Express's req.ip is no IP address. All such requests share one limit. Look at what your proxy writes into X-Forwarded-For, or at the socket that the app listens on.",
      })
    }
    const forwarded = req.headers['x-forwarded-for'] !== undefined || req.headers.forwarded !== undefined
    if (!forwarded || address !== own) return { address, ...(address !== undefined && { deviceAddress: address }) }
    if (!warned) {
      warned = true
      emit({
        type: 'misconfiguration',
        code: 'trust_proxy_missing',
        message:
          "A request carried a forwarding header that is not trusted. If the app is behind a proxy, set Express's `trust proxy`.",
      })
    }
    return { address }
  }
}
