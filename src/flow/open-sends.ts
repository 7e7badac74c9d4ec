import type { Store } from '../contracts/store.js'

/**
 * Remembers that a message went out to a number, as long as its code is good. Some providers keep
 * one open request for each number and refuse a second send; whoever lost the login that asked for
 * the first one, by a closed tab or a killed app, can then be told how long to wait.
 */
export class OpenSends {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** @param numberHash keyed, as in counters */
  async add(method: string, numberHash: string, ttlSeconds: number): Promise<void> {
    const key = keyOf(method, numberHash)
    const insert = () => this.#store.insert(key, String(ttlSeconds), ttlSeconds)
    if (await insert()) return
    // An earlier message of the same number: the provider's window begins anew with this one.
    await this.#store.remove(key)
    await insert()
  }

  /** Seconds until the message that we know of is forgotten by its provider; undefined when we know of none. */
  async secondsLeft(method: string, numberHash: string): Promise<number | undefined> {
    const found = await this.#store.find(keyOf(method, numberHash))
    return found && Math.max(1, Math.ceil(Number(found.record) - found.ageMs / 1000))
  }
}

function keyOf(method: string, numberHash: string): string {
  return `sent/${method}/${numberHash}`
}
