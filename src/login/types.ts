import type { Assurance, PhoneIdentity } from '../contracts/identity.js'
import type { Challenge, Delivery } from '../contracts/provider.js'
import type { UnableReason } from '../contracts/unable-reason.js'
import type { BindingMode } from '../flow/record.js'
import type { Requester } from '../limits/login-limiter.js'

export interface StartRequest {
  /** As the user typed it. */
  phoneNumber: unknown
  purpose: string
  /** Id of the signed-in user for whom the flow is begun, for purposes that have one. */
  subject?: string
  binding: BindingMode
  delivery: Delivery
  /** The user's language, a BCP 47 tag. */
  locale?: string
  /** Whether the user agreed to checks with the operator, where the device says. */
  consent?: boolean
  /** Where the provider sends the browser back to, in redirect delivery. */
  redirectUrl?: string
  requester: Requester
  /** The device's address, if it can be trusted to be the device's. */
  deviceAddress?: string
}

export interface StartedFlow extends Step {
  /** Given to the requester once, and never again. */
  handle: string
  /** For the requester's cookie. Equal to the handle in `handle` binding. */
  secret: string
  /** Public id. */
  id: string
}

/** Another rung, or another message, in a flow that the requester has already. */
export interface NextStep extends Step {
  id: string
}

export interface FlowStatus {
  state: 'pending' | 'verified' | 'failed' | 'expired'
  rung: 'live' | 'spent'
  fallback: string[]
  /** Why the rung is spent, or the flow failed; a word of a closed list. */
  reason?: string
  /** Seconds until `fallback` opens; 0 when it is open. Absent when no rung follows. */
  fallbackInSeconds?: number
  retryAfterSeconds?: number
}

/** Whether this process can serve logins. Holds nothing secret. */
export interface Readiness {
  /** Whether the store answered within half a second. */
  ready: boolean
  store: 'ok' | 'failed'
  /** Open ones mean that a provider failed too often of late; its rung is skipped at start. */
  breakers: { method: string; operation: string; state: 'closed' | 'open' }[]
  /**
   * Methods whose vendor refused our credentials, balance or rights, and has done nothing for us since.
   * `phone.diagnose()` and the event `provider_misconfigured` say why.
   */
  refused: string[]
}

/** The application's answer to a proof that is too weak for it: it wants one of this strength or better. */
export class StepUp {
  readonly assurance: Assurance

  constructor(assurance: Assurance) {
    this.assurance = assurance
  }
}

export interface Redeemed<User> {
  user: User
  identity: PhoneIdentity
  /**
   * Lets the same requester repeat for a minute, because logging in failed after the flow was used
   * up: the session store was down. To be called only if nobody was logged in. False when it cannot
   * be repeated.
   */
  reopen(): Promise<boolean>
  /** What tells this device from strangers at its next start, and then what it brought of other numbers. */
  devices?: readonly string[]
}

/**
 * The application's decision: its user, or false to refuse an identity that is proven; undefined,
 * no answer, refuses too; or that it wants a stronger proof. May be asked twice for one flow.
 */
export type ResolveUser<User> = (identity: PhoneIdentity) => Promise<User | StepUp | false | undefined>

/** What the device must do on the rung that was reached. */
export interface Step {
  method: string
  challenge: Challenge
  checkId: string
  expiresInSeconds: number
  /** Names of the rungs that are still to come. */
  fallback: string[]
  /** Seconds until `fallback` opens, if this rung is not spent before. Absent when no rung follows. */
  fallbackInSeconds?: number
  /** Rungs that were passed over on the way, and why. */
  skipped: Skipped[]
}

export interface Skipped {
  method: string
  reason: UnableReason
}
