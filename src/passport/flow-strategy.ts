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
import { type Actions, type AuthenticateOptions, actionsOf, Base, runAuthenticate } from './base.js'
import type { Decision } from './verify.js'

declare global {
  namespace Express {
    // Empty, so that our types stand without @types/passport; the application fills it.
    interface User {}
    interface AuthInfo {
      /** What the login proved; set by `passport.authenticate('phonecheck')`. */
      phoneCheck?: PhoneIdentity
      /**
       * With `handle` binding: what tells this device from strangers. Hand it to the app, which keeps it for up to 400 days and sends it as `device` with
       * its next starts. It logs nobody in. Absent when too many devices became known today, or the store failed.
       */
      phoneCheckDevice?: string
    }
  }
}

/** The application's decision on a proven identity. */
export type Admit = (req: HttpRequest, identity: PhoneIdentity) => Promise<Decision>

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
    return startHandler(frontOf(this, 'start', options), options)
  }

  /** `POST fallback`: the next rung of the ladder, when the present one is spent or was given its time. */
  fallback(): Handler {
    return fallbackHandler(frontOf(this, 'fallback'))
  }

  /** `POST resend`: another message on the same rung, at most two, the first after 125 s. */
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
    runAuthenticate(actions, res, this.front.emit, async () => {
      if (!res) throw new Error(needsResponse)
      const visit: Visit = { req, res, actions, options }
      await (req.method === 'POST' ? this.verify(visit) : this.return(visit))
    })
  }

  /** `POST verify`, called by the page or the app. @internal */
  private async verify(visit: Visit): Promise<void> {
    const { req, res, actions } = visit
    try {
      requireSession(visit)
      await this.redeem(visit, await readVerify(this.front, req))
    } catch (error) {
      if (!(error instanceof PhoneCheckError)) throw error
      setProblemHeaders(res, error)
      if (error.status === 503) return actions.error(error)
      fail(visit, error)
    }
  }

  /** The provider sends the browser here. A person looks at the result, so every refusal ends on the login page. @internal */
  private async return(visit: Visit): Promise<void> {
    const { req, res, actions } = visit
    // The code is in the address: it must stay out of caches and out of the next page's Referer.
    res.setHeader('Cache-Control', 'no-store')
    res.setHeader('Referrer-Policy', 'no-referrer')
    if (req.method !== 'GET' || isPrefetch(req)) {
      // Refused rather than redirected: a browser would keep a prefetched redirect and follow it instead of asking again.
      return fail(visit, new PhoneCheckError('invalid_request'))
    }
    try {
      requireSession(visit)
      await this.redeemOnce(visit, readReturn(this.front, req))
    } catch (error) {
      if (!(error instanceof PhoneCheckError)) throw error
      if (error.code === 'flow_invalid' && req.headers['x-tru-sdk-request'] !== undefined) {
        // A vendor's SDK followed the redirect. It has no page to show and reads JSON only, which none of Passport's actions can send.
        return sendProblem(res, new PhoneCheckError('flow_invalid', { message: 'Use body delivery with SDKs.' }), 400)
      }
      actions.redirect(withCode(this.front.loginUrl ?? '/', error), 303)
    }
  }

  /**
   * A return link that is tapped twice makes two requests of one browser. The second waits a moment for the first; when that logged the browser in, it is sent
   * where the first was sent. @internal
   */
  private async redeemOnce(visit: Visit, incoming: IncomingRedeem): Promise<void> {
    const { clock, flow } = this.front
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
        const wasWon = code === 'flow_invalid' && waits > 0 && (await flow.status(incoming.request)).state === 'verified'
        if (!wasWon || typeof target !== 'string') throw error
        return visit.actions.redirect(target, 303)
      }
    }
  }

  /** @internal */
  private async redeem(visit: Visit, { request, cookieName }: IncomingRedeem): Promise<void> {
    const { req, res, actions } = visit
    const { flow, drain, cookies } = this.front
    const { user, identity, reopen, devices } = await drain
      .run(() => flow.redeem(request, (proven) => this.admit(req, proven)))
      .catch((error: unknown) => {
        if (cookieName && error instanceof PhoneCheckError && error.details.ended) cookies.expire(res, cookieName)
        throw error
      })
    const before = res.getHeader('Set-Cookie')
    if (cookieName) {
      cookies.expire(res, cookieName)
      if (devices) cookies.keepDevices(res, devices)
    }
    reopenIfLoginFails(req, async () => {
      // Without its cookie the browser could not repeat.
      if ((await reopen()) && !res.headersSent) restoreHeader(res, 'Set-Cookie', before)
    })
    const device = cookieName ? undefined : devices?.[0]
    actions.success(user.user, { ...user.info, phoneCheck: identity, ...(device !== undefined && { phoneCheckDevice: device }) })
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

/**
 * Refuses before the vendor is asked what cannot end in a session: a proof would be used up for nothing. With a callback of its own, which Passport does not
 * show us, an application may do without a session; it is let through when it passes none of the options that only work without a callback.
 */
function requireSession({ req, options }: Visit): void {
  const { session = true, assignProperty, failWithError, successRedirect, successReturnToOrRedirect } = options
  const hasCallback = failWithError === undefined && successRedirect === undefined && successReturnToOrRedirect === undefined
  if (!session || assignProperty !== undefined || hasCallback) return
  const kept = get(req, 'session')
  if (typeof kept === 'object' && kept !== null && typeof Reflect.get(kept, 'regenerate') === 'function') return
  const cure = 'Mount express-session before the route, or pass { session: false } where tokens take its place.'
  throw new Error(
    kept === undefined || kept === null
      ? `The login cannot be kept: the request has no session. ${cure}`
      : `The login cannot be kept: the session has no regenerate(), as with cookie-session, and Passport needs it. ${cure}`,
  )
}

/** Passport establishes the session after we have answered, by `req.logIn`. When that fails, nobody was logged in. */
function reopenIfLoginFails(req: ExpressRequest, reopen: () => Promise<void>): void {
  const own = Reflect.get(req, 'logIn') as LogIn | undefined
  if (typeof own !== 'function') return
  const watched: LogIn = (user, options, done) => {
    Object.assign(req, { logIn: own, login: own })
    const finish = typeof options === 'function' ? options : done
    const then = (error?: unknown) => {
      if (!error) return finish?.()
      forgetUser(req)
      reopen().then(
        () => finish?.(error),
        () => finish?.(error),
      )
    }
    if (typeof options === 'function') own.call(req, user, then)
    else own.call(req, user, options, then)
  }
  Object.assign(req, { logIn: watched, login: watched })
}

/**
 * A session that could not be saved may still be: express-session tries once more when the answer ends. With the user in it, a login that failed would log in
 * after all, and the repeat would be a second one.
 */
function forgetUser(req: ExpressRequest): void {
  const key: unknown = get(get(req, '_sessionManager'), '_key') ?? 'passport'
  const kept = get(get(req, 'session'), String(key))
  if (typeof kept === 'object' && kept !== null) Reflect.deleteProperty(kept, 'user')
}

function get(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null ? Reflect.get(from, name) : undefined
}

type LoggedIn = (error?: unknown) => void
type LogIn = (this: unknown, user: unknown, options?: object | LoggedIn, done?: LoggedIn) => void

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
function frontOf(strategy: unknown, method: string, options?: object): Front {
  const isRequest = options !== undefined && options !== null && 'headers' in options && 'socket' in options
  if (!(strategy instanceof FlowStrategy) || isRequest) {
    throw new TypeError(`phone.${method} makes a handler and is none itself: mount phone.${method}(), with parentheses`)
  }
  return strategy.front
}

function isPrefetch(req: HttpRequest): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) => /prefetch|preview/i.test(String(req.headers[name] ?? '')))
}

function withCode(loginUrl: string, { code, details: { reason } }: PhoneCheckError): string {
  return `${loginUrl}${loginUrl.includes('?') ? '&' : '?'}phonecheck=${code}${reason === undefined ? '' : `&reason=${reason}`}`
}
