import { type PhoneCheckErrorCode, problems } from '../contracts/problems.js'

/**
 * What an answer may carry beside `code`. Only closed vocabularies and numbers: nothing a provider
 * or a client wrote.
 */
export interface ProblemDetails {
  /** Text for the developer. Never holds what a user, a client or a provider sent. */
  message?: string
  /** Seconds until the same request may succeed; becomes `Retry-After`. */
  retryAfterSeconds?: number
  /** Tries left for the present code. */
  attemptsLeft?: number
  /** Methods that `fallback` can still go to. */
  fallback?: readonly string[]
  /** Why a rung could not work, from the closed list of {@link UnableReason}. */
  reason?: string
  /** What would satisfy a guard. */
  required?: { assurance: string; max_age?: number }
  /** Public id of the flow. */
  flowId?: string
  /** Whether the flow is over, so that what the requester keeps of it can be dropped. */
  ended?: boolean
  /** Whether a provider certainly did not act on the call. */
  untried?: boolean
  cause?: unknown
}

const brand = Symbol.for('passport-phonecheck.error')

/**
 * Any refusal or outage of this library. Test with `instanceof`, which works across the ESM and CJS
 * builds, or by `code`.
 *
 * `status` is the HTTP status; a 4xx is a verdict on the request, a 503 an outage that proves nothing.
 */
export class PhoneCheckError extends Error {
  /** Stable, and what to decide by. */
  readonly code: PhoneCheckErrorCode
  /** HTTP status. */
  readonly status: number
  /** The same, by the name that NestJS, Fastify and others read. */
  readonly statusCode: number
  /** As errors of `http-errors` have it, by which NestJS 12 knows one: whether clients may read the message. */
  readonly expose: boolean
  /** What else the answer carries, such as `retryAfterSeconds` or `attemptsLeft`. */
  readonly details: Omit<ProblemDetails, 'message' | 'cause'>

  constructor(code: PhoneCheckErrorCode, { message, cause, retryAfterSeconds, ...details }: ProblemDetails = {}) {
    const [status, text] = problems[code]
    const wait = waitOf(retryAfterSeconds)
    super(message ?? text, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status
    this.statusCode = status
    this.expose = status < 500
    this.details = wait === undefined ? details : { ...details, retryAfterSeconds: wait }
    Object.defineProperty(this, brand, { value: true })
  }

  override get name(): string {
    return 'PhoneCheckError'
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // What is thrown at us may be a Proxy whose traps throw themselves.
    try {
      return typeof value === 'object' && value !== null && brand in value
    } catch {
      return false
    }
  }
}

/** The longest lock, with a day to spare. */
const longestWaitSeconds = 31 * 86_400

/**
 * Vendors and applications name waits too: what is no number can be written neither into a record
 * nor into a header.
 */
function waitOf(seconds: unknown): number | undefined {
  if (typeof seconds !== 'number' || Number.isNaN(seconds)) return undefined
  return Math.min(seconds, longestWaitSeconds)
}

export function isOutage(error: unknown): boolean {
  return error instanceof PhoneCheckError && error.status === 503
}

/** A provider that throws anything but our own errors has a defect; that is no verdict either. */
export function asOutage(error: unknown): PhoneCheckError {
  return error instanceof PhoneCheckError ? error : new PhoneCheckError('provider_unavailable', { cause: error })
}

/** Another request is taking a step of this flow. Nothing was done; it may be repeated in a second. */
export function inProgress(): PhoneCheckError {
  return new PhoneCheckError('in_progress', { retryAfterSeconds: 1 })
}
