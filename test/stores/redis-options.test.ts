import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { Cluster, Redis } from 'ioredis'
import { type RedisClient, RedisStore, type RedisStoreOptions } from 'passport-phonecheck/stores/redis'
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { root } from '../architecture/sources.js'
import { faultProxy } from '../support/fault-proxy.js'
import { countsLikeMemory, describeWith, shared } from '../support/services.js'

const describeRedis = await describeWith('redis')
const url = `redis://${shared.redis.host}:${shared.redis.port}`

describe('options of RedisStore', () => {
  const client: RedisClient = { evalsha: async () => null, eval: async () => null, del: async () => 0 }

  test.each([undefined, null, {}, 'redis://127.0.0.1', { get: () => 'x', set: () => 'x' }])(
    '%s is no client',
    (value) => {
      expect(() => new RedisStore({ client: value } as unknown as RedisStoreOptions)).toThrow(
        new TypeError(
          "RedisStore: client must be a client of 'ioredis', or one of 'redis' 4 or newer, that your application has created",
        ),
      )
    },
  )

  const commands = { eval: () => {}, del: () => {} }
  class RedisLegacyClient {
    evalSha() {}
    eval() {}
    del() {}
  }
  // As the libraries make them, in short; those of the slow tests are real.
  test.each<[string, object, string]>([
    ["of '@upstash/redis'", { ...commands, evalsha() {}, evalshaRo() {} }, "is of '@upstash/redis'"],
    [
      "that is a cluster of 'redis' 4",
      { ...commands, evalSha() {}, connect() {}, commandsExecutor() {}, nodeClient() {} },
      'MOVED',
    ],
    ['in legacyMode', { ...commands, evalSha() {}, connect() {}, options: { legacyMode: true } }, 'legacyMode'],
    ['that legacy() made', new RedisLegacyClient(), 'legacy()'],
    ["that 'redis' makes of itself with legacy()", createClient().legacy(), 'legacy()'],
    ["of 'redis' 3", { ...commands, evalsha() {}, internal_send_command() {} }, "'redis' 3"],
    ["that is a transaction of 'redis'", createClient().multi(), 'multi()'],
    ["that is a pipeline of 'ioredis'", new Redis({ lazyConnect: true }).pipeline(), 'pipeline()'],
  ])('a client %s is refused, with what to do', (_, value, advice) => {
    const attempt = () => new RedisStore({ client: value as RedisClient })
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(/^RedisStore: client cannot be used: /)
    expect(attempt).toThrow(advice)
  })

  test.each<[string, object]>([
    ['ioredis', new Redis({ lazyConnect: true })],
    ['redis', createClient()],
    ['of an object', client],
  ])('a client %s in place of the options is told apart', (_, value) => {
    expect(() => new RedisStore(value as RedisStoreOptions)).toThrow(
      new TypeError('RedisStore: pass the client in an object of options: new RedisStore({ client })'),
    )
  })

  test.each(['', 'a b', '{app}', 'app}', 'a'.repeat(65), 'é', 5])('%s is no prefix', (prefix) => {
    expect(() => new RedisStore({ client, prefix: prefix as string })).toThrow(
      /^RedisStore: prefix must be 1 to 64 letters/,
    )
  })

  test.each([0, -1, 1.5, Number.NaN, 60_001, '500'])('%s is no timeout', (timeoutMs) => {
    expect(() => new RedisStore({ client, timeoutMs: timeoutMs as number })).toThrow(
      new TypeError('RedisStore: timeoutMs must be a whole number from 1 to 60,000'),
    )
  })

  // What matters here is that it compiles.
  test('clients of both libraries, alone, pooled, in clusters and behind sentinels, are clients', async () => {
    const sentinels = { name: 'x', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }
    const own = [new Redis({ lazyConnect: true }), new Cluster([], { lazyConnect: true })] as const
    const stores = [
      ...own.map((client) => new RedisStore({ client })),
      new RedisStore({ client: createClient() }),
      new RedisStore({ client: createClientPool() }),
      new RedisStore({ client: createCluster({ rootNodes: [{ url }] }) }),
      new RedisStore({ client: createSentinel(sentinels) }),
    ]
    expect(stores).toHaveLength(6)
  })

  test.each([undefined, null, 1, 'OK', [], ['1'], [1, 2], {}])(
    'the answer %j is none of ours: the operation rejects',
    async (answer) => {
      const store = new RedisStore({
        client: { evalsha: async () => answer, eval: async () => answer, del: async () => 0 },
      })
      await expect(store.insert('key', 'a record', 60)).rejects.toThrow('RedisStore: insert failed')
      await expect(store.replace('key', 1, 'a record')).rejects.toThrow('RedisStore: replace failed')
      await expect(store.count([{ key: 'key', limit: 1, windowSeconds: 60 }])).rejects.toThrow(
        'RedisStore: count failed',
      )
      if (answer !== null) await expect(store.find('key')).rejects.toThrow('RedisStore: find failed')
    },
  )

  test.each([
    ['insert', (store: RedisStore, bad: number) => store.insert('key', 'a record', bad)],
    ['count', (store: RedisStore, bad: number) => store.count([{ key: 'key', limit: 1, windowSeconds: bad }])],
    [
      'count',
      (store: RedisStore, bad: number) =>
        store.count([{ key: 'key', limit: 1, windowSeconds: 1, maxWindowSeconds: bad }]),
    ],
  ])('%s takes no time that would never end', async (_, call) => {
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(call(new RedisStore({ client }), bad)).rejects.toThrow(TypeError)
  })
})

describeRedis('RedisStore', () => {
  const prefix = `test:${randomUUID()}`
  const client = new Redis(url, { lazyConnect: true })
  const store = new RedisStore({ client, prefix, timeoutMs: 5000 })
  beforeAll(() => client.connect())
  afterAll(async () => {
    const keys = await client.keys(`${prefix}*`)
    if (keys.length > 0) await client.del(...keys)
    client.disconnect()
  })

  test('counts like the memory store', () => countsLikeMemory(store))

  test('keeps prefixes apart, and puts every key behind its own', async () => {
    const other = new RedisStore({ client, prefix: `${prefix}:other` })
    const hit = { key: 'key', limit: 1, windowSeconds: 60 }
    expect(await store.insert('key', 'mine', 60)).toBe(true)
    expect(await other.insert('key', 'theirs', 60)).toBe(true)
    expect([await store.count([hit]), await other.count([hit])]).toEqual([{ allowed: true }, { allowed: true }])
    await other.remove('key')
    expect(await store.find('key')).toMatchObject({ record: 'mine' })
    expect((await store.count([hit])).allowed).toBe(false)
    expect((await client.keys(`*${prefix}*`)).every((name) => name.startsWith(prefix))).toBe(true)
  })

  test('does not ask the clocks of its processes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const key = randomUUID()
      const hit = { key, limit: 1, windowSeconds: 60 }
      vi.setSystemTime(Date.now() + 3_600_000)
      await store.insert(key, 'a record', 60)
      await store.count([hit])
      vi.setSystemTime(Date.now() - 7_200_000)
      expect((await store.find(key))?.ageMs).toBeLessThan(1000)
      expect(await store.count([hit])).toEqual({ allowed: false, key, retryAfterSeconds: 60 })
    } finally {
      vi.useRealTimers()
    }
  })

  test('takes a client that turns answers into bytes, and one that speaks RESP 2', async () => {
    const plain = createClient({ url, RESP: 2 })
    await plain.connect()
    for (const one of [plain, plain.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })]) {
      const other = new RedisStore({ client: one as RedisClient, prefix })
      const key = randomUUID()
      expect(await other.insert(key, 'é', 60)).toBe(true)
      expect(await other.find(key)).toMatchObject({ record: 'é', version: 1 })
      expect(await other.count([{ key, limit: 0, windowSeconds: 5 }])).toEqual({
        allowed: false,
        key,
        retryAfterSeconds: 5,
      })
    }
    plain.destroy()
  })

  test('takes a client with a key prefix of its own', async () => {
    const prefixed = new Redis(url, { keyPrefix: `${prefix}:own:` })
    const other = new RedisStore({ client: prefixed })
    await other.insert('own', 'a record', 60)
    await other.count([{ key: 'own', limit: 1, windowSeconds: 60 }])
    const [counter, record] = (await client.keys(`${prefix}:own:*`)).sort()
    expect([counter, record]).toEqual([
      `${prefix}:own:phonecheck:count:{phonecheck}:own`,
      `${prefix}:own:phonecheck:record:own`,
    ])
    await other.remove('own')
    expect(await client.keys(`${prefix}:own:*`)).toEqual([])
    prefixed.disconnect()
  })

  test('tells no key and no record when a user is not allowed to do something', async () => {
    const name = `u${randomUUID()}`
    await client.call('ACL', 'SETUSER', name, 'on', 'nopass', '~*', '+@all', '-eval', '-evalsha', '-del')
    const limited = new Redis(url, { username: name, password: 'x' })
    const other = new RedisStore({ client: limited, prefix })
    const error = await other.insert('secret-key', 'secret-record', 60).catch((reason: unknown) => reason)
    expect(String(error)).toBe('Error: RedisStore: insert failed (NOPERM)')
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret')
    await expect(other.remove('secret-key')).rejects.toThrow('remove failed (NOPERM)')
    limited.disconnect()
    await client.call('ACL', 'DELUSER', name)
  })

  test('needs the rights that are documented, on keys of its prefix, and no other', async () => {
    const rights =
      /\+eval [+a-z ]+/
        .exec(readFileSync(`${root}src/stores/redis.ts`, 'utf8'))?.[0]
        .trim()
        .split(' ') ?? []
    expect(rights).toHaveLength(7)
    const name = `u${randomUUID()}`
    const limited = new Redis(url, { username: name, password: 'x', enableReadyCheck: false, lazyConnect: true })
    const other = new RedisStore({ client: limited, prefix: `${prefix}:rights`, timeoutMs: 5000 })
    const allow = (...rules: string[]) =>
      client.call('ACL', 'SETUSER', name, 'on', 'nopass', 'resetkeys', 'resetchannels', '-@all', ...rules)
    const all = async () => {
      const key = randomUUID()
      const hit = { key, limit: 2, windowSeconds: 60 }
      await other.insertCharged(key, 'a record', 60, [hit])
      await other.insert(randomUUID(), 'a record', 60)
      await other.count([hit])
      await other.replace(key, 1, 'a record')
      await other.find(key)
      await other.remove(key)
    }
    try {
      await allow(`~${prefix}:rights:*`, ...rights)
      await limited.connect()
      await all()
      // EVAL is for a server that has not seen the scripts yet; this one has, above.
      for (const missing of rights.filter((right) => right !== '+eval')) {
        await allow(`~${prefix}:rights:*`, ...rights.filter((right) => right !== missing))
        await expect(all(), `without ${missing}`).rejects.toMatchObject({ code: 'NOPERM' })
      }
      await allow('~other:*', ...rights)
      await expect(all()).rejects.toMatchObject({ code: 'NOPERM' })
    } finally {
      limited.disconnect()
      await client.call('ACL', 'DELUSER', name)
    }
  })

  test('with a client that sends again what was cut off, nobody wins twice', async () => {
    const proxy = await faultProxy(shared.redis)
    const stubborn = new Redis(proxy.port, '127.0.0.1')
    stubborn.on('error', () => {})
    const other = new RedisStore({ client: stubborn, prefix, timeoutMs: 2000 })
    const key = randomUUID()
    await other.insert(key, 'a record', 60)
    await other.replace(key, 9, 'the script is known')
    proxy.resetAt(1, 'after')
    expect(await other.replace(key, 1, 'claimed').catch(() => false)).toBe(false)
    expect(await other.find(key)).toMatchObject({ version: 2, record: 'claimed' })
    stubborn.disconnect()
    await proxy.close()
  })

  test.each(['half a pair: \ud83d', 'a\0b'])('refuses text that is not whole: %j', async (bad) => {
    await expect(store.insert(bad, 'a record', 60)).rejects.toThrow(TypeError)
    await expect(store.insert('key', bad, 60)).rejects.toThrow(TypeError)
    await expect(store.count([{ key: bad, limit: 1, windowSeconds: 60 }])).rejects.toThrow(TypeError)
  })
})
