import { Redis } from 'ioredis'
import {
  type Challenge,
  type Hit,
  type MemoryStore,
  type Outcome,
  PhoneCheckError,
  type PhoneCheckErrorCode,
  type PhoneCheckEvent,
  type Provider,
  type Store,
  type StoredRecord,
} from 'passport-phonecheck'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import { storeContract } from 'passport-phonecheck/testing'
import pg from 'pg'
import { createClient, createCluster } from 'redis'
import { expectTypeOf } from 'vitest'

// Our own stores keep the contract, and take the clients of the packages as they are typed.
expectTypeOf<MemoryStore>().toExtend<Store>()
expectTypeOf(new RedisStore({ client: new Redis({ lazyConnect: true }) })).toExtend<Store>()
expectTypeOf(new RedisStore({ client: createClient() })).toExtend<Store>()
expectTypeOf(new RedisStore({ client: createCluster({ rootNodes: [] }) })).toExtend<Store>()
expectTypeOf(new PostgresStore({ pool: new pg.Pool() })).toExtend<Store>()

// What somebody else's store must have, and may leave out.
const own: Store = {
  insert: async (key: string, record: string, ttlSeconds: number) => key !== record && ttlSeconds > 0,
  find: async (): Promise<StoredRecord | undefined> => ({ record: '', version: 1, ageMs: 0 }),
  replace: async (_key, expectedVersion, _record) => expectedVersion === 1,
  remove: async () => {},
  count: async (hits: readonly Hit[]) =>
    hits.length > 0 ? { allowed: false, key: 'x', retryAfterSeconds: 1 } : { allowed: true },
}
expectTypeOf(storeContract({ create: () => own })[0]).not.toBeAny()
// @ts-expect-error a refusal says for how long
const careless: Store = { ...own, count: async () => ({ allowed: false }) }
// @ts-expect-error a store that cannot swap by version is none
const racy: Omit<Store, 'replace'> extends Store ? true : never = true
void [careless, racy]

// Somebody else's provider: `start` is all it must do.
const provider: Provider = {
  name: 'own',
  vendor: 'example',
  assurance: 'medium',
  ttlSeconds: 60,
  dwellSeconds: 0,
  async start(input, context) {
    expectTypeOf(input.phoneNumber).toEqualTypeOf<string>()
    expectTypeOf(context.deadline.leftMs()).toEqualTypeOf<number>()
    return input.deviceIp === undefined
      ? { unable: 'not_mobile_ip' }
      : { challenge: { type: 'open_url', url: 'https://vendor.example' }, check: { id: '1' }, expiresInSeconds: 60 }
  },
  async redeem(_check, code) {
    return code === '1' ? { outcome: 'verified' } : { outcome: 'mismatch' }
  },
}
void provider
// @ts-expect-error a reason of its own: the list is closed
const talkative: Provider = { ...provider, start: async () => ({ unable: 'because' }) }
// @ts-expect-error true is no outcome
const credulous: Provider = { ...provider, redeem: async () => true }
void [talkative, credulous]

expectTypeOf<Outcome['outcome']>().toEqualTypeOf<'verified' | 'mismatch' | 'invalid_code' | 'unable' | 'pending'>()
expectTypeOf<Challenge['type']>().toEqualTypeOf<'open_url' | 'send_sms' | 'enter_code' | 'get_token'>()

// Errors and events are told apart by a closed word.
const caught: unknown = undefined
if (caught instanceof PhoneCheckError) {
  expectTypeOf(caught.code).toEqualTypeOf<PhoneCheckErrorCode>()
  expectTypeOf(caught.details.retryAfterSeconds).toEqualTypeOf<number | undefined>()
}
declare const event: PhoneCheckEvent
if (event.type === 'code_rejected') expectTypeOf(event.attemptsLeft).toEqualTypeOf<number>()
// @ts-expect-error only some events are about a flow
event.flowId
