import { isPromise } from './application.js'
import type { PhoneCheckErrorCode } from './errors.js'
import { purposeOf } from './flow.js'
import { flowId } from './handle.js'
import type { OpenFlow } from './held-flow.js'
import type { LimitOptions } from './limits.js'
import { maskPhoneNumber } from './phone-number.js'
import type { TokenEvent } from './token-events.js'
import type { UnableReason } from './unable-reason.js'

/** What every event about a flow carries. The number is masked; codes, handles, URLs and secrets are never part of an event. */
export interface FlowFacts {
  /** Public id of the flow, equal to `id` on the wire and to the vendor's `reference_id`. */
  flowId: string
  purpose: string
  /** Name of the rung in use. */
  method: string
  /** Region of the number. */
  country: string
  /** Masked, such as `+1********00`. */
  number: string
}

export function factsOf({ key, record, content }: OpenFlow): FlowFacts {
  const { e164, country } = content.number
  return { flowId: flowId(key), purpose: purposeOf(record), method: record.rung, country, number: maskPhoneNumber(e164, country) }
}

/**
 * Everything the library tells its operator. New members may come with any minor version; tell them apart by `type`. Those that ask the operator to look at
 * something carry `message`, which says what.
 */
export type PhoneCheckEvent =
  | TokenEvent
  | ({ type: 'flow_started' } & FlowFacts)
  | ({ type: 'rung_skipped'; reason: UnableReason } & FlowFacts)
  | ({ type: 'rung_spent'; reason: UnableReason | 'mismatch' | 'tries' } & FlowFacts)
  | ({ type: 'rung_started' } & FlowFacts)
  | ({ type: 'message_sent'; resend: boolean } & FlowFacts)
  /** A limit, `beforeSend`, the provider or an outage stopped a step. Of a start, the flow is one that never came to be. */
  | ({ type: 'step_refused'; step: 'start' | 'fallback' | 'resend' | 'redeem'; code: PhoneCheckErrorCode } & FlowFacts)
  /** A daily ceiling is reached. Once until it may admit again; each refused step is a `step_refused` too. */
  | { type: 'spending_limit'; limit: keyof LimitOptions; retryAfterSeconds: number; message: string }
  | ({ type: 'review_login' } & FlowFacts)
  | ({ type: 'code_rejected'; attemptsLeft: number } & FlowFacts)
  | ({ type: 'flow_failed' } & FlowFacts)
  | ({ type: 'identity_verified' } & FlowFacts)
  /** `no_answer`: the verify callback ended without a user and without `false`; most often a forgotten `return`. */
  | ({ type: 'user_refused'; reason: 'refused' } & FlowFacts)
  | ({ type: 'user_refused'; reason: 'no_answer'; message: string } & FlowFacts)
  | ({ type: 'verify_callback_failed'; canRepeat: boolean; message: string } & FlowFacts)
  | ({ type: 'suspicious'; reason: 'mismatch' | 'ip_mismatch' } & FlowFacts)
  /** Somebody named a flow without being its starter. The flow is untouched. */
  | { type: 'foreign_redeem'; flowId: string; reason: 'binding' | 'purpose' | 'check' }
  | { type: 'cross_site_refused'; path: string; message: string }
  /** `error`: the vendor's own word for it, where it gave one. `message`: what to look at. */
  | { type: 'provider_outage'; provider: string; operation: string; kind: string; status?: number; error?: string; message: string }
  /** The provider refused our credentials, balance or rights: nobody can log in by it until the operator acts, as `message` says. */
  | { type: 'provider_misconfigured'; provider: string; operation: string; status: number; error?: string; message: string }
  /** The provider's rate limit or quota is used up, for `retryAfterSeconds` where it says so. The ladder goes on without it; its circuit stays closed. */
  | { type: 'quota_exceeded'; provider: string; operation: string; retryAfterSeconds?: number; message: string }
  /** So many calls to this provider are under way that more would only wait: they are refused, and the ladder goes on. Told once until it has room. */
  | { type: 'provider_overloaded'; provider: string; message: string }
  | { type: 'breaker_opened'; provider: string; operation: string; message: string }
  | { type: 'breaker_closed'; provider: string; operation: string }
  /** `code`: SQLSTATE, errno or the like, where the store's error has one. `message`: the cure, where the code has one, or what to look at. */
  | { type: 'store_outage'; operation: string; code?: string; message: string }
  /** A provider announced a result for a check that its flow has left behind. It changes nothing. */
  | { type: 'late_result'; flowId: string; provider: string }
  | { type: 'webhook_refused'; provider: string; reason: string; message: string }
  | { type: 'number_unlocked'; country: string; number: string }
  | { type: 'misconfiguration'; code: string; message: string }
  /** Said once, when the strategy is made: something that only the operator can know to be right. */
  | { type: 'reminder'; code: string; message: string }

export type OnEvent = (event: PhoneCheckEvent) => void

/** Hands events to the application, whose listener may throw or reject without touching a login. */
export function safely(onEvent: OnEvent | undefined): OnEvent {
  if (!onEvent) return () => {}
  return (event) => {
    try {
      // A promise of the listener is watched, or its rejection would end the process.
      isPromise(onEvent(event))
    } catch {
      // An operator's listener is never part of a login.
    }
  }
}
