import type { Script } from './scripts.js'

/** What we use of a client of `ioredis`, alone or in a cluster. */
export interface IoredisClient {
  evalsha(sha: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  del(key: string): Promise<unknown>
}

/**
 * What we use of a client of `redis` 4 or newer: of `createClient` or `createClientPool`, and of 5
 * or newer of `createCluster` or `createSentinel`.
 */
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

/** Clients that have commands of these names, and with which they fail: what tells each, and what to do. */
const unusable: readonly { is(client: Record<string, unknown>): boolean; advice: string }[] = [
  {
    is: ({ evalshaRo, connect }) => typeof evalshaRo === 'function' && typeof connect !== 'function',
    advice:
      "this one is of '@upstash/redis', whose commands take other arguments: docs/guides/stores.md shows the object to pass in its place",
  },
  {
    is: ({ commandsExecutor, nodeClient }) =>
      typeof commandsExecutor === 'function' && typeof nodeClient === 'function',
    advice:
      "the cluster client of 'redis' 4 sends scripts to any node, which refuses them (MOVED): use 'redis' 5 or newer, or 'ioredis'",
  },
  {
    is: ({ options }) => (options as { legacyMode?: unknown } | undefined)?.legacyMode === true,
    advice: 'this one is in legacyMode, whose commands answer by callback: create one without',
  },
  {
    is: (client) => client.constructor?.name === 'RedisLegacyClient',
    advice: 'this one came from legacy(), whose commands answer by callback: pass the client itself',
  },
  {
    is: ({ internal_send_command: send }) => typeof send === 'function',
    advice:
      "this one is of 'redis' 3 or older, whose commands answer by callback: use 'redis' 4 or newer, or 'ioredis'",
  },
  {
    is: ({ exec, connect }) => typeof exec === 'function' && typeof connect !== 'function',
    advice: 'this one only collects commands, as multi() and pipeline() do: pass the client itself',
  },
]

/** Whether somebody passed the client where an object that holds it is expected. */
export function isRedisClient(value: unknown): boolean {
  return has(value, 'eval', 'del')
}

/** @throws TypeError when it is a client of neither library, or one that cannot be used */
export function commandsOf(client: RedisClient): Commands {
  const advice =
    isRedisClient(client) && unusable.find(({ is }) => is(client as unknown as Record<string, unknown>))?.advice
  if (advice) throw new TypeError(`RedisStore: client cannot be used: ${advice}`)
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
  throw new TypeError(
    "RedisStore: client must be a client of 'ioredis', or one of 'redis' 4 or newer, that your application has created",
  )
}

function has(client: unknown, ...methods: string[]): boolean {
  return methods.every((name) => typeof (client as Record<string, unknown> | null | undefined)?.[name] === 'function')
}

// A server that was restarted, or told to forget its scripts, has run nothing when it says
// NOSCRIPT: sending the source repeats no command.
async function known(bySha: () => Promise<unknown>, bySource: () => Promise<unknown>): Promise<unknown> {
  try {
    return await bySha()
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return bySource()
    throw error
  }
}
