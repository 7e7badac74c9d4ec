import type { RedisClient } from './client.js'

/** What both libraries have for it, in their own ways. */
interface Node {
  scan(cursor: string, ...rest: unknown[]): Promise<unknown>
  options?: { keyPrefix?: string }
}
interface Cluster {
  /** ioredis */
  nodes?(role: string): Node[]
  /** redis */
  masters?: object[]
  nodeClient?(master: object): Node | Promise<Node>
}

const batch = 1000

/**
 * The names of all keys that match, some at a time, from every node of a cluster. May name one twice.
 * @throws TypeError when the client cannot do it
 */
export async function* scanKeys(client: RedisClient, match: string): AsyncGenerator<string[]> {
  const isIoredis = 'evalsha' in client
  for (const node of await nodesOf(client as unknown as Node & Cluster)) {
    if (typeof node.scan !== 'function')
      throw new TypeError('RedisStore: the client has no scan(), by which search() looks for keys')
    // It is put before each key that is sent, and neither before a pattern nor taken off an answer.
    const own = (isIoredis && node.options?.keyPrefix) || ''
    let cursor = '0'
    do {
      const pattern = own + match
      const answer = isIoredis
        ? await node.scan(cursor, 'MATCH', pattern, 'COUNT', batch)
        : await node.scan(cursor, { MATCH: pattern, COUNT: batch })
      const [next, keys] = Array.isArray(answer)
        ? answer
        : [Reflect.get(Object(answer), 'cursor'), Reflect.get(Object(answer), 'keys')]
      if (!Array.isArray(keys))
        throw new TypeError('RedisStore: the client passes on an answer that SCAN does not give')
      cursor = String(next)
      yield keys.map((key) => String(key).slice(own.length))
    } while (cursor !== '0')
  }
}

async function nodesOf(client: Node & Cluster): Promise<Node[]> {
  if (typeof client.nodes === 'function') return client.nodes('master')
  const { masters } = client
  if (!Array.isArray(masters)) return [client]
  return Promise.all(masters.map((master: object) => client.nodeClient?.(master) ?? client))
}
