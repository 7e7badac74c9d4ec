import type { Clock } from '../contracts/clock.js'
import type { Emit } from '../contracts/events.js'
import { callApplicationNow, isPromise } from '../lib/application.js'
import type { Drain } from '../lib/drain.js'
import { PhoneCheckError } from '../lib/errors.js'
import { isAddress } from '../lib/ip-address.js'
import type { Timelines } from '../lib/timelines.js'
import type { Requester } from '../limits/login-limiter.js'
import type { LoginService } from '../login/login-service.js'
import type { FlowCookies } from './flow-cookie.js'
import type { HttpRequest, OfRequest } from './http-types.js'

/** What all handlers of one strategy share. */
export interface HandlerContext {
  logins: LoginService
  drain: Drain
  clock: Clock
  cookies: FlowCookies
  emit: Emit
  timelines?: Timelines
  addressOf: (req: HttpRequest) => RequestAddress
  beforeSend?: BeforeSend
  /** Whether `beforeSend` is asked before silent checks too. */
  beforeChecks: boolean
  /** Whether the app is served over https, as its cookies say. */
  secure: boolean
  /** Foreign origins whose pages may take part. */
  origins: readonly string[]
  purpose: string
  /** Whose flow it is, for purposes that belong to a signed-in user. */
  subject?: OfRequest<[], string | undefined>
  /** The app's own idea of the user's language. */
  locale?: OfRequest<[], string | undefined>
  redirectUrl?: string
  loginUrl?: string
  callbackUrl?: string
  hasWebhook: boolean
}

/**
 * Asked before a message is sent, and before a silent check or MOCheck with `beforeSendOnChecks`.
 * Anything but true, or no answer within 3 s, is a veto: 403 `send_refused`, and nothing is
 * charged. What it throws goes to your error handler, and nothing is sent. It comes before the
 * limits, so it is also asked for messages that a limit then refuses, and requests at the same
 * moment all find what it counted before any of them: use it for captchas and risk, and `limits`
 * for budgets.
 */
export type BeforeSend = OfRequest<
  [
    message: {
      method: string
      country: string
      purpose: string
      /** E.164. Keep it out of logs. */
      phoneNumber: string
    },
  ],
  boolean | Promise<boolean>
>

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
export function addressReader(emit: Emit): (req: HttpRequest) => RequestAddress {
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

/** Who asks, and from where. */
export function requesterOf(
  { addressOf, beforeSend, beforeChecks, cookies }: HandlerContext,
  req: HttpRequest,
): { requester: Requester; deviceAddress?: string } {
  const { address, ...device } = addressOf(req)
  const asking = beforeSend && {
    beforeSend: async (message: Parameters<BeforeSend>[1]) => beforeSend(req, message),
    beforeChecks,
  }
  return { requester: { address, devices: cookies.readDevices(req), ...asking }, ...device }
}

/**
 * What a flow was begun for and for whom, which must be the same when it is redeemed.
 * @throws PhoneCheckError `flow_invalid` when the purpose needs a signed-in user and there is none
 */
export function purposeOf({ purpose, subject, redirectUrl }: HandlerContext, req: HttpRequest) {
  const url = redirectUrl === undefined ? {} : { redirectUrl }
  if (!subject) return { purpose, ...url }
  const id: unknown = callApplicationNow(`subject of the purpose '${purpose}'`, () => subject(req))
  if (id === undefined || id === null || id === '' || id === false)
    throw new PhoneCheckError('flow_invalid', { message: 'Sign in first.' })
  if (typeof id !== 'string') {
    const got = isPromise(id) ? 'a promise' : `a value of the type ${typeof id}`
    throw new TypeError(
      `phone.purpose('${purpose}'): subject must return the signed-in user's id as a string, such as (req) => String(req.user.id), or undefined; it returned ${got}`,
    )
  }
  return { purpose, subject: id, ...url }
}
