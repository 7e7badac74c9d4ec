import type { PhoneIdentity } from '../contracts/identity.js'
import type { HandlerContext } from '../express/context.js'
import { fallbackHandler, resendHandler } from '../express/handlers/next-rung.js'
import { type StartOptions, startHandler } from '../express/handlers/start.js'
import { statusHandler } from '../express/handlers/status.js'
import { webhookHandler } from '../express/handlers/webhook.js'
import type { Handler, HttpRequest, HttpResponse } from '../express/http-types.js'
import { keepProblem, sendProblem, setProblemHeaders } from '../express/problem-json.js'
import {
  expiringCookieWhenOver,
  type IncomingRedeem,
  isBareReturn,
  readReturn,
  readVerify,
} from '../express/request/flow.js'
import { PhoneCheckError } from '../lib/errors.js'
import {
  type Actions,
  type AuthenticateOptions,
  actionsOf,
  Base,
  onFailedLogIn,
  requireSession,
  runAuthenticate,
} from './base.js'
import type { Decision } from './verify.js'

declare global {
  namespace Express {
    // Empty, so that our types stand without @types/passport; the application fills it.
    interface User {}
    interface AuthInfo {
      /** What the login proved; set by `passport.authenticate('phonecheck')`. */
      phoneCheck?: PhoneIdentity
      /**
       * With `handle` binding: what tells this device from strangers. Hand it to the app, which
       * keeps it for up to 400 days and sends it as `device` with its next starts. It logs nobody
       * in. Absent when too many devices became known today, or the store failed.
       */
      phoneCheckDevice?: string
    }
  }
}

/** The application's decision on a proven identity. */
export type Decide = (req: HttpRequest, identity: PhoneIdentity) => Promise<Decision>

type ExpressRequest = HttpRequest & { res?: HttpResponse | undefined }

/**
 * The two phases of one purpose. `authenticate` is the second only: it redeems what the device
 * brought. The first, which may cost money, is a handler of its own, so that a route guarded for
 * redeeming can never start a check by mistake.
 */
export class FlowStrategy extends Base {
  // No `#private` fields: Passport works on `Object.create(strategy)`, which has no access to them.
  override name: string
  /** @internal */
  readonly context: HandlerContext
  /** @internal */
  readonly decide: Decide

  /** @internal */
  constructor(name: string, context: HandlerContext, decide: Decide) {
    super(() => {})
    this.name = name
    this.context = context
    this.decide = decide
  }

  /**
   * `POST start`: creates a check and answers 201 with what the device must do now. Needs neither a
   * session nor `passport.initialize()`.
   */
  start(options: StartOptions = {}): Handler {
    return startHandler(frontOf(this, 'start', options), options)
  }

  /** `POST fallback`: the next rung of the ladder, when the present one is spent or was given its time. */
  fallback(): Handler {
    return fallbackHandler(frontOf(this, 'fallback'))
  }

  /** `POST resend`: another message on the same rung; `limits` says how many and after what pause. */
  resend(): Handler {
    return resendHandler(frontOf(this, 'resend'))
  }

  /** `POST status`: how far the login is. Never logs anyone in. */
  status(): Handler {
    return statusHandler(frontOf(this, 'status'))
  }

  /** `POST` of a provider that announces a result, at the path of `callbackUrl`. Mount it before body parsers. */
  webhook(): Handler {
    return webhookHandler(frontOf(this, 'webhook'))
  }

  override authenticate(req: ExpressRequest, options: AuthenticateOptions = {}): void {
    const actions = actionsOf(this)
    const { res } = req
    runAuthenticate(actions, res, this.context.emit, async () => {
      if (!res) throw new Error(needsResponse)
      const visit: Visit = { req, res, actions, options }
      await (req.method === 'POST' ? this.verify(visit) : this.return(visit))
    })
  }

  /** `POST verify`, called by the page or the app. @internal */
  private async verify(visit: Visit): Promise<void> {
    const { req, res, actions } = visit
    try {
      requireSession(req, visit.options)
      await this.redeem(visit, await readVerify(this.context, req))
    } catch (error) {
      if (!(error instanceof PhoneCheckError)) throw error
      setProblemHeaders(res, error)
      if (error.status === 503) return actions.error(error)
      fail(visit, error)
    }
  }

  /**
   * The provider sends the browser here. A person looks at the result, so every refusal ends on the
   * login page. @internal
   */
  private async return(visit: Visit): Promise<void> {
    const { req, res, actions } = visit
    // The code is in the address: it must stay out of caches and out of the next page's Referer.
    res.setHeader('Cache-Control', 'no-store')
    res.setHeader('Referrer-Policy', 'no-referrer')
    if (req.method !== 'GET' || isPrefetch(req)) {
      // Refused rather than redirected: a browser would keep a prefetched redirect and follow it
      // instead of asking again.
      return fail(visit, new PhoneCheckError('invalid_request'))
    }
    // Browsers carry what stands behind the `#` over this redirect (RFC 9110 section 10.2.2), to the page that can read it.
    if (isBareReturn(req)) return actions.redirect(withParameters(this.context.loginUrl ?? '/', 'returned'), 303)
    try {
      requireSession(req, visit.options)
      await this.redeemOnce(visit, readReturn(this.context, req))
    } catch (error) {
      if (!(error instanceof PhoneCheckError)) throw error
      if (error.code === 'flow_invalid' && req.headers['x-tru-sdk-request'] !== undefined) {
        // A vendor's SDK followed the redirect. It has no page to show and reads JSON only, which
        // none of Passport's actions can send.
        return sendProblem(res, new PhoneCheckError('flow_invalid', { message: 'Use body delivery with SDKs.' }), 400)
      }
      actions.redirect(withParameters(this.context.loginUrl ?? '/', error.code, error.details.reason), 303)
    }
  }

  /**
   * A return link that is tapped twice makes two requests of one browser. The second waits a moment
   * for the first; when that logged the browser in, it is sent where the first was sent. @internal
   */
  private async redeemOnce(visit: Visit, incoming: IncomingRedeem): Promise<void> {
    const { clock } = this.context
    for (let waits = 0; ; waits++) {
      try {
        return await this.redeem(visit, incoming)
      } catch (error) {
        const code = error instanceof PhoneCheckError ? error.code : undefined
        if (code === 'in_progress' && waits < maxWaits) {
          await clock.delay(waitMs)
          continue
        }
        const target = visit.options.successReturnToOrRedirect ?? visit.options.successRedirect
        if (typeof target !== 'string' || !(await this.wasJustWon(error, incoming))) throw error
        return visit.actions.redirect(target, 303)
      }
    }
  }

  /**
   * Whether a used-up flow was used up by a login. Its cookie came with this request, so the answer
   * to that login had not arrived: both are of one moment.
   * @internal
   */
  private async wasJustWon(error: unknown, { request }: IncomingRedeem): Promise<boolean> {
    if (!(error instanceof PhoneCheckError) || error.code !== 'flow_invalid' || !error.details.ended) return false
    return this.context.logins.status(request).then(
      ({ state }) => state === 'verified',
      () => false,
    )
  }

  /** @internal */
  private async redeem(visit: Visit, { request, cookie }: IncomingRedeem): Promise<void> {
    const { req, res, actions } = visit
    const { logins, drain, cookies } = this.context
    const redeeming = () => drain.run(() => logins.redeem(request, (proven) => this.decide(req, proven)))
    const { user, identity, reopen, devices } = await expiringCookieWhenOver(this.context, res, cookie, redeeming)
    const before = res.getHeader('Set-Cookie')
    if (cookie) {
      cookies.expire(res, cookie.name)
      if (devices) cookies.keepDevices(res, devices)
    }
    onFailedLogIn(req, async () => {
      // Without its cookie the browser could not repeat.
      if ((await reopen()) && !res.headersSent) restoreHeader(res, 'Set-Cookie', before)
    })
    const device = cookie ? undefined : devices?.[0]
    actions.success(user.user, {
      ...user.info,
      phoneCheck: identity,
      ...(device !== undefined && { phoneCheckDevice: device }),
    })
  }
}

/** One request to `passport.authenticate`. */
interface Visit {
  req: ExpressRequest
  res: HttpResponse
  actions: Actions
  options: AuthenticateOptions
}

const needsResponse =
  'PhoneCheckStrategy answers by `req.res`, which Express sets. In other frameworks set `req.res = res` before passport.authenticate().'

/** How long a second request of the same browser waits for the first: 12 times 250 ms. */
const maxWaits = 12
const waitMs = 250

function restoreHeader(res: HttpResponse, name: string, value: number | string | string[] | undefined): void {
  if (value === undefined) res.removeHeader(name)
  else res.setHeader(name, value)
}

function fail({ req, actions, options }: Visit, problem: PhoneCheckError): void {
  keepProblem(req, problem, options)
  const { attemptsLeft, fallback } = problem.details
  actions.fail(problem, { code: problem.code, message: problem.message, attempts_left: attemptsLeft, fallback })
}

/** @throws TypeError when the method itself was mounted as a handler, which Express then calls with a request */
function frontOf(strategy: unknown, method: string, options?: object): HandlerContext {
  const isRequest = options !== undefined && options !== null && 'headers' in options && 'socket' in options
  if (!(strategy instanceof FlowStrategy) || isRequest) {
    throw new TypeError(`phone.${method} makes a handler and is none itself: mount phone.${method}(), with parentheses`)
  }
  return strategy.context
}

function isPrefetch(req: HttpRequest): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) =>
    /prefetch|preview/i.test(String(req.headers[name] ?? '')),
  )
}

function withParameters(loginUrl: string, code: string, reason?: string): string {
  return `${loginUrl}${loginUrl.includes('?') ? '&' : '?'}phonecheck=${code}${reason === undefined ? '' : `&reason=${reason}`}`
}
