import type { StoredRecord } from '../../../src/contracts/store.js'
import { NaiveStore } from './naive-store.js'

/** A round trip to a database. */
const roundTrip = () => new Promise<void>((resolve) => setImmediate(resolve))

class RacyReplace extends NaiveStore {
  override async replace(key: string, expectedVersion: number, record: string) {
    const stored = await this.find(key)
    if (stored?.version !== expectedVersion) return false
    await roundTrip()
    return super.replace(key, (await this.find(key))?.version ?? 0, record)
  }
}

class RacyInsert extends NaiveStore {
  override async insert(key: string, record: string, ttlSeconds: number) {
    if (await this.find(key)) return false
    await roundTrip()
    this.rows.delete(key)
    return super.insert(key, record, ttlSeconds)
  }
}

class Reviving extends NaiveStore {
  override async replace(key: string, expectedVersion: number, record: string) {
    const row = this.rows.get(key)
    await roundTrip()
    if (row && !this.rows.has(key)) this.rows.set(key, row)
    return super.replace(key, expectedVersion, record)
  }
}

class Lossy extends NaiveStore {
  override async replace(key: string, expectedVersion: number) {
    return (await this.find(key))?.version === expectedVersion
  }
}

class Upserting extends NaiveStore {
  override async replace(key: string, expectedVersion: number, record: string) {
    await this.insert(key, record, 60)
    return super.replace(key, expectedVersion, record)
  }
}

class Lagging extends NaiveStore {
  private copies = new Map<string, StoredRecord>()
  override async find(key: string) {
    const stored = await super.find(key)
    const copy = this.copies.get(key)
    if (stored) this.copies.set(key, stored)
    return copy && stored ? copy : stored
  }
}

class FindsEverything extends NaiveStore {
  override async find(key: string) {
    return (await super.find(key)) ?? { record: '', version: 0, ageMs: 0 }
  }
}

class RemovesNothing extends NaiveStore {
  override async remove() {}
}

class CountsFromZero extends NaiveStore {
  override async find(key: string) {
    const stored = await super.find(key)
    return stored && { ...stored, version: stored.version - 1 }
  }
  override replace(key: string, expectedVersion: number, record: string) {
    return super.replace(key, expectedVersion + 1, record)
  }
}

class JumpingVersions extends NaiveStore {
  override async replace(key: string, expectedVersion: number, record: string) {
    const done = await super.replace(key, expectedVersion, record)
    const row = this.rows.get(key)
    if (done && row) row.version++
    return done
  }
}

class AgeInSeconds extends NaiveStore {
  override async find(key: string) {
    const stored = await super.find(key)
    return stored && { ...stored, ageMs: stored.ageMs / 1000 }
  }
}

class SkewedAge extends NaiveStore {
  override async find(key: string) {
    const stored = await super.find(key)
    return stored && { ...stored, ageMs: stored.ageMs + 600_000 }
  }
}

class AgeOfTheWrite extends NaiveStore {
  override async replace(key: string, expectedVersion: number, record: string) {
    const done = await super.replace(key, expectedVersion, record)
    const row = this.rows.get(key)
    if (done && row) row.insertedAt = this.clock.now()
    return done
  }
}

class ExtendingReplace extends NaiveStore {
  override async replace(key: string, expectedVersion: number, record: string) {
    const done = await super.replace(key, expectedVersion, record)
    const row = this.rows.get(key)
    if (done && row) row.endsAt += this.clock.now() - row.insertedAt
    return done
  }
}

class ExpiresLate extends NaiveStore {
  override insert(key: string, record: string, ttlSeconds: number) {
    return super.insert(key, record, ttlSeconds + 5)
  }
}

class IgnoresCase extends NaiveStore {
  override insert(key: string, record: string, ttlSeconds: number) {
    return super.insert(key.toLowerCase(), record, ttlSeconds)
  }
  override find(key: string) {
    return super.find(key.toLowerCase())
  }
}

class TrimsRecords extends NaiveStore {
  override async find(key: string) {
    const stored = await super.find(key)
    return stored && { ...stored, record: stored.record.trim() }
  }
}

/** Each breaks one promise about records, in a way that a real backend does when one forgets about it. */
export const brokenRecords = {
  RacyReplace,
  RacyInsert,
  Reviving,
  Lossy,
  Upserting,
  Lagging,
  FindsEverything,
  RemovesNothing,
  CountsFromZero,
  JumpingVersions,
  AgeInSeconds,
  SkewedAge,
  AgeOfTheWrite,
  ExtendingReplace,
  ExpiresLate,
  IgnoresCase,
  TrimsRecords,
}
