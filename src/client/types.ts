/**
 * The shapes of the device's half. Structural: they need neither the DOM's types nor Node's nor
 * React Native's, and fit all three.
 */

/** What stops an attempt: the platform's own `AbortSignal` where its types are known. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Known } } ? Known : SignalLike

export interface SignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export type Credentials = 'same-origin' | 'include' | 'omit'

/** The part of `fetch` that is used. */
export type FetchLike = (
  url: string,
  init: { method: 'POST'; headers: Record<string, string>; body: string; credentials: Credentials; signal: Signal },
) => Promise<FetchResponse>

export interface FetchResponse {
  readonly ok: boolean
  readonly status: number
  readonly redirected?: boolean | undefined
  readonly headers: { get(name: string): string | null }
  json(): Promise<unknown>
}

/** The part of `sessionStorage` that is used. May throw: then nothing is remembered. */
export interface StorageLike {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** Time. `fakeClock()` of `passport-phonecheck/testing` is one. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms` milliseconds, soon if that is not positive, or at once when `signal` aborts; never rejects. */
  delay(ms: number, signal: Signal): Promise<void>
}

/**
 * What the native SDK of tru.ID or IDlayr returns from opening a check URL over mobile data, as it
 * is: with the last answer inside (`http_status`, `response_body`), or that answer itself
 * (`check_id` and `code`, or `error`), or the SDK's own failure (`error`).
 */
export interface OpenResult {
  readonly http_status?: number | string | null | undefined
  readonly response_body?: unknown
  readonly check_id?: string | null | undefined
  readonly code?: string | null | undefined
  readonly reference_id?: string | null | undefined
  readonly error?: string | null | undefined
  readonly error_description?: string | null | undefined
  /** Seconds to wait after an answer 429, where the SDK tells. */
  readonly retry_after?: number | string | null | undefined
}

/** The five calls of the server's half. */
export type Call = 'start' | 'verify' | 'fallback' | 'resend' | 'status'

export interface PhoneLoginOptions {
  /**
   * Put before each path, such as `https://api.example.com`. Default: the page's own origin. Needed
   * where there is no page.
   */
  baseUrl?: string | undefined
  /**
   * Where the server's handlers are. Default of `start`: `/login/phone`; of the others: `/verify`,
   * `/fallback`, `/resend` and `/status` below it.
   */
  paths?: { readonly [call in Call]?: string | undefined } | undefined
  /**
   * Opens a URL over mobile data by a native SDK and resolves with what the SDK returned. A
   * rejection counts as a failure of the SDK: the ladder goes on. Its server needs `delivery:
   * 'body'`. Default: the page itself goes there and is sent back, which needs `delivery:
   * 'redirect'`.
   */
  open?: ((url: string, context: { signal: Signal }) => Promise<OpenResult>) | undefined
  /**
   * Fetches the token of a challenge `get_token` by an API of the platform, such as Android's
   * Credential Manager, and resolves with it as text. A rejection counts as a failure of the device:
   * its `code`, or else its `name`, and its `message` tell the server why. Default: such ways are
   * passed over.
   */
  token?: ((challenge: { kind: string; request: unknown }, context: { signal: Signal }) => Promise<string>) | undefined
  /**
   * Whether the next way is taken at once when one is known not to work. `false` leaves it to
   * `fallback()`. Default true.
   */
  autoFallback?: boolean | undefined
  /** Whether a code is read from the SMS by WebOTP, where the browser has it. Default true. */
  webOtp?: boolean | undefined
  /** Default: the platform's. Wrap it to add headers of your own, such as a CSRF token. */
  fetch?: FetchLike | undefined
  /**
   * Cookies of the calls. Default: `same-origin` on a page, `omit` elsewhere, where the handle
   * alone binds the login.
   */
  credentials?: Credentials | undefined
  /**
   * Where the login survives a page that goes away, or an app that the system ends, until
   * `resume()`: a secret, for ten minutes, in one entry. In another one, with a key that ends with
   * ` device`: what the server knows the device by, if the verify route answers `device`; it goes
   * with every later start and logs nobody in. `null`: nowhere. Default: `sessionStorage` where
   * there is one.
   */
  storage?: StorageLike | null | undefined
  /** How long one call may take. Milliseconds, default 30,000. */
  timeoutMs?: number | undefined
  /** For tests. */
  clock?: Clock | undefined
}

/**
 * What the UI may offer after a problem.
 * - retry: the same step again, by `retry()`
 * - fallback: another way, by `fallback()`
 * - restart: a new login, by `start()`; often with another number
 * - wait: the same step later, by `retry()` at `retryAt`
 * - stop: nothing; the user cannot help it
 */
export type Action = 'retry' | 'fallback' | 'restart' | 'wait' | 'stop'

/**
 * Why something failed: the server's stable codes, and four of the device's own. `offline`: no
 * answer came. `interrupted`: the user came back from the check without its result. `expired`:
 * nothing happened in time. `unexpected`: an answer that is none of the library's, such as the
 * app's own error page.
 */
export type ProblemCode =
  | 'invalid_request'
  | 'invalid_phone_number'
  | 'country_not_allowed'
  | 'number_type_not_allowed'
  | 'flow_invalid'
  | 'invalid_code'
  | 'mismatch'
  | 'cross_site'
  | 'send_refused'
  | 'token_invalid'
  | 'user_refused'
  | 'step_up_required'
  | 'pending'
  | 'in_progress'
  | 'too_early'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'rung_unable'
  | 'ladder_exhausted'
  | 'cooldown'
  | 'number_limit'
  | 'spending_limit'
  | 'address_limit'
  | 'code_locked'
  | 'provider_unavailable'
  | 'store_unavailable'
  | 'delivery_unknown'
  | 'offline'
  | 'interrupted'
  | 'expired'
  | 'unexpected'

export interface Problem {
  /** One of {@link ProblemCode}, or what the app's own routes answer as `code`. Words for people are the app's. */
  readonly code: ProblemCode | (string & {})
  readonly action: Action
  /**
   * Why a way cannot work, where that is known, such as `not_mobile_ip`. Of `flow_invalid`,
   * `no_cookie`: the browser did not send the login's cookie back, as in a frame of another site or
   * without `credentials: 'include'`; another login would end the same.
   */
  readonly reason?: string | undefined
  /** For whoever mends the app, in English: what the server says, or which route answered what. Not for users. */
  readonly detail?: string | undefined
  /** When the same step may succeed. Milliseconds since the epoch. */
  readonly retryAt?: number | undefined
}

/** A way that the server passed over by itself. */
export interface Skipped {
  readonly method: string
  /** Such as `not_mobile_ip`, `provider_down`. */
  readonly reason: string
}

interface OnRung {
  /** Name of the way in use, such as `mocheck`. */
  readonly method: string
  /** The ways that `fallback()` can still take; none when empty. */
  readonly fallback: readonly string[]
  /**
   * When `fallback()` need not wait any more. Milliseconds since the epoch; undefined when no way
   * follows, or it is not known.
   */
  readonly fallbackAt?: number | undefined
  /** The ways that the server passed over to come to this one, and why; none when empty. */
  readonly skipped: readonly Skipped[]
  /** When the server gives this way up. Milliseconds since the epoch. */
  readonly expiresAt: number
  /** What went wrong last, if it can be mended here. */
  readonly problem?: Problem | undefined
}

/** The user sends `body` to `to`. Open `href` when they tap a button: browsers refuse it without. */
export interface WaitingForSms extends OnRung {
  readonly state: 'waiting_for_sms'
  readonly to: string
  readonly body: string
  /** An `sms:` link with both. */
  readonly href: string
}

/** The user types the code of a message into the form that calls `submitCode()`. */
export interface WaitingForCode extends OnRung {
  readonly state: 'waiting_for_code'
  /** How many digits the code has. */
  readonly length: number
  /** Known after the first wrong code. */
  readonly attemptsLeft?: number | undefined
  /** When `resend()` may send another message. Milliseconds since the epoch; undefined when no other may follow. */
  readonly resendAt?: number | undefined
}

export interface Failed {
  readonly state: 'failed'
  readonly problem: Problem
  /** The ways that `fallback()` can still take; none when empty. */
  readonly fallback: readonly string[]
  /**
   * When `fallback()` need not wait any more. Milliseconds since the epoch; undefined when it need
   * not wait now, or no way follows.
   */
  readonly fallbackAt?: number | undefined
}

/**
 * Where a login is. Has neither the handle nor the number in it, so it may be logged.
 *
 * `idle`, `waiting_for_sms`, `waiting_for_code`, `done` and `failed` are states of rest; the others pass by themselves.
 */
export type Progress<Result = unknown> =
  | { readonly state: 'idle' }
  | { readonly state: 'starting' }
  /**
   * The device is on the check URL: the SDK in an app; in a browser the page is leaving. With
   * `retryAt`: the vendor wants a pause, and the URL is opened again then.
   */
  | {
      readonly state: 'opening'
      readonly method: string
      readonly skipped: readonly Skipped[]
      readonly retryAt?: number | undefined
    }
  | WaitingForSms
  | WaitingForCode
  /** The server is asked. */
  | { readonly state: 'checking' }
  /** With `retryAt`, in milliseconds since the epoch: the next way may not be taken before, and is taken then. */
  | { readonly state: 'falling_back'; readonly retryAt?: number | undefined }
  | { readonly state: 'resending' }
  /** `result` is what the app's verify route answered, parsed as JSON; undefined when it was none. */
  | { readonly state: 'done'; readonly result: Result }
  | Failed

/**
 * One login at a time. The functions need no `this`. Each resolves with the next state of rest (or
 * `opening`, when the page leaves) and never rejects for what networks, servers and users do. What
 * is called while a request is under way joins it. A call that does not apply to the present state
 * does nothing, and resolves with that state.
 */
export interface PhoneLogin<Result = unknown> {
  readonly progress: Progress<Result>
  /** Hears of every later change. @returns the way to unsubscribe */
  subscribe(listener: (progress: Progress<Result>) => void): () => void
  /**
   * Begins a login, in place of any other. When `signal` aborts, that is `cancel()`.
   * @throws TypeError when the number is no string, and without `baseUrl` where there is no page; as a rejection
   */
  start(phoneNumber: string, options?: { signal?: Signal | undefined }): Promise<Progress<Result>>
  /**
   * Takes the code that the user typed, in digits of any one script; blanks, dashes and unseen
   * marks do not count.
   * @throws TypeError when it is no string; as a rejection
   */
  submitCode(code: string): Promise<Progress<Result>>
  /** Asks for another message with a code. */
  resend(): Promise<Progress<Result>>
  /** Takes the next way. If that is too early, waits and takes it then. */
  fallback(): Promise<Progress<Result>>
  /**
   * Repeats the step that failed. From `failed`, waits for its `retryAt` first; if that is more
   * than ten minutes away, changes nothing.
   */
  retry(): Promise<Progress<Result>>
  /**
   * For a page that has just been loaded: takes a login up again that began in this tab at most ten
   * minutes ago, or reports what `?phonecheck=` says, and removes that from the address. Otherwise
   * nothing happens.
   */
  resume(): Promise<Progress<Result>>
  /** Back to `idle`, at once: stops what is under way and forgets the login. */
  cancel(): void
}
