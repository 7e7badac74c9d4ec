import { types } from 'node:util'
import type { Hit } from '../contracts/store.js'

// What the stores outside this process have in common.

/** A hit whose rule can be sent to a server. */
export interface Rule {
  readonly key: string
  readonly limit: number
  readonly windowMs: number
  /** Of a consecutive counter only. */
  readonly longestMs: number | undefined
  readonly cost: number
}

/**
 * The longest lifetime that is told apart, three thousand years: sums of two are exact, and within
 * what servers take for a date.
 */
const longestMs = 1e14

/** @throws TypeError when the hit could open a counter that never ends, or one that never closes */
export function ruleOf(store: string, { key, limit, windowSeconds, maxWindowSeconds, cost = 1 }: Hit): Rule {
  if (Number.isNaN(limit) || typeof limit !== 'number') throw new TypeError(`${store}: limit must be a number`)
  return {
    key: wellFormed(store, 'key', key),
    limit: Math.min(limit, Number.MAX_SAFE_INTEGER),
    windowMs: lifetime(store, 'windowSeconds', windowSeconds),
    longestMs: maxWindowSeconds === undefined ? undefined : lifetime(store, 'maxWindowSeconds', maxWindowSeconds),
    cost,
  }
}

/** @returns whole milliseconds, at least 1 */
export function lifetime(store: string, name: string, seconds: number): number {
  if (Number.isFinite(seconds) && seconds > 0) return Math.min(Math.ceil(seconds * 1000), longestMs)
  throw new TypeError(`${store}: ${name} must be a finite number above 0`)
}

/**
 * Half a surrogate pair has no UTF-8 form: two such texts would become one and the same on their
 * way. PostgreSQL knows no NUL; Redis is held to the same.
 */
export function wellFormed(store: string, what: string, text: string): string {
  if (typeof text === 'string' && !text.includes('\0') && !/\p{Surrogate}/u.test(text)) return text
  throw new TypeError(`${store}: the ${what} must be text of whole characters, without NUL`)
}

/** @throws TypeError that names the option */
export function timeoutOf(store: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 60_000) return value
  throw new TypeError(`${store}: timeoutMs must be a whole number from 1 to 60,000`)
}

/**
 * Settles as `work` does, or rejects after `ms`. What comes later is dropped: a server that hangs
 * must not hold a login. `onLate` gives back what the work still holds.
 */
export function within<Result>(ms: number, work: () => Promise<Result>, onLate?: () => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(Object.assign(new Error(`no answer within ${ms} ms`), { code: 'TIMEOUT' }))
      onLate?.()
    }, ms)
    work()
      .finally(() => clearTimeout(timer))
      .then(resolve, reject)
  })
}

/**
 * What a caller is told of a fault: the operation and the code. Neither the message nor the error
 * itself is passed on, because clients and servers put the statement's arguments, and with them
 * keys and records, into either.
 */
export function faultOf(store: string, operation: string, error: unknown): Error {
  const code = codeOf(error)
  const cure = Object.hasOwn(cures, code) ? `: ${cures[code]}` : ''
  return Object.assign(new Error(`${store}: ${operation} failed (${code})${cure}`), { code })
}

/** For what an error of `migrate` is all that an operator sees. */
const cures: Readonly<Record<string, string>> = {
  '08P01':
    'a pooler such as PgBouncer may refuse the statement_timeout of your pool; leave it out and set it for the role',
}

function codeOf(error: unknown): string {
  // Under Jest, Node's own errors are of another realm.
  if (!(error instanceof Error || types.isNativeError(error))) return 'UNKNOWN'
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code)) return code
  // A right that is missing inside a script is an ERR, in two wordings: of Redis 7 and newer, and of those before.
  if (/^(?:ERR|NOPERM)\b.*(?:ACL failure in script|The user executing the script can't)/.test(error.message))
    return 'NOPERM'
  // Redis begins its answers with a code; before version 7 a script put a preface before it.
  const [, answer] =
    /^(?:ERR Error running script[^@]*@user_script: ?\d+: -?)?([A-Z]{3,20})(?= )/.exec(error.message) ?? []
  if (answer !== undefined) return answer
  // Client libraries tell their own faults apart by class, as in MaxRetriesPerRequestError.
  const name = error.name === 'Error' ? error.constructor.name : error.name
  return /^[A-Z][A-Za-z]{5,60}$/.test(name) ? name : 'CONNECTION_LOST'
}
