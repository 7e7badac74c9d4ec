import { type Promised, runOn, type StoreCaseLevel, type StoreSubject } from './contract/bench.js'
import { capacityPromises } from './contract/capacity.js'
import { chargedInsertPromises } from './contract/charged-insert.js'
import { consecutivePromises } from './contract/consecutive.js'
import { counterPromises } from './contract/counters.js'
import { expiryPromises } from './contract/expiry.js'
import { givingBackPromises } from './contract/giving-back.js'
import { keyPromises } from './contract/keys.js'
import { recordPromises } from './contract/records.js'
import { replacePromises } from './contract/replace.js'
import { searchPromises } from './contract/search.js'
import { severalHitsPromises } from './contract/several-hits.js'
import { textPromises } from './contract/texts.js'
import { viewPromises } from './contract/views.js'

export type { StoreCaseLevel, StoreSubject } from './contract/bench.js'

/** One thing that a store promises, ready to be registered with any test runner. */
export interface StoreCase {
  name: string
  level: StoreCaseLevel
  /** What a failure means for logins. */
  why: string
  /**
   * Rejects with an AssertionError when the promise is broken; its message ends with level and
   * `why`. Takes up to ten seconds without `advance`. May be called again.
   */
  run(): Promise<void>
}

/**
 * Everything that the `Store` contract promises, as cases that need no particular test runner:
 *
 * ```ts
 * for (const { name, level, run } of storeContract({ create: () => new MyStore(client) }))
 * test(`${level}: ${name}`, run)
 * ```
 *
 * A store that fails a `required` case must not be used. Every case uses keys of its own, so a
 * database that others use will do. Without `advance` a case that waits is repeated, twice at most,
 * when the machine stood still meanwhile.
 */
export function storeContract(subject: StoreSubject): StoreCase[] {
  return promises
    .filter(({ needs }) => needs === undefined || subject[needs] !== undefined)
    .map((promised) => ({
      name: promised.name,
      level: promised.level,
      why: promised.why,
      run: () => runOn(subject, promised),
    }))
}

const promises: readonly Promised[] = [
  ...recordPromises,
  ...replacePromises,
  ...expiryPromises,
  ...keyPromises,
  ...textPromises,
  ...counterPromises,
  ...severalHitsPromises,
  ...givingBackPromises,
  ...chargedInsertPromises,
  ...consecutivePromises,
  ...searchPromises,
  ...viewPromises,
  ...capacityPromises,
]
