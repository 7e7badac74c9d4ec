import { runInNewContext } from 'node:vm'
import { MemoryStore } from 'passport-phonecheck'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import pg from 'pg'
import { expect, test } from 'vitest'

test.each([
  [
    MemoryStore,
    { maxRecord: 5 },
    "MemoryStore: unknown option 'maxRecord'; did you mean maxRecords? The options are maxRecords, maxCounters, clock",
  ],
  [
    RedisStore,
    { client: {}, Prefix: 'x' },
    "RedisStore: unknown option 'Prefix'; did you mean prefix? The options are client, prefix, timeoutMs",
  ],
  [
    PostgresStore,
    { pool: {}, tabel: 'x' },
    "PostgresStore: unknown option 'tabel'; did you mean table? The options are pool, schema, table, timeoutMs",
  ],
  [PostgresStore, new pg.Pool(), 'PostgresStore: pass the pool in an object of options: new PostgresStore({ pool })'],
  [
    PostgresStore,
    { pool: new pg.Client() },
    "PostgresStore: pool is a single connection, of which an operation would need its own: pass a Pool of 'pg'",
  ],
  [RedisStore, undefined, 'RedisStore: client must be a client of'],
  [PostgresStore, undefined, "PostgresStore: pool must be a Pool of 'pg'"],
] as [new (options: never) => object, object | undefined, string][])(
  '%o with %o says what is wrong',
  (Store, options, complaint) => {
    expect(() => new Store(options as never)).toThrow(complaint)
    expect(() => new Store(options as never)).toThrow(TypeError)
  },
)

test('an error of another realm, as Jest makes them, keeps its code', async () => {
  const error: unknown = runInNewContext("Object.assign(new Error('x'), { code: 'ECONNREFUSED' })")
  expect(error).not.toBeInstanceOf(Error)
  const pool = { connect: async () => Promise.reject(error) }
  await expect(new PostgresStore({ pool }).find('key')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a start-up parameter that PgBouncer refuses is told by migrate()', async () => {
  const pool = {
    connect: async () => Promise.reject(Object.assign(new Error('unsupported startup parameter'), { code: '08P01' })),
  }
  await expect(new PostgresStore({ pool }).migrate()).rejects.toThrow(
    /^PostgresStore: migrate failed \(08P01\): .*statement_timeout/,
  )
})
