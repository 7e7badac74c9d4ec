import type { OnEvent } from '../core/events.js'
import type { HttpRequest } from './http-types.js'

/**
 * Makes a function that says whose address a request has: Express's `req.ip`, which obeys `trust proxy`.
 *
 * A forwarding header that Express was not told to trust leaves it unknown, because `req.ip` is then a proxy's. The operator hears of it once.
 */
export function addressReader(emit: OnEvent): (req: HttpRequest) => string | undefined {
  let warned = false
  return (req) => {
    const own = req.socket.remoteAddress
    const forwarded = req.headers['x-forwarded-for'] !== undefined || req.headers.forwarded !== undefined
    if (!forwarded || (req.ip !== undefined && req.ip !== own)) return req.ip ?? own
    if (!warned) {
      warned = true
      emit({
        type: 'misconfiguration',
        code: 'trust_proxy_missing',
        message: "A request carried a forwarding header that is not trusted. If the app is behind a proxy, set Express's `trust proxy`.",
      })
    }
    return undefined
  }
}
