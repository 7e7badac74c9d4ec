'use client'
/**
 * The device's half as a React hook, for React 18 and 19.
 *
 * @module
 */
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { phoneLogin } from '../client/login.js'
import type { PhoneLogin, PhoneLoginOptions, Progress } from '../client/types.js'

/** What a component needs of a login. The functions stay the same from one rendering to the next. */
export interface PhoneLoginView<Result = unknown>
  extends Pick<PhoneLogin<Result>, 'start' | 'submitCode' | 'resend' | 'fallback' | 'retry' | 'cancel'> {
  /** Where the login is; the component is rendered anew with each change. */
  readonly progress: Progress<Result>
}

const idle = { state: 'idle' } as const

/**
 * One login for as long as the component is mounted. A login that left the page, or was there before a reload, is
 * resumed; unmounting cancels. On a server, and while a page is hydrated, `progress` is `idle`.
 * @typeParam Result what the app's verify route answers
 * @param options those of `phoneLogin`. What the first rendering gave counts: for others, give the component another
 * `key`
 * @example
 * const { progress, start } = usePhoneLogin<{ name: string }>()
 * if (progress.state === 'done') return <p>Welcome, {progress.result.name}</p>
 * return <button onClick={() => start('+12025550100')}>Log in</button>
 */
export function usePhoneLogin<Result = unknown>(options?: PhoneLoginOptions): PhoneLoginView<Result> {
  const [login] = useState(() => phoneLogin<Result>(options))
  const progress = useSyncExternalStore<Progress<Result>>(
    login.subscribe,
    () => login.progress,
    () => idle,
  )
  const mounted = useRef(false)
  useEffect(() => {
    mounted.current = true
    void login.resume()
    return () => {
      mounted.current = false
      // StrictMode undoes effects and runs them again in one go. A cancel at once would end a login that an effect of
      // the app's began, and the second run would start another: a second message, paid for.
      void Promise.resolve().then(() => mounted.current || login.cancel())
    }
  }, [login])
  const { start, submitCode, resend, fallback, retry, cancel } = login
  return { progress, start, submitCode, resend, fallback, retry, cancel }
}
