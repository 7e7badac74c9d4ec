import { Strategy } from 'passport-custom'
import type { Emit } from '../contracts/events.js'
import type { HttpRequest, HttpResponse } from '../express/http-types.js'
import { asError, isPromise } from '../lib/application.js'
import type { PhoneCheckError } from '../lib/errors.js'

/**
 * The actions that Passport puts on a strategy for one request. Exactly one of them must be called.
 *
 * They are properties and not methods, because they are meant to be taken off `this`.
 */
interface PassportActions {
  success: (user: object, info?: object) => void
  fail: (challenge: object | string, status: number) => void
  redirect: (url: string, status?: number) => void
  error: (error: unknown) => void
}

export interface StrategyBase extends PassportActions {
  name: string
  authenticate(req: HttpRequest, options?: object): void
}

/** The options of `passport.authenticate` that matter here; Passport hands them on. */
export interface AuthenticateOptions {
  session?: boolean
  assignProperty?: string
  failWithError?: boolean
  successRedirect?: string
  successReturnToOrRedirect?: string
}

/** The same actions, guarded. */
export interface Actions extends Pick<PassportActions, 'success' | 'redirect'> {
  /** Refuses: `problem` is what `challenge` and `status` say in Passport's words. */
  fail: (problem: PhoneCheckError, challenge: object | string, status?: number) => void
  /**
   * Passes on whatever was thrown, always as an Error: Passport hands it to `next`, where a falsy
   * value would mean "go on".
   */
  error: (thrown: unknown) => void
}

/**
 * Takes Passport's actions off a strategy. To be called before the first await: Passport shares an
 * instance that is passed to it directly.
 */
export function actionsOf({ name, success, fail, redirect, error }: StrategyBase): Actions {
  const pass = (thrown: unknown) => error(asError(thrown, `passport.authenticate('${name}')`))
  return {
    success,
    redirect,
    error: pass,
    fail(problem, challenge, status = problem.status) {
      try {
        fail(challenge, status)
      } catch (thrown) {
        if (!isFaultOfPassport(thrown)) throw thrown
        pass(problem)
      }
    },
  }
}

/**
 * Passport's AuthenticationError reads `arguments.callee`, which throws once a bundler has made a
 * module, and so strict code, of it.
 */
function isFaultOfPassport(thrown: unknown): boolean {
  return thrown instanceof TypeError && thrown.message.includes('callee')
}

/**
 * Runs the work of one `authenticate`, whose return value Passport drops: a rejection ends at
 * `error`. Where that throws too, as a custom callback of `passport.authenticate` may, the request
 * is answered here; nothing of ours may end the process.
 */
export function runAuthenticate(
  actions: Actions,
  res: HttpResponse | undefined,
  emit: Emit,
  work: () => Promise<void>,
): void {
  work()
    .catch((thrown: unknown) => actions.error(thrown))
    .catch(() => {
      emit({ type: 'misconfiguration', code: 'callback_threw', message: callbackThrew })
      if (!res || res.headersSent) return
      res.statusCode = 500
      res.end('Internal Server Error')
    })
}

const callbackThrew =
  'The callback given to passport.authenticate threw an error, and threw again when it was given that error. Let it pass what it cannot handle to next(error).'

/**
 * passport-custom's strategy with the type it has at run time: its declarations fix the name to
 * 'custom' and leave the actions out. This is the only cast over it, and keeps its types (and with
 * them one major version of Express's) out of ours.
 */
export const Base = Strategy as unknown as abstract new (verify: () => void) => StrategyBase

/**
 * Refuses before the vendor is asked what cannot end in a session: a proof would be used up for
 * nothing. With a callback of its own, which Passport does not show us, an application may do
 * without a session; it is let through when it passes none of the options that only work without a
 * callback.
 * @throws Error that names the cure
 */
export function requireSession(req: HttpRequest, options: AuthenticateOptions): void {
  const { session = true, assignProperty, failWithError, successRedirect, successReturnToOrRedirect } = options
  const hasCallback =
    failWithError === undefined && successRedirect === undefined && successReturnToOrRedirect === undefined
  if (!session || assignProperty !== undefined || hasCallback) return
  const kept: unknown = Reflect.get(req, 'session')
  if (typeof kept === 'object' && kept !== null && typeof Reflect.get(kept, 'regenerate') === 'function') return
  const cure = 'Mount express-session before the route, or pass { session: false } where tokens take its place.'
  throw new Error(
    kept === undefined || kept === null
      ? `The login cannot be kept: the request has no session. ${cure}`
      : `The login cannot be kept: the session has no regenerate(), as with cookie-session, and Passport needs it. ${cure}`,
  )
}

/**
 * Passport establishes the session after we have answered, by `req.logIn`. When that fails, nobody
 * is logged in, and `reopen` lets the requester repeat. What the session says of the user already
 * is taken back first: express-session saves it at the end of the response, and the browser would
 * be logged in by an answer that says it is not.
 */
export function onFailedLogIn(req: HttpRequest, reopen: () => Promise<void>): void {
  const own: unknown = Reflect.get(req, 'logIn')
  if (typeof own !== 'function') return
  const logIn = (...args: unknown[]): unknown => {
    Object.assign(req, { logIn: own, login: own })
    const before: unknown = Reflect.get(req, 'session')
    const undo = async () => {
      forgetUser(req, before)
      await reopen().catch(() => {})
    }
    const finish = args.findIndex((arg) => typeof arg === 'function')
    // Without a callback it answers by a promise, as in @fastify/passport.
    if (finish < 0) return undoOnRejection(Reflect.apply(own, req, args), undo)
    const answer = args[finish] as (error?: unknown) => void
    const fail = (error: unknown) => void undo().then(() => answer(error))
    try {
      const wanted = args
        .slice(1, finish)
        .every((arg) => typeof arg !== 'object' || arg === null || Reflect.get(arg, 'session') !== false)
      const watched = args.with(finish, (error?: unknown) => {
        if (error) fail(error)
        else if (wanted && isUserMissing(req)) {
          const { _userProperty: property = 'user' } = req as { _userProperty?: string }
          Object.assign(req, { [property]: null })
          fail(new Error(userMissing))
        } else answer()
      })
      return Reflect.apply(own, req, watched)
    } catch (thrown) {
      // As where the session has no regenerate().
      fail(asError(thrown, 'req.logIn'))
      return undefined
    }
  }
  Object.assign(req, { logIn, login: logIn })
}

/** Passport takes an `undefined`, or another falsy value, that serializeUser threw for no error, and keeps nobody. */
const userMissing =
  'The login cannot be kept: the session does not hold the user. Look at passport.serializeUser: it may have thrown or rejected with something that is no Error.'

/** Where the user is kept is known of Passport's own session manager alone. */
function isUserMissing(req: HttpRequest): boolean {
  const { session, _sessionManager: manager } = req as { session?: unknown; _sessionManager?: { _key?: unknown } }
  if (typeof manager?._key !== 'string' || typeof session !== 'object' || session === null) return false
  const kept: unknown = Reflect.get(session, manager._key)
  return typeof kept !== 'object' || kept === null || Reflect.get(kept, 'user') === undefined
}

function undoOnRejection(answer: unknown, undo: () => Promise<void>): unknown {
  if (!isPromise(answer)) return answer
  return Promise.resolve(answer).catch(async (error: unknown) => {
    await undo()
    throw error
  })
}

/** Only of a session that was made for this login: another user may have been logged in before. */
function forgetUser(req: HttpRequest, before: unknown): void {
  const { session, _sessionManager: manager } = req as { session?: unknown; _sessionManager?: { _key?: unknown } }
  if (typeof session !== 'object' || session === null || session === before) return
  const key = typeof manager?._key === 'string' ? manager._key : 'passport'
  const kept: unknown = Reflect.get(session, key)
  if (typeof kept === 'object' && kept !== null) Reflect.deleteProperty(kept, 'user')
}
