import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import type { Store } from 'passport-phonecheck'
import type { Contestant } from './contestant.js'
import { sessionApp } from './ours.js'

/** Where the databases of a development machine are. */
const redis = { host: '127.0.0.1', port: 6379 }
const postgres = { host: '127.0.0.1', port: 5432, user: 'postgres', database: 'postgres' }

// Not known when this is compiled, so that the benchmark runs with any version of the package that has it.
const load = (name: string): Promise<Record<string, new (options: object) => Store & { migrate(): Promise<void> }>> =>
  import(name)

export const oursOnRedis: Contestant = {
  name: 'ours, session, Redis',
  face: 'session',
  onDatabase: true,
  what: 'the same on RedisStore with ioredis; the CPU of Redis is not counted',
  absent: () => missing('RedisStore', 'passport-phonecheck/stores/redis', redis),
  async run(setting) {
    const { Redis } = await import('ioredis')
    const client = new Redis({ ...redis, enableOfflineQueue: true })
    const prefix = `phonecheck-bench-${randomUUID()}`
    const { RedisStore } = await load('passport-phonecheck/stores/redis')
    if (!RedisStore) throw new Error('passport-phonecheck/stores/redis exports no RedisStore')
    const app = await sessionApp(setting, new RedisStore({ client, prefix, timeoutMs: 10_000 }))
    return {
      ...app,
      async close() {
        await app.close?.()
        for await (const keys of client.scanStream({ match: `${prefix}:*`, count: 1000 }))
          if (keys.length > 0) await client.del(keys)
        client.disconnect()
      },
    }
  },
}

export const oursOnPostgres: Contestant = {
  name: 'ours, session, PostgreSQL',
  face: 'session',
  onDatabase: true,
  what: 'the same on PostgresStore with a pg Pool of 10; the CPU of PostgreSQL is not counted',
  absent: () => missing('PostgresStore', 'passport-phonecheck/stores/postgres', postgres),
  async run(setting) {
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({ ...postgres, max: 10 })
    const schema = `phonecheck_bench_${randomUUID().replaceAll('-', '')}`
    const { PostgresStore } = await load('passport-phonecheck/stores/postgres')
    if (!PostgresStore) throw new Error('passport-phonecheck/stores/postgres exports no PostgresStore')
    const store = new PostgresStore({ pool, schema, timeoutMs: 10_000 })
    await store.migrate()
    const app = await sessionApp(setting, store)
    return {
      ...app,
      async close() {
        await app.close?.()
        await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
        await pool.end()
      },
    }
  },
}

async function missing(
  name: string,
  path: string,
  { host, port }: { host: string; port: number },
): Promise<string | undefined> {
  const found = await load(path).then(
    (exports) => name in exports,
    () => false,
  )
  if (!found) return `the package has no ${name} yet`
  return (await answers(host, port)) ? undefined : `nothing answers at ${host}:${port}`
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 })
    const end = (answer: boolean) => () => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false))
  })
}
