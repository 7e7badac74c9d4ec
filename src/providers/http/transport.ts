import type { Deadline } from '../../contracts/clock.js'

/** Largest answer of a vendor that is read. The real ones stay under 2 KiB. */
export const maxBodyBytes = 64 * 1024

export interface VendorRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Absolute path, already encoded. */
  path: string
  headers: Record<string, string>
  body?: string
  /** For the whole exchange, body included. */
  timeoutMs: number
  deadline: Deadline
}

export interface TransportAnswer {
  status: number
  /** The header as it came. */
  retryAfter: string | undefined
  text: string
}

/** How one request gets to a vendor and its answer back. */
export interface Transport {
  /** @throws TransportError when there is no answer */
  exchange(request: VendorRequest, timeoutMs: number): Promise<TransportAnswer>
  close(): Promise<void>
}

/**
 * An answer that never became one.
 *
 * `sent` says whether the vendor may have acted on the request: false only when no connection was made.
 */
export class TransportError extends Error {
  /** `overload`: so many requests wait for this vendor already that another one would only wait too. */
  readonly kind: 'connect' | 'timeout' | 'reset' | 'too_large' | 'overload'
  readonly sent: boolean

  constructor(kind: TransportError['kind'], sent: boolean) {
    super(`The provider's answer was lost: ${kind}.`)
    this.kind = kind
    this.sent = sent
  }
}

/** For `catch`: a lost answer becomes a value, anything else stays a fault. */
export function toTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error
  throw error
}

/** The original error is dropped on purpose: it may quote the request, and with it our credentials. */
export function asTransportError(error: unknown, sent: boolean): TransportError {
  if (error instanceof TransportError) return error
  const code = codeOf(error)
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return new TransportError('timeout', sent)
  // The code of a lost connection says nothing of when it was lost: a network can go away after the last byte.
  return new TransportError(sent ? 'reset' : 'connect', sent)
}

function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } }
  return String(code ?? cause?.code ?? '')
}
