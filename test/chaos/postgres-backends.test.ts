import { randomUUID } from 'node:crypto'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { appOf, beginAt } from '../support/chaos/one-rung.js'
import { calls } from '../support/ladder.js'
import { describeWith, ownSchema, shared } from '../support/services.js'

const describePostgres = await describeWith('postgres')

describePostgres('an app on PostgreSQL', () => {
  const { schema, drop } = ownSchema()
  const direct = new pg.Pool({ ...shared.postgres, max: 2 })
  const records = `${schema}.phonecheck_records`

  beforeAll(() => new PostgresStore({ pool: direct, schema }).migrate())
  afterAll(async () => {
    await direct.end()
    await drop()
  })

  async function app(options: pg.PoolConfig = {}, clock?: FakeClock) {
    const name = `fire-${randomUUID()}`
    const pool = new pg.Pool({
      ...shared.postgres,
      application_name: name,
      connectionTimeoutMillis: 60_000,
      ...options,
    })
    pool.on('error', () => {})
    onTestFinished(() => pool.end())
    const store = new PostgresStore({ pool, schema, timeoutMs: 60_000 })
    const running = await appOf('silent', { store }, { simulator: clock ? { clock } : {} })
    running.sim.behaviour.reusedCode = 200
    /** Ends the connections of this app on the server's side. @returns how many */
    const terminate = async (which: 'that wait for a lock' | 'that are idle') => {
      const condition = which === 'that are idle' ? "state = 'idle'" : "wait_event_type = 'Lock'"
      const those = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND ${condition}`
      const { rowCount } = await direct.query(those, [name])
      return rowCount ?? 0
    }
    return { running, terminate }
  }

  /** Holds every flow, so that the next write to one has to wait. */
  async function block(): Promise<() => Promise<void>> {
    const client = await direct.connect()
    await client.query('BEGIN')
    await client.query(`SELECT 1 FROM ${records} FOR UPDATE`)
    return async () => {
      await client.query('COMMIT')
      client.release()
    }
  }

  /** As waiting for all leases would. */
  const outlive = () => direct.query(`UPDATE ${records} SET inserted_at = inserted_at - interval '20 s'`)

  test('loses its backend in the middle of a claim: 503, nobody is asked, and the same code logs in once', async () => {
    const { running, terminate } = await app()
    const login = await beginAt(running)
    const unblock = await block()
    const answer = login.verify()
    await expect.poll(() => terminate('that wait for a lock'), { interval: 20 }).toBe(1)
    expect(await answer).toBe('503 store_unavailable')
    await unblock()
    expect(running.sim.count(calls.patch)).toBe(0)
    expect(await login.hasSession()).toBe(false)
    const answers = await Promise.all([1, 2, 3, 4, 5].map(login.verify))
    expect(answers.filter((one) => one === '200')).toHaveLength(1)
    expect(running.sim.count(calls.patch)).toBe(1)
  })

  test('loses its backend in the middle of the write that spends the flow: no session, however good the proof was', async () => {
    const { running, terminate } = await app()
    const login = await beginAt(running)
    const fault = running.sim.fault({ match: calls.patch, delayMs: 300, times: 1 })
    const answer = login.verify()
    await expect.poll(() => fault.hits, { interval: 5 }).toBe(1)
    const unblock = await block()
    await expect.poll(() => terminate('that wait for a lock'), { interval: 20 }).toBe(1)
    expect(await answer).toBe('503 store_unavailable')
    await unblock()
    expect(await login.hasSession()).toBe(false)
    // Its lease still runs.
    expect(await login.verify()).toBe('409 in_progress')
    await outlive()
    const answers = await Promise.all([1, 2, 3, 4, 5].map(login.verify))
    expect(answers.filter((one) => one === '200')).toHaveLength(1)
    expect(running.verified.count).toBe(2)
  })

  test('loses all its idle connections: logins say 503 at worst, nobody is asked in vain, and all work in the end', async () => {
    const { running, terminate } = await app()
    const logins = await Promise.all([1, 2, 3, 4, 5].map(() => beginAt(running)))
    expect(await terminate('that are idle')).toBeGreaterThan(0)
    for (const login of logins) {
      for (let tries = 0; ; tries++) {
        const answer = await login.verify()
        expect(await login.hasSession()).toBe(answer === '200')
        if (answer === '200') break
        // The pool learns of each of them as it uses it; whoever could not even give the flow back
        // leaves it to its lease.
        expect(['503 store_unavailable', '409 in_progress']).toContain(answer)
        if (answer.startsWith('409')) await outlive()
        expect(tries).toBeLessThan(10)
      }
    }
    expect(running.sim.count(calls.patch)).toBe(logins.length)
  })

  test('with a pool of 1 and 20 logins at once: all get in, and none waits for another to end', async () => {
    const clock = fakeClock()
    const { running } = await app({ max: 1 }, clock)
    const slow = running.sim.fault({ match: calls.patch, delayMs: 100 })
    const logins = await Promise.all(Array.from({ length: 20 }, () => beginAt(running)))
    expect(logins.map(({ started }) => started)).toEqual(Array(20).fill('201'))
    const answers = Promise.all(logins.map(({ verify }) => verify()))
    // The vendor has not answered one of them yet.
    await expect.poll(() => slow.hits, { interval: 5 }).toBe(20)
    await clock.advance(100)
    expect(await answers).toEqual(Array(20).fill('200'))
    expect(await Promise.all(logins.map(({ hasSession }) => hasSession()))).toEqual(Array(20).fill(true))
  })

  test('with a pool of 1 whose connection somebody keeps: 503 in time, nobody is asked, and then it works', async () => {
    const pool = new pg.Pool({ ...shared.postgres, max: 1 })
    onTestFinished(() => pool.end())
    const running = await appOf('silent', { store: new PostgresStore({ pool, schema, timeoutMs: 500 }) })
    const login = await beginAt(running)
    const kept = await pool.connect()
    const answers = await Promise.all(Array.from({ length: 20 }, login.verify))
    expect(answers).toEqual(Array(20).fill('503 store_unavailable'))
    kept.release()
    expect(running.sim.count(calls.patch)).toBe(0)
    expect(await login.verify()).toBe('200')
  })

  test('that serialises its transactions: logins that meet at a counter are 503 (40001), cost no try, and each gets in once', async () => {
    const { running } = await app({ options: '-c default_transaction_isolation=serializable', max: 20 })
    const logins = []
    for (let login = 0; login < 20; login++) logins.push(await beginAt(running))
    const answers = await Promise.all(logins.map(({ verify }) => verify()))
    expect(answers).toContain('503 store_unavailable')
    expect(answers.filter((one) => one !== '200' && one !== '503 store_unavailable')).toEqual([])
    expect(await Promise.all(logins.map(({ hasSession }) => hasSession()))).toEqual(answers.map((one) => one === '200'))
    for (const [index, { verify }] of logins.entries()) {
      const later = answers[index] === '200' ? '401 flow_invalid' : '200'
      await expect.poll(verify, { interval: 50 }).toBe(later)
    }
    expect(running.verified.count).toBe(logins.length)
    expect(await Promise.all(logins.map(({ hasSession }) => hasSession()))).toEqual(Array(logins.length).fill(true))
  })
})
