import type { Clock } from '../contracts/clock.js'
import type { FlowFacts } from '../contracts/events.js'
import type { Assurance } from '../contracts/identity.js'
import type { Check } from '../contracts/provider.js'
import type { Store } from '../contracts/store.js'
import type { UnableReason } from '../contracts/unable-reason.js'
import { type Seal, sealFor } from '../lib/crypto.js'
import { maskPhoneNumber, type PhoneNumber } from '../lib/phone-number.js'
import { decodeFlow, encodeFlow, type FlowRecord, type FlowState, flowId, sealContext, transition } from './record.js'

/** What a flow knows and its store does not. */
export interface SealedContent {
  number: PhoneNumber
  check?: Check
  /** The user's language, a BCP 47 tag. */
  locale?: string
  /** Rungs below it can win no more: the application wanted a stronger proof. */
  floor?: Assurance
  /** When the provider said yes; only once `proven` was written. Milliseconds since the epoch. */
  verifiedAt?: number
}

/** What stays of it when a flow goes to another rung. */
export function withoutCheck({ number, locale, floor }: SealedContent): SealedContent {
  return { number, ...(locale !== undefined && { locale }), ...(floor !== undefined && { floor }) }
}

/** Reads and writes flows. */
export class FlowRepository {
  readonly #store: Store
  readonly #clock: Clock

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** A new flow that is not in the store yet: its record to insert, and the flow once that is done. */
  create(key: string, draft: Omit<FlowRecord, 'sealed'>, content: SealedContent, secret: string): NewFlow {
    const seal = sealFor(secret, key)
    const record = { ...draft, sealed: seal.close(content, sealContext(key, draft)) }
    const inserted = () => {
      const stored = { key, id: flowId(key), record, version: 1, ageMs: 0, readAt: this.#clock.now() }
      return new UnsealedFlow(this.#store, this.#clock, stored, seal, content)
    }
    return { record: encodeFlow(record), inserted }
  }

  /** @returns undefined for an unknown, expired, damaged or foreign-version record. */
  async find(key: string): Promise<StoredFlow | undefined> {
    const found = await this.#store.find(key)
    const record = found && decodeFlow(found.record)
    return record && { ...found, key, id: flowId(key), record, readAt: this.#clock.now() }
  }

  /** Opens a flow's content with its starter's secret. @returns undefined when the secret or the record is wrong. */
  unseal(stored: StoredFlow, secret: string): UnsealedFlow | undefined {
    const seal = sealFor(secret, stored.key)
    const content = seal.open(stored.record.sealed, sealContext(stored.key, stored.record))
    if (content === undefined) return undefined
    return new UnsealedFlow(this.#store, this.#clock, stored, seal, content as SealedContent)
  }

  /** Writes for somebody who is not the starter. @returns false when somebody else wrote first */
  replace({ key, version }: StoredFlow, next: FlowRecord): Promise<boolean> {
    return this.#store.replace(key, version, encodeFlow(next))
  }

  async remove(key: string): Promise<void> {
    await this.#store.remove(key)
  }
}

/** A flow that is to be inserted. */
export interface NewFlow {
  /** What the store is to keep. */
  record: string
  /** The flow, to be called once the store has the record. */
  inserted(): UnsealedFlow
}

/** A flow as read, before anybody proved to be its starter: its content is closed. */
export interface StoredFlow {
  readonly key: string
  /** Its public name. */
  readonly id: string
  readonly record: FlowRecord
  readonly version: number
  /** Milliseconds from its insertion to when it was read, as the store says. */
  readonly ageMs: number
  /** When it was read, by the clock of this process. */
  readonly readAt: number
}

/**
 * A flow in the hands of its starter: what it knows, and the right to take the next step if nobody
 * took one meanwhile.
 */
export class UnsealedFlow {
  readonly key: string
  /** Its public name. */
  readonly id: string
  record: FlowRecord
  content: SealedContent
  /** Whether this request has asked for a message on the present rung and does not know that none went out. */
  sending = false
  /** The last rung that said, to this request, that it cannot work for this device. */
  passed: { method: string; reason: UnableReason } | undefined
  /** Whether this request asked for another message on the rung that it is on. */
  isResend = false
  /** The check that this request leaves behind, and the name of its rung. */
  left: { method: string; check: Check } | undefined
  /** How long the flow is to pause, because a provider's quota refused a check in this step. */
  pauseSeconds: number | undefined
  #version: number
  readonly #store: Store
  readonly #clock: Clock
  readonly #stored: StoredFlow
  readonly #seal: Seal

  constructor(store: Store, clock: Clock, stored: StoredFlow, seal: Seal, content: SealedContent) {
    this.key = stored.key
    this.id = stored.id
    this.record = stored.record
    this.content = content
    this.#version = stored.version
    this.#store = store
    this.#clock = clock
    this.#stored = stored
    this.#seal = seal
  }

  /**
   * Milliseconds since the flow was inserted: the store's word, and what has passed in this process
   * since. Whole ones, as fractions would only make records longer.
   */
  get ageMs(): number {
    const { ageMs, readAt } = this.#stored
    return ageMs + Math.floor(this.#clock.now() - readAt)
  }

  /** What events say of it. */
  get facts(): FlowFacts {
    const { e164, country } = this.content.number
    const { rung, purpose } = this.record
    return {
      flowId: this.id,
      purpose,
      method: rung,
      country,
      number: maskPhoneNumber(e164, country),
      durationMs: this.ageMs,
    }
  }

  /** Whether another request holds the flow and its lease still runs. */
  get isClaimed(): boolean {
    return this.record.state === 'claimed' && this.ageMs < (this.record.leaseUntil ?? 0)
  }

  /** Whether the rung in use can win no more: written off, without a check, or too old. */
  get isSpent(): boolean {
    return this.record.spent === true || !this.content.check || this.ageMs >= (this.record.rungUntil ?? 0)
  }

  /** Whether the provider's yes is on record but waited too long for the application's. */
  get isProofStale(): boolean {
    return this.record.provenUntil !== undefined && this.ageMs >= this.record.provenUntil
  }

  /**
   * Takes one step of {@link transitions}, by version.
   * @returns false when somebody else took one first; this view is then stale and can write nothing more.
   */
  async write(state: FlowState, changes: Partial<FlowRecord>, content?: SealedContent): Promise<boolean> {
    const next = transition(this.record, state, changes)
    if (content || next.rung !== this.record.rung) {
      next.sealed = this.#seal.close(content ?? this.content, sealContext(this.key, next))
    }
    if (!(await this.#store.replace(this.key, this.#version, encodeFlow(next)))) return false
    this.record = next
    this.content = content ?? this.content
    this.#version += 1
    return true
  }
}
