import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/contracts/store.js'
import { type FaultProxy, faultProxy } from '../support/fault-proxy.js'
import { describeWith, ownSchema, shared } from '../support/services.js'

const describePostgres = await describeWith('postgres')
/** For a store that waits in vain; any other one has all the time that a busy machine needs. */
const hastyMs = 500
const patientMs = 60_000

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

describePostgres('PostgresStore', () => {
  const { schema, drop } = ownSchema()
  const direct = new pg.Pool({ ...shared.postgres, max: 4 })
  const pools: pg.Pool[] = [direct]
  const healthy = new PostgresStore({ pool: direct, schema, timeoutMs: patientMs })
  const records = `${schema}.phonecheck_records`
  let proxy: FaultProxy
  const key = () => `secret-key-${randomUUID()}`
  const hit = (key: string) => ({ key, limit: 5, windowSeconds: 60 })

  beforeAll(async () => {
    proxy = await faultProxy(shared.postgres)
    await healthy.migrate()
    // So that no sweep of a healthy store shows up where requests are counted.
    await healthy.insert(key(), 'a record', 60)
  })
  afterEach(() => proxy.heal())
  afterAll(async () => {
    await proxy.close()
    await Promise.all(pools.map((pool) => pool.end()))
    await drop()
  })

  function open(options: pg.PoolConfig = {}): {
    pool: pg.Pool
    store: PostgresStore
    hasty: PostgresStore
    name: string
  } {
    const name = `phonecheck-${randomUUID()}`.slice(0, 60)
    const through = { ...shared.postgres, host: '127.0.0.1', port: proxy.port }
    const pool = new pg.Pool({ ...through, application_name: name, connectionTimeoutMillis: patientMs, ...options })
    pool.on('error', () => {})
    pools.push(pool)
    const [store, hasty] = [patientMs, hastyMs].map((timeoutMs) => new PostgresStore({ pool, schema, timeoutMs })) as [
      PostgresStore,
      PostgresStore,
    ]
    return { pool, name, store, hasty }
  }

  async function rejects(operation: string, call: Promise<unknown>, code = '[A-Za-z0-9_]+'): Promise<void> {
    const error = await call.then(
      (value) => expect.unreachable(`${operation} answered ${inspect(value)}`),
      (reason: unknown) => reason,
    )
    expect((error as Error).message).toMatch(new RegExp(`^PostgresStore: ${operation} failed \\(${code}\\)$`))
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret')
  }

  const activity = async (name: string, state = '%') => {
    const { rows } = await direct.query(
      'SELECT pid, state FROM pg_stat_activity WHERE application_name = $1 AND state LIKE $2',
      [name, state],
    )
    return rows as { pid: number; state: string }[]
  }

  test('rejects while the server is down, and works again when it is back', async () => {
    const { store } = open()
    await store.find(key())
    proxy.down()
    for (const [name, call] of operations) await rejects(name, call(store, key()))
    proxy.heal()
    for (const [, call] of operations) await call(store, key())
  })

  test('rejects in time while the server hangs, gives its connections back, and works again', async () => {
    const { store, hasty, pool } = open({ max: 5 })
    await Promise.all(operations.map(([, call]) => call(store, key())))
    proxy.hang()
    await Promise.all(operations.map(([name, call]) => rejects(name, call(hasty, key()), 'TIMEOUT')))
    await Promise.all(operations.map(([name, call]) => rejects(name, call(hasty, key()))))
    proxy.heal()
    await expect.poll(() => hasty.find(key()).then(() => 'works', String)).toBe('works')
    await expect.poll(() => pool.waitingCount).toBe(0)
  })

  describe.each(['before', 'after'] as const)('rejects when the connection is reset %s it is done', (when) => {
    test.each(operations.map(([name], index) => [index + 1, name] as const))(
      'operation %i, %s',
      async (index, name) => {
        const { store } = open({ max: 1 })
        const flow = key()
        await store.insert(key(), 'the first call sweeps', 60)
        await store.find(flow)
        proxy.resetAt(index, when)
        for (const [position, [operation, call]] of operations.entries()) {
          if (position + 1 < index) await call(store, flow)
          if (position + 1 === index) await rejects(operation, call(store, flow))
        }
        const done = when === 'after'
        // The answer is lost before the server has committed, or after.
        if (done) await sleep(100)
        const kept = await healthy.find(flow)
        if (name === 'insert') expect(kept?.version).toBe(done ? 1 : undefined)
        if (name === 'replace') {
          expect(kept?.version).toBe(done ? 2 : 1)
          expect(await store.replace(flow, 1, 'the other one')).toBe(!done)
        }
        if (name === 'count') {
          const hits = Array.from({ length: done ? 4 : 5 }, () => hit(flow))
          expect(await store.count(hits)).toEqual({ allowed: true })
          expect((await store.count([hit(flow)])).allowed).toBe(false)
        }
        if (name === 'remove') expect(kept === undefined).toBe(done)
      },
    )
  })

  test('is one request, whatever it is asked', async () => {
    const { store } = open({ max: 1 })
    const flow = key()
    await store.insert(key(), 'the first call sweeps', 60)
    await store.find(flow)
    proxy.heal()
    for (const [, call] of operations) await call(store, flow)
    await store.count(Array.from({ length: 6 }, () => hit(key())))
    expect(proxy.requests).toBe(operations.length + 1)
  })

  test('loses a claim with its backend, and another one wins it once', async () => {
    const { store, name } = open({ max: 1 })
    const flow = key()
    await healthy.insert(flow, 'a record', 60)
    const blocker = await direct.connect()
    await blocker.query('BEGIN')
    await blocker.query(`SELECT 1 FROM ${records} WHERE key = $1 FOR UPDATE`, [flow])
    const claim = rejects('replace', store.replace(flow, 1, 'claimed by the dead'), '57P01')
    await expect.poll(() => activity(name, 'active'), { interval: 5 }).toHaveLength(1)
    const [backend] = await activity(name)
    await direct.query('SELECT pg_terminate_backend($1)', [backend?.pid])
    await claim
    await blocker.query('COMMIT')
    blocker.release()
    const won = await Promise.all([store, healthy, healthy].map((one, index) => one.replace(flow, 1, `by ${index}`)))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await store.find(flow)).toMatchObject({ version: 2 })
  })

  test('with a pool of 1, 20 calls at once all finish', async () => {
    const { store } = open({ max: 1 })
    const shared = key()
    await store.insert(shared, 'a record', 60)
    const calls = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0
        ? store.replace(shared, 1, `by ${index}`)
        : store.count([hit(shared), hit(key())]).then(({ allowed }) => allowed),
    )
    const answers = await Promise.all(calls)
    expect(answers.filter((answer, index) => index % 2 === 0 && answer)).toHaveLength(1)
    expect(answers.filter((answer, index) => index % 2 === 1 && answer)).toHaveLength(5)
  })

  test('with a pool of 1 and a server that hangs, 20 calls at once all reject in time, and none is sent later', async () => {
    const { store, hasty } = open({ max: 1 })
    await store.find(key())
    proxy.hang()
    const flows = Array.from({ length: 20 }, () => key())
    await Promise.all(flows.map((flow) => rejects('insert', hasty.insert(flow, 'a record', 60), 'TIMEOUT')))
    proxy.heal()
    await expect.poll(() => hasty.find(key()).then(() => 'works', String)).toBe('works')
    const found = await Promise.all(flows.map((flow) => healthy.find(flow)))
    // The one that was on its way may have arrived.
    expect(found.filter((one) => one !== undefined).length).toBeLessThanOrEqual(1)
  })

  test('sends nothing after its caller was told that no connection was free', async () => {
    const { store, hasty, pool } = open({ max: 1 })
    const taken = await pool.connect()
    const flow = key()
    await rejects('insert', hasty.insert(flow, 'a record', 60), 'TIMEOUT')
    taken.release()
    await store.find(flow)
    expect(await store.find(flow)).toBeUndefined()
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0])
  })

  test('leaves no transaction open, neither while it waits nor when it gives up', async () => {
    const { hasty, name } = open({ max: 10 })
    const blocker = await direct.connect()
    await blocker.query('BEGIN')
    const flow = key()
    await healthy.insert(flow, 'a record', 60)
    await blocker.query(`SELECT 1 FROM ${records} WHERE key = $1 FOR UPDATE`, [flow])
    const calls = Promise.allSettled(Array.from({ length: 10 }, () => hasty.replace(flow, 1, 'claimed')))
    for (let looks = 0; looks < 20; looks++) {
      expect(await activity(name, 'idle in transaction%')).toEqual([])
      await sleep(30)
    }
    expect((await calls).every(({ status }) => status === 'rejected')).toBe(true)
    await blocker.query('ROLLBACK')
    blocker.release()
    await expect.poll(() => activity(name, 'active')).toEqual([])
    expect(await activity(name, 'idle in transaction%')).toEqual([])
  })

  test('does not charge what waited too long for a lock', async () => {
    const { hasty } = open()
    const flow = key()
    const blocker = new pg.Client(shared.postgres)
    await blocker.connect()
    await blocker.query('BEGIN')
    await healthy.count([hit(flow)])
    const holding = new PostgresStore({
      pool: { connect: async () => Object.assign(blocker, { release: () => {} }) },
      schema,
    })
    await holding.count([hit(flow)])
    await rejects('count', hasty.count([hit(flow)]), '(TIMEOUT|55P03)')
    await sleep(100)
    await blocker.query('COMMIT')
    await sleep(100)
    const room = Array.from({ length: 3 }, () => hit(flow))
    expect(await healthy.count(room)).toEqual({ allowed: true })
    expect((await healthy.count([hit(flow)])).allowed).toBe(false)
    await blocker.end()
  })

  test.each(['repeatable read', 'serializable'])(
    'under %s, calls that meet reject, and no rule is broken',
    async (level) => {
      const { store } = open({ max: 10, options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}` })
      const flow = key()
      await store.insert(flow, 'a record', 60)
      const claims = await Promise.allSettled(Array.from({ length: 30 }, () => store.replace(flow, 1, 'claimed')))
      expect(claims.filter((claim) => claim.status === 'fulfilled' && claim.value)).toHaveLength(1)
      const hits = await Promise.allSettled(
        Array.from({ length: 30 }, () => store.count([hit(flow), { ...hit(`${flow}2`), limit: 100 }])),
      )
      const allowed = hits.filter((one) => one.status === 'fulfilled' && one.value.allowed).length
      expect(allowed).toBeLessThanOrEqual(5)
      expect(await healthy.count(Array.from({ length: 5 - allowed }, () => hit(flow)))).toEqual({ allowed: true })
      expect((await healthy.count([hit(flow)])).allowed).toBe(false)
      const codes = [...claims, ...hits].flatMap((one) =>
        one.status === 'rejected' ? [(one.reason as Error).message.slice(-7)] : [],
      )
      expect(new Set(codes)).toEqual(new Set(['(40001)']))
    },
  )
})
