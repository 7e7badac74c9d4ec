import type { Requester } from '../limits/login-limiter.js'

/** Somebody names a flow and claims to be its starter. */
export interface FlowRequest {
  handle: unknown
  /** What the requester holds to prove that it is the starter. */
  proof: { binding: 'cookie'; secret: string } | { binding: 'handle' }
  purpose: string
  subject?: string
  redirectUrl?: string
  requester: Requester
  /** The device's address, if it can be trusted to be the device's. */
  deviceAddress?: string
}

export interface RedeemRequest extends FlowRequest {
  code?: unknown
  /** The device's own idea of which check this is. */
  checkId?: string
  /** `iss` beside the code: which authorization server says it sent the browser back. */
  issuer?: string
  /** What the device reported instead of a code. */
  error?: string
  /** Free text beside `error`, for the rung's own judgement alone. */
  errorDescription?: string
}
