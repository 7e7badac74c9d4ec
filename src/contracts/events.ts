import type { LimitOptions } from './limits.js'
import type { PhoneCheckErrorCode } from './problems.js'
import type { UnableReason } from './unable-reason.js'

/**
 * What every event about a flow carries. The number is masked; codes, handles, URLs and secrets are
 * never part of an event.
 */
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
  /** Milliseconds since the login was begun. */
  durationMs: number
}

/**
 * Everything the library tells its operator. New members may come with any minor version; tell them
 * apart by `type`. Those that ask the operator to look at something carry `message`, which says
 * what.
 */
export type PhoneCheckEvent =
  | TokenEvent
  | ({ type: 'flow_started' } & FlowFacts)
  | ({ type: 'rung_skipped'; reason: UnableReason } & FlowFacts)
  | ({ type: 'rung_spent'; reason: UnableReason | 'mismatch' | 'tries' | 'step_up' } & FlowFacts)
  | ({ type: 'rung_started' } & FlowFacts)
  | ({ type: 'message_sent'; resend: boolean } & FlowFacts)
  /**
   * A limit, `beforeSend`, the provider or an outage stopped a step. Of a start, the flow is one
   * that never came to be.
   */
  | ({ type: 'step_refused'; step: 'start' | 'fallback' | 'resend' | 'verify'; code: PhoneCheckErrorCode } & FlowFacts)
  /** A daily ceiling is reached. Once until it may admit again; each refused step is a `step_refused` too. */
  | { type: 'spending_limit'; limit: keyof LimitOptions; retryAfterSeconds: number; message: string }
  | ({ type: 'review_login' } & FlowFacts)
  | ({ type: 'code_rejected'; attemptsLeft: number } & FlowFacts)
  | ({ type: 'flow_failed' } & FlowFacts)
  | ({ type: 'identity_verified' } & FlowFacts)
  /** `no_answer`: the verify callback ended without a user and without `false`; most often a forgotten `return`. */
  | ({ type: 'user_refused'; reason: 'refused' } & FlowFacts)
  | ({ type: 'user_refused'; reason: 'no_answer' | 'no_stronger_rung'; message: string } & FlowFacts)
  | ({ type: 'verify_callback_failed'; canRepeat: boolean; message: string } & FlowFacts)
  | ({ type: 'suspicious'; reason: 'mismatch' | 'ip_mismatch' } & FlowFacts)
  /** Somebody named a flow without being its starter. The flow is untouched. */
  | { type: 'foreign_verify'; flowId: string; reason: 'binding' | 'purpose' | 'check' }
  | { type: 'cross_site_refused'; path: string; message: string }
  /** `error`: the vendor's own word for it, where it gave one. `message`: what to look at. */
  | {
      type: 'provider_outage'
      method: string
      operation: string
      kind: string
      status?: number
      error?: string
      message: string
    }
  /**
   * The provider refused our credentials, balance or rights: nobody can log in by it until the
   * operator acts, as `message` says.
   */
  | {
      type: 'provider_misconfigured'
      method: string
      operation: string
      status: number
      error?: string
      message: string
    }
  /**
   * The provider's rate limit or quota is used up, for `retryAfterSeconds` where it says so. The
   * ladder goes on without it; its circuit stays closed.
   */
  | { type: 'quota_exceeded'; method: string; operation: string; retryAfterSeconds?: number; message: string }
  /**
   * So many calls to this provider are under way that more would only wait: they are refused, and
   * the ladder goes on. Told once until it has room.
   */
  | { type: 'provider_overloaded'; method: string; message: string }
  | { type: 'breaker_opened'; method: string; operation: string; message: string }
  | { type: 'breaker_closed'; method: string; operation: string }
  /**
   * `code`: SQLSTATE, errno or the like, where the store's error has one. `message`: the cure,
   * where the code has one, or what to look at.
   */
  | { type: 'store_outage'; operation: string; code?: string; message: string }
  /** A provider announced a result for a check that its flow has left behind. It changes nothing. */
  | { type: 'late_result'; flowId: string; method: string }
  | { type: 'webhook_refused'; method: string; reason: string; message: string }
  | { type: 'number_unlocked'; country: string; number: string }
  /** `phone.cancel` ended a login. */
  | { type: 'flow_cancelled'; flowId: string; purpose: string; method: string }
  /** `phone.erase` forgot a number: how many records and counters. */
  | { type: 'number_erased'; country: string; number: string; erased: number }
  | { type: 'misconfiguration'; code: string; message: string }
  /** Said once, when the strategy is made: something that only the operator can know to be right. */
  | { type: 'reminder'; code: string; message: string }

/** An event as your listener gets it: with the time of day, and always with a sentence for people. */
export type ToldEvent = PhoneCheckEvent & { at: Date; message: string }

export type OnEvent = (event: ToldEvent) => void

/** How the library's own code tells of an event. */
export type Emit = (event: PhoneCheckEvent) => void

/**
 * Why an access token was refused. `no_answer`: the verify callback ended without a user and
 * without `false`; a `return` may be missing.
 */
export type TokenRefusal =
  | 'malformed'
  | 'unknown_key'
  | 'signature'
  | 'expired'
  | 'claims'
  | 'revoked'
  | 'user_refused'
  | 'no_answer'

/** What the tokens have to tell. No token, secret or number is part of an event. */
export type TokenEvent =
  /**
   * An access token was presented that is not good here. `expired` is everyday life; the others are
   * defects or attacks.
   */
  | { type: 'token_refused'; reason: Exclude<TokenRefusal, 'no_answer'> }
  | { type: 'token_refused'; reason: 'no_answer'; message: string }
  /**
   * A refresh token was used a second time: it was stolen, or a client refreshes twice at once. All
   * tokens of that login are dead.
   */
  | { type: 'refresh_reused'; family: string; subject: string }
  /**
   * `user` is a keyed hash of the id, the same for the same user: `revokeUser` cannot know whether
   * the id it is given is a phone number.
   */
  | { type: 'user_revoked'; user: string }
