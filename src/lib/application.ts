import type { Clock } from '../contracts/clock.js'
import type { Emit, OnEvent, PhoneCheckEvent, ToldEvent } from '../contracts/events.js'
import { wallTime, withTimeout } from './clock.js'
import { sentenceFor } from './event-text.js'
import { eventChannel } from './telemetry.js'

/**
 * Runs a function that the application gave us: a verify callback, `beforeSend`, `subject`, `findUser`, …
 *
 * Whatever it throws or rejects with comes out as an Error that names it. To Express and Passport
 * an error of `undefined`, `null`, `''`, `0` or `false` means "no error, go on", and of `'route'`
 * or `'router'` "skip these handlers": a guard that passed such a value on would open.
 */
export async function callApplication<Args extends unknown[], T>(
  name: string,
  call: (...args: Args) => T | PromiseLike<T>,
  ...args: Args
): Promise<T> {
  try {
    return await call(...args)
  } catch (thrown) {
    throw asError(thrown, name)
  }
}

/**
 * The same for functions whose answer is wanted at once. A promise is returned as it is, for the
 * caller to refuse; its rejection ends no process.
 */
export function callApplicationNow<T>(name: string, call: () => T): T {
  try {
    const answer = call()
    isPromise(answer)
    return answer
  } catch (thrown) {
    throw asError(thrown, name)
  }
}

/**
 * The answer of such a function to a request that waits for it. None in time is an error: a `done`
 * that is never called would hold the request for ever.
 */
export function answerWithin<T>(clock: Clock, ms: number, name: string, answer: Promise<T>): Promise<T> {
  return withTimeout(clock, ms, answer, () => {
    throw new Error(`${name} did not answer within ${Math.round(ms / 1000)} seconds.`)
  })
}

/**
 * An Error as it is; of anything else, one that says what was thrown by whom. Its kind only: the
 * value may hold anything.
 */
export function asError(thrown: unknown, name: string): Error {
  if (isError(thrown)) return thrown
  return new Error(`${name} threw or rejected with ${kindOf(thrown)} instead of an Error.`, { cause: thrown })
}

/**
 * Whether an answer will only come later, of any kind of promise. A rejection of it is heard here,
 * so that it ends no process.
 */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null || typeof Reflect.get(value, 'then') !== 'function') return false
  Promise.resolve(value).then(undefined, () => {})
  return true
}

/** Hands events to the application, whose listener may throw or reject without touching a login. */
export function isolateListener(onEvent: OnEvent, clock: Clock): Emit {
  return (event) => {
    const told = asTold(event, new Date(wallTime(clock)))
    if (eventChannel.hasSubscribers) eventChannel.publish(told)
    try {
      // A promise of the listener is watched, or its rejection would end the process.
      isPromise(onEvent(told))
    } catch {
      // An operator's listener is never part of a login.
    }
  }
}

function asTold(event: PhoneCheckEvent, at: Date): ToldEvent {
  const told = { ...event, at }
  // Most listeners read few of the sentences, so each is made when it is read.
  if (!('message' in told))
    Object.defineProperty(told, 'message', { enumerable: true, configurable: true, get: () => sentenceFor(event) })
  return told as ToldEvent
}

/**
 * Of any realm: what Jest or `vm` runs has an `Error` of its own. What cannot even be looked at,
 * such as a revoked Proxy, is none.
 */
function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
  } catch {
    return false
  }
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null || value === false || value === true) return String(value)
  if (value === '') return 'an empty string'
  if (value === 0 || Number.isNaN(value)) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
