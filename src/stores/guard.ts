import type { Clock } from '../contracts/clock.js'
import type { Emit } from '../contracts/events.js'
import type { Store } from '../contracts/store.js'
import { PhoneCheckError } from '../lib/errors.js'
import { channels, traced } from '../lib/telemetry.js'

/** The same store, whose every fault is an event and a `store_unavailable`. What failed is never repeated here. */
export function guardStore(store: Store, emit: Emit, clock: Clock): Store {
  function ask<T>(operation: keyof Store, call: () => Promise<T>): Promise<T> {
    if (!channels.store.hasSubscribers) return guarded(operation, call)
    return traced(
      channels.store,
      clock,
      { operation },
      () => guarded(operation, call),
      () => ({}),
    )
  }
  async function guarded<T>(operation: keyof Store, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (cause) {
      const code = codeOf(cause)
      const cure = (code !== undefined && Object.hasOwn(cures, code) && cures[code]) || unknownCure
      const message = `The store failed at ${operation} (${code ?? 'without a code'}). ${cure}`
      emit({ type: 'store_outage', operation, ...(code !== undefined && { code }), message })
      throw new PhoneCheckError('store_unavailable', { cause })
    }
  }
  const { insertCharged, search } = store
  return {
    insert: (key, record, ttlSeconds) =>
      ask('insert', async () => (await store.insert(key, record, ttlSeconds)) === true),
    // A store that says null of an unknown key would make ended logins live.
    find: (key) => ask('find', async () => (await store.find(key)) ?? undefined),
    // Of a database's own answers, such as an empty list of rows, many are truthy: only true is a race that was won.
    replace: (key, expectedVersion, record) =>
      ask('replace', async () => (await store.replace(key, expectedVersion, record)) === true),
    remove: (key) => ask('remove', () => store.remove(key)),
    count: (hits) => ask('count', () => store.count(hits)),
    ...(insertCharged && {
      insertCharged: (key, record, ttlSeconds, hits) =>
        ask('insertCharged', async () => insertCharged.call(store, key, record, ttlSeconds, hits)),
    }),
    ...(search && { search: (text, most) => ask('search', async () => search.call(store, text, most)) }),
  }
}

/** Only what looks like a code: a store of somebody else may put anything there. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && /^(?:[A-Z][A-Za-z_]{2,60}|[A-Z0-9]{5})$/.test(code) ? code : undefined
}

const unknownCure = 'Nobody can log in while it fails: look at its server, and at the connection to it.'

/** What the operator can do. SQLSTATEs of PostgreSQL are from its manual's appendix A; `FULL` is `MemoryStore`'s. */
const cures: Record<string, string> = {
  FULL: 'MemoryStore is full: raise its maxRecords or maxCounters, or use a store outside this process. Keep refresh families in a store of their own.',
  '3F000': 'Its schema is missing: call `await store.migrate()` before the first login.',
  '42P01': 'Its tables are missing: call `await store.migrate()` before the first login.',
  '42883': 'Its function is missing: call `await store.migrate()` before the first login.',
  '42501': 'Its role has not the rights that migrate() names; EXECUTE on the function is one of them.',
  '08P01':
    'A pooler between the app and the server refuses a start-up parameter, such as statement_timeout: set it on the role instead.',
  NOPERM:
    "Its Redis user lacks a right: +eval +evalsha +del +get +set +getrange +time +scan, on the keys that begin with the store's prefix.",
  NOAUTH: 'Redis wants a user and a password: give them to the client.',
  WRONGPASS: 'Redis refuses the user or the password that the client was given.',
  READONLY: 'The client is connected to a replica: connect it to the primary.',
  MOVED:
    'The client does not follow a Redis Cluster: use one that does, such as createCluster of redis 5, or Cluster of ioredis.',
  ClientClosedError: 'The client of Redis is not connected: call `await client.connect()` before the first login.',
  ClientOfflineError:
    'The client of Redis has no connection at present: look at its server and its address; `client.on("error", …)` hears why.',
  CONNECTION_LOST:
    'The client has no connection: connect it before the first login, and look at its server and its address. Its `error` event says why.',
  ECONNREFUSED: 'Nothing listens at the address that the client was given: start the server, or mend host and port.',
  OOM: 'Redis has no memory left and evicts nothing: give it more, or look at what fills it.',
}
