import type { Store, StoredRecord } from '../contracts/store.js'
import { createSecret, keyedHash } from '../lib/crypto.js'
import { tokenLimits } from './numbers.js'

/** What a login saw in the two slots of its user's revocations; empty where there was nothing. */
export type Epochs = readonly [string, string]

export const noEpochs: Epochs = ['', '']

/**
 * Ends all logins of a user that were made until now, without knowing them.
 *
 * A revocation is a random text, the epoch, under the user's key. A login remembers the epoch it
 * was made in; once there is another one, the login is revoked. No clock is compared with another,
 * so a login is judged the same by every process, and a revocation misses nothing that was issued
 * before it.
 *
 * An epoch must outlive every login made before it. `replace` does not prolong a record, and
 * removing it first would leave a moment without any; therefore there are two slots. A new epoch
 * goes into the slot that still lives long enough, else into the one that is free. Records live
 * twice as long as needed, so one of both is always the case, and a slot that expires has no login
 * left that it could still revoke.
 */
export class Revocations {
  readonly #store: Store
  readonly #hash: (subject: string) => string
  /** How long an epoch must stand: as long as the last access token of a login made just before it. */
  readonly #neededSeconds: number

  /**
   * @param secret keys the hashes of ids, which somebody who reads the store could else try out.
   * Every process that revokes or asks needs the same one.
   * @param absoluteSeconds life of the longest login. Default: of any there can be, because whoever
   * revokes may have other settings than whoever issued
   */
  constructor(store: Store, secret: string, issuer: string, absoluteSeconds: number = tokenLimits.absoluteSeconds.max) {
    this.#store = store
    const hash = keyedHash(secret, 'passport-phonecheck/revoked/1')
    this.#hash = (subject) => hash(JSON.stringify([issuer, subject]))
    this.#neededSeconds = absoluteSeconds + tokenLimits.accessSeconds.max + tokenLimits.leewaySeconds
  }

  /** To be asked before a login is written: an epoch that comes in between then revokes it. */
  async epochs(subject: string): Promise<Epochs> {
    const [first, second] = await this.#slots(subject)
    return [epochOf(first.found), epochOf(second.found)]
  }

  async isRevoked(subject: string, since: Epochs): Promise<boolean> {
    const now = await this.epochs(subject)
    return now.some((epoch, slot) => epoch !== '' && epoch !== since[slot])
  }

  /** What stands for a user in keys and events. */
  hashSubject(subject: string): string {
    return this.#hash(subject)
  }

  async revoke(subject: string): Promise<void> {
    const slots = await this.#slots(subject)
    const ttlSeconds = 2 * this.#neededSeconds
    const epoch = createSecret().slice(0, 11)
    const lasting = slots.find(({ found }) => secondsLeft(found) >= this.#neededSeconds)
    const free = slots.find(({ found }) => !found)
    // Neither is there only after the settings were changed more than once; then the one that lives
    // longest is the best there is.
    const slot = lasting ?? free ?? (secondsLeft(slots[0].found) > secondsLeft(slots[1].found) ? slots[0] : slots[1])
    // Whether this write or another revocation's came first makes no difference: both end the same logins.
    if (slot.found) await this.#store.replace(slot.key, slot.found.version, record(epoch, ttlOf(slot.found)))
    else await this.#store.insert(slot.key, record(epoch, ttlSeconds), ttlSeconds)
  }

  #slots(subject: string): Promise<[Slot, Slot]> {
    const base = `revoked/${this.#hash(subject)}`
    const slot = async (key: string): Promise<Slot> => ({ key, found: await this.#store.find(key) })
    return Promise.all([slot(`${base}/0`), slot(`${base}/1`)])
  }
}

interface Slot {
  key: string
  found: StoredRecord | undefined
}

/** The record says for how long it was inserted, because the settings may have changed since. */
function record(epoch: string, ttlSeconds: number): string {
  return `${epoch}~${ttlSeconds}`
}

/** An unreadable record revokes everything before it: it fails closed. */
function epochOf(found: StoredRecord | undefined): string {
  return found ? found.record.split('~', 1)[0] || 'damaged' : ''
}

function ttlOf({ record }: StoredRecord): number {
  const ttlSeconds = Number(record.split('~')[1])
  return ttlSeconds > 0 ? ttlSeconds : 0
}

function secondsLeft(found: StoredRecord | undefined): number {
  return found ? ttlOf(found) - found.ageMs / 1000 : 0
}

/** As a claim: a login that has seen no revocation carries none. */
export function revClaim([first, second]: Epochs): string | undefined {
  return first || second ? `${first}.${second}` : undefined
}

export function epochsOfClaim(rev: string | undefined): Epochs {
  const [first = '', second = ''] = rev?.split('.') ?? []
  return [first, second]
}
