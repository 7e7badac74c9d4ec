import { STATUS_CODES } from 'node:http'
import { asError } from '../lib/application.js'
import type { Drain } from '../lib/drain.js'
import { PhoneCheckError } from '../lib/errors.js'
import type { NextStep } from '../login/types.js'
import type { ErrorHandler, Handler, HttpRequest, HttpResponse, Next } from './http-types.js'

/**
 * The one property that the strategy leaves on a request: Passport passes only a reason phrase to
 * error handlers after `failWithError`.
 */
const kept = Symbol.for('passport-phonecheck.problem')

/** Passport assigns it at the beginning of each authentication. */
const marksBeginning = '_sessionManager'

/**
 * Keeps why a strategy refused, for {@link phoneCheckErrors}. Without `failWithError` no error comes of it.
 *
 * Several strategies may meet one request: as alternatives of one authentication, whose status is
 * that of the first failure; or in one authentication after another, as with an optional token on
 * all routes. What is kept belongs to one authentication and is forgotten when the next one begins,
 * of whatever strategy.
 */
export function keepProblem(req: HttpRequest, error: PhoneCheckError, options: { failWithError?: boolean }): void {
  if (options.failWithError !== true || (Reflect.has(req, kept) && isWatched(req))) return
  Object.assign(req, { [kept]: error })
  forgetAtNextBeginning(req)
}

function isWatched(req: HttpRequest): boolean {
  return Object.getOwnPropertyDescriptor(req, marksBeginning)?.set !== undefined
}

function forgetAtNextBeginning(req: HttpRequest): void {
  const own = Object.getOwnPropertyDescriptor(req, marksBeginning)
  if (!own?.writable || !own.configurable) return
  Object.defineProperty(req, marksBeginning, {
    configurable: true,
    enumerable: true,
    get: () => own.value,
    set: (value: unknown) => {
      Reflect.deleteProperty(req, kept)
      Object.defineProperty(req, marksBeginning, { ...own, value })
    },
  })
}

/** @param status of Passport's error, which is that of the first strategy that failed */
function keptProblem(req: HttpRequest, status: unknown): PhoneCheckError | undefined {
  const value: unknown = Reflect.get(req, kept)
  return value instanceof PhoneCheckError && value.status === status ? value : undefined
}

/** Headers that must hold whoever writes the body. */
export function setProblemHeaders(res: HttpResponse, error: PhoneCheckError): void {
  res.setHeader('Cache-Control', 'no-store')
  // Another scheme's challenge, such as Bearer, was set by its own strategy.
  if (error.status === 401 && !res.hasHeader('WWW-Authenticate')) res.setHeader('WWW-Authenticate', 'PhoneCheck')
  const { retryAfterSeconds } = error.details
  if (retryAfterSeconds !== undefined) res.setHeader('Retry-After', String(wholeSeconds(retryAfterSeconds)))
}

function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds))
}

export function sendProblem(res: HttpResponse, error: PhoneCheckError, status: number = error.status): void {
  const { flowId, attemptsLeft, fallback, reason, required, retryAfterSeconds } = error.details
  setProblemHeaders(res, error)
  send(res, status, 'application/problem+json', {
    title: STATUS_CODES[status],
    status,
    code: error.code,
    detail: error.message,
    instance: flowId,
    reason,
    attempts_left: attemptsLeft,
    // Also in the body: to a page of another origin the header is hidden unless CORS exposes it.
    retry_after: retryAfterSeconds === undefined ? undefined : wholeSeconds(retryAfterSeconds),
    fallback,
    required,
  })
}

export function sendJson(res: HttpResponse, status: number, body: object): void {
  res.setHeader('Cache-Control', 'no-store')
  send(res, status, 'application/json', body)
}

/** Answers with a rung that was reached: in one form for start, fallback and resend. */
export function sendStep(res: HttpResponse, handle: string, step: NextStep): void {
  const { id, method, challenge, expiresInSeconds, fallback, fallbackInSeconds, skipped } = step
  sendJson(res, 201, {
    flow: handle,
    id,
    method,
    challenge,
    expires_in: expiresInSeconds,
    fallback,
    fallback_in: fallbackInSeconds,
    skipped,
  })
}

function send(res: HttpResponse, status: number, type: string, body: object): void {
  const text = JSON.stringify(body)
  res.statusCode = status
  res.setHeader('Content-Type', `${type}; charset=utf-8`)
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.end(text)
}

/**
 * Answers every {@link PhoneCheckError} with its problem; passes everything else on. Express 4
 * would lose a rejected promise, so none leaves here.
 */
export function asHandler(
  { drain }: { drain: Drain },
  work: (req: HttpRequest, res: HttpResponse) => Promise<void>,
): Handler {
  return (req, res, next) => {
    drain
      .run(() => work(req, res))
      .catch((error: unknown) => {
        if (error instanceof PhoneCheckError && !res.headersSent) sendProblem(res, error)
        else next(asError(error, work.name))
      })
  }
}

/**
 * Error middleware that answers with `application/problem+json` and restores code and message of a
 * refusal after Passport's `failWithError`. Errors that are not of this library are passed on.
 * Mount it after the routes.
 */
export function phoneCheckErrors(...nothing: never[]): ErrorHandler {
  // Called as a handler, without the parentheses, it would hold every request for ever.
  if (nothing.length > 0)
    throw new TypeError(
      'phoneCheckErrors: takes no options; mount it with parentheses, after the routes: app.use(phoneCheckErrors())',
    )
  return function phoneCheckErrors(error: unknown, req: HttpRequest, res: HttpResponse, next: Next) {
    const problem =
      error instanceof PhoneCheckError
        ? error
        : isAuthenticationError(error)
          ? keptProblem(req, error.status)
          : undefined
    if (problem && !res.headersSent) sendProblem(res, problem)
    else next(error)
  }
}

/**
 * Passport does not export the class of its errors, and on Deno they are not even instances of
 * Error. Their text is the reason phrase; an error of the application that has the same name has a
 * text of its own.
 */
function isAuthenticationError(error: unknown): error is { status: number } {
  if (typeof error !== 'object' || error === null) return false
  const { name, message, status } = error as { name?: unknown; message?: unknown; status?: unknown }
  return name === 'AuthenticationError' && typeof status === 'number' && message === STATUS_CODES[status]
}
