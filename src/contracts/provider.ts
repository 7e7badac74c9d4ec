import type { Deadline } from './clock.js'
import type { PhoneCheckEvent } from './events.js'
import type { Assurance } from './identity.js'
import type { UnableReason } from './unable-reason.js'

/** What the device must do now. This is the wire form. */
export type Challenge =
  /** `answer: 'text'`: the last response, as text, is the code itself. Default: it is JSON with `check_id` and `code`. */
  | { type: 'open_url'; url: string; answer?: 'text' }
  /**
   * The device signs or fetches a token and brings it as the code. `kind` says how, such as
   * `firebase_pnv` or `digital_credential`; `request` is JSON for that API, given to the device as it is.
   */
  | { type: 'get_token'; kind: string; request: unknown }
  | { type: 'send_sms'; to: string; body: string; href: string }
  /** `resend_in`: seconds until another message may be asked for; absent where none can be. The library fills it in. */
  | { type: 'enter_code'; length: number; resend_in?: number }

/**
 * How a code comes back: the provider sends the browser to `redirectUrl`, or the app's SDK reads it
 * from the last response.
 */
export type Delivery = 'redirect' | 'body'

export interface StartInput {
  /** E.164 with plus. */
  phoneNumber: string
  /** Public id of the flow, fit for the vendor's `reference_id`. */
  flowId: string
  /** What the login is for, such as `login`. */
  purpose: string
  /** 0 for the first check of a rung; else how many messages the requester has asked for again in this login. */
  resends: number
  /** The user's language, a BCP 47 tag such as `de-CH`, where it is known. */
  locale?: string
  /** Whether the user agreed to checks of the number with its operator, where the device said so at start. */
  consent?: boolean
  /**
   * The check that is left behind: this rung's own at a resend, that of the rung before at a
   * fallback. Only where both rungs are of one vendor.
   */
  previous?: Check
  delivery: Delivery
  /** Set when `delivery` is `redirect`. */
  redirectUrl?: string
  /** The device's public address, when it is to be sent. */
  deviceIp?: string
  /** Where the provider may announce a result, for rungs that have a webhook. */
  callbackUrl?: string
}

/** The provider's resource behind a rung. Kept sealed. */
export interface Check {
  /** The provider's own id of it. */
  id: string
  /** Whatever else the provider needs to redeem it; JSON. */
  state?: unknown
}

export interface Started {
  challenge: Challenge
  check: Check
  /** Seconds until the provider forgets the check. */
  expiresInSeconds: number
}

/**
 * This rung cannot work for this device. `stop` says that no later rung may be tried either.
 * `retryAfterSeconds`, of a start: when it can, where the provider knows. The ladder goes on as
 * always; if no rung is left, the step is refused as `too_early` and may be repeated then.
 */
export interface Unable {
  unable: UnableReason
  stop?: true
  retryAfterSeconds?: number
}

/**
 * What the provider says of a code, or of a check that is asked for its result.
 *
 * Only `verified` is a yes, and only an explicit yes of the provider becomes `verified`. Faults are
 * thrown as `provider_unavailable`, never returned.
 */
export type Outcome =
  /** `operator`: network code of the SIM's operator (MCC and MNC), where the vendor names it; for telemetry alone. */
  | { outcome: 'verified'; operator?: string }
  | { outcome: 'mismatch'; operator?: string }
  /** `spent`: the provider takes no other code for this check. */
  | { outcome: 'invalid_code'; spent?: true }
  /** `lost`: the provider may have decided, but its answer never came; for the circuit breaker that is an outage. */
  | { outcome: 'unable'; reason: UnableReason; stop?: true; lost?: true }
  | { outcome: 'pending'; retryAfterSeconds: number }

export interface CallContext {
  /** Everything done for this request must end by then. */
  deadline: Deadline
  /** Tells the operator; an event must hold no number, code or secret. */
  emit(event: PhoneCheckEvent): void
  /**
   * A keyed hash (HMAC-SHA-256 under the strategy's `secret`, another key for each rung; base64url,
   * 132 bits) for what a rung must be able to compute again and must not keep.
   */
  keyedHash(text: string): string
  /**
   * Of `redeem`: the `iss` that came beside the code (RFC 9207), at most 256 characters. The
   * device's word: it may refuse a code, never prove one.
   */
  issuer?: string
}

/** One rung's provider: the vendor's wire contract in, an outcome out. No policy and no memory of flows lives here. */
export interface Provider {
  /** Name of the rung, such as `phonecheck`; unique in a ladder. */
  readonly name: string
  /** Who vouches for the result, such as `idlayr`. */
  readonly vendor: string
  readonly assurance: Assurance
  /** What RFC 8176 calls its method, where it has a name for it, such as `['sms', 'otp']`: for `amr` in tokens. */
  readonly amr?: readonly string[]
  /** Longest life of a check, whatever the provider grants. Seconds. */
  readonly ttlSeconds: number
  /** How long the requester must give this rung a chance before the next one, unless it is spent. Seconds. */
  readonly dwellSeconds: number
  /**
   * Whether `start` makes somebody's phone ring, at our cost: asked for leave, limited, never
   * repeated by itself, and may be resent.
   */
  readonly sends?: boolean
  /**
   * Seconds after a message before another one may be asked for; each later one waits twice as
   * long. Only for rungs that send. Default 125.
   */
  readonly resendAfterSeconds?: number
  /**
   * Whether each `start` makes a check of its own at the vendor. Required (`true`) of a rung that
   * has `poll` and no `redeem`: a vendor that keeps one check for each number would say yes to a
   * stranger's flow when the owner of the number answers the owner's own check.
   */
  readonly ownCheck?: boolean
  /** Whether its codes are short enough to be guessed: wrong ones are counted by number, over all flows. */
  readonly guessable?: boolean
  /** Digits of its codes, where all have the same: what `phone.describe()` computes the chance of a guess from. */
  readonly codeLength?: number
  /** What a code of this provider looks like. Anything else is a malformed request and costs no try. */
  readonly codeGrammar?: RegExp

  /** Creates a check, or says at once that this device cannot use the rung. Throws `PhoneCheckError` on an outage. */
  start(input: StartInput, context: CallContext): Promise<Started | Unable>
  /** Rungs whose device brings a code. */
  redeem?(check: Check, code: string, context: CallContext): Promise<Outcome>
  /** Rungs that are asked for their result. */
  poll?(check: Check, context: CallContext): Promise<Outcome>
  /**
   * Rungs whose provider announces results. Authenticates the request and says which check it is
   * about, or undefined when it is about none of this rung's. `nonce` names this one message: a
   * second message with it is a replay. What it says of the result is not believed: a webhook is
   * only a hint to ask.
   * @throws PhoneCheckError `flow_invalid` when it cannot be authenticated
   */
  webhook?(request: WebhookRequest, context: CallContext): Promise<{ checkId: string; nonce: string } | undefined>
  /**
   * What a failure means that the device or the return leg reports instead of a code. It is hearsay:
   * it may end this rung, never win it. `description` is free text of a stranger: it belongs in no
   * event and no error. Default: the reasons of {@link UnableReason} by name, else `reported`.
   */
  judgeReport?(error: string, description: string | undefined): Unable
  /**
   * For `phone.diagnose()`: proves the credentials by a call that costs nothing, such as one for a
   * fresh token. Throws and tells of it as `start` does.
   */
  probe?(context: CallContext): Promise<void>
  /** Lets go of connections, when the strategy is closed. */
  close?(): Promise<void>
}

/** A webhook as it came in. */
export interface WebhookRequest {
  method: string
  /** The public URL it was sent to, from configuration and not from the request. */
  url: string
  /** Lower-case names; a header that came twice is an array. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The exact bytes. */
  body: Buffer
}
