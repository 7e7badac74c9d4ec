import type { Clock, FetchLike, Signal, StorageLike } from './types.js'

export interface Controller {
  readonly signal: Signal
  abort(): void
}

type Listen = (type: string, listener: (event: { persisted?: boolean }) => void) => void

/**
 * What of browsers, React Native and Node is used. Only ever read at the moment of use: importing
 * this library touches nothing. What is optional tells where we are; the rest of it comes with
 * that.
 */
interface Platform {
  readonly fetch: FetchLike
  readonly AbortController: new () => Controller
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
  readonly sessionStorage?: StorageLike
  readonly removeEventListener?: Listen

  /** A page. */
  readonly location?: { readonly href: string; assign(url: string): void }
  readonly history: { readonly state: unknown; replaceState(state: unknown, title: string, url?: string): void }
  readonly document?: { readonly visibilityState: string; addEventListener: Listen; removeEventListener: Listen }
  readonly addEventListener: Listen
  readonly URLSearchParams: new (text: string) => Iterable<[string, string]>

  /** WebOTP. */
  readonly OTPCredential?: unknown
  readonly navigator: { readonly credentials: { get(options: object): Promise<{ readonly code?: string } | null> } }
}

export const platform = globalThis as unknown as Platform

/** Resolves when what `begin` began is done or `signal` aborts, and then undoes it. */
function until(signal: Signal, begin: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      undo()
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const undo = begin(finish)
    signal.addEventListener('abort', finish)
    if (signal.aborted) finish()
  })
}

export const systemClock: Clock = {
  now: () => Date.now(),
  delay: (ms, signal) =>
    until(signal, (done) => {
      const timer = platform.setTimeout(done, ms)
      return () => platform.clearTimeout(timer)
    }),
}

/** Makes a function that listens to one signal at a time. */
export function follower(onAbort: () => void): (next?: Signal) => void {
  let followed: Signal | undefined
  return (next) => {
    followed?.removeEventListener('abort', onAbort)
    followed = next
    followed?.addEventListener('abort', onAbort)
  }
}

/** Resolves once the page can be seen, which is at once where there is none, or when `signal` aborts. */
export async function visible(signal: Signal): Promise<void> {
  const page = platform.document
  while (page?.visibilityState === 'hidden' && !signal.aborted) {
    await until(signal, (done) => {
      page.addEventListener('visibilitychange', done)
      return () => page.removeEventListener('visibilitychange', done)
    })
  }
}

/**
 * The code of an SMS that names this site, if the browser reads it and the user agrees; undefined
 * otherwise, or never.
 */
export async function readCode(signal: Signal): Promise<string | undefined> {
  if (!platform.OTPCredential) return undefined
  try {
    const found = await platform.navigator.credentials.get({ otp: { transport: ['sms'] }, signal })
    return signal.aborted ? undefined : found?.code
  } catch {
    // Aborted, declined, forbidden by policy, or a browser that has half of it: the user types the code then.
    return undefined
  }
}

/** How a return leg ended. */
export interface Returned {
  /** `returned`: the vendor put its result behind the `#`, which no server sees. Else why it failed. */
  readonly code: string
  readonly reason: string | undefined
  /** What stood behind the `#`, of `returned` alone. */
  readonly fragment: string | undefined
}

/**
 * Takes `?phonecheck=<code>&reason=<reason>` of a return leg, and the vendor's result, out of the
 * address, so that a reload or a shared link does not repeat it.
 */
export function takeReturn(): Returned | undefined {
  const { location, history } = platform
  let found: Returned | undefined
  const href = location?.href.replace(
    /([?&])phonecheck=(\w+)(?:&reason=(\w+))?(&|$|#.*)/,
    (_, lead: string, code: string, reason: string | undefined, tail: string) => {
      const isResult = code === 'returned'
      found = { code, reason, fragment: isResult ? tail.slice(1) : undefined }
      return tail === '&' ? lead : isResult ? '' : tail
    },
  )
  if (found) history.replaceState(history.state, '', href)
  return found
}
