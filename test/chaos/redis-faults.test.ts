import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { type RedisClient, RedisStore } from 'passport-phonecheck/stores/redis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/contracts/store.js'
import { type FaultProxy, faultProxy } from '../support/fault-proxy.js'
import { advisedRedis, describeWith, type OwnRedis, startRedis } from '../support/services.js'

const describeOwn = await describeWith('redis-server')
/**
 * For a store that waits in vain: `ioredis` never ends a command whose connection was lost. Any
 * other one has all the time that a busy machine needs.
 */
const hastyMs = 1_000

/** Each operation once, as a login has them. */
const operations: [keyof Store, (store: Store, key: string) => Promise<unknown>][] = [
  ['insert', (store, key) => store.insert(key, 'secret-record', 60)],
  ['find', (store, key) => store.find(key)],
  ['replace', (store, key) => store.replace(key, 1, 'secret-record')],
  ['count', (store, key) => store.count([{ key, limit: 5, windowSeconds: 60 }])],
  [
    'insertCharged',
    async (store, key) =>
      store.insertCharged?.(`${key}/charged`, 'secret-record', 60, [{ key, limit: 5, windowSeconds: 60 }]),
  ],
  ['remove', (store, key) => store.remove(key)],
]

/** As the docs advise: what failed is not sent later after all. */
const libraries = {
  ioredis: async (port: number) => {
    const client = await advisedRedis(port)
    return { client: client as RedisClient, close: () => client.disconnect() }
  },
  redis: async (port: number) => {
    const client = createClient({
      url: `redis://127.0.0.1:${port}`,
      disableOfflineQueue: true,
      socket: { reconnectStrategy: () => 20 },
    })
    client.on('error', () => {})
    await client.connect()
    return { client: client as RedisClient, close: () => client.destroy() }
  },
}

describeOwn.each(Object.entries(libraries))('RedisStore with %s, when the server', (_, connect) => {
  let server: OwnRedis
  let proxy: FaultProxy
  let store: RedisStore
  let hasty: RedisStore
  let close: () => void
  const key = () => `secret-key-${randomUUID()}`

  beforeAll(async () => {
    server = await startRedis()
    proxy = await faultProxy(server)
    const connected = await connect(proxy.port)
    close = connected.close
    store = new RedisStore({ client: connected.client, timeoutMs: 60_000 })
    hasty = new RedisStore({ client: connected.client, timeoutMs: hastyMs })
  })
  afterAll(async () => {
    close()
    await proxy.close()
    await server.stop()
  })
  afterEach(async () => {
    proxy.heal()
    await expect.poll(() => hasty.insert(key(), 'a record', 60).catch(() => 'still ill'), { interval: 20 }).toBe(true)
  })

  async function rejects(operation: keyof Store, call: Promise<unknown>): Promise<void> {
    const error = await call.then(
      (value) => expect.unreachable(`${operation} answered ${inspect(value)}`),
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toMatch(new RegExp(`^RedisStore: ${operation} failed \\([A-Za-z_]+\\)$`))
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret')
  }

  test('is down, every operation rejects, and works again when it is back', async () => {
    proxy.down()
    for (const [name, call] of operations) await rejects(name, call(hasty, key()))
  })

  test('hangs, every operation rejects in time', async () => {
    proxy.hang()
    await Promise.all(operations.map(([name, call]) => rejects(name, call(hasty, key()))))
  })

  test('answers too late, the operation rejects and may have been done', async () => {
    const flow = key()
    proxy.latency(2 * hastyMs)
    await rejects('insert', hasty.insert(flow, 'a record', 60))
    proxy.heal()
    await expect.poll(() => hasty.find(flow).catch(() => undefined)).toMatchObject({ record: 'a record', version: 1 })
  })

  describe.each(['before', 'after'] as const)('resets the connection %s it has done', (when) => {
    test.each(operations.map(([name], index) => [index + 1, name] as const))(
      'operation %i, %s',
      async (index, name) => {
        const flow = key()
        // Every script has been sent once, so that each operation is one request.
        for (const [, call] of operations) await call(store, key())
        proxy.resetAt(index, when)
        for (const [position, [operation, call]] of operations.entries()) {
          if (position + 1 < index) await call(store, flow)
          if (position + 1 === index) await rejects(operation, call(hasty, flow))
        }
        proxy.heal()
        const done = when === 'after'
        const kept = await until(() => hasty.find(flow))
        if (name === 'insert') expect(kept?.version).toBe(done ? 1 : undefined)
        if (name === 'replace') {
          expect(kept?.version).toBe(done ? 2 : 1)
          expect(await store.replace(flow, 1, 'the other one')).toBe(!done)
        }
        if (name === 'count') {
          const room = done ? 4 : 5
          const hits = Array.from({ length: room }, () => ({ key: flow, limit: 5, windowSeconds: 60 }))
          expect(await store.count(hits)).toEqual({ allowed: true })
          expect(await store.count(hits.slice(0, 1))).toMatchObject({ allowed: false })
        }
      },
    )
  })

  test('resets in the middle of an answer, the operation rejects', async () => {
    const flow = key()
    await store.insert(flow, 'a record that does not fit into ten bytes', 60)
    proxy.resetAfterBytes(10)
    await rejects('find', hasty.find(flow))
  })

  test('is asked over a connection that breaks again and again, one version is won at most once', async () => {
    const flow = key()
    await store.insert(flow, 'a record', 60)
    let won = 0
    for (let round = 1; round <= 20; round++) {
      proxy.resetAt(1 + (round % 3), round % 2 === 0 ? 'before' : 'after')
      const answers = await Promise.allSettled([1, 2, 3].map(() => hasty.replace(flow, 1, 'claimed')))
      won += answers.filter((answer) => answer.status === 'fulfilled' && answer.value).length
      proxy.heal()
      await until(() => hasty.find(flow))
    }
    expect(won).toBeLessThanOrEqual(1)
    expect(await store.find(flow)).toMatchObject({ version: 2, record: 'claimed' })
  })

  /** The first answer once the client has connected again. */
  async function until<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    for (let tries = 0; ; tries++) {
      try {
        return await call()
      } catch (error) {
        if (tries > 1000) throw error
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }

  test('is asked anything, it is one request', async () => {
    for (const [, call] of operations) await call(store, key())
    proxy.heal()
    const flow = key()
    await store.insert(flow, 'a record', 60)
    await store.find(flow)
    await store.replace(flow, 1, 'another')
    await store.count(Array.from({ length: 6 }, () => ({ key: key(), limit: 1, windowSeconds: 60 })))
    expect(proxy.requests).toBe(4)
  })
})
