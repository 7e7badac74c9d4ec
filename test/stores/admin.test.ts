import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { MemoryStore, type Store } from 'passport-phonecheck'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { number } from '../support/app.js'
import { anyone, begin, flowSetup, interceptedWhole, redeeming, refusal } from '../support/flow.js'
import { describeWith, ownSchema, shared, startRedis } from '../support/services.js'

// What an operator may see and end, on every store.

async function redis(): Promise<Store> {
  const client = new Redis({ ...shared.redis, lazyConnect: true })
  onTestFinished(() => client.disconnect())
  return new RedisStore({ client, prefix: `test:${randomUUID()}`, timeoutMs: 10_000 })
}

async function postgres(): Promise<Store> {
  const { schema, drop } = ownSchema()
  const pool = new pg.Pool({ ...shared.postgres, max: 5 })
  onTestFinished(async () => {
    await pool.end()
    await drop()
  })
  const store = new PostgresStore({ pool, schema, timeoutMs: 20_000 })
  await store.migrate()
  return store
}

const other = '+12025550142'
const startOf = (flow: ReturnType<typeof flowSetup>['flow'], phoneNumber: string) =>
  flow.start({
    phoneNumber,
    purpose: 'login',
    binding: 'handle',
    delivery: 'body',
    consent: true,
    requester: { address: '192.0.2.1' },
  })

const stores = [
  ['MemoryStore', 'memory', async () => new MemoryStore() as Store],
  ['RedisStore', 'redis', redis],
  ['PostgresStore', 'postgres', postgres],
] as const

for (const [name, need, create] of stores) {
  const describeStore = need === 'memory' ? describe : await describeWith(need)
  describeStore(name, () => {
    test('flows() has the logins of a number and of no other, with the consent that was given', async () => {
      const { flow } = flowSetup({ store: await create() })
      const mine = await startOf(flow, number)
      await startOf(flow, other)
      expect(await flow.flows(number)).toEqual([
        {
          flowId: mine.id,
          strategy: 'phonecheck',
          purpose: 'login',
          method: 'phonecheck',
          state: 'pending',
          startedAt: expect.any(Date),
          consent: true,
        },
      ])
      expect(await flow.flows('+12025550199')).toEqual([])
    })

    test('cancel() ends a login for good, and says whether it did', async () => {
      const { flow, events } = flowSetup({ store: await create() })
      const started = await begin(flow)
      expect(await flow.cancel('0123456789abcdef')).toBe(false)
      expect(await flow.cancel(started.id)).toBe(true)
      expect(events.at(-1)).toEqual({
        type: 'flow_cancelled',
        flowId: started.id,
        purpose: 'login',
        method: 'phonecheck',
      })
      expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('flow_invalid')
      expect((await flow.status(redeeming(started))).state).toBe('failed')
      expect(await flow.cancel(started.id)).toBe(false)
    })

    test('erase() leaves nothing of the number but what makes its devices strangers, and nothing of others is touched', async () => {
      const store = await create()
      const { flow, events } = flowSetup({ store })
      const won = await begin(flow)
      const { devices } = await flow.redeem(redeeming(won), anyone)
      const known = { address: '192.0.2.1', devices: devices ?? [] }
      expect(devices).toHaveLength(1)
      const mine = await startOf(flow, number)
      const theirs = await startOf(flow, other)
      expect(await flow.erase(number)).toBeGreaterThan(3)
      expect(await flow.flows(number)).toEqual([])
      expect(await refusal(flow.redeem(redeeming(mine), anyone))).toBe('flow_invalid')
      expect((await flow.redeem(redeeming(theirs), anyone)).user).toEqual({ id: other })
      expect(events).toContainEqual(expect.objectContaining({ type: 'number_erased', number: '+1********00' }))
      expect(await flow.erase(number)).toBe(0)
      // A device of the time before is a stranger, so that the login is charged to the strangers' counter.
      await flow.start({ phoneNumber: number, purpose: 'login', binding: 'handle', delivery: 'body', requester: known })
      const keys = (await store.search?.('check/', 100)) ?? []
      expect(keys.some((key) => /^check\/[\w-]{22}$/.test(key))).toBe(true)
      expect(keys.some((key) => /^check\/[\w-]{22}\/[\w-]{22}$/.test(key))).toBe(false)
    })
  })
}

describe('cancel and a redeem at the same moment', () => {
  test('a redeem that was asking its provider meanwhile logs nobody in', async () => {
    const { flow, provider } = flowSetup()
    const started = await begin(flow)
    provider.onRedeem = async () => {
      expect(await flow.cancel(started.id)).toBe(true)
      return { outcome: 'verified' }
    }
    let asked = 0
    const outcome = refusal(
      flow.redeem(redeeming(started), async () => {
        asked += 1
        return { id: 'x' }
      }),
    )
    expect(await outcome).toBe('in_progress')
    expect(asked).toBe(1)
    expect((await flow.status(redeeming(started))).state).toBe('failed')
  })

  test('says false of a login that was won between its look and its write', async () => {
    const inner = new MemoryStore()
    let meanwhile: (() => Promise<unknown>) | undefined
    const store: Store = {
      ...interceptedWhole(inner, () => {}),
      search: (...args) => inner.search(...args),
      replace: async (...args) => {
        const first = meanwhile
        meanwhile = undefined
        await first?.()
        return inner.replace(...args)
      },
    }
    const { flow } = flowSetup({ store })
    const started = await begin(flow)
    meanwhile = () => flow.redeem(redeeming(started), anyone)
    expect(await flow.cancel(started.id)).toBe(false)
    expect((await flow.status(redeeming(started))).state).toBe('verified')
  })

  test('a proof that waits for the application can be cancelled too, and is then no login', async () => {
    const { flow } = flowSetup()
    const started = await begin(flow)
    const failing = flow.redeem(redeeming(started), async () => {
      throw new Error('the database is down')
    })
    expect(await refusal(failing)).toBe('the database is down')
    expect((await flow.flows(number))[0]?.state).toBe('proven')
    expect(await flow.cancel(started.id)).toBe(true)
    expect((await flow.status(redeeming(started))).state).toBe('failed')
    expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('flow_invalid')
  })
})

describe('fails closed', () => {
  test('with a store that cannot search: nothing is claimed to be erased, and the method is named', async () => {
    const { flow, events } = flowSetup({ store: interceptedWhole(new MemoryStore(), () => {}) })
    const started = await begin(flow)
    for (const attempt of [flow.flows(number), flow.cancel(started.id), flow.erase(number)])
      expect(await refusal(attempt)).toContain('has no search()')
    expect(events.map(({ type }) => type)).not.toContain('number_erased')
  })

  test('when the store fails at any step of erase, it rejects and can be repeated', async () => {
    const inner = new MemoryStore()
    let failAt: string | undefined
    const store: Store = {
      ...interceptedWhole(inner, (operation) => {
        if (operation === failAt) throw new Error('down')
      }),
      search: async (...args) => {
        if (failAt === 'search') throw new Error('down')
        return inner.search(...args)
      },
    }
    const { flow, events } = flowSetup({ store })
    await begin(flow)
    for (failAt of ['find', 'count', 'search', 'remove'])
      expect(await refusal(flow.erase(number))).toBe('store_unavailable')
    failAt = undefined
    expect(events.map(({ type }) => type)).not.toContain('number_erased')
    expect(await flow.erase(number)).toBeGreaterThan(0)
  })

  test('what is no public id is refused, so that no part of one finds a login', async () => {
    const { flow } = flowSetup()
    const { id } = await begin(flow)
    for (const wrong of ['', id.slice(1), `${id}0`, '%', id.toUpperCase().replace(/\d/g, 'A')])
      expect(await refusal(flow.cancel(wrong))).toBe('invalid_request')
  })
})

const describeOwnRedis = await describeWith('redis-server')
describeOwnRedis('diagnose() of RedisStore', () => {
  test('tells of a server that evicts, has its time, and takes a user who may not ask for the policy', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const client = new Redis(server.port, '127.0.0.1')
    onTestFinished(() => client.disconnect())
    const store = new RedisStore({ client, timeoutMs: 10_000 })
    const { advice, nowMs } = await store.diagnose()
    expect(advice).toEqual([])
    const [seconds] = await client.time()
    expect(Math.abs(nowMs / 1000 - Number(seconds))).toBeLessThan(600)
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    expect((await store.diagnose()).advice).toEqual([expect.stringContaining('Set maxmemory-policy noeviction')])
    const rights = ['+eval', '+evalsha', '+del', '+get', '+set', '+getrange', '+time', '+scan', '+auth', '+hello']
    await client.call('ACL', 'SETUSER', 'app', 'on', '>pass', '~phonecheck:*', '-@all', ...rights)
    const restricted = new Redis(server.port, '127.0.0.1', {
      username: 'app',
      password: 'pass',
      enableReadyCheck: false,
    })
    onTestFinished(() => restricted.disconnect())
    const narrow = new RedisStore({ client: restricted, timeoutMs: 10_000 })
    expect((await narrow.diagnose()).advice).toEqual([])
    await narrow.insert('a/needle', 'x', 60)
    expect(await narrow.search('needle', 10)).toEqual(['a/needle'])
  })
})

const describePostgres = await describeWith('postgres')
describePostgres('diagnose() of PostgresStore', () => {
  test('has the time of its server', async () => {
    const store = await postgres()
    expect(Math.abs(((await store.diagnose?.())?.nowMs ?? 0) - Date.now())).toBeLessThan(600_000)
  })
})
