import type { CountResult, Hit } from '../../../src/contracts/store.js'
import { NaiveStore } from './naive-store.js'

/** A round trip to a database. */
const roundTrip = () => new Promise<void>((resolve) => setImmediate(resolve))

class KeepsWhatIsRefused extends NaiveStore {
  override async insertCharged(
    key: string,
    record: string,
    ttlSeconds: number,
    hits: readonly Hit[],
  ): Promise<CountResult | 'taken'> {
    if (!(await this.insert(key, record, ttlSeconds))) return 'taken'
    return this.count(hits)
  }
}

class InsertsWithoutCharge extends NaiveStore {
  override async insertCharged(key: string, record: string, ttlSeconds: number): Promise<CountResult | 'taken'> {
    return (await this.insert(key, record, ttlSeconds)) ? { allowed: true } : 'taken'
  }
}

class ChargesForTakenKeys extends NaiveStore {
  override async insertCharged(
    key: string,
    record: string,
    ttlSeconds: number,
    hits: readonly Hit[],
  ): Promise<CountResult | 'taken'> {
    const verdict = await this.count(hits)
    if (!verdict.allowed) return verdict
    return (await this.insert(key, record, ttlSeconds)) ? verdict : 'taken'
  }
}

/** Asks first, and writes after a round trip. */
class AsksThenWrites extends NaiveStore {
  override async insertCharged(
    key: string,
    record: string,
    ttlSeconds: number,
    hits: readonly Hit[],
  ): Promise<CountResult | 'taken'> {
    const verdict = await this.count(hits.map((hit) => ({ ...hit, cost: 0 })))
    if (!verdict.allowed) return verdict
    if (await this.find(key)) return 'taken'
    await roundTrip()
    this.keep(key, record, ttlSeconds)
    await this.count(
      hits.map((hit) => ({ ...hit, ...(hit.cost === undefined && { limit: Number.POSITIVE_INFINITY }) })),
    )
    return verdict
  }
}

class KeepsTooLong extends NaiveStore {
  override insertCharged(key: string, record: string, ttlSeconds: number, hits: readonly Hit[]) {
    return super.insertCharged(key, record, ttlSeconds + 5, hits)
  }
}

/** Each breaks one promise about `insertCharged`, as a backend does that makes two steps of it. */
export const brokenInserts = {
  KeepsWhatIsRefused,
  InsertsWithoutCharge,
  ChargesForTakenKeys,
  AsksThenWrites,
  KeepsTooLong,
}
