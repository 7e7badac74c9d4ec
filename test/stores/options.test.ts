import { MemoryStore } from 'passport-phonecheck'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import { expect, test } from 'vitest'

test.each([
  [MemoryStore, { maxRecord: 5 }, 'MemoryStore: maxRecord is no option; there are maxRecords, maxCounters, clock'],
  [RedisStore, { client: {}, Prefix: 'x' }, 'RedisStore: Prefix is no option; there are client, prefix, timeoutMs'],
  [PostgresStore, { pool: {}, tabel: 'x' }, 'PostgresStore: tabel is no option; there are pool, schema, table, timeoutMs'],
  [RedisStore, undefined, 'RedisStore: client must be a client of'],
  [PostgresStore, undefined, "PostgresStore: pool must be a Pool of 'pg'"],
] as [new (options: never) => object, object | undefined, string][])('%o with %o says what is wrong', (Store, options, complaint) => {
  expect(() => new Store(options as never)).toThrow(complaint)
  expect(() => new Store(options as never)).toThrow(TypeError)
})
