import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { describeWith, shared } from '../support/services.js'
import { refreshSuite } from './refresh-suite.js'

const describeRedis = await describeWith('redis')
const describePostgres = await describeWith('postgres')

describeRedis('with a real Redis', () => {
  const client = new Redis(`redis://${shared.redis.host}:${shared.redis.port}`, { lazyConnect: true })
  const prefix = `test:${randomUUID()}`
  const create = () => new RedisStore({ client, prefix })
  afterAll(async () => {
    const keys = await client.keys(`${prefix}*`)
    if (keys.length > 0) await client.del(...keys)
    client.disconnect()
  })
  refreshSuite('RedisStore', { create, another: create })
})

describePostgres('with a real PostgreSQL', () => {
  const pool = new pg.Pool(shared.postgres)
  const schema = `tokens_${randomUUID().replaceAll('-', '')}`
  const create = () => new PostgresStore({ pool, schema })
  beforeAll(async () => {
    await pool.query(`create schema ${schema}`)
    await create().migrate()
  })
  afterAll(async () => {
    await pool.query(`drop schema ${schema} cascade`)
    await pool.end()
  })
  refreshSuite('PostgresStore', { create, another: create })
})
