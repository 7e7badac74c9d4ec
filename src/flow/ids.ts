import { hash } from 'node:crypto'

export const secretGrammar = /^[A-Za-z0-9_-]{43}$/

export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && secretGrammar.test(value)
}

/** The store's key of a flow: SHA-256 of its handle in hex, so that a dump of the store yields no handle. */
export function flowKey(handle: string): string {
  return hash('sha256', handle, 'hex')
}

/** The public name of a flow: 16 hex digits, safe in logs, in answers and as the vendor's `reference_id`. */
export function flowId(key: string): string {
  return key.slice(0, 16)
}
