import type { Provider } from '../providers/provider.js'
import type { Hit, Store, Verdict } from '../stores/store.js'
import { addressBlock } from './address.js'
import { callApplication } from './application.js'
import { type Clock, within } from './clock.js'
import { PhoneCheckError, type PhoneCheckErrorCode } from './errors.js'
import { keyedHash } from './handle.js'
import { type LimitOptions, limits } from './limits.js'
import { type PhoneNumber, subscriberOf } from './phone-number.js'

/** Who asks for something that costs money or tries. */
export interface Requester {
  /** As the socket or a trusted proxy says; all unknown ones share one counter. */
  address: string | undefined
  /** The application's veto before a message is sent. */
  beforeSend?: (message: { method: string; country: string; purpose: string }) => Promise<boolean>
}

/** A record that is to be kept if all limits allow it. */
export interface NewRecord {
  key: string
  record: string
  ttlSeconds: number
}

interface Charge extends Hit {
  /** What the requester is told when this limit refuses. */
  code: PhoneCheckErrorCode
}

/**
 * Nothing is paid, and no code guessed, before it is allowed here.
 *
 * All limits of one step are charged in one `count`: all or none, so a refused request counts nowhere. Keys hold hashes of numbers and addresses, never
 * the things themselves.
 */
export class Gate {
  readonly #store: Store
  readonly #clock: Clock
  readonly #options: LimitOptions
  readonly #hash: (text: string) => string

  constructor(store: Store, clock: Clock, secret: string, options: LimitOptions = {}) {
    this.#store = store
    this.#clock = clock
    this.#options = options
    this.#hash = keyedHash(secret, 'passport-phonecheck/counter/1')
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
   * @returns false when the store has that key already
   * @throws PhoneCheckError 429, and then nothing was written; `store_unavailable`
   */
  async start(rung: Provider, number: PhoneNumber, by: Requester, { key, record, ttlSeconds }: NewRecord): Promise<boolean> {
    const charges = this.#starts(rung, number, by)
    if (this.#store.insertCharged) {
      const verdict = await this.#store.insertCharged(key, record, ttlSeconds, charges.map(hitOf))
      if (verdict === 'taken') return false
      refuseIf(verdict, charges)
      return true
    }
    await this.#charge(charges)
    const isKept = await this.#store.insert(key, record, ttlSeconds).catch(async (error) => {
      await this.#giveBack(charges)
      throw error
    })
    if (!isKept) await this.#giveBack(charges)
    return isKept
  }

  /** Another rung, or another message, in a flow that exists. @throws PhoneCheckError 403, 429 */
  async send(rung: Provider, number: PhoneNumber, purpose: string, by: Requester): Promise<void> {
    await this.askApplication(rung, number, purpose, by)
    await this.#charge(this.#sends(rung, number, by))
  }

  /** Nothing was sent after all. */
  async takeBackSend(rung: Provider, number: PhoneNumber, by: Requester): Promise<void> {
    await this.#giveBack(this.#sends(rung, number, by))
  }

  /** A code is about to be tried. Charged before the provider is asked, and given back when it was no failure. @throws PhoneCheckError 429 */
  async redeem(rung: Provider, numberHash: string, by: Requester): Promise<void> {
    await this.#charge(this.#guess(rung, numberHash, by))
  }

  async takeBackRedeem(rung: Provider, numberHash: string, by: Requester): Promise<void> {
    await this.#giveBack(this.#guess(rung, numberHash, by))
  }

  /** Forgets the wrong codes of a number, and any lock they led to. */
  async forgive(numberHash: string): Promise<void> {
    await this.#store.remove(guessKey(numberHash))
  }

  /** The application's veto, before anything is written or counted. @throws PhoneCheckError `send_refused` */
  async askApplication(rung: Provider, { country }: PhoneNumber, purpose: string, { beforeSend }: Requester): Promise<void> {
    if (!rung.sends || !beforeSend) return
    const answer = callApplication('beforeSend', () => beforeSend({ method: rung.name, country, purpose }))
    const allowed = await within(this.#clock, limits.hookMs, answer, () => false)
    if (allowed !== true) throw new PhoneCheckError('send_refused')
  }

  #starts(rung: Provider, number: PhoneNumber, by: Requester): Charge[] {
    return [this.#byAddress('starts', this.#options.startsPerAddress, by), ...this.#sends(rung, number, by)]
  }

  #sends(rung: Provider, { e164 }: PhoneNumber, by: Requester): Charge[] {
    if (!rung.sends) return rung.guessable ? [this.#guessLock(this.hashNumber(e164))] : []
    const number = this.hashNumber(e164)
    const { sendsPerBlock, sendsPerAddress } = this.#options
    const block = this.#hash(`block ${subscriberOf(e164).slice(0, -4)}`)
    return [
      ...(rung.guessable ? [this.#guessLock(number)] : []),
      ...limits.sendsPerNumber.map((limit) => ({ ...limit, key: `send/${limit.windowSeconds}/${number}`, code: 'number_limit' as const })),
      this.#byAddress('sends', sendsPerAddress, by),
      ...(sendsPerBlock === undefined
        ? []
        : [
            {
              key: `send/block/${block}`,
              limit: sendsPerBlock,
              windowSeconds: limits.sendsPerBlockWindowSeconds,
              code: 'number_limit' as const,
            },
          ]),
    ]
  }

  #guess(rung: Provider, number: string, by: Requester): Charge[] {
    const address = this.#byAddress('failedRedeems', this.#options.failedRedeemsPerAddress, by)
    return rung.guessable ? [{ ...this.#guessLock(number), cost: 1 }, address] : [address]
  }

  /** Only asks whether the code rung of this number is open: no code is sent that could not be tried. */
  #guessLock(number: string): Charge {
    return { ...limits.guesses, key: guessKey(number), cost: 0, code: 'code_locked' }
  }

  #byAddress(what: 'starts' | 'sends' | 'failedRedeems', own: number | undefined, { address }: Requester): Charge {
    const { windowSeconds } = limits.perAddress
    const key = `${what}/address/${this.#hash(`address ${addressBlock(address)}`)}`
    return { key, limit: own ?? limits.perAddress[what], windowSeconds, code: 'address_limit' }
  }

  async #charge(charges: readonly Charge[]): Promise<void> {
    if (charges.length === 0) return
    refuseIf(await this.#store.count(charges.map(hitOf)), charges)
  }

  /** Best effort: what cannot be given back only refuses a little sooner. */
  async #giveBack(charges: readonly Charge[]): Promise<void> {
    const back = charges.filter(({ cost }) => cost !== 0).map((charge) => ({ ...hitOf(charge), cost: -1 as const }))
    if (back.length > 0) await this.#store.count(back).catch(() => {})
  }
}

const guessKey = (number: string) => `guess/${number}`

function refuseIf(verdict: Verdict, charges: readonly Charge[]): void {
  if (verdict.allowed) return
  const { code } = charges.find(({ key }) => key === verdict.key) ?? { code: 'address_limit' as const }
  throw new PhoneCheckError(code, { retryAfterSeconds: verdict.retryAfterSeconds })
}

function hitOf({ code, ...hit }: Charge): Hit {
  return hit
}
