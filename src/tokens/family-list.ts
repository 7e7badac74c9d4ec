import type { Store } from '../contracts/store.js'
import { PhoneCheckError } from '../lib/errors.js'
import { tokenLimits } from './numbers.js'

/** Logins of one user at the same moment win one after the other; more than that are no person's. */
const rounds = 40

/**
 * The logins of each user that still have refresh tokens, so that no user can fill the store with
 * them: one too many ends the oldest.
 */
export class FamilyLists {
  readonly #store: Store
  readonly #prefix: string
  readonly #hash: (subject: string) => string
  readonly #ttlSeconds: number

  /** @param hash what stands for a user in keys */
  constructor(store: Store, prefix: string, hash: (subject: string) => string, ttlSeconds: number) {
    this.#store = store
    this.#prefix = prefix
    this.#hash = hash
    this.#ttlSeconds = ttlSeconds
  }

  /** Forgets the list. A login that joins it at this moment is on none: then the user may have one more. */
  async take(subject: string): Promise<string[]> {
    const key = this.#prefix + this.#hash(subject)
    const found = await this.#store.find(key)
    if (!found) return []
    await this.#store.remove(key)
    return found.record.split(' ')
  }

  /**
   * Before its family is written, or many logins at once could all be above the limit and on no list.
   * @returns the ids of those that are to be ended
   * @throws PhoneCheckError `store_unavailable`
   */
  async add(subject: string, sid: string): Promise<string[]> {
    const key = this.#prefix + this.#hash(subject)
    for (let round = 0; round < rounds; round++) {
      const found = await this.#store.find(key)
      const present = found?.record.split(' ') ?? []
      const kept = [...present, sid].slice(-tokenLimits.familiesPerUser)
      const next = kept.join(' ')
      const isWritten = found
        ? await this.#store.replace(key, found.version, next)
        : await this.#store.insert(key, next, this.#ttlSeconds)
      if (isWritten) return present.filter((one) => !kept.includes(one))
    }
    throw new PhoneCheckError('store_unavailable', { message: 'Too many logins of one user at the same moment.' })
  }
}
