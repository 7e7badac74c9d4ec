import type { Clock } from '../contracts/clock.js'
import type { Emit } from '../contracts/events.js'
import type { LimitOptions } from '../contracts/limits.js'
import type { Provider } from '../contracts/provider.js'
import type { CountResult, Hit, Store } from '../contracts/store.js'
import { callApplication } from '../lib/application.js'
import { wallTime, withTimeout } from '../lib/clock.js'
import { keyedHash } from '../lib/crypto.js'
import { PhoneCheckError } from '../lib/errors.js'
import { type PhoneNumber, subscriberOf } from '../lib/phone-number.js'
import { Devices, type KnownDevice } from './known-devices.js'
import { type Account, guessKeys, type LimitRule, LimitRules } from './limit-rules.js'
import { limits } from './numbers.js'

/** Who asks for something that costs money or tries. */
export interface Requester {
  /** As the socket or a trusted proxy says; all unknown ones share one counter. */
  address: string | undefined
  /** Device values that came with the request. */
  devices?: readonly string[]
  /** The application's veto before a message is sent, or any check is made. */
  beforeSend?: (message: { method: string; country: string; purpose: string; phoneNumber: string }) => Promise<boolean>
  /** Whether the application is asked before silent checks too. */
  beforeChecks?: boolean
}

/** A record that is to be kept if all limits allow it. */
export interface NewRecord {
  key: string
  record: string
  ttlSeconds: number
}

export interface LoginLimiterSettings {
  /** Name of the strategy whose known devices these are. */
  strategyName: string
  store: Store
  clock: Clock
  secret: string
  emit: Emit
  limits?: LimitOptions
}

/**
 * Nothing is paid, and no code guessed, before it is allowed here.
 *
 * All limits of one step are charged in one `count`: all or none, so a refused request counts nowhere.
 */
export class LoginLimiter {
  readonly devices: Devices
  readonly #store: Store
  readonly #clock: Clock
  readonly #emit: Emit
  readonly #rules: LimitRules
  readonly #hash: (text: string) => string
  /** Options of which the operator was told that they refuse, and until when. */
  readonly #told = new Map<keyof LimitOptions, number>()

  constructor({ strategyName, store, clock, secret, emit, limits = {} }: LoginLimiterSettings) {
    this.#store = store
    this.#clock = clock
    this.#emit = emit
    this.#hash = keyedHash(secret, 'passport-phonecheck/counter/1')
    this.#rules = new LimitRules(clock, this.#hash, limits)
    this.devices = new Devices(store, clock, secret, strategyName)
  }

  /** What stands for a number in records and counters. */
  hashNumber(e164: string): string {
    return this.#hash(`number ${subscriberOf(e164)}`)
  }

  /** What stands for a signed-in user in records. */
  hashSubject(id: string): string {
    return this.#hash(`subject ${id}`)
  }

  /**
   * A new flow whose first rung is `rung`: charges it and keeps its record, or does neither.
   * @returns `taken` when the store has that key already; `forgotten` when `device` is known no
   * more, and then nothing was written
   * @throws PhoneCheckError 429, and then nothing was written; `store_unavailable`
   */
  async consumeStart(
    rung: Provider,
    target: PhoneNumber,
    { number, device }: { number: string; device: KnownDevice | undefined },
    requester: Requester,
    record: NewRecord,
  ): Promise<'kept' | 'taken' | 'forgotten'> {
    const asked = device && this.devices.askForgotten(number, device)
    const rules = this.#rules.start(rung, { number, device: device?.id }, target, requester)
    const hits = [...(asked ? [asked] : []), ...rules.map(hitOf)]
    const verdict = await this.#insertCharged(record, hits, rules)
    if (verdict === 'taken') return 'taken'
    if (verdict.allowed) return 'kept'
    if (verdict.key === asked?.key) return 'forgotten'
    throw this.#refusal(verdict, rules)
  }

  /** As the store's own `insertCharged`, and for stores without one. */
  async #insertCharged(
    { key, record, ttlSeconds }: NewRecord,
    hits: readonly Hit[],
    rules: readonly LimitRule[],
  ): Promise<CountResult | 'taken'> {
    if (this.#store.insertCharged) return this.#store.insertCharged(key, record, ttlSeconds, hits)
    const verdict = await this.#store.count(hits)
    if (!verdict.allowed) return verdict
    const refund = () => this.#refund(this.#rules.toRefund(rules))
    const isKept = await this.#store.insert(key, record, ttlSeconds).catch(async (error) => {
      await refund()
      throw error
    })
    if (isKept) return verdict
    await refund()
    return 'taken'
  }

  /** Another rung, or another message, in a flow that exists. @throws PhoneCheckError 403, 429 */
  async consumeCheck(
    rung: Provider,
    number: PhoneNumber,
    purpose: string,
    requester: Requester,
    device?: string,
  ): Promise<void> {
    await this.runBeforeSend(rung, number, purpose, requester)
    await this.#consume(this.#rules.check(rung, this.#account(number, device), number, requester))
  }

  /** Nothing was sent after all. */
  async refundCheck(rung: Provider, number: PhoneNumber, requester: Requester, device?: string): Promise<void> {
    const charged = this.#rules.check(rung, this.#account(number, device), number, requester)
    await this.#refund(this.#rules.toRefund(charged))
  }

  /**
   * A code is about to be tried. Charged before the provider is asked, and given back when it was
   * no failure.
   * @throws PhoneCheckError 429
   */
  async consumeAttempt(rung: Provider, account: Account, requester: Requester): Promise<void> {
    await this.#consume(this.#rules.attempt(rung, account, requester))
  }

  async refundAttempt(rung: Provider, account: Account, requester: Requester): Promise<void> {
    await this.#refund(this.#rules.toRefund(this.#rules.attempt(rung, account, requester)))
  }

  /**
   * Forgets the wrong codes of a number's strangers and of its known devices together, those of one
   * device, and any lock they led to.
   */
  async resetAttempts({ number, device }: Account): Promise<void> {
    const keys = [
      guessKeys.strangers(number),
      guessKeys.devices(number),
      ...(device === undefined ? [] : [guessKeys.device(number, device)]),
    ]
    await Promise.all(keys.map((key) => this.#store.remove(key)))
  }

  /** The application's veto, before anything is written or counted. @throws PhoneCheckError `send_refused` */
  async runBeforeSend(
    rung: Provider,
    { country, e164 }: PhoneNumber,
    purpose: string,
    requester: Requester,
  ): Promise<void> {
    const { beforeSend, beforeChecks } = requester
    if (!beforeSend || !(rung.sends || (beforeChecks && rung.name !== 'review'))) return
    const answer = callApplication('beforeSend', () =>
      beforeSend({ method: rung.name, country, purpose, phoneNumber: e164 }),
    )
    const allowed = await withTimeout(this.#clock, limits.hookMs, answer, () => false)
    if (allowed !== true) throw new PhoneCheckError('send_refused')
  }

  #account({ e164 }: PhoneNumber, device: string | undefined): Account {
    return { number: this.hashNumber(e164), device }
  }

  async #consume(rules: readonly LimitRule[]): Promise<void> {
    if (rules.length === 0) return
    const verdict = await this.#store.count(rules.map(hitOf))
    if (!verdict.allowed) throw this.#refusal(verdict, rules)
  }

  /** Best effort: what cannot be given back only refuses a little sooner. */
  async #refund(back: readonly LimitRule[]): Promise<void> {
    if (back.length > 0) await this.#store.count(back.map(hitOf)).catch(() => {})
  }

  /** The answer to whom a limit refused. The operator hears of a ceiling for everybody. */
  #refusal(refused: CountResult & { allowed: false }, rules: readonly LimitRule[]): PhoneCheckError {
    const rule = rules.find(({ key }) => key === refused.key)
    const retryAfterSeconds = rule
      ? this.#rules.secondsUntil(rule, refused.retryAfterSeconds)
      : refused.retryAfterSeconds
    if (rule?.option) this.#tell(rule.option, retryAfterSeconds)
    const { code = 'address_limit', message } = rule ?? {}
    return new PhoneCheckError(code, { retryAfterSeconds, ...(message !== undefined && { message }) })
  }

  /** Once until the limit may admit again, and not with each refused request. */
  #tell(option: keyof LimitOptions, retryAfterSeconds: number): void {
    const now = wallTime(this.#clock)
    if (now < (this.#told.get(option) ?? 0)) return
    this.#told.set(option, now + retryAfterSeconds * 1000)
    const message = `limits.${option} is used up for today, by everybody, by one network, or by devices that never logged in before. If these are your users, raise it; if not, look at step_refused and message_sent for what is asked for, and from where.`
    this.#emit({ type: 'spending_limit', limit: option, retryAfterSeconds, message })
  }
}

function hitOf({ code, option, daily, message, ...hit }: LimitRule): Hit {
  return hit
}
