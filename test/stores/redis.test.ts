import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import { createClient } from 'redis'
import { afterAll, beforeAll } from 'vitest'
import { describeWith, shared, testContracts } from '../support/services.js'

const describeRedis = await describeWith('redis')

describeRedis('RedisStore keeps the contract', () => {
  const url = `redis://${shared.redis.host}:${shared.redis.port}`
  const ours = [new Redis(url, { lazyConnect: true }), new Redis(url, { lazyConnect: true })] as const
  const theirs = [createClient({ url }), createClient({ url })] as const
  const run = `test:${randomUUID()}`
  const store = (client: (typeof ours | typeof theirs)[number], prefix: string) =>
    new RedisStore({ client, prefix: `${run}:${prefix}`, timeoutMs: 5000 })

  beforeAll(async () => {
    await Promise.all(theirs.map((client) => client.connect()))
  })
  afterAll(async () => {
    const keys = await ours[0].keys(`${run}:*`)
    if (keys.length > 0) await ours[0].del(...keys)
    for (const client of ours) client.disconnect()
    for (const client of theirs) client.destroy()
  })

  testContracts({
    'with ioredis': { create: () => store(ours[0], 'a'), another: () => store(ours[1], 'a') },
    'with redis': { create: () => store(theirs[0], 'b'), another: () => store(theirs[1], 'b') },
    'with redis beside ioredis': { create: () => store(ours[0], 'c'), another: () => store(theirs[0], 'c') },
  })
})
