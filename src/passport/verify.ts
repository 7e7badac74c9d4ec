import { asError, callApplication } from '../core/application.js'
import type { PhoneIdentity } from '../core/identity.js'
import type { HttpRequest, OfRequest } from '../express/http-types.js'

/** The application's user, or false (or nothing) to refuse a proven identity. */
export type Verdict = Express.User | false | null | undefined
export type Done = (error: unknown, user?: Verdict, info?: object) => void
type Awaitable<T> = T | Promise<T>

/**
 * Turns a proven identity into the application's user. Return (a promise of) the user, or take the last parameter and call it as Passport's `done`.
 *
 * May be called twice for one login, when the first call failed: it must be idempotent.
 */
export type VerifyCallback = (identity: PhoneIdentity, done: Done) => Awaitable<Verdict | void>

/** The same with the request first. */
export type VerifyCallbackWithRequest = OfRequest<[identity: PhoneIdentity, done: Done], Awaitable<Verdict | void>>

export interface Admitted {
  user: Express.User
  info: object | undefined
}

/** False is the application's no; undefined is no answer, most often a forgotten `return`. Neither logs anyone in. */
export type Decision = Admitted | false | undefined

const name = 'The verify callback'

/**
 * Both styles of callback as one async function, told apart by the number of declared parameters.
 *
 * One that declares `done` answers by it alone. One that declares none, like the `(...args)` that NestJS and other wrappers make, gets `done` too and may
 * return: the first answer counts.
 */
export function verifier(verify: VerifyCallback | VerifyCallbackWithRequest, passReqToCallback: boolean) {
  const most = passReqToCallback ? 3 : 2
  if (verify.length > most) {
    throw new TypeError(
      `the verify callback takes ${verify.length} parameters but gets at most ${most}; for the request first, set passReqToCallback: true`,
    )
  }
  const call = verify as (...args: unknown[]) => Awaitable<Verdict | void>
  return async (req: HttpRequest, identity: PhoneIdentity): Promise<Decision> => {
    const values = passReqToCallback ? [req, identity] : [identity]
    if (verify.length > 0 && verify.length < most) return decision(await callApplication(name, () => call(...values)))
    return withDone((done) => call(...values, done), verify.length === 0)
  }
}

/** @param mayReturn whether what it returns counts as well */
function withDone(call: (done: Done) => Awaitable<Verdict | void>, mayReturn: boolean): Promise<Decision> {
  return new Promise((resolve, reject) => {
    const done: Done = (error, user, info) => (error ? reject(asError(error, name)) : resolve(decision(user, info)))
    let returned: Awaitable<Verdict | void>
    try {
      returned = call(done)
    } catch (thrown) {
      reject(asError(thrown, name))
      return
    }
    // Watched in either case, or a rejection would end the process.
    Promise.resolve(returned).then(
      (user) => {
        // Nothing, and not by a promise: `done` will be called later.
        if (mayReturn && !(user === undefined && returned === undefined)) resolve(decision(user))
      },
      (thrown) => reject(asError(thrown, name)),
    )
  })
}

function decision(user: Verdict | void, info?: object): Decision {
  if (user) return { user, info }
  return user === undefined ? undefined : false
}
