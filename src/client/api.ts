import { type Controller, platform } from './platform.js'
import { problemOf } from './problem.js'
import type { Call, Clock, OpenResult, PhoneLoginOptions, Problem, Signal, Skipped } from './types.js'

export type Fields = Readonly<Record<string, unknown>>

export interface Answer {
  /** The JSON of the body; undefined when it was none. */
  readonly body?: unknown
  /** Absent when the call succeeded. */
  readonly problem?: Problem
}

export type Post = (call: Call, body: Fields, signal: Signal) => Promise<Answer>

/** What the server said last of a login, with instants instead of durations. */
export interface Step {
  /** The handle: a secret. */
  readonly flow: string
  /** The public id. */
  readonly id: string
  /** When the login began. */
  readonly since: number
  /** Of the challenge; later versions may have more. */
  readonly type: 'open_url' | 'send_sms' | 'enter_code' | 'get_token'
  /** Of `open_url`. */
  readonly url?: string
  readonly answer?: 'text'
  /** Of `get_token`. */
  readonly kind?: string
  readonly request?: unknown
  /** How many digits, of `enter_code`. */
  readonly length?: number
  readonly method: string
  readonly fallback: readonly string[]
  readonly skipped: readonly Skipped[]
  readonly fallbackAt?: number | undefined
  readonly expiresAt: number
  readonly attemptsLeft?: number
  readonly resendAt?: number | undefined
}

/** The vendor limits how often a check URL is opened. The check is as good as before. */
export const tooOften = 'too_many_requests'

/** As long as the server keeps a login. */
export const flowLifeMs = 600000

/** Makes the function that calls the server. It resolves, whatever happens on the way. */
export function poster(options: PhoneLoginOptions, clock: Clock): Post {
  const { baseUrl = '', paths = {}, timeoutMs = 30000 } = options
  const { start = '/login/phone' } = paths
  const fetch = options.fetch ?? ((url, init) => platform.fetch(url, init))

  return async (call, body, signal) => {
    const controller: Controller = new platform.AbortController()
    const stop = () => controller.abort()
    const exchange = async (): Promise<Answer> => {
      const url = baseUrl + (call === 'start' ? start : (paths[call] ?? `${start}/${call}`))
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        credentials: options.credentials ?? (platform.location ? 'same-origin' : 'omit'),
        signal: controller.signal,
      })
      const json: unknown = await response.json().catch(() => undefined)
      // Whoever was sent on to another page by Passport or by a proxy was not answered, whatever that page says.
      if (response.ok && !response.redirected) return { body: json }
      const { code, reason, detail, retry_after } = fieldsOf(json)
      // Other origins may not read the header, unless the server lists it.
      const retryAt = instant(retry_after ?? response.headers.get('Retry-After'), clock.now())
      const { status } = response
      const more = { reason, retryAt, detail: code ? detail : `POST ${url} answered ${status}` } as Partial<Problem>
      return { body: json, problem: problemOf(String(code ?? 'unexpected'), response.ok ? 500 : status, more) }
    }
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    // Raced, because not every platform's fetch minds its signal.
    const answer = await Promise.race([exchange(), clock.delay(timeoutMs, controller.signal)]).catch(() => {})
    signal.removeEventListener('abort', stop)
    stop()
    return answer ?? { problem: problemOf('offline', 500) }
  }
}

/** @returns undefined for an answer that is none of start, fallback or resend */
export function readStep(body: unknown, now: number, since = now): Step | undefined {
  const { flow, id, method, challenge, expires_in, fallback = [], fallback_in, skipped = [] } = fieldsOf(body)
  const { resend_in, ...task } = fieldsOf(challenge)
  if (typeof flow !== 'string' || !task['type']) return undefined
  const expiresAt = instant(expires_in, now) ?? since + flowLifeMs
  const step = {
    ...task,
    flow,
    id,
    since,
    method,
    fallback,
    skipped,
    fallbackAt: instant(fallback_in, now),
    expiresAt,
    resendAt: instant(resend_in, now),
  }
  return step as unknown as Step
}

/**
 * What verify wants of what an SDK returned. The server takes a code or an error, never both.
 * @param isText whether the body of the last response is the code itself
 */
export function deviceFields(result: OpenResult | null | undefined, isText?: boolean): Fields {
  const outer = fieldsOf(result)
  const body = outer['response_body']
  const { check_id, code, error, type, http_status, error_description, detail } = { ...outer, ...fieldsOf(body) }
  if (isText && typeof body === 'string') return { code: body }
  if (code) return { check_id, code }
  if (Number(http_status) === 429) return { check_id, error: tooOften }
  // A refusal before the operator was asked is a problem document, named by the fragment of its type.
  return failure(error || String(type).split('#')[1], error_description ?? detail, check_id)
}

/** What verify is told of a device that brings no code. */
export function failure(error?: unknown, description?: unknown, check_id?: unknown): Fields {
  return { check_id, error: String(error || 'sdk_error').slice(0, 256), error_description: description }
}

/** @param seconds from now. @returns milliseconds since the epoch */
export function instant(seconds: unknown, now: number): number | undefined {
  const at = now + Number.parseFloat(seconds as string) * 1000
  return at >= now ? at : undefined
}

export function fieldsOf(value: unknown): Fields {
  return Object(value)
}
