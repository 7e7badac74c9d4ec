import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import pg from 'pg'
import { afterAll, beforeAll, expect } from 'vitest'
import { describeWith, shared } from '../support/services.js'
import { refreshSuite } from '../support/tokens/refresh-suite.js'

const describeRedis = await describeWith('redis')
const describePostgres = await describeWith('postgres')

describeRedis('with a real Redis', () => {
  const client = new Redis(`redis://${shared.redis.host}:${shared.redis.port}`, { lazyConnect: true })
  const prefix = `test:${randomUUID()}`
  const create = () => new RedisStore({ client, prefix, timeoutMs: 60_000 })
  /** Makes every record older where it is kept, as waiting would. */
  const advance = async (ms: number) => {
    for (const key of await client.keys(`${prefix}:record:*`)) {
      const [kept, leftMs] = [await client.get(key), (await client.pttl(key)) - ms]
      const [, version, since, record] =
        /^(\d+):(\d+):(.*)$/s.exec(kept ?? '') ?? expect.unreachable(`${key} holds no record`)
      if (leftMs > 0) await client.set(key, `${version}:${Number(since) - ms}:${record}`, 'PX', leftMs)
      else await client.del(key)
    }
  }
  afterAll(async () => {
    const keys = await client.keys(`${prefix}*`)
    if (keys.length > 0) await client.del(...keys)
    client.disconnect()
  })
  refreshSuite('RedisStore', { create, another: create, advance })
})

describePostgres('with a real PostgreSQL', () => {
  const pool = new pg.Pool(shared.postgres)
  const schema = `tokens_${randomUUID().replaceAll('-', '')}`
  const create = () => new PostgresStore({ pool, schema, timeoutMs: 60_000 })
  const advance = async (ms: number) => {
    const older = `UPDATE ${schema}.phonecheck_records SET inserted_at = inserted_at - $1 * interval '1 ms', expires_at = expires_at - $1 * interval '1 ms'`
    await pool.query(older, [ms])
  }
  beforeAll(async () => {
    await pool.query(`create schema ${schema}`)
    await create().migrate()
  })
  afterAll(async () => {
    await pool.query(`drop schema ${schema} cascade`)
    await pool.end()
  })
  refreshSuite('PostgresStore', { create, another: create, advance })
})
