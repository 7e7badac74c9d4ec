import type { CountResult, Hit, Store, StoredRecord } from '../contracts/store.js'
import { knownOptions } from '../lib/options.js'
import { type Commands, commandsOf, isRedisClient, type RedisClient } from './redis/client.js'
import { scanKeys } from './redis/scan.js'
import {
  countScript,
  diagnoseScript,
  findScript,
  insertChargedScript,
  insertScript,
  replaceScript,
  type Script,
} from './redis/scripts.js'
import { faultOf, lifetime, type Rule, ruleOf, timeoutOf, wellFormed, within } from './wire-values.js'

export type { IoredisClient, NodeRedisClient, RedisClient } from './redis/client.js'

export interface RedisStoreOptions {
  /**
   * Your client: of `ioredis`, or of `redis` 4 or newer, for one server, a cluster or sentinels (a
   * cluster with `redis` 5 or newer). Connecting it and closing it stay yours, and so does its
   * `error` event: a client of `redis` without a listener for it ends the process when the server
   * drops the connection. Best with its queue for a lost connection switched off
   * (`enableOfflineQueue: false`, or `disableOfflineQueue: true`) and, for `ioredis`, with
   * `autoResendUnfulfilledCommands: false`: what failed should not be sent later after all.
   */
  client: RedisClient
  /** What all keys begin with, one for each application that shares a server. Default `phonecheck`. */
  prefix?: string
  /** How long one operation may take before it rejects. Default 500. */
  timeoutMs?: number
}

/**
 * Keeps flows and counters in Redis 6 or newer, or Valkey, for any number of processes. Time is the server's.
 *
 * - **At most one login per flow** holds on one server, and over a restart that loses its data: a
 * lost flow is a new start. A failover is another matter:
 *   Redis answers before its replicas have a write, so one that was just used up may come back.
 * Then only the provider's single use stops a second login.
 *   For tokens nothing does: a refresh token that was used, a login that was logged out and a user
 * who was revoked just before a failover can be good
 *   again after it, `checkRevoked` included, until they expire. Where that is not enough, use
 * `PostgresStore`, with a synchronous replica: for tokens
 *   alone, or for all.
 * - **Rights**: a user with `+eval +evalsha +del +get +set +getrange +time` on the keys
 * `<prefix>:*`, and `+scan` for `phone.flows`, `cancel` and `erase`. `resetkeys resetchannels -@all` before them keeps it
 *   to these.
 * - **The server must not evict**: set `maxmemory-policy noeviction`. Anything else throws away
 * open logins, and with the counters the bound on guessing.
 *   A server that is full then refuses new logins until the old ones expire.
 * - **Size**: measured on Redis 7.0, a flow of 450 characters takes 0.7 KB, an alias 0.3 KB and a
 * counter 0.2 KB. A million pending flows are 0.7 GB, or
 *   1.4 GB with an alias and two counters each.
 * - **In a cluster**, records are spread over all slots. The counters of one prefix share one slot,
 * because `count` charges several in one step, which
 *   Redis allows within a slot only. So one shard counts for all: thousands of logins a second, and
 * a few hundred bytes for each number in use.
 * - An operation that rejects may have been done, or be done later. None is repeated.
 */
export class RedisStore implements Store {
  readonly #client: RedisClient
  readonly #commands: Commands
  readonly #records: string
  readonly #counters: string
  readonly #timeoutMs: number
  /** Learnt from the first CROSSSLOT: in a cluster a record and the counters cannot be written in one step. */
  #isCluster = false

  /** @throws TypeError when an option is missing, out of range, or unknown */
  constructor(options: RedisStoreOptions) {
    if (isRedisClient(options))
      throw new TypeError('RedisStore: pass the client in an object of options: new RedisStore({ client })')
    knownOptions('RedisStore', options ?? {}, ['client', 'prefix', 'timeoutMs'])
    const { client, prefix = 'phonecheck', timeoutMs = 500 } = options ?? {}
    if (typeof prefix !== 'string' || !/^[\w.:/-]{1,64}$/.test(prefix)) {
      // Braces would be a hash tag around all records.
      throw new TypeError('RedisStore: prefix must be 1 to 64 letters, digits or any of _ . : / -')
    }
    this.#client = client
    this.#commands = commandsOf(client)
    this.#records = `${prefix}:record:`
    this.#counters = `${prefix}:count:{${prefix}}:`
    this.#timeoutMs = timeoutOf('RedisStore', timeoutMs)
  }

  async insert(key: string, record: string, ttlSeconds: number): Promise<boolean> {
    // Redis keeps a key through the millisecond in which it expires; a record is gone then.
    const ttlMs = Math.max(1, lifetime('RedisStore', 'ttlSeconds', ttlSeconds) - 1)
    const text = wellFormed('RedisStore', 'record', record)
    return this.#decide('insert', insertScript, [this.#record(key)], [text, String(ttlMs)])
  }

  async find(key: string): Promise<StoredRecord | undefined> {
    const answer = await this.#ask('find', findScript, [this.#record(key)], [])
    if (answer === null) return undefined
    const [kept, now] = strings('find', answer)
    const [head = '', version, since] = /^(\d{1,16}):(\d{1,16}):/.exec(kept) ?? []
    // Damaged: as good as gone.
    if (version === undefined) return undefined
    return {
      record: kept.slice(head.length),
      version: Number(version),
      ageMs: Math.max(0, Number(now) - Number(since)),
    }
  }

  async replace(key: string, expectedVersion: number, record: string): Promise<boolean> {
    const text = wellFormed('RedisStore', 'record', record)
    return this.#decide('replace', replaceScript, [this.#record(key)], [String(expectedVersion), text])
  }

  async remove(key: string): Promise<void> {
    // Two commands, sent together: in a cluster the two keys live in different slots.
    const keys = [this.#record(key), this.#counter(key)]
    await this.#send('remove', () => Promise.all(keys.map((one) => this.#commands.del(one))))
  }

  async count(hits: readonly Hit[]): Promise<CountResult> {
    if (hits.length === 0) return { allowed: true }
    const { rules, keys, values } = this.#charges(hits)
    return verdictOf('count', rules, strings('count', await this.#ask('count', countScript, keys, values)))
  }

  /**
   * One script. In a cluster two, one after the other: what is then refused still writes nothing,
   * and what cannot be inserted is given back.
   */
  async insertCharged(
    key: string,
    record: string,
    ttlSeconds: number,
    hits: readonly Hit[],
  ): Promise<CountResult | 'taken'> {
    const ttlMs = Math.max(1, lifetime('RedisStore', 'ttlSeconds', ttlSeconds) - 1)
    const text = wellFormed('RedisStore', 'record', record)
    const { rules, keys, values } = this.#charges(hits)
    if (this.#isCluster) return this.#countThenInsert(key, record, ttlSeconds, hits)
    try {
      // The counters come first, so that a proxy that goes by the first key and asks nobody loses
      // logins and not limits.
      const answer = await this.#ask(
        'insertCharged',
        insertChargedScript,
        [...keys, this.#record(key)],
        [...values, text, String(ttlMs)],
      )
      const [place, seconds] = strings('insertCharged', answer)
      return place === 'taken' ? 'taken' : verdictOf('insertCharged', rules, [place, seconds])
    } catch (error) {
      // The server refused the keys, so nothing was run.
      if ((error as { code?: unknown }).code !== 'CROSSSLOT') throw error
      this.#isCluster = true
      return this.#countThenInsert(key, record, ttlSeconds, hits)
    }
  }

  async #countThenInsert(
    key: string,
    record: string,
    ttlSeconds: number,
    hits: readonly Hit[],
  ): Promise<CountResult | 'taken'> {
    const verdict = await this.count(hits)
    if (!verdict.allowed) return verdict
    const isKept = await this.insert(key, record, ttlSeconds).catch(async (error) => {
      await this.#giveBack(hits)
      throw error
    })
    if (isKept) return verdict
    await this.#giveBack(hits)
    return 'taken'
  }

  /** Best effort: what cannot be given back only refuses a little sooner. */
  async #giveBack(hits: readonly Hit[]): Promise<void> {
    const charged = hits.filter(({ cost = 1 }) => cost === 1)
    await this.count(charged.map((hit) => ({ ...hit, cost: -1 }))).catch(() => {})
  }

  async diagnose(): Promise<{ advice: string[]; nowMs: number }> {
    const [seconds, policy] = strings('diagnose', await this.#ask('diagnose', diagnoseScript, [], []))
    const advice = `Redis evicts keys (maxmemory-policy ${policy}): open logins are lost, and with the counters the bound on guessing. Set maxmemory-policy noeviction.`
    return { advice: policy === '' || policy === 'noeviction' ? [] : [advice], nowMs: Number(seconds) * 1000 }
  }

  /** Goes through all keys of the server, and reads each record; needs the right `+scan`. */
  async search(text: string, most: number): Promise<string[]> {
    const keys = new Set<string>()
    const batches = scanKeys(this.#client, `${this.#records.slice(0, -'record:'.length)}*`)
    for (;;) {
      const { value: names, done } = await this.#send('search', () => batches.next())
      if (done || keys.size >= most) return [...keys].slice(0, most)
      const records = names.filter((name) => name.startsWith(this.#records))
      const texts = await Promise.all(records.map((name) => this.#ask('search', findScript, [name], [])))
      for (const [index, name] of records.entries()) {
        const key = name.slice(this.#records.length)
        const [kept] = (texts[index] ?? []) as unknown[]
        if (kept !== undefined && (key.includes(text) || textOf(kept)?.includes(text))) keys.add(key)
      }
      for (const name of names) {
        const key = name.startsWith(this.#counters) ? name.slice(this.#counters.length) : ''
        if (key.includes(text)) keys.add(key)
      }
    }
  }

  #charges(hits: readonly Hit[]): { rules: Rule[]; keys: string[]; values: string[] } {
    const rules = hits.map((hit) => ruleOf('RedisStore', hit))
    const keys = rules.map(({ key }) => this.#counter(key))
    const values = rules.flatMap(({ limit, windowMs, longestMs = 0, cost }) =>
      [limit, windowMs, longestMs, cost].map(String),
    )
    return { rules, keys, values }
  }

  #record(key: string): string {
    return this.#records + wellFormed('RedisStore', 'key', key)
  }

  #counter(key: string): string {
    return this.#counters + wellFormed('RedisStore', 'key', key)
  }

  async #decide(operation: keyof Store, script: Script, keys: string[], values: string[]): Promise<boolean> {
    const answer = textOf(await this.#ask(operation, script, keys, values))
    if (answer !== '0' && answer !== '1') throw strange(operation)
    return answer === '1'
  }

  #ask(operation: keyof Store, script: Script, keys: string[], values: string[]): Promise<unknown> {
    return this.#send(operation, () => this.#commands.run(script, keys, values))
  }

  async #send<Answer>(operation: keyof Store, call: () => Promise<Answer>): Promise<Answer> {
    try {
      // An async function, so that a client that throws is one that rejects.
      return await within(this.#timeoutMs, async () => call())
    } catch (error) {
      throw faultOf('RedisStore', operation, error)
    }
  }
}

function verdictOf(
  operation: keyof Store,
  rules: readonly Rule[],
  [place, seconds]: readonly [string, string],
): CountResult {
  if (place === '0') return { allowed: true }
  const refused = rules[Number(place) - 1]
  if (!refused) throw strange(operation)
  return { allowed: false, key: refused.key, retryAfterSeconds: Number(seconds) }
}

/** The two strings of which an answer consists. */
function strings(operation: keyof Store, answer: unknown): [string, string] {
  const [first, second] = Array.isArray(answer) ? answer.map(textOf) : []
  if (first === undefined || second === undefined) throw strange(operation)
  return [first, second]
}

/** Clients can be told to return bytes instead of strings. */
function textOf(answer: unknown): string | undefined {
  return Buffer.isBuffer(answer) ? answer.toString() : typeof answer === 'string' ? answer : undefined
}

function strange(operation: keyof Store): Error {
  return new Error(`RedisStore: ${operation} failed (the client passes on an answer that our script does not give)`)
}
