import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeWith, type OwnRedis, redisCli, startRedis } from '../support/services.js'

const describeOwn = await describeWith('redis-server')

describeOwn('RedisStore, when Redis', () => {
  let server: OwnRedis
  let client: Redis
  let store: RedisStore
  let flow: string
  const cli = (...command: string[]) => redisCli(server.port, ...command)
  const limit = (key: string) => ({ key, limit: 2, windowSeconds: 60 })
  const guesses = (key: string) => ({ key, limit: 2, windowSeconds: 60, maxWindowSeconds: 120 })

  beforeAll(async () => {
    server = await startRedis(
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--enable-debug-command',
      'yes',
      '--busy-reply-threshold',
      '50',
    )
    client = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 20, enableReadyCheck: false })
    client.on('error', () => {})
    // However slow the machine is: what is tested here is never that the time was over.
    store = new RedisStore({ client, timeoutMs: 60_000 })
  })
  afterAll(async () => {
    client.disconnect()
    await server.stop()
  })
  beforeEach(async () => {
    flow = randomUUID()
    await expect.poll(() => store.insert(flow, 'a record', 60).catch(() => false), { interval: 20 }).toBe(true)
  })

  test('forgets everything in the middle of a flow, the flow is gone and opens nothing', async () => {
    await store.count([limit(flow)])
    await cli('FLUSHALL')
    expect(await store.find(flow)).toBeUndefined()
    expect(await store.replace(flow, 1, 'claimed')).toBe(false)
    expect(await store.count([limit(flow), limit(flow)])).toEqual({ allowed: true })
  })

  test('forgets the scripts at every step, each works and none is done twice', async () => {
    for (let version = 1; version <= 5; version++) {
      await cli('SCRIPT', 'FLUSH')
      const won = await Promise.all(Array.from({ length: 20 }, () => store.replace(flow, version, 'claimed')))
      expect(won.filter(Boolean)).toHaveLength(1)
      await cli('SCRIPT', 'FLUSH')
      expect(await store.find(flow)).toMatchObject({ version: version + 1 })
    }
    const key = randomUUID()
    await cli('SCRIPT', 'FLUSH')
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, () => store.count([limit(key), guesses(randomUUID())])),
    )
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(2)
  })

  test('is a replica, every write rejects and none is done', async () => {
    await cli('REPLICAOF', '127.0.0.1', '1')
    try {
      await expect(store.insert(randomUUID(), 'a record', 60)).rejects.toThrow('insert failed (READONLY)')
      await expect(store.replace(flow, 1, 'claimed')).rejects.toThrow('replace failed (READONLY)')
      await expect(store.count([limit(flow)])).rejects.toThrow('count failed (READONLY)')
      await expect(store.remove(flow)).rejects.toThrow('remove failed (READONLY)')
    } finally {
      await cli('REPLICAOF', 'NO', 'ONE')
    }
    expect(await store.find(flow)).toMatchObject({ version: 1 })
    expect(await store.count([limit(flow), limit(flow)])).toEqual({ allowed: true })
  })

  test('is out of memory, every write rejects, none is done in part, and reading and removing go on', async () => {
    await store.count([limit(flow)])
    await cli('CONFIG', 'SET', 'maxmemory', '1')
    try {
      await expect(store.insert(randomUUID(), 'a record', 60)).rejects.toThrow('insert failed (OOM)')
      await expect(store.replace(flow, 1, 'claimed')).rejects.toThrow('replace failed (OOM)')
      await expect(store.count([limit(flow), guesses(randomUUID())])).rejects.toThrow('count failed (OOM)')
      expect(await store.find(flow)).toMatchObject({ version: 1 })
      await store.remove(randomUUID())
    } finally {
      await cli('CONFIG', 'SET', 'maxmemory', '0')
    }
    expect(await store.count([limit(flow)])).toEqual({ allowed: true })
    expect(await store.count([limit(flow)])).toMatchObject({ allowed: false })
  })

  test('evicts what it should keep, flows are lost, and none is won twice', async () => {
    const used = Number(/used_memory:(\d+)/.exec(await cli('INFO', 'memory'))?.[1])
    await cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    await cli('CONFIG', 'SET', 'maxmemory', String(used + 300_000))
    try {
      const flows = Array.from({ length: 1000 }, () => randomUUID())
      for (const one of flows) await store.insert(one, 'x'.repeat(450), 60)
      const claim = async (one: string) =>
        (await Promise.all([1, 2, 3].map(() => store.replace(one, 1, 'claimed')))).filter(Boolean).length
      const won = await Promise.all(flows.map(claim))
      expect(Math.max(...won)).toBe(1)
      expect(won.filter((times) => times === 0).length).toBeGreaterThan(100)
    } finally {
      await cli('CONFIG', 'SET', 'maxmemory', '0')
      await cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    }
  })

  test('is kept busy by somebody, every operation rejects and is not done', async () => {
    const busy = cli('EVAL', 'while true do end', '0').catch(() => 'ended')
    try {
      await expect.poll(() => store.find(flow).catch(String)).toBe('Error: RedisStore: find failed (BUSY)')
      await expect(store.replace(flow, 1, 'claimed')).rejects.toThrow('replace failed (BUSY)')
      await expect(store.count([limit(flow)])).rejects.toThrow('count failed (BUSY)')
    } finally {
      await cli('SCRIPT', 'KILL')
      await busy
    }
    expect(await store.find(flow)).toMatchObject({ version: 1 })
    expect(await store.count([limit(flow), limit(flow)])).toEqual({ allowed: true })
  })

  test('is restarted, and killed at that, what it had written to its log is there, and no script is missed', async () => {
    await store.replace(flow, 1, 'claimed')
    await store.count([limit(flow), limit(flow)])
    await server.restart()
    await expect.poll(() => store.find(flow).catch(() => 'still ill')).toMatchObject({ version: 2, record: 'claimed' })
    expect(await store.replace(flow, 1, 'claimed')).toBe(false)
    expect(await store.count([limit(flow)])).toMatchObject({ allowed: false })
  })

  test('is still loading its data, every operation rejects, and the data is there afterwards', async () => {
    await cli('CONFIG', 'SET', 'appendonly', 'no')
    await cli('DEBUG', 'POPULATE', '600', 'filler', '20')
    await cli('CONFIG', 'SET', 'key-load-delay', '2000')
    await cli('CONFIG', 'SET', 'loading-process-events-interval-bytes', '1024')
    const reload = cli('DEBUG', 'RELOAD')
    const answer = () => store.find(flow).then((found) => found?.record ?? 'nothing', String)
    await expect.poll(answer, { interval: 10 }).toBe('Error: RedisStore: find failed (LOADING)')
    await expect(store.insert(randomUUID(), 'a record', 60)).rejects.toThrow('insert failed (LOADING)')
    await expect(store.count([limit(flow)])).rejects.toThrow('count failed (LOADING)')
    let last = await answer()
    while (last.includes('LOADING')) last = await answer()
    expect(last).toBe('a record')
    await reload
    await cli('CONFIG', 'SET', 'key-load-delay', '0')
  })

  test.each(['', 'x', 'NaN:1:text', '-1:1:text', '1:text', '1::text', ':::'])(
    'holds the damaged record %j, the flow is dead',
    async (value) => {
      await client.set(`phonecheck:record:${flow}`, value)
      expect(await store.find(flow)).toBeUndefined()
      for (const version of [0, 1, -1, Number.NaN]) expect(await store.replace(flow, version, 'claimed')).toBe(false)
      expect(await store.insert(flow, 'another', 60)).toBe(false)
      await store.remove(flow)
      expect(await store.insert(flow, 'another', 60)).toBe(true)
    },
  )

  test.each(['', 'x', '-1:0:0:0', 'NaN:0:0:0', '1:0:0', 'inf:0:1:1', '1:0:1:1:1'])(
    'holds the damaged counter %j, it is full',
    async (value) => {
      await client.set(`phonecheck:count:{phonecheck}:${flow}`, value)
      for (const rule of [limit(flow), guesses(flow)]) {
        for (const cost of [1, 0] as const) {
          expect(await store.count([{ ...rule, cost }])).toEqual({ allowed: false, key: flow, retryAfterSeconds: 60 })
        }
        expect(await store.count([{ ...rule, cost: -1 }])).toEqual({ allowed: true })
        expect(await store.count([rule])).toMatchObject({ allowed: false })
      }
      await store.remove(flow)
      expect(await store.count([limit(flow), limit(flow)])).toEqual({ allowed: true })
    },
  )

  test('holds something else under one of our names, the operation rejects', async () => {
    await client.del(`phonecheck:record:${flow}`)
    await client.rpush(`phonecheck:record:${flow}`, 'x')
    await client.rpush(`phonecheck:count:{phonecheck}:${flow}`, 'x')
    await expect(store.find(flow)).rejects.toThrow('find failed (WRONGTYPE)')
    await expect(store.replace(flow, 1, 'claimed')).rejects.toThrow('replace failed (WRONGTYPE)')
    await expect(store.count([limit(randomUUID()), limit(flow)])).rejects.toThrow('count failed (WRONGTYPE)')
  })

  test('leaves nothing without a time to live', async () => {
    await store.replace(flow, 1, 'claimed')
    await store.count([limit(flow), guesses(`${flow}2`)])
    await store.count([
      { ...limit(flow), cost: -1 },
      { ...guesses(`${flow}2`), cost: -1 },
    ])
    for (const name of await client.keys(`*${flow}*`)) expect(await client.pttl(name)).toBeGreaterThan(50_000)
    expect(await client.keys(`*${flow}*`)).toHaveLength(3)
  })
})
