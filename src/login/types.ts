import type { OnEvent } from '../contracts/events.js'
import type { Assurance, PhoneIdentity } from '../contracts/identity.js'
import type { Delivery, Provider } from '../contracts/provider.js'
import type { Store } from '../contracts/store.js'
import type { BindingMode } from '../flow/record.js'
import type { Clock } from '../lib/clock.js'
import type { NumberPolicy } from '../lib/phone-number.js'
import type { Requester } from '../limits/login-limiter.js'
import type { LimitOptions } from '../limits/numbers.js'
import type { Step } from './issue-check.js'
import type { ReviewNumber } from './review-provider.js'

export interface LoginFlowSettings extends NumberPolicy {
  /** Name of the strategy. */
  realm: string
  ladder: readonly Provider[]
  store: Store
  /** At least 32 bytes; keys the hashes of numbers and addresses. */
  secret: string
  clock: Clock
  emit: OnEvent
  /** The weakest rung that may ever be used. Default `low`. */
  floor?: Assurance
  /** Whether the provider is told the device's address at start. Default `off`. */
  deviceIp?: 'off' | 'prefer' | 'require'
  callbackUrl?: string
  reviewNumbers?: readonly ReviewNumber[]
  limits?: LimitOptions
}

export interface StartRequest {
  /** As the user typed it. */
  phoneNumber: unknown
  purpose: string
  /** Id of the signed-in user for whom the flow is begun, for purposes that have one. */
  subject?: string
  binding: BindingMode
  delivery: Delivery
  /** Where the provider sends the browser back to, in redirect delivery. */
  redirectUrl?: string
  by: Requester
  /** The device's address, if it can be trusted to be the device's. */
  deviceAddress?: string
}

/** Somebody names a flow and claims to be its starter. */
export interface FlowRequest {
  handle: unknown
  /** What the requester holds to prove that it is the starter. */
  proof: { binding: 'cookie'; secret: string } | { binding: 'handle' }
  purpose: string
  subject?: string
  redirectUrl?: string
  by: Requester
  /** The device's address, if it can be trusted to be the device's. */
  deviceAddress?: string
}

export interface RedeemRequest extends FlowRequest {
  code?: unknown
  /** The device's own idea of which check this is. */
  checkId?: string
  /** What the device reported instead of a code. */
  error?: string
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
  breakers: { provider: string; operation: string; state: 'closed' | 'open' }[]
}

export interface Redeemed<User> {
  user: User
  identity: PhoneIdentity
  /**
   * Lets the same requester repeat for a minute, because logging in failed after the flow was used up: the session store was down. To be called only if nobody
   * was logged in. False when it cannot be repeated.
   */
  reopen(): Promise<boolean>
  /** What tells this device from strangers at its next start, and then what it brought of other numbers. */
  devices?: readonly string[]
}

/** The application's decision: its user, or false to refuse an identity that is proven; undefined, no answer, refuses too. May be asked twice for one flow. */
export type Accept<User> = (identity: PhoneIdentity) => Promise<User | false | undefined>
