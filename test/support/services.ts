import { deepStrictEqual } from 'node:assert'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import pg from 'pg'
import { beforeAll, describe, test } from 'vitest'
import type { Store } from '../../src/contracts/store.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { type StoreSubject, storeContract } from '../../src/testing/index.js'
import { tracked } from './children.js'
import { answers, needs, shared } from './needs.js'

// Real servers for the tests of the stores. Tests that cannot have theirs are skipped, and say so;
// under CI that is a failure.

export { shared } from './needs.js'

/**
 * `describe`, or `describe.skip` where this machine does not have what the suite needs. Under CI,
 * where nothing may be skipped, it throws.
 */
export async function describeWith(need: keyof typeof needs): Promise<typeof describe | typeof describe.skip> {
  if (await needs[need].isMet()) return describe
  if (process.env['CI'])
    throw new Error(`This machine lacks ${needs[need].what}, and under CI these tests must not be skipped.`)
  return describe.skip
}

export interface OwnRedis {
  readonly port: number
  /** Ends it and starts it again on its port, with its data if it was saved, once it takes connections. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/**
 * A Redis of one's own, for what must not be done to a shared one. It keeps its files in a folder
 * that goes with it.
 */
export async function startRedis(...options: string[]): Promise<OwnRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'phonecheck-redis-'))
  const port = await freePort()
  let running = await launch(port, folder, options)
  return {
    port,
    restart: async () => {
      await end(running)
      running = await launch(port, folder, options)
    },
    stop: async () => {
      await end(running)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function launch(port: number, folder: string, options: string[]): Promise<ChildProcess> {
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const child = tracked(spawn('redis-server', [...fixed, ...options], { stdio: 'ignore' }))
  while (child.exitCode === null) {
    if (await answers({ host: '127.0.0.1', port })) return child
    await sleep(25)
  }
  child.kill('SIGKILL')
  throw new Error(`redis-server did not start on port ${port}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/**
 * A client of `ioredis` as the docs advise it: what failed is not sent later after all. It is back
 * at once when its server is.
 */
export async function advisedRedis(port: number, { enableReadyCheck = true } = {}): Promise<Redis> {
  const client = new Redis(port, '127.0.0.1', {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    lazyConnect: true,
    retryStrategy: () => 20,
    enableReadyCheck,
  })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Three masters that share the slots. */
export async function startRedisCluster(): Promise<{ ports: number[]; stop(): Promise<void> }> {
  const nodes = await Promise.all(
    [0, 1, 2].map(() => startRedis('--cluster-enabled', 'yes', '--cluster-node-timeout', '600000')),
  )
  const ports = nodes.map(({ port }) => port)
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    for (const [index, port] of ports.entries()) {
      const [from, to] = [Math.floor((index * 16384) / 3), Math.floor(((index + 1) * 16384) / 3) - 1]
      await redisCli(port, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
      await redisCli(port, 'CLUSTER', 'MEET', '127.0.0.1', String(ports[0]))
    }
    for (const port of ports) {
      while (!(await redisCli(port, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(50)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { ports, stop }
}

/** One command by the tool that comes with the server, past every client under test. */
export async function redisCli(port: number, ...command: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(port), ...command])
  return stdout.trim()
}

async function freePort(): Promise<number> {
  // A cluster's nodes talk on their port plus 10,000.
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    if (port < 55_000) return port
  }
}

/** A schema that nobody else uses, by name; `drop` it when done. */
export function ownSchema(): { schema: string; drop(): Promise<void> } {
  const schema = `phonecheck_test_${randomUUID().replaceAll('-', '')}`
  const drop = async () => {
    const client = new pg.Client(shared.postgres)
    await client.connect()
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
    await client.end()
  }
  return { schema, drop }
}

/** More would hold each other up, and some of them measure time. */
const casesAtOnce = 20

/**
 * Registers the whole contract for each subject. Its cases wait for real time to pass, up to ten
 * seconds each, so they run side by side, the subjects among themselves as well.
 */
export function testContracts(subjects: Readonly<Record<string, StoreSubject>>): void {
  const begin: (() => void)[] = []
  beforeAll(() => {
    for (const one of begin) one()
  })
  describe.each(Object.entries(subjects))('%s', (_, subject) => {
    const cases = storeContract(subject)
    const outcomes = new Map(cases.map(({ name }) => [name, later()]))
    const queue = [...cases]
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const outcome = outcomes.get(next.name)
        await next.run().then(() => outcome?.resolve(undefined), outcome?.resolve)
      }
    }
    begin.push(() => {
      for (let worker = 0; worker < casesAtOnce; worker++) void work()
    })
    test.each(cases)('$level: $name', async ({ name }) => {
      const error = await outcomes.get(name)?.promise
      if (error !== undefined) throw error
    })
  })
}

function later(): { promise: Promise<unknown>; resolve(outcome: unknown): void } {
  let resolve: (outcome: unknown) => void = () => {}
  const promise = new Promise<unknown>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/**
 * Whatever is charged, in whatever order: the verdicts are those of the memory store. Time hardly
 * passes; the contract sees to that.
 */
export async function countsLikeMemory(store: Store): Promise<void> {
  const name = fc.integer({ min: 0, max: 3 })
  const cost = fc.constantFrom(1, 1, 1, 0, -1)
  const lists = fc.array(fc.array(fc.tuple(name, cost), { maxLength: 5 }), { maxLength: 25 })
  const property = fc.asyncProperty(lists, async (calls) => {
    const memory = new MemoryStore()
    const run = randomUUID()
    for (const call of calls) {
      // The same key always comes with the same rule.
      const hits = call.map(([key, cost]) => ({
        key: `${run}-${key}`,
        limit: key,
        windowSeconds: 1000,
        ...(key % 2 === 1 ? { maxWindowSeconds: 4000 } : {}),
        cost: cost as 1 | 0 | -1,
      }))
      deepStrictEqual(await store.count(hits), await memory.count(hits))
    }
  })
  await fc.assert(property, { numRuns: 60 })
}
