import { PhoneCheckError } from '../core/errors.js'
import type { PhoneIdentity } from '../core/identity.js'
import { fallbackHandler } from '../express/fallback.js'
import type { Front } from '../express/front.js'
import type { Handler, HttpRequest, HttpResponse } from '../express/http-types.js'
import { keepProblem, sendProblem, setProblemHeaders } from '../express/problem.js'
import { type IncomingRedeem, readReturn, readVerify } from '../express/redeem-request.js'
import { resendHandler } from '../express/resend.js'
import { type StartOptions, startHandler } from '../express/start.js'
import { statusHandler } from '../express/status.js'
import { webhookHandler } from '../express/webhook.js'
import { type Actions, Base } from './base.js'
import type { Admitted } from './verify.js'

declare global {
  namespace Express {
    // Empty, so that our types stand without @types/passport; the application fills it.
    interface User {}
    interface AuthInfo {
      /** What the login proved; set by `passport.authenticate('phonecheck')`. */
      phoneCheck?: PhoneIdentity
    }
  }
}

/** The application's decision on a proven identity. */
export type Admit = (req: HttpRequest, identity: PhoneIdentity) => Promise<Admitted | false>

type ExpressRequest = HttpRequest & { res?: HttpResponse | undefined }

/**
 * The two phases of one purpose. `authenticate` is the second only: it redeems what the device brought. The first, which may cost money, is a handler of its
 * own, so that a route guarded for redeeming can never start a check by mistake.
 */
export class FlowStrategy extends Base {
  // No `#private` fields: Passport works on `Object.create(strategy)`, which has no access to them.
  override name: string
  /** @internal */
  readonly front: Front
  /** @internal */
  readonly admit: Admit

  /** @internal */
  constructor(name: string, front: Front, admit: Admit) {
    super(() => {})
    this.name = name
    this.front = front
    this.admit = admit
  }

  /** `POST start`: creates a check and answers 201 with what the device must do now. Needs neither a session nor `passport.initialize()`. */
  start(options: StartOptions = {}): Handler {
    return startHandler(this.front, options)
  }

  /** `POST fallback`: the next rung of the ladder, when the present one is spent or was given its time. */
  fallback(): Handler {
    return fallbackHandler(this.front)
  }

  /** `POST resend`: another message on the same rung, at most two, the first after 125 s. */
  resend(): Handler {
    return resendHandler(this.front)
  }

  /** `POST status`: how far the login is. Never logs anyone in. */
  status(): Handler {
    return statusHandler(this.front)
  }

  /** `POST` of a provider that announces a result, at the path of `callbackUrl`. Mount it before body parsers. */
  webhook(): Handler {
    return webhookHandler(this.front)
  }

  override authenticate(req: ExpressRequest): void {
    // Taken before the first await: Passport shares an instance that is passed to it directly, and the next request puts its own actions on it.
    const actions: Actions = { success: this.success, fail: this.fail, redirect: this.redirect, error: this.error }
    const { res } = req
    if (!res) throw new Error('PhoneCheckStrategy needs Express: the request has no `res`.')
    const leg = req.method === 'POST' ? this.verify(req, res, actions) : this.return(req, res, actions)
    // Passport drops what authenticate returns, so a rejection would be nobody's.
    leg.catch((error: unknown) => actions.error(error))
  }

  /** `POST verify`, called by the page or the app. @internal */
  private async verify(req: ExpressRequest, res: HttpResponse, actions: Actions): Promise<void> {
    try {
      await this.redeem(req, res, actions, await readVerify(this.front, req))
    } catch (error) {
      if (!(error instanceof PhoneCheckError)) throw error
      keepProblem(req, error)
      setProblemHeaders(res, error)
      if (error.status === 503) return actions.error(error)
      const { attemptsLeft, fallback } = error.details
      actions.fail({ code: error.code, message: error.message, attempts_left: attemptsLeft, fallback }, error.status)
    }
  }

  /** The provider sends the browser here. A person looks at the result, so every refusal ends on the login page. @internal */
  private async return(req: ExpressRequest, res: HttpResponse, actions: Actions): Promise<void> {
    // The code is in the address: it must stay out of caches and out of the next page's Referer.
    res.setHeader('Cache-Control', 'no-store')
    res.setHeader('Referrer-Policy', 'no-referrer')
    if (req.method !== 'GET' || isPrefetch(req)) {
      // Refused rather than redirected: a browser would keep a prefetched redirect and follow it instead of asking again.
      const { code, message } = new PhoneCheckError('invalid_request')
      return actions.fail({ code, message }, 400)
    }
    try {
      await this.redeem(req, res, actions, readReturn(this.front, req))
    } catch (error) {
      if (!(error instanceof PhoneCheckError)) throw error
      keepProblem(req, error)
      if (error.code === 'flow_invalid' && req.headers['x-tru-sdk-request'] !== undefined) {
        // A vendor's SDK followed the redirect. It has no page to show and reads JSON only, which none of Passport's actions can send.
        return sendProblem(res, new PhoneCheckError('flow_invalid', { message: 'Use body delivery with SDKs.' }), 400)
      }
      actions.redirect(withCode(this.front.loginUrl ?? '/', error), 303)
    }
  }

  /** @internal */
  private async redeem(req: HttpRequest, res: HttpResponse, actions: Actions, { request, cookieName }: IncomingRedeem): Promise<void> {
    const { flow, drain } = this.front
    const { user, identity } = await drain
      .run(() => flow.redeem(request, (proven) => this.admit(req, proven)))
      .catch((error: unknown) => {
        if (cookieName && error instanceof PhoneCheckError && error.details.ended) this.front.cookies.expire(res, cookieName)
        throw error
      })
    if (cookieName) this.front.cookies.expire(res, cookieName)
    actions.success(user.user, { ...user.info, phoneCheck: identity })
  }
}

function isPrefetch(req: HttpRequest): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) => /prefetch|preview/i.test(String(req.headers[name] ?? '')))
}

function withCode(loginUrl: string, { code, details: { reason } }: PhoneCheckError): string {
  return `${loginUrl}${loginUrl.includes('?') ? '&' : '?'}phonecheck=${code}${reason === undefined ? '' : `&reason=${reason}`}`
}
