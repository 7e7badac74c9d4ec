import type { Behaviour } from '../behaviour.js'
import { isLoopback } from '../phones/loopback.js'
import type { CallbackProduct, CallbackRecord, MessageRecord } from '../phones/messages.js'
import type { Listeners } from '../server/listeners.js'
import type { JsonObject } from '../server/reply.js'
import type { SimulatorClock } from '../state/clock.js'
import type { Scheduler } from '../state/scheduler.js'
import type { CallbackKeys } from './callback-keys.js'
import { type CallbackDraft, type SignedCallback, signedCallback } from './callback-signature.js'
import { isWebUrl } from './create-fields.js'
import { type PostResult, post } from './post.js'

export interface Callback {
  readonly url: string
  readonly product: CallbackProduct
  readonly checkId: string
  readonly body: JsonObject
}

export interface CallbackSurroundings {
  readonly clock: SimulatorClock
  readonly behaviour: Behaviour
  readonly scheduler: Scheduler
  readonly keys: CallbackKeys
  readonly messages: Listeners<MessageRecord>
}

type Draft = { -readonly [Key in keyof CallbackRecord]: CallbackRecord[Key] }

const waitsMs: readonly number[] = [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]
const maxRecords = 100_000

/** Tells apps how their checks ended: at once, then again and again until one answer is 200. */
export class Callbacks {
  readonly records: CallbackRecord[] = []
  readonly #surroundings: CallbackSurroundings
  readonly #inFlight = new Set<Promise<void>>()
  readonly #closed = new AbortController()

  constructor(surroundings: CallbackSurroundings) {
    this.#surroundings = surroundings
  }

  send(callback: Callback): void {
    this.#attempt(callback, 1, this.#surroundings.clock.now())
  }

  async sign(draft: CallbackDraft): Promise<SignedCallback> {
    const { clock, behaviour, keys } = this.#surroundings
    return signedCallback(draft, await keys.current(), clock.now(), behaviour.digestEncoding)
  }

  /** Resolves when no delivery is in flight; a retry that is due is one. */
  async settled(): Promise<void> {
    for (;;) {
      this.#surroundings.scheduler.sync()
      if (this.#inFlight.size === 0) return
      await Promise.all(this.#inFlight)
    }
  }

  close(): void {
    this.#closed.abort()
  }

  #attempt(callback: Callback, attempt: number, dueAt: number): void {
    const delivery = this.#deliver(callback, attempt, dueAt).finally(() => this.#inFlight.delete(delivery))
    this.#inFlight.add(delivery)
  }

  async #deliver(callback: Callback, attempt: number, dueAt: number): Promise<void> {
    const { clock, scheduler, messages } = this.#surroundings
    const { product, checkId } = callback
    const record: Draft = { kind: 'callback', product, checkId, attempt, status: null, at: clock.now() }
    this.records.push(record)
    if (this.records.length > maxRecords) this.records.shift()
    const objection = this.#objection(callback.url)
    const result = objection === undefined ? await this.#post(callback) : { status: null, error: objection }
    if (this.#closed.signal.aborted) return
    Object.assign(record, result)
    messages.emit(record)
    const waitMs = waitsMs[attempt - 1]
    if (result.status === 200 || objection !== undefined || waitMs === undefined) return
    scheduler.at(dueAt + waitMs, () => this.#attempt(callback, attempt + 1, dueAt + waitMs))
  }

  // Signed anew each time, because the receiver looks at the date.
  async #post(callback: Callback): Promise<PostResult> {
    const { clock } = this.#surroundings
    const signed = await this.sign(callback)
    return this.#closed.signal.aborted ? { status: null } : post(signed, clock, this.#closed.signal)
  }

  /** Why no attempt at this URL could ever succeed. */
  #objection(url: string): string | undefined {
    if (!isWebUrl(url)) return 'not an http(s) URL'
    const { callbackHosts } = this.#surroundings.behaviour
    return callbackHosts === 'loopback' && !isLoopback(new URL(url)) ? 'the host is not loopback' : undefined
  }
}
