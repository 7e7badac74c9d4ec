import { Strategy } from 'passport-custom'
import type { OnEvent } from '../contracts/events.js'
import type { HttpRequest, HttpResponse } from '../express/http-types.js'
import { asError } from '../lib/application.js'
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
  emit: OnEvent,
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
