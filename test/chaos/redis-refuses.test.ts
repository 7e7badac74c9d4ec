import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appOf, beginAt, redisAt } from '../support/chaos/one-rung.js'
import { calls } from '../support/ladder.js'
import { describeWith, type OwnRedis, redisCli, startRedis } from '../support/services.js'

const describeOwn = await describeWith('redis-server')

describeOwn('an app whose Redis refuses', () => {
  let server: OwnRedis
  beforeAll(async () => {
    server = await startRedis('--enable-debug-command', 'yes', '--busy-reply-threshold', '50')
  })
  afterAll(() => server?.stop())
  const cli = (...command: string[]) => redisCli(server.port, ...command)

  /** What the server says to a read, to know when a state has begun and when it is over. */
  const says = () => cli('GET', 'x').then((answer) => answer.split(' ')[0], String)

  const states: Record<string, { begin(): Promise<unknown>; end(): Promise<unknown> }> = {
    'because it is a replica now (READONLY)': {
      begin: () => cli('REPLICAOF', '127.0.0.1', '1'),
      end: () => cli('REPLICAOF', 'NO', 'ONE'),
    },
    'because it is full (OOM)': {
      begin: () => cli('CONFIG', 'SET', 'maxmemory', '1'),
      end: () => cli('CONFIG', 'SET', 'maxmemory', '0'),
    },
    'because somebody keeps it busy (BUSY)': {
      begin: async () => {
        cli('EVAL', 'while true do end', '0').catch(() => {})
        await expect.poll(says, { interval: 10 }).toBe('BUSY')
      },
      end: async () => {
        await cli('SCRIPT', 'KILL')
        await expect.poll(says, { interval: 10 }).not.toBe('BUSY')
      },
    },
    'because it still loads its data (LOADING)': {
      begin: async () => {
        await cli('DEBUG', 'POPULATE', '600', 'filler', '20')
        await cli('CONFIG', 'SET', 'key-load-delay', '2000')
        await cli('CONFIG', 'SET', 'loading-process-events-interval-bytes', '1024')
        cli('DEBUG', 'RELOAD').catch(() => {})
        await expect.poll(says, { interval: 10 }).toBe('LOADING')
      },
      end: async () => {
        await expect.poll(says, { interval: 20 }).not.toBe('LOADING')
        await cli('CONFIG', 'SET', 'key-load-delay', '0')
      },
    },
  }

  describe.each(Object.entries(states))('%s', (_, { begin, end }) => {
    test.each([
      ['silent', calls.create, calls.patch],
      ['code', calls.send, calls.verify],
    ] as const)(
      'answers 503 on the %s rung, pays for nothing, lets nobody in, and goes on by itself',
      async (rung, paid, question) => {
        const running = await appOf(rung, { store: await redisAt(server.port) })
        const login = await beginAt(running)
        expect(login.started).toBe('201')
        await begin()
        try {
          expect(await login.verify()).toBe('503 store_unavailable')
          const other = await beginAt(running)
          expect(other.started).toBe('503 store_unavailable')
          expect(other.browser.cookies.size).toBe(0)
          expect([running.sim.count(paid), running.sim.count(question)]).toEqual([1, 0])
          expect(await login.hasSession()).toBe(false)
          expect(running.events.some(({ type }) => type === 'store_outage')).toBe(true)
        } finally {
          await end()
        }
        // It cost no try: the same code is still good.
        expect(await login.verify()).toBe('200')
        expect(running.sim.count(question)).toBe(1)
        expect(await (await beginAt(running)).verify()).toBe('200')
      },
    )
  })
})
