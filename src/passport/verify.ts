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

/** Both styles of callback as one async function. A callback with more parameters than it is given values uses `done`. */
export function verifier(verify: VerifyCallback | VerifyCallbackWithRequest, passReqToCallback: boolean) {
  const most = passReqToCallback ? 3 : 2
  if (verify.length > most) {
    throw new TypeError(
      `the verify callback takes ${verify.length} parameters but gets at most ${most}; for the request first, set passReqToCallback: true`,
    )
  }
  const call = verify as (...args: unknown[]) => Awaitable<Verdict | void>
  const usesDone = verify.length > (passReqToCallback ? 2 : 1)
  return async (req: HttpRequest, identity: PhoneIdentity): Promise<Admitted | false> => {
    const values = passReqToCallback ? [req, identity] : [identity]
    if (!usesDone) return admitted(await call(...values))
    return new Promise((resolve, reject) => {
      const done: Done = (error, user, info) => (error ? reject(error) : resolve(admitted(user, info)))
      // A promise that is returned beside `done` is watched too, or its rejection would end the process.
      Promise.resolve(call(...values, done)).catch(reject)
    })
  }
}

function admitted(user: Verdict | void, info?: object): Admitted | false {
  return user ? { user, info } : false
}
