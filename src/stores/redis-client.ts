import type { Script } from './redis-scripts.js'

/** What we use of a client of `ioredis`, alone or in a cluster. */
export interface IoredisClient {
  evalsha(sha: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  del(key: string): Promise<unknown>
}

/** What we use of a client of `redis` 4 or newer: of `createClient`, `createClientPool`, `createCluster` or `createSentinel`. */
export interface NodeRedisClient {
  evalSha(sha: string, input: { keys: string[]; arguments: string[] }): Promise<unknown>
  eval(script: string, input: { keys: string[]; arguments: string[] }): Promise<unknown>
  del(key: string): Promise<unknown>
}

/** The application's own client, of either library. */
export type RedisClient = IoredisClient | NodeRedisClient

/** The two commands there are, the same for both libraries. */
export interface Commands {
  run(script: Script, keys: string[], values: string[]): Promise<unknown>
  del(key: string): Promise<unknown>
}

/** @throws TypeError when it is a client of neither library */
export function commandsOf(client: RedisClient): Commands {
  if (has(client, 'evalSha', 'eval', 'del')) {
    const library = client as NodeRedisClient
    return {
      run: (script, keys, values) =>
        known(
          () => library.evalSha(script.sha, { keys, arguments: values }),
          () => library.eval(script.source, { keys, arguments: values }),
        ),
      del: (key) => library.del(key),
    }
  }
  if (has(client, 'evalsha', 'eval', 'del')) {
    const library = client as IoredisClient
    return {
      run: (script, keys, values) =>
        known(
          () => library.evalsha(script.sha, keys.length, ...keys, ...values),
          () => library.eval(script.source, keys.length, ...keys, ...values),
        ),
      del: (key) => library.del(key),
    }
  }
  throw new TypeError("RedisStore: client must be a client of 'ioredis', or one of 'redis' 4 or newer, that your application has created")
}

function has(client: unknown, ...methods: string[]): boolean {
  return methods.every((name) => typeof (client as Record<string, unknown> | null | undefined)?.[name] === 'function')
}

// A server that was restarted, or told to forget its scripts, has run nothing when it says NOSCRIPT: sending the source repeats no command.
async function known(bySha: () => Promise<unknown>, bySource: () => Promise<unknown>): Promise<unknown> {
  try {
    return await bySha()
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return bySource()
    throw error
  }
}
