import type { Clock } from '../contracts/clock.js'
import type { Hit, Store } from '../contracts/store.js'
import { wallTime } from '../lib/clock.js'
import { createSecret, type Seal, sealUnder } from '../lib/crypto.js'
import { limits } from './numbers.js'

/** A device that logged in with a number before. */
export interface KnownDevice {
  /** Random. Names its counters. */
  id: string
  /** Which devices of the number it was issued with: all of one generation are forgotten together. */
  generation: string
}

interface DeviceContent extends KnownDevice {
  /** Seconds since the epoch. */
  until: number
}

const deviceGrammar = /^[A-Za-z0-9_-]{60,400}$/

/**
 * Device cookies, after OWASP's "Slow Down Online Guessing Attacks with Device Cookies": strangers
 * share the counters of a number, and each device that once logged in with the number has its own.
 * So no stranger can use up what its owner needs, and whoever copies a device's value has one more
 * counter and nothing else: it logs nobody in.
 *
 * The value is sealed under the application's secret, with the strategy's name and the keyed hash
 * of the number as context: it cannot be forged, holds no number, says nothing of which number it
 * belongs to, and is of no use for another one. Nor is it for another strategy: one with weaker
 * rungs, or none but a sandbox, must make no devices that a stricter one knows.
 *
 * What is forgotten is not written down device by device. All devices of a number are of one
 * generation until they are forgotten: then a counter closes that generation, and a record names
 * the next one. A start only asks, in the same count as its limits, whether the counter is closed.
 */
export class Devices {
  readonly #store: Store
  readonly #clock: Clock
  readonly #seal: Seal

  readonly #strategy: string

  constructor(store: Store, clock: Clock, secret: string, strategyName: string) {
    this.#store = store
    this.#clock = clock
    this.#seal = sealUnder(secret, 'passport-phonecheck/device/2')
    this.#strategy = strategyName
  }

  #context(numberHash: string): string {
    return `${numberHash} ${this.#strategy}`
  }

  /**
   * The first of these values that is one of this number's and has not expired. Whether it was
   * forgotten is to be asked with {@link Devices.askForgotten}.
   */
  recognise(values: readonly string[], numberHash: string): KnownDevice | undefined {
    for (const value of values) {
      if (!deviceGrammar.test(value)) continue
      const content = this.#seal.open(value, this.#context(numberHash)) as DeviceContent | undefined
      if (content && wallTime(this.#clock) < content.until * 1000)
        return { id: content.id, generation: content.generation }
    }
    return undefined
  }

  /** Of a browser's values, those that are not this number's. */
  ofOthers(values: readonly string[], numberHash: string): string[] {
    return values.filter(
      (value) => deviceGrammar.test(value) && this.#seal.open(value, this.#context(numberHash)) === undefined,
    )
  }

  /** Refused when the device's generation was forgotten; charges nothing. */
  askForgotten(numberHash: string, { generation }: KnownDevice): Hit {
    return { ...forgetting, key: forgottenKey(numberHash, generation), cost: 0 }
  }

  /**
   * A fresh value for a device that just proved the number, under the id that it has already if it is a known one.
   * @returns undefined when too many devices became known today
   */
  async issue(numberHash: string, id: string | undefined): Promise<string | undefined> {
    const context = this.#context(numberHash)
    const [found, verdict] = await Promise.all([
      this.#store.find(generationKey(numberHash)),
      id === undefined &&
        this.#store.count([
          { key: `device/new/${numberHash}`, limit: limits.devices.newPerDay, windowSeconds: 86_400 },
        ]),
    ])
    if (verdict && !verdict.allowed) return undefined
    const until = Math.floor(wallTime(this.#clock) / 1000) + limits.devices.lifeSeconds
    const content: DeviceContent = { id: id ?? createSecret().slice(0, 22), generation: found?.record ?? '', until }
    return this.#seal.close(content, context)
  }

  /** Makes strangers of all devices of a number. Rejects when the store fails; then it can be repeated. */
  async forget(numberHash: string): Promise<void> {
    const key = generationKey(numberHash)
    const found = await this.#store.find(key)
    // Closed first: when the second step fails, new devices are strangers from birth, and none that
    // should be forgotten is known.
    await this.#store.count([{ ...forgetting, key: forgottenKey(numberHash, found?.record ?? '') }])
    const generation = createSecret().slice(0, 11)
    if (found) await this.#store.replace(key, found.version, generation)
    else await this.#store.insert(key, generation, generationSeconds)
  }
}

/** Until every device of the generation has expired by itself. */
const forgetting = { limit: 1, windowSeconds: 2 * limits.devices.lifeSeconds }
/** The name of a generation must outlive its devices, and nothing prolongs a record: ten years. */
const generationSeconds = 3650 * 86_400

const generationKey = (numberHash: string) => `device/generation/${numberHash}`
const forgottenKey = (numberHash: string, generation: string) => `device/forgotten/${numberHash}/${generation}`
