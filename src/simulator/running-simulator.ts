import type { Behaviour } from './behaviour.js'
import type { PnvDraft } from './firebase/pnv.js'
import type { CallbackDraft, SignedCallback } from './idlayr/callback-signature.js'
import type { CallbackRecord, MessageListener, Sms } from './phones/messages.js'
import type { VirtualPhone } from './phones/virtual-phone.js'
import type { Fault, FaultHandle } from './server/faults.js'
import type { RequestListener, RequestRecord } from './server/request-log.js'
import type { NumberOverride } from './state/override.js'
import type { CheckView, MoCheckView } from './state/views.js'

// Apart from what makes it: a declaration of that would lead to all that is inside.

export interface Simulator {
  /** Origin, without a trailing slash: the base URL of every provider, unless `publicUrl` was given. */
  readonly url: string
  /** May be changed at any time. */
  readonly behaviour: Behaviour
  /** Every call to a vendor, oldest first, at most the last 100,000; calls to /_simulator are not among them. */
  readonly requests: readonly RequestRecord[]
  readonly checks: readonly CheckView[]
  readonly moChecks: readonly MoCheckView[]
  /** Every attempt at a callback, oldest first, at most the last 100,000. */
  readonly callbacks: readonly CallbackRecord[]
  /**
   * The phone that a real browser without a phone's header is running on. Default null: the phone
   * of the number that its check is for.
   */
  browserPhone: VirtualPhone | null
  /**
   * The phone of that number, made on first use.
   * @throws TypeError when the number is not E.164 with a plus.
   */
  phone(number: string): VirtualPhone
  /** The check of that id. */
  check(checkId: string): CheckView | undefined
  /**
   * Delivers an SMS that claims to come from `from`, as a spoofer can send it. Resolves once the
   * receiver has dealt with it.
   */
  deliverSms(sms: Sms): Promise<'delivered' | 'dropped'>
  /** Signs callbacks with a new key from now on. The JWKS keeps the one before unless `keepPrevious` is false. */
  rotateCallbackKey(options?: { readonly keepPrevious?: boolean }): void
  /** Signs a callback as the vendor would, or with one thing wrong, without sending it. */
  signCallback(draft: CallbackDraft): Promise<SignedCallback>
  /** Signs a token as Firebase PNV would, or with one thing wrong. */
  signPnvToken(draft: PnvDraft): string
  /** Signs tokens of Firebase PNV with a new key from now on. The JWKS keeps the one before unless `keepPrevious` is false. */
  rotatePnvKey(options?: { readonly keepPrevious?: boolean }): void
  /**
   * Resolves when no callback is in flight. Retries that are not due yet are not waited for; one
   * that hangs is, for 5 s of the clock.
   */
  settled(): Promise<void>
  /** How many logged calls match, as in `Fault.match`. */
  count(match: string): number
  /**
   * Spoils calls. Faults for the same call take their turns, oldest first.
   * @throws TypeError that names what is wrong with the fault.
   */
  fault(fault: Fault): FaultHandle
  clearFaults(): void
  /**
   * Special treatment of one number; null ends it.
   * @throws TypeError when the number is not E.164.
   */
  override(number: string, override: NumberOverride | null): void
  /** Makes all issued tokens invalid. */
  expireTokens(): void
  /** Called with each call once its answer is decided. Returns the unsubscriber. */
  onRequest(listener: RequestListener): () => void
  /** Called with each SMS, call and callback attempt once its fate is decided. Returns the unsubscriber. */
  onMessage(listener: MessageListener): () => void
  /** Closes server and connections and gives up the callbacks that are left; may be called again. */
  close(): Promise<void>
}
