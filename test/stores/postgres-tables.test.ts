import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { PostgresStore, type PostgresStoreOptions } from 'passport-phonecheck/stores/postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { countsLikeMemory, describeWith, ownSchema, shared } from '../support/services.js'

const describePostgres = await describeWith('postgres')

describe('options of PostgresStore', () => {
  const pool = new pg.Pool()

  test.each([undefined, null, {}, 'postgres://127.0.0.1'])('%s is no pool', (value) => {
    expect(() => new PostgresStore({ pool: value } as unknown as PostgresStoreOptions)).toThrow(
      new TypeError("PostgresStore: pool must be a Pool of 'pg' that your application has created"),
    )
  })

  test.each(['', 'x;drop', 'X', '1x', 'a-b', 'a.b', 'a"b', "a'b", 'a b', 'é', 'a'.repeat(64), 5, null])(
    '%j is no name',
    (name) => {
      const message = 'must be 1 to 63 lower-case letters, digits or underscores, and begin with no digit'
      expect(() => new PostgresStore({ pool, schema: name as string })).toThrow(
        new TypeError(`PostgresStore: schema ${message}`),
      )
      expect(() => new PostgresStore({ pool, table: name as string })).toThrow(
        new TypeError(`PostgresStore: table ${message}`),
      )
    },
  )

  test.each([0, -1, 1.5, Number.NaN, 60_001, '500'])('%s is no timeout', (timeoutMs) => {
    expect(() => new PostgresStore({ pool, timeoutMs: timeoutMs as number })).toThrow(
      /^PostgresStore: timeoutMs must be/,
    )
  })
})

describePostgres('PostgresStore', () => {
  const { schema, drop } = ownSchema()
  const pool = new pg.Pool({ ...shared.postgres, max: 8 })
  const store = new PostgresStore({ pool, schema, timeoutMs: 10_000 })
  const records = `${schema}.phonecheck_records`
  const counters = `${schema}.phonecheck_counters`
  const hit = (key: string) => ({ key, limit: 1000, windowSeconds: 60 })
  const rows = async (table: string) => Number((await pool.query(`SELECT count(*) AS n FROM ${table}`)).rows[0].n)

  beforeAll(() => store.migrate())
  afterAll(async () => {
    await pool.end()
    await drop()
  })

  test('counts like the memory store', () => countsLikeMemory(store))

  describe('migrate', () => {
    test('may be called by many at once, and again, and leaves what is there', async () => {
      const table = 'many_at_once'
      const many = Array.from({ length: 10 }, () => new PostgresStore({ pool, schema, table, timeoutMs: 5000 }))
      await Promise.all(many.map((one) => one.migrate()))
      await many[0]?.insert('key', 'a record', 60)
      await Promise.all(many.map((one) => one.migrate()))
      expect(await many[9]?.find('key')).toMatchObject({ record: 'a record' })
    })

    test('takes the longest names, and keeps apart what would be cut off alike', async () => {
      const tables = ['a', 'b'].map((end) => `${'x'.repeat(62)}${end}`)
      const [one, other] = tables.map((table) => new PostgresStore({ pool, schema, table, timeoutMs: 5000 }))
      await one?.migrate()
      await other?.migrate()
      expect(await one?.insert('key', 'of one', 60)).toBe(true)
      expect(await other?.insert('key', 'of the other', 60)).toBe(true)
      const full = { key: 'key', limit: 1, windowSeconds: 60 }
      expect([await one?.count([full]), await other?.count([full])]).toEqual([{ allowed: true }, { allowed: true }])
      const found = await pool.query(
        `SELECT count(*) AS n FROM pg_indexes WHERE schemaname = $1 AND tablename LIKE 'xxx%'`,
        [schema],
      )
      expect(Number(found.rows[0].n)).toBe(8)
    })

    test('needs no right to create what is there', async () => {
      const role = `role_${randomUUID().replaceAll('-', '')}`
      await pool.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
      await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${records}, ${counters} TO ${role}`)
      const limited = new pg.Pool({ ...shared.postgres, user: role })
      try {
        const own = new PostgresStore({ pool: limited, schema, timeoutMs: 5000 })
        await own.migrate()
        expect(await own.insert(randomUUID(), 'a record', 60)).toBe(true)
        expect(await own.count([hit(randomUUID())])).toEqual({ allowed: true })
        await own.sweep()
        await expect(new PostgresStore({ pool: limited, schema, table: 'forbidden' }).migrate()).rejects.toThrow(
          'migrate failed (42501)',
        )
      } finally {
        await limited.end()
        await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      }
    })

    test('is missed: every operation rejects', async () => {
      const without = new PostgresStore({ pool, schema, table: 'never_made' })
      await expect(without.find('key')).rejects.toThrow('PostgresStore: find failed (42P01)')
      await expect(without.count([hit('key')])).rejects.toThrow('PostgresStore: count failed (42883)')
    })
  })

  describe('the sweep', () => {
    const own = new PostgresStore({ pool, schema, table: 'swept', timeoutMs: 10_000 })
    const fill = async (table: string, count: number) =>
      pool.query(
        `INSERT INTO ${schema}.swept_${table} SELECT gen_random_uuid()::text, ${table === 'records' ? "'a record', 1" : '1, 0'},
        now() - interval '1 hour', now() - random() * interval '1 hour' FROM generate_series(1, $1::integer)`,
        [count],
      )
    beforeAll(() => own.migrate())

    test('deletes what has expired, in batches, and nothing else', async () => {
      await own.insert('alive', 'a record', 60)
      await own.count([hit('alive')])
      await expect.poll(() => rows(`${schema}.swept_records`)).toBe(1)
      await fill('records', 3500)
      await fill('counters', 1000)
      expect(await own.sweep()).toBe(4500)
      expect(await own.sweep()).toBe(0)
      expect(await rows(`${schema}.swept_records`)).toBe(1)
      expect(await own.find('alive')).toMatchObject({ record: 'a record' })
      expect(await rows(`${schema}.swept_counters`)).toBe(1)
    })

    test('keeps up by itself, and nobody waits for it', async () => {
      await fill('records', 2500)
      await fill('counters', 2500)
      for (let call = 0; call < 320; call++) await own.count([hit('alive')])
      await expect.poll(() => rows(`${schema}.swept_records`)).toBe(1)
      await expect.poll(() => rows(`${schema}.swept_counters`)).toBe(1)
    })

    test('skips what somebody has locked', async () => {
      await fill('records', 10)
      const client = await pool.connect()
      await client.query(`BEGIN; SELECT 1 FROM ${schema}.swept_records WHERE expires_at < now() LIMIT 3 FOR UPDATE`)
      expect(await own.sweep()).toBe(7)
      await client.query('ROLLBACK')
      client.release()
      expect(await own.sweep()).toBe(3)
    })

    test('finds what has expired by the index, in a table of any size', async () => {
      await pool.query(
        `INSERT INTO ${schema}.swept_records SELECT gen_random_uuid()::text, 'a record', 1, now(), now() + interval '1 hour' FROM generate_series(1, 20000)`,
      )
      await pool.query(`ANALYZE ${schema}.swept_records`)
      const statement = `EXPLAIN SELECT ctid FROM ${schema}.swept_records WHERE expires_at <= now() ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED`
      const plan = (await pool.query(statement)).rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).toContain('Index Scan using swept_records_expiry')
    })

    test('fails in silence beside a login, and rejects when it was asked for', async () => {
      await pool.query(
        `CREATE FUNCTION ${schema}.no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'`,
      )
      await pool.query(
        `CREATE TRIGGER no BEFORE DELETE ON ${schema}.swept_counters FOR EACH ROW EXECUTE FUNCTION ${schema}.no()`,
      )
      await fill('counters', 1)
      const fresh = new PostgresStore({ pool, schema, table: 'swept', timeoutMs: 5000 })
      for (let call = 0; call < 120; call++) expect(await fresh.count([hit('alive')])).toEqual({ allowed: true })
      await expect(fresh.sweep()).rejects.toThrow('PostgresStore: sweep failed (P0001)')
    })
  })

  describe('calls that meet', () => {
    test('take several counters in any order, with removes and sweeps between, and never lock each other up', async () => {
      const keys = Array.from({ length: 6 }, () => randomUUID())
      const charged = new Map(keys.map((key) => [key, 0]))
      await Promise.all(
        Array.from({ length: 300 }, async (_, call) => {
          if (call % 20 === 0) await store.sweep()
          if (call % 7 === 0) await store.remove(`${keys[call % 6]}-removed`)
          const some = keys.toSorted(() => Math.random() - 0.5).slice(0, 4)
          await store.count([...some.map(hit), hit(`${keys[call % 6]}-removed`)])
          for (const key of some) charged.set(key, (charged.get(key) ?? 0) + 1)
        }),
      )
      const { rows } = await pool.query(`SELECT key, hits FROM ${counters} WHERE key = ANY($1)`, [keys])
      expect(new Map(rows.map(({ key, hits }) => [key, hits]))).toEqual(charged)
    })

    test('a remove is not undone by a count that is under way', async () => {
      for (let round = 0; round < 40; round++) {
        const key = randomUUID()
        await store.count(Array.from({ length: 5 }, () => hit(key)))
        await Promise.all([store.count([hit(key)]), store.remove(key), store.count([hit(key)])])
        const { rows } = await pool.query(`SELECT hits FROM ${counters} WHERE key = $1`, [key])
        expect(rows[0]?.hits ?? 0).toBeLessThanOrEqual(2)
      }
    })
  })

  test('asking at cost 0 writes nothing, and neither does a refusal', async () => {
    const [open, full] = [randomUUID(), randomUUID()]
    const lock = { key: full, limit: 1, windowSeconds: 60, maxWindowSeconds: 120 }
    await store.count([lock])
    const state = () =>
      pool
        .query(`SELECT ctid, xmin, xmax, key FROM ${counters} WHERE key = ANY($1)`, [[open, full]])
        .then(({ rows }) => rows)
    const before = await state()
    await store.count([{ ...hit(open), cost: 0 }])
    await store.count([hit(open), { ...lock, cost: 0 }])
    await store.count([{ ...hit(open), cost: -1 }, lock])
    expect(await state()).toEqual(before)
  })

  test('the tables refuse what no store writes', async () => {
    const key = randomUUID()
    await store.insert(key, 'a record', 60)
    await store.count([hit(key)])
    for (const change of ['hits = -1', 'level = -1', "since = 'infinity'", "expires_at = 'infinity'", 'hits = NULL']) {
      await expect(pool.query(`UPDATE ${counters} SET ${change} WHERE key = $1`, [key])).rejects.toThrow(/violates/)
    }
    for (const change of ['version = 0', "inserted_at = '-infinity'", 'record = NULL']) {
      await expect(pool.query(`UPDATE ${records} SET ${change} WHERE key = $1`, [key])).rejects.toThrow(/violates/)
    }
  })

  test('does not ask the clocks of its processes, nor their parsers', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const parser = (type: number) => (type === pg.types.builtins.TEXT ? String : () => 'as the application likes it')
    const own = new pg.Pool({ ...shared.postgres, types: { getTypeParser: parser as never } })
    try {
      const other = new PostgresStore({ pool: own, schema, timeoutMs: 5000 })
      const key = randomUUID()
      vi.setSystemTime(Date.now() + 3_600_000)
      await store.insert(key, 'a record', 60)
      await store.count([{ ...hit(key), limit: 1 }])
      vi.setSystemTime(Date.now() - 7_200_000)
      const found = await other.find(key)
      expect(found).toMatchObject({ record: 'a record', version: 1 })
      expect(found?.ageMs).toBeLessThan(1000)
      expect(await other.count([{ ...hit(key), limit: 1 }])).toEqual({ allowed: false, key, retryAfterSeconds: 60 })
    } finally {
      vi.useRealTimers()
      await own.end()
    }
  })

  test('tells no key and no record in an error', async () => {
    const key = `secret-key-${'x'.repeat(9000)}-${randomUUID()}`
    const noisy = Array.from({ length: 3000 }, () => randomUUID()).join('')
    const error = await store.insert(key + noisy, 'secret-record', 60).catch((reason: unknown) => reason)
    expect(String(error)).toBe('Error: PostgresStore: insert failed (54000)')
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret')
  })
})
