import type { Clock } from '../contracts/clock.js'
import type { LimitOptions } from '../contracts/limits.js'
import type { PhoneCheckErrorCode } from '../contracts/problems.js'
import type { Provider } from '../contracts/provider.js'
import type { Hit } from '../contracts/store.js'
import { wallTime } from '../lib/clock.js'
import { addressBlocks, type Network } from '../lib/ip-address.js'
import { subscriberOf } from '../lib/phone-number.js'
import { type LoginLimits, loginLimits } from './login-limits.js'
import { limits } from './numbers.js'

/** One limit of one step. */
export interface LimitRule extends Hit {
  /** What the requester is told when this limit refuses. */
  code: PhoneCheckErrorCode
  /** The option that sets it, where the operator should hear that it was reached. */
  option?: keyof LimitOptions
  /** Whether the UTC day is in its key. */
  daily?: boolean
  message?: string
}

/** Whose counters a step is charged to. */
export interface Account {
  /** Keyed hash of the number. */
  number: string
  /** Id of the device, if it is known by the number; all others share one account. */
  device?: string | undefined
}

/** Where a step comes from. Its address does not change. */
export interface Source {
  readonly address: string | undefined
}

/** What a check or a message is for. */
export interface Target {
  e164: string
  country: string
}

/** Says which limits a step must pass. Keys hold hashes of numbers and addresses, never the things themselves. */
export class LimitRules {
  readonly #clock: Clock
  readonly #hash: (text: string) => string
  readonly #options: LimitOptions
  readonly #own: LoginLimits
  readonly #places = new WeakMap<Source, readonly Place[]>()

  constructor(clock: Clock, hash: (text: string) => string, options: LimitOptions) {
    this.#clock = clock
    this.#hash = hash
    this.#options = options
    this.#own = loginLimits(options)
  }

  start(rung: Provider, account: Account, target: Target, source: Source): LimitRule[] {
    return [
      ...this.#byAddress('starts', this.#options.startsPerAddress, account, source),
      ...this.check(rung, account, target, source),
    ]
  }

  /** A check on this rung, with the message that it sends. */
  check(rung: Provider, account: Account, target: Target, source: Source): LimitRule[] {
    const lock = rung.guessable ? this.#askLocks(account) : []
    if (rung.sends) return [...lock, ...this.#message(account, target, source)]
    return isFree(rung) ? lock : [...lock, ...this.#silentCheck(account, source)]
  }

  attempt(rung: Provider, account: Account, source: Source): LimitRule[] {
    const tries = this.#byAddress('failedVerifies', this.#options.failedVerifiesPerAddress, account, source)
    return rung.guessable
      ? [...this.#askLocks(account).map((lock) => ({ ...lock, cost: 1 as const })), ...tries]
      : tries
  }

  /** Without those that may belong to a day that is over: given back today, they would admit one too many. */
  toRefund(rules: readonly LimitRule[]): LimitRule[] {
    const isNewDay = rules.some(({ daily }) => daily) && this.#day(-limits.leaseMs) !== this.#day()
    return rules.filter(({ cost, daily }) => cost !== 0 && !(isNewDay && daily)).map((rule) => ({ ...rule, cost: -1 }))
  }

  /** Seconds until this limit may admit again. A day's ends with the day, whenever its counter was opened. */
  secondsUntil({ daily }: LimitRule, retryAfterSeconds: number): number {
    if (!daily) return retryAfterSeconds
    const dayEndsMs = (this.#day() + 1) * dayMs - wallTime(this.#clock)
    return Math.max(1, Math.min(retryAfterSeconds, Math.ceil(dayEndsMs / 1000)))
  }

  #message(account: Account, { e164, country }: Target, source: Source): LimitRule[] {
    const {
      sendsPerDay,
      sendsPerCountryPerDay,
      sendsPerBlock = limits.sendsPerBlock.limit,
      sendsPerAddress,
    } = this.#options
    const { number, device } = account
    const { perDay, sendsPerDevice, perDayByDevices } = limits
    const sendsPerNumber = { ...limits.sendsPerNumber, limit: this.#own.sendsPerNumber }
    const ofNumber = { code: 'number_limit' } as const
    const ofDay = sendsPerDay ?? perDay.sends
    const ofItsCountry = ofCountry(sendsPerCountryPerDay, country)
    return [
      ...(device === undefined
        ? [{ ...sendsPerNumber, key: `send/${number}`, ...ofNumber }]
        : sendsPerDevice.map((limit) => ({
            ...limit,
            key: `send/${limit.windowSeconds}/${number}/${device}`,
            ...ofNumber,
          }))),
      ...this.#byAddress('sends', sendsPerAddress, account, source),
      ...this.#block(e164, sendsPerBlock, device),
      ...this.#perDay('sendsPerCountryPerDay', `sends/${country}`, ofItsCountry, device),
      ...this.#perDay('sendsPerDay', 'sends', ofDay, device, source),
      ...(device === undefined
        ? []
        : [this.#perDayByDevices('sends', number, perDayByDevices.sends, Math.min(ofDay, ofItsCountry))]),
    ]
  }

  /**
   * Numbers that differ only in their last four digits. Strangers leave a part of it to known
   * devices, or a hundred messages to neighbours would stop those.
   */
  #block(e164: string, limit: number, device: string | undefined): LimitRule[] {
    const key = `send/block/${this.#hash(`block ${subscriberOf(e164).slice(0, -4)}`)}`
    const all: LimitRule = { ...limits.sendsPerBlock, limit, key, code: 'number_limit' }
    const strangers = { ...all, key: `${key}/strangers`, limit: Math.ceil(limit * limits.shareOfStrangers) }
    return unlessEndless(device === undefined ? [strangers, all] : [all])
  }

  #silentCheck({ number, device }: Account, source: Source): LimitRule[] {
    const { checksPerDay = limits.perDay.checks, checksPerNumber = limits.checksPerNumber.limit } = this.#options
    const message = 'Too many logins were begun with this number.'
    const key = device === undefined ? `check/${number}` : `check/${number}/${device}`
    const ofNumber: LimitRule = {
      ...limits.checksPerNumber,
      limit: checksPerNumber,
      key,
      code: 'number_limit',
      message,
    }
    const perDay = this.#perDay('checksPerDay', 'checks', checksPerDay, device, source)
    if (device === undefined) return [...unlessEndless([ofNumber]), ...perDay]
    const most = Math.max(limits.perDayByDevices.checks, checksPerNumber)
    return [
      ...unlessEndless([ofNumber]),
      ...perDay,
      ...unlessEndless([{ ...this.#perDayByDevices('checks', number, most, checksPerDay), message }]),
    ]
  }

  /**
   * What all known devices of one number get of a day together: else a single one of them could use
   * up what is kept for those of all numbers.
   */
  #perDayByDevices(what: string, number: string, most: number, limitOfDay: number): LimitRule {
    const limit = Math.min(most, Math.ceil(limitOfDay * limits.shareOfNumber))
    return {
      key: `day/${this.#day()}/${what}/number/${number}`,
      limit,
      windowSeconds: dayKeySeconds,
      code: 'number_limit',
      daily: true,
    }
  }

  /**
   * The day is in the key, and not only in the window: so a day costs at most its limit, wherever
   * in it the first charge falls. A device that is not known must also find room in its network's
   * share and in that of all strangers. No stranger can use up a known device's part, so that part
   * is bounded by number alone: a network's would be shared with whoever else is behind the same
   * carrier.
   */
  #perDay(
    option: keyof LimitOptions,
    what: string,
    limit: number,
    device: string | undefined,
    source?: Source,
  ): LimitRule[] {
    const key = `day/${this.#day()}/${what}`
    const all: LimitRule = { key, limit, windowSeconds: dayKeySeconds, code: 'spending_limit', daily: true, option }
    if (device !== undefined) return unlessEndless([all])
    const widest = source && this.#placesOf(source).at(-1)
    const ofNetwork = { ...all, key: `${key}/from/${widest?.hash}`, limit: Math.ceil(limit * limits.shareOfNetwork) }
    const strangers = { ...all, key: `${key}/strangers`, limit: Math.ceil(limit * limits.shareOfStrangers) }
    return unlessEndless([...(widest ? [ofNetwork] : []), strangers, all])
  }

  /** Only asks whether the code rung is open to this account: no code is sent that could not be tried. */
  #askLocks({ number, device }: Account): LimitRule[] {
    const lock = { cost: 0, code: 'code_locked' } as const
    const limit = this.#own.wrongCodesPerNumber
    if (device === undefined) return [{ ...limits.guesses, limit, key: guessKeys.strangers(number), ...lock }]
    return [
      { ...limits.guesses, limit, key: guessKeys.device(number, device), ...lock },
      { ...limits.guessesByDevices, limit: 2 * limit, key: guessKeys.devices(number), ...lock },
    ]
  }

  /**
   * Not for known devices, which have limits by device and number: whoever is behind the same
   * address as one of them could stop it.
   */
  #byAddress(
    what: 'starts' | 'sends' | 'failedVerifies',
    own: number | undefined,
    { device }: Account,
    source: Source,
  ): LimitRule[] {
    if (device !== undefined) return []
    const { windowSeconds } = limits.perAddress
    const limit = own ?? limits.perAddress[what]
    const places = this.#placesOf(source)
    return places.map(({ network, hash }, index) => ({
      key: `${what}/address/${hash}`,
      limit: network === 'own' ? limit : limit * limits.networks[network],
      windowSeconds,
      code: 'address_limit',
      ...(index === places.length - 1 && { origin: true }),
    }))
  }

  /** Found once for all limits of all steps that a request takes. */
  #placesOf(source: Source): readonly Place[] {
    const known = this.#places.get(source)
    if (known) return known
    const places: Place[] = []
    for (const { network, block } of addressBlocks(source.address))
      places.push({ network, hash: this.#hash(`address ${block}`) })
    this.#places.set(source, places)
    return places
  }

  /** The UTC day, some milliseconds from now. */
  #day(inMs = 0): number {
    return Math.floor((wallTime(this.#clock) + inMs) / dayMs)
  }
}

/** The address of a request, or a network around it. */
interface Place {
  network: Network
  hash: string
}

const dayMs = 86_400_000
/** An hour longer than the day that is in the key, for processes whose clocks differ. */
const dayKeySeconds = 25 * 3600

/** The wrong codes in a row of a number: by strangers together, by known devices together, and by one of those. */
export const guessKeys = {
  strangers: (number: string) => `guess/${number}`,
  devices: (number: string) => `guess/${number}/devices`,
  device: (number: string, device: string) => `guess/${number}/device/${device}`,
}

function unlessEndless(rules: LimitRule[]): LimitRule[] {
  return rules.filter(({ limit }) => limit !== Number.POSITIVE_INFINITY)
}

function ofCountry(option: LimitOptions['sendsPerCountryPerDay'], country: string): number {
  if (typeof option === 'number') return option
  return (option && Object.hasOwn(option, country) ? option[country] : undefined) ?? limits.perDay.sendsPerCountry
}

/** Review numbers have a rung that calls no vendor. */
function isFree(rung: Provider): boolean {
  return rung.name === 'review'
}
