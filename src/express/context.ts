import type { Clock } from '../contracts/clock.js'
import type { OnEvent } from '../contracts/events.js'
import { callApplicationNow, isPromise } from '../lib/application.js'
import type { Drain } from '../lib/drain.js'
import { PhoneCheckError } from '../lib/errors.js'
import type { Requester } from '../limits/login-limiter.js'
import type { LoginService } from '../login/login-service.js'
import type { RequestAddress } from './client-address.js'
import type { FlowCookies } from './flow-cookie.js'
import type { HttpRequest, OfRequest } from './http-types.js'

/** What all handlers of one strategy share. */
export interface HandlerContext {
  flow: LoginService
  drain: Drain
  clock: Clock
  cookies: FlowCookies
  emit: OnEvent
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
