import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import pg from 'pg'
import { Pool } from 'undici'
import type { Store } from '../../../src/contracts/store.js'
import { tracked } from '../children.js'
import { ownSchema, shared } from '../services.js'
import type { Usage } from './usage.js'

/** `npm run soak` runs everything, `npm run test:slow` a seeded tenth. */
export const full = process.env['FIRE'] === 'full'
export const scaled = (times: number) => (full ? times : Math.ceil(times / 10))

export const kinds = ['redis', 'postgres'] as const
export type Kind = (typeof kinds)[number]

export interface ProcessSettings {
  /** `name`: prefix of the keys, or schema. */
  store: { kind: Kind; name: string }
  redis: typeof shared.redis
  postgres: typeof shared.postgres
  /** Origin. */
  simulator: string
  /** How far its clock is off. */
  clockOffsetMs: number
  /** How long it waits for its store. Default: 5,000. */
  storeTimeoutMs?: number
}

/** A place in a shared server that nobody else uses. */
export interface OwnPlace {
  readonly kind: Kind
  readonly name: string
  /** The store at this place, for what a test does to it past the processes. */
  readonly store: Store
  /** Loses all data, as FLUSHALL would, for this place alone. */
  wipe(): Promise<void>
  /** Makes a record older where it is kept, as waiting would. */
  age(key: string, ms: number): Promise<void>
  drop(): Promise<void>
}

export async function ownPlace(kind: Kind, redis: typeof shared.redis = shared.redis): Promise<OwnPlace> {
  if (kind === 'postgres') {
    const { schema, drop } = ownSchema()
    const pool = new pg.Pool({ ...shared.postgres, max: 2 })
    const store = new PostgresStore({ pool, schema, timeoutMs: 5000 })
    await store.migrate()
    return {
      kind,
      name: schema,
      store,
      wipe: async () =>
        void (await pool.query(`DELETE FROM ${schema}.phonecheck_records; DELETE FROM ${schema}.phonecheck_counters`)),
      age: async (key, ms) => {
        const older = `UPDATE ${schema}.phonecheck_records SET inserted_at = inserted_at - $2::float8 * interval '1 millisecond' WHERE key = $1`
        if ((await pool.query(older, [key, ms])).rowCount !== 1) throw new Error('there is no such record')
      },
      drop: async () => {
        await pool.end()
        await drop()
      },
    }
  }
  const name = `fire-${randomUUID()}`
  const client = new Redis({ ...redis })
  const wipe = async () => {
    const keys = await client.keys(`${name}:*`)
    if (keys.length > 0) await client.del(...keys)
  }
  return {
    kind,
    name,
    store: new RedisStore({ client, prefix: name, timeoutMs: 5000 }),
    wipe,
    age: async (key, ms) => {
      const kept = await client.get(`${name}:record:${key}`)
      const [, version, since, record] = /^(\d+):(\d+):(.*)$/s.exec(kept ?? '') ?? []
      if (record === undefined) throw new Error('there is no such record')
      await client.set(`${name}:record:${key}`, `${version}:${Number(since) - ms}:${record}`, 'KEEPTTL')
    },
    drop: async () => {
      await wipe()
      client.disconnect()
    },
  }
}

export interface Answer {
  status: number
  body: Record<string, unknown> & { flow: string; code?: string; challenge: { url: string; to: string; body: string } }
  retryAfter: number
}

/** Where a request is to stop for good. */
export interface Park {
  /** `before claimed`, or `#3`: the third point that it passes. */
  at: string
  id: string
}

export interface AppProcess {
  /** Origin. */
  readonly url: string
  /** Ids of the requests that stand still at the point they were to stop at. */
  readonly parked: string[]
  post(path: string, body: object, park?: Park): Promise<Answer>
  usage(): Promise<Usage>
  /** kill -9 */
  kill(): Promise<void>
}

const script = fileURLToPath(new URL('app-process.ts', import.meta.url))
const tsconfig = fileURLToPath(new URL('../../../tsconfig.json', import.meta.url))

export async function startProcess(
  place: Pick<OwnPlace, 'kind' | 'name'>,
  simulator: string,
  options: Partial<Omit<ProcessSettings, 'store' | 'simulator'>> = {},
): Promise<AppProcess> {
  const settings: ProcessSettings = {
    store: { kind: place.kind, name: place.name },
    ...shared,
    simulator,
    clockOffsetMs: 0,
    ...options,
  }
  const child = tracked(
    fork(script, {
      execArgv: ['--expose-gc', '--import', 'tsx'],
      env: { ...process.env, NODE_ENV: 'test', TSX_TSCONFIG_PATH: tsconfig, FIRE: JSON.stringify(settings) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  )
  const parked: string[] = []
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (message: { url?: string; parked?: string }) => {
      if (message.url !== undefined) resolve(message.url)
      if (message.parked !== undefined) parked.push(message.parked)
    })
    child.once('exit', (code) => reject(new Error(`The app's process ended with ${code} before it listened.`)))
  })
  const connections = new Pool(url, { headersTimeout: 60_000 })
  const post = async (path: string, body: object, park?: Park): Promise<Answer> => {
    // Not fetch: with it, this process is busier than the ones it asks.
    const {
      statusCode,
      headers,
      body: answer,
    } = await connections.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', ...(park && { 'x-park-at': park.at, 'x-park-id': park.id }) },
      body: JSON.stringify(body),
    })
    return {
      status: statusCode,
      body: (await answer.json()) as Answer['body'],
      retryAfter: Number(headers['retry-after'] ?? 0),
    }
  }
  const usage = async () => {
    const answer = new Promise<Usage>((resolve) => {
      child.on('message', function hear(message: { usage?: Usage }) {
        if (!message.usage) return
        child.off('message', hear)
        resolve(message.usage)
      })
    })
    child.send('usage')
    return answer
  }
  const kill = async () => {
    await end(child)
    await connections.destroy()
  }
  return { url, parked, post, usage, kill }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

let numbers = 0
/** A number that this run has not used yet: messages to one number are limited. */
export function freshNumber(): string {
  numbers += 1
  return `+12024${String(numbers).padStart(6, '0')}`
}

/** Numbers below `below`, the same in each run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below)
  }
}
