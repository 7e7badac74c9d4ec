import type { VendorResponse } from '../http/client.js'

/** A vendor's RFC 7807 problem. Only the fragment of `type` is stable: its host differs by brand. */
export interface VendorProblem {
  /** Such as `phone_format_invalid`; undefined when the body is no problem, or its type has no fragment. */
  fragment: string | undefined
}

export function readProblem(body: VendorResponse['body']): VendorProblem {
  const type = body?.['type']
  const fragment = typeof type === 'string' ? /#([a-z0-9_]{1,64})$/.exec(type)?.[1] : undefined
  return { fragment }
}
