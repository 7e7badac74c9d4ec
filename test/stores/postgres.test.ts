import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { describeWith, ownSchema, shared, testContracts } from '../support/services.js'

const describePostgres = await describeWith('postgres')

describePostgres('PostgresStore keeps the contract', () => {
  const { schema, drop } = ownSchema()
  const pools = [new pg.Pool({ ...shared.postgres, max: 5 }), new pg.Pool({ ...shared.postgres, max: 5 })] as const
  const [store, other] = pools.map((pool) => new PostgresStore({ pool, schema, timeoutMs: 10_000 })) as [
    PostgresStore,
    PostgresStore,
  ]
  beforeAll(() => store.migrate())
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await drop()
  })
  testContracts({ 'with pg': { create: () => store, another: () => other } })
})
