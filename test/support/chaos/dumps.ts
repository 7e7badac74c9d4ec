import { type Runtime, Session } from 'node:inspector/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { MemoryStore } from '../../../src/stores/memory.js'
import { shared } from '../services.js'

/** Everything that a Redis server holds, whatever it is. */
export async function dumpRedis(port: number): Promise<string> {
  const client = new Redis(port, '127.0.0.1')
  const read: Record<string, (key: Buffer) => Promise<unknown>> = {
    string: async (key) => [await client.getBuffer(key)],
    hash: (key) => client.callBuffer('HGETALL', key),
    list: (key) => client.lrangeBuffer(key, 0, -1),
    set: (key) => client.smembersBuffer(key),
    zset: (key) => client.zrangeBuffer(key, '0', '-1'),
  }
  const lines: string[] = []
  for (const key of await client.keysBuffer('*')) {
    const type = await client.type(key)
    const values = await read[type]?.(key)
    if (!Array.isArray(values)) throw new Error(`nobody has thought of keys of the type ${type}`)
    lines.push([key, ...values].map(visible).join(' '))
  }
  client.disconnect()
  return lines.join('\n')
}

/** Every column of every row of every table of a schema. */
export async function dumpPostgres(schema: string): Promise<string> {
  const client = new pg.Client(shared.postgres)
  await client.connect()
  const tables = await client.query(
    'SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = $1',
    [schema],
  )
  const lines: string[] = []
  for (const { name } of tables.rows) {
    const { rows } = await client.query(`SELECT * FROM ${schema}.${name}`)
    for (const row of rows) lines.push(Object.values(row).map(visible).join(' '))
  }
  await client.end()
  return lines.join('\n')
}

/** Every text that a memory store holds: a debugger sees private fields, as does whoever gets a core dump. */
export async function dumpMemory(store: MemoryStore): Promise<string> {
  const session = new Session()
  session.connect()
  Object.assign(globalThis, { dumped: store })
  const lines: string[] = []
  const look = async (objectId: string, depth: number): Promise<void> => {
    const answer = await session.post('Runtime.getProperties', { objectId, ownProperties: true })
    // Missing from the types of Node 20.
    const { privateProperties = [] } = answer as { privateProperties?: { value?: Runtime.RemoteObject }[] }
    for (const { value } of privateProperties) {
      if (value?.objectId === undefined || depth === 0) continue
      if (value.subtype === 'map') lines.push(await entries(value.objectId))
      else await look(value.objectId, depth - 1)
    }
  }
  const entries = async (objectId: string): Promise<string> => {
    const functionDeclaration = `function () {
      return [...this].map(([key, entry]) => [key, ...Object.values(entry).filter((value) => typeof value !== 'object')].join(' ')).join('\\n')
    }`
    const { result } = await session.post('Runtime.callFunctionOn', { objectId, functionDeclaration })
    return String(result.value)
  }
  const { result } = await session.post('Runtime.evaluate', { expression: 'dumped' })
  await look(result.objectId ?? '', 4)
  Reflect.deleteProperty(globalThis, 'dumped')
  session.disconnect()
  return lines.join('\n')
}

/** Bytes that are no text as hex, so that none is overlooked. */
function visible(value: unknown): string {
  if (!Buffer.isBuffer(value)) return value instanceof Date ? value.toISOString() : String(value)
  const text = value.toString()
  return Buffer.from(text).equals(value) ? text : `${text} ${value.toString('hex')}`
}
