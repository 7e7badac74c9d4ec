import { randomUUID } from 'node:crypto'
import { Cluster } from 'ioredis'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import { createCluster } from 'redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith, startRedisCluster, testContracts } from '../support/services.js'

const describeOwn = await describeWith('redis-server')

describeOwn('RedisStore in a cluster of three keeps the contract', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  let ioredis: Cluster
  let nodeRedis: ReturnType<typeof createCluster>

  beforeAll(async () => {
    cluster = await startRedisCluster()
    const nodes = cluster.ports.map((port) => ({ host: '127.0.0.1', port }))
    ioredis = new Cluster(nodes)
    nodeRedis = createCluster({ rootNodes: nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` })) })
    nodeRedis.on('error', () => {})
    await nodeRedis.connect()
  })
  afterAll(async () => {
    ioredis.disconnect()
    nodeRedis.destroy()
    await cluster.stop()
  })

  const byIoredis = (prefix: string) => new RedisStore({ client: ioredis, prefix, timeoutMs: 5000 })
  const byRedis = (prefix: string) => new RedisStore({ client: nodeRedis, prefix, timeoutMs: 5000 })

  testContracts({
    'with ioredis': { create: () => byIoredis('a'), another: () => byRedis('a') },
    'with redis': { create: () => byRedis('b'), another: () => byIoredis('b') },
  })

  test('records are spread over all nodes, counters of a prefix share one slot', async () => {
    const store = byRedis('phonecheck')
    const keys = Array.from({ length: 60 }, () => randomUUID())
    for (const key of keys) await store.insert(key, 'a record', 60)
    expect(await store.count(keys.map((key) => ({ key, limit: 1, windowSeconds: 60 })))).toEqual({ allowed: true })
    const held = await Promise.all(ioredis.nodes('master').map((node) => node.keys('phonecheck:*')))
    const mine = (kind: string) =>
      held.map(
        (names) => names.filter((name) => name.startsWith(kind) && keys.some((key) => name.endsWith(key))).length,
      )
    expect(Math.min(...mine('phonecheck:record:'))).toBeGreaterThan(5)
    expect(mine('phonecheck:count:{phonecheck}:').sort()).toEqual([0, 0, 60])
  })
})
