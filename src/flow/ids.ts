import { hash } from 'node:crypto'

/** The store's key of a flow: SHA-256 of its handle in hex, so that a dump of the store yields no handle. */
export function flowKey(handle: string): string {
  return hash('sha256', handle, 'hex')
}

/** The public name of a flow: 16 hex digits, safe in logs, in answers and as the vendor's `reference_id`. */
export function flowId(key: string): string {
  return key.slice(0, 16)
}
