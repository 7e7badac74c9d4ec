import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestApp } from '../support/app.js'
import { appOf, beginAt, redisAt } from '../support/chaos/one-rung.js'
import { calls } from '../support/ladder.js'
import { describeWith, type OwnRedis, redisCli, startRedis } from '../support/services.js'

const describeOwn = await describeWith('redis-server')

describeOwn('an app whose Redis, which keeps nothing on disk,', () => {
  let server: OwnRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())

  const flush = () => redisCli(server.port, 'FLUSHALL')
  const forgetting = [
    ['is told FLUSHALL', flush],
    ['is killed and started again', () => server.restart()],
  ] as const
  const app = async (rung: 'silent' | 'code' = 'silent') => appOf(rung, { store: await redisAt(server.port) })
  /** The next login works, as soon as the client has found the server again, and without a restart of ours. */
  const goesOn = (running: TestApp) =>
    expect.poll(async () => (await beginAt(running)).verify(), { interval: 20 }).toBe('200')

  test.each(forgetting)(
    '%s between start and redeem: no login, nobody is asked, and the next one works',
    async (_, forget) => {
      for (const [rung, question] of [
        ['silent', calls.patch],
        ['code', calls.verify],
      ] as const) {
        const running = await app(rung)
        const login = await beginAt(running)
        await forget()
        // Until the client is back, it is an outage.
        await expect.poll(login.verify, { interval: 20 }).toBe('401 flow_invalid')
        expect(running.sim.count(question)).toBe(0)
        expect(await login.hasSession()).toBe(false)
        await goesOn(running)
      }
    },
  )

  test.each(forgetting)(
    '%s while the provider is asked: no login, not even with its yes, and the next one works',
    async (_, forget) => {
      const running = await app()
      running.sim.behaviour.reusedCode = 200
      const login = await beginAt(running)
      const fault = running.sim.fault({ match: calls.patch, delayMs: 500, times: 1 })
      const answer = login.verify()
      await expect.poll(() => fault.hits, { interval: 5 }).toBe(1)
      await forget()
      expect(['409 in_progress', '503 store_unavailable']).toContain(await answer)
      await expect.poll(login.verify, { interval: 20 }).toBe('401 flow_invalid')
      expect(running.sim.count(calls.patch)).toBe(1)
      expect(await login.hasSession()).toBe(false)
      await goesOn(running)
    },
  )

  test('is told FLUSHALL while the verify callback thinks: its user is not let in', async () => {
    const running = await appOf(
      'silent',
      { store: await redisAt(server.port) },
      {
        verify: async () => {
          await flush()
          return { id: 'a user' }
        },
      },
    )
    const login = await beginAt(running)
    expect(await login.verify()).toBe('409 in_progress')
    expect(await login.verify()).toBe('401 flow_invalid')
    expect(await login.hasSession()).toBe(false)
  })

  test('is told FLUSHALL while a check is created: the start fails and leaves nothing behind', async () => {
    const running = await app()
    const fault = running.sim.fault({ match: calls.create, delayMs: 300, times: 1 })
    const start = beginAt(running)
    await expect.poll(() => fault.hits, { interval: 5 }).toBe(1)
    await flush()
    const { browser, started } = await start
    expect(started).toMatch(/^(409|503) /)
    expect(browser.cookies.size).toBe(0)
    expect(await redisCli(server.port, 'KEYS', '*record*')).toBe('')
    await goesOn(running)
  })

  test('is told SCRIPT FLUSH over and over: every login works, once', async () => {
    const running = await app()
    let over = false
    const flushing = (async () => {
      while (!over) {
        await redisCli(server.port, 'SCRIPT', 'FLUSH')
        await sleep(1)
      }
    })()
    for (let round = 1; round <= 10; round++) {
      const login = await beginAt(running)
      const answers = await Promise.all(Array.from({ length: 10 }, login.verify))
      expect(answers.filter((answer) => answer === '200')).toHaveLength(1)
      expect(answers.filter((answer) => !/^(200|409 in_progress|401 flow_invalid)$/.test(answer))).toEqual([])
      expect(running.sim.count(calls.patch)).toBe(round)
    }
    over = true
    await flushing
  })
})
