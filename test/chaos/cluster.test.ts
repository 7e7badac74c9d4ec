import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Run, runExample } from '../support/examples/demo-process.js'
import { describeWith, shared } from '../support/services.js'

const describeRedis = await describeWith('redis')

describeRedis('examples/cluster', () => {
  const prefix = `fire-cluster-${randomUUID()}`
  const { host, port } = shared.redis
  let run: Run
  let api: string
  let sim: string

  beforeAll(async () => {
    run = runExample('cluster/main.ts', { SIM_PORT: '0', REDIS_URL: `redis://${host}:${port}`, REDIS_PREFIX: prefix })
    await Promise.race([run.address, run.ended])
    const [first, second] = run.output.stdout.match(/http:\/\/[\d.]+:\d+/g) ?? []
    if (first === undefined || second === undefined) throw new Error(`The example did not start: ${run.output.stderr}`)
    api = first
    sim = second
  })
  afterAll(async () => {
    run.kill('SIGTERM')
    await run.ended
    const redis = new Redis({ host, port })
    const keys = await redis.keys(`${prefix}:*`)
    if (keys.length > 0) await redis.del(...keys)
    redis.disconnect()
  })

  const post = async (url: string, body: object) => {
    // A connection each, so that the workers take turns.
    const headers = { 'content-type': 'application/json', connection: 'close' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: response.status, body: await response.json() }
  }
  async function begin(): Promise<{ flow: string; code: string }> {
    const number = '+12025550100'
    const { flow, challenge } = (await post(`${api}/login/phone`, { phone_number: number })).body
    const opened = await post(`${sim}/_simulator/phones/${number}/open`, { url: challenge.url })
    return { flow, code: opened.body.body.code }
  }
  const verify = (body: object) => post(`${api}/login/phone/verify`, body)

  test('logins begin and end in any of its processes, once each', async () => {
    const workers = new Set<number>()
    for (let login = 0; login < 9; login++) {
      const begun = await begin()
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => verify(begun)))
      const won = answers.filter(({ status }) => status === 200)
      expect(won).toHaveLength(1)
      workers.add(won[0]?.body.worker)
    }
    expect(workers.size).toBeGreaterThan(1)
  })

  test('SIGTERM lets a login that has begun come to its end, and then nothing is left', async () => {
    const begun = await begin()
    await post(`${sim}/_simulator/faults`, { match: 'PATCH /phone_check/v0.2/checks/*', delayMs: 1000 })
    const login = verify(begun)
    await sleep(400)
    run.kill('SIGTERM')
    expect((await login).status).toBe(200)
    expect(await run.ended).toBe(0)
    await expect(fetch(`${api}/ready`)).rejects.toThrow()
    expect(run.output.stderr).toBe('')
  })
})
