import { deepStrictEqual, ok, strictEqual } from 'node:assert'
import type { Hit, Store, StoredRecord } from '../../contracts/store.js'

export async function found(store: Store, key: string, record: string, version: number): Promise<StoredRecord> {
  const stored = await store.find(key)
  ok(stored, 'the record must be found')
  strictEqual(stored.record, record, 'the record must be the one written last')
  strictEqual(stored.version, version, 'the version must be 1 after insert and grow by 1 with each replace')
  ok(Number.isFinite(stored.ageMs) && stored.ageMs >= 0, `ageMs must be a number of milliseconds, not ${stored.ageMs}`)
  return stored
}

export async function missing(store: Store, key: string, message = 'there must be no record'): Promise<void> {
  strictEqual(await store.find(key), undefined, message)
}

/** Charges all hits and expects that they fit. */
export async function fits(store: Store, ...hits: Hit[]): Promise<void> {
  deepStrictEqual(await store.count(hits), { allowed: true }, 'these hits must be allowed')
}

/** Expects that the hits are refused because of `hits[culprit]`. @returns the seconds to wait. */
export async function refuses(store: Store, hits: readonly Hit[], culprit = 0): Promise<number> {
  const verdict = await store.count(hits)
  ok(!verdict.allowed, 'these hits must be refused')
  strictEqual(verdict.key, hits[culprit]?.key, 'a refusal names the key of the first hit that does not fit')
  const { retryAfterSeconds } = verdict
  ok(
    Number.isInteger(retryAfterSeconds) && retryAfterSeconds >= 1,
    `retryAfterSeconds must be a whole number from 1, not ${retryAfterSeconds}`,
  )
  return retryAfterSeconds
}

/** Expects that exactly `room` more of this hit fit, by charging them. */
export async function hasRoomFor(room: number, store: Store, hit: Hit): Promise<void> {
  for (let taken = 0; taken < room; taken++) {
    const { allowed } = await store.count([hit])
    ok(allowed, `${room} more hits must fit, but only ${taken} did`)
  }
  const { allowed } = await store.count([hit])
  ok(!allowed, `only ${room} more hits may fit`)
}
