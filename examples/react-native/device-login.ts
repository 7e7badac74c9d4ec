import { type Clock, type PhoneLogin, phoneLogin, type StorageLike } from 'passport-phonecheck/client'
import { type Opener, reachableFirst } from './mobile-data.ts'
import type { Session, Tokens } from './session.ts'
import type { TokenFetcher } from './system-token.ts'

export interface DeviceLoginSettings {
  /** Origin of the server, such as `https://api.example`. */
  readonly api: string
  readonly open: Opener
  /** For ladders with Firebase PNV. Absent: such ways are passed over. */
  readonly token?: TokenFetcher | undefined
  /** Gets the tokens. */
  readonly session: Pick<Session, 'keep'>
  /**
   * Keeps a login that has begun, for an app that the system ends, and what the server knows the
   * device by. Absent: a login begins again then, and who attacks the number can hold this device
   * up.
   */
  readonly storage?: StorageLike
  /** For tests. */
  readonly clock?: Clock
}

export interface DeviceLogin {
  readonly login: PhoneLogin<Tokens>
  /** Why the silent way did not work in this login; undefined when it did, or is still open. */
  readonly obstacle: () => string | undefined
}

/** The package's client, as a native app needs it. Knows nothing of React. */
export function deviceLogin({ api, open, token, session, storage, clock }: DeviceLoginSettings): DeviceLogin {
  let obstacle: string | undefined
  const login = phoneLogin<Tokens>({
    baseUrl: api,
    open: reachableFirst(open, (reason) => {
      obstacle = reason
    }),
    token:
      token &&
      (async (challenge, context) => {
        try {
          return await token(challenge, context)
        } catch (error) {
          // The user has left, and another login may have begun.
          const { code, name }: { code?: unknown; name?: unknown } = Object(error)
          if (!context.signal.aborted) obstacle = String(code ?? name)
          throw error
        }
      }),
    // The handle alone binds the login. It is a secret that lives ten minutes, so it goes nowhere
    // but to the Keychain or Keystore; what some frameworks add of a browser is left alone.
    credentials: 'omit',
    storage: storage ?? null,
    webOtp: false,
    clock,
  })
  login.subscribe((progress) => {
    if (progress.state === 'starting') obstacle = undefined
    if (progress.state === 'done') void session.keep(progress.result)
  })
  return { login, obstacle: () => obstacle }
}
