import type { PhoneIdentity } from '../contracts/identity.js'
import type { HttpRequest, OfRequest } from '../express/http-types.js'
import { asError, callApplication, isPromise } from '../lib/application.js'
import { StepUp } from '../login/types.js'

/**
 * The application's user, or false or null to refuse a proven identity. Nothing refuses too, and
 * the event says so: a `return` may have been forgotten.
 */
export type Verdict = Express.User | StepUpWanted | false | null | undefined

/**
 * Says that the identity is proven too weakly: the login stays open for a stronger rung of the ladder,
 * and the callback is asked again for what that one proves. With no such rung after the present one
 * the user is refused. An object with this one member is never taken for a user.
 */
export interface StepUpWanted {
  stepUp: 'medium' | 'high'
}

export type Done = (error: unknown, user?: Verdict, info?: object) => void
type Awaitable<T> = T | Promise<T>

/**
 * Turns a proven identity into the application's user. Return (a promise of) the user, or take the
 * last parameter and call it as Passport's `done`. A callback that declares no parameters, as
 * wrappers do, is given `done` too and may use either; whichever comes first counts.
 *
 * May be called twice for one login, when the first call failed: it must be idempotent.
 */
export type VerifyCallback = (identity: PhoneIdentity, done: Done) => Awaitable<Verdict | void>

/** The same with the request first. */
export type VerifyCallbackWithRequest = OfRequest<[identity: PhoneIdentity, done: Done], Awaitable<Verdict | void>>

export interface Accepted {
  user: Express.User
  info: object | undefined
}

/** False refuses; undefined does too, and means that the callback gave no answer at all. */
export type Decision = Accepted | StepUp | false | undefined

/**
 * All styles of callback as one async function. A callback with more parameters than it is given values uses `done`.
 * @param name of the strategy, for the text of errors
 */
export function verifier(name: string, verify: VerifyCallback | VerifyCallbackWithRequest, passReqToCallback: boolean) {
  const most = passReqToCallback ? 3 : 2
  if (verify.length > most) {
    throw new TypeError(
      `the verify callback takes ${verify.length} parameters but gets at most ${most}; for the request first, set passReqToCallback: true`,
    )
  }
  const who = `The verify callback of '${name}'`
  const call = verify as (...args: unknown[]) => Awaitable<Verdict | void>
  const declaresDone = verify.length === most
  // Whoever wraps callbacks, as NestJS does, makes such that declare no parameters: nothing says
  // which style they pass on.
  const declaresNothing = verify.length === 0
  return async (req: HttpRequest, identity: PhoneIdentity): Promise<Decision> => {
    const values = passReqToCallback ? [req, identity] : [identity]
    if (!declaresDone && !declaresNothing) return decisionOf(who, await callApplication(who, call, ...values))
    return withDone(who, (done) => call(...values, done), declaresNothing)
  }
}

/**
 * @param mayReturn whether what the callback returns counts too. Returning nothing at once does
 * not: `done` is then called later.
 */
function withDone(who: string, call: (done: Done) => unknown, mayReturn: boolean): Promise<Decision> {
  return new Promise((resolve, reject) => {
    let isAnswered = false
    const once = (answer: () => void) => {
      if (isAnswered) return
      isAnswered = true
      answer()
    }
    const fail = (thrown: unknown) => once(() => reject(asError(thrown, who)))
    const decide = (user: unknown, info?: object) =>
      once(() => {
        // A user that is a promise is waited for: what it promises may be nobody.
        callApplication(who, () => user as Verdict)
          .then((known) => decisionOf(who, known, info))
          .then(resolve, reject)
      })
    const done: Done = (error, user, info) => (isFailure(error, user) ? fail(error) : decide(user, info))
    try {
      const returned = call(done)
      if (returned === undefined) return
      // A promise that is returned beside `done` is watched too, or its rejection would end the process.
      Promise.resolve(returned).then((user) => {
        if (mayReturn) decide(user)
        // Not taken as the user: queries and timers, which callbacks of this style happen to return, would log in.
        else if (user !== undefined && isPromise(returned)) fail(new TypeError(`${who} ${bothStyles}`))
      }, fail)
    } catch (thrown) {
      fail(thrown)
    }
  })
}

const bothStyles =
  'declares the parameter done and returned a promise of a value without calling it: leave done out to return the user, or call done(null, user).'

/**
 * Anything truthy, as in Passport. Of the falsy values only null and undefined mean "no error",
 * unless there is a user all the same.
 */
function isFailure(error: unknown, user: unknown): boolean {
  return Boolean(error) || (error !== undefined && error !== null && !user)
}

/** @throws Error that names the callback, for what can be no user */
function decisionOf(who: string, user: Verdict | void, info?: object): Decision {
  if (user === undefined) return undefined
  const wanted = stepUpOf(user)
  if (wanted) {
    if (wanted.stepUp !== 'medium' && wanted.stepUp !== 'high')
      throw new Error(`${who} answered with a stepUp that is neither 'medium' nor 'high'.`)
    return new StepUp(wanted.stepUp)
  }
  const fault = kindOfNoUser(user)
  if (fault) throw new Error(`${who} answered with ${fault} instead of a user. Return the user, or false to refuse.`)
  return user ? { user: user as Express.User, info } : false
}

/** An object of one member of that name: a user who has it beside others is a user. */
function stepUpOf(user: unknown): { stepUp: unknown } | undefined {
  const isOne = typeof user === 'object' && user !== null && Object.keys(user).join() === 'stepUp'
  return isOne ? (user as { stepUp: unknown }) : undefined
}

/**
 * What is truthy and stands for nobody: a generator function was called and its body never ran, or
 * a function was returned and not called. Whatever else Passport takes as a user is one, `true`
 * too: apps that only guard a route say yes by it.
 */
function kindOfNoUser(user: unknown): string | undefined {
  if (typeof user === 'function') return 'a function'
  if (typeof user === 'symbol') return 'a symbol'
  if (typeof user !== 'object' || user === null) return undefined
  try {
    const isIterator =
      typeof Reflect.get(user, 'next') === 'function' && (Symbol.iterator in user || Symbol.asyncIterator in user)
    return isIterator ? 'an iterator' : undefined
  } catch {
    return 'an object that cannot be looked at'
  }
}
