import { afterAll, describe, expect, test } from 'vitest'
import type { FlowRecord } from '../../src/flow/record.js'
import { sealContext } from '../../src/flow/record.js'
import { sealFor } from '../../src/lib/crypto.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { dumpMemory, dumpPostgres, dumpRedis } from '../support/chaos/dumps.js'
import { everyLogin } from '../support/chaos/every-login.js'
import { ownPlace } from '../support/chaos/fleet.js'
import { Thief } from '../support/chaos/thief.js'
import { describeWith, startRedis } from '../support/services.js'

const ends: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const end of ends) await end()
})

const subjects = {
  memory: async () => {
    let lagMs = 0
    const now = () => performance.now() + lagMs
    const store = new MemoryStore({
      clock: { now, delay: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()) },
    })
    // There is one clock for all, so everything gets older.
    const age = async (_: string, ms: number) => {
      lagMs += ms
    }
    return { store, age, dump: () => dumpMemory(store) }
  },
  redis: async () => {
    const server = await startRedis()
    const place = await ownPlace('redis', { host: '127.0.0.1', port: server.port })
    ends.push(place.drop, server.stop)
    return { store: place.store, age: place.age, dump: () => dumpRedis(server.port) }
  },
  postgres: async () => {
    const place = await ownPlace('postgres')
    ends.push(place.drop)
    return { store: place.store, age: place.age, dump: () => dumpPostgres(place.name) }
  },
}

/** What a dump must have been taken with for its silence to mean anything. */
const kept = [
  ...['pending', 'claimed', 'proven', 'consumed', 'failed'].map((state) => `"state":"${state}"`),
  ...['phonecheck', 'mocheck', 'idenfy-sms'].map((rung) => `"rung":"${rung}"`),
  ...['"resultAnnounced":true', '"spent":true', '"resends":1', '"subject":"', '"purpose":"link"'],
  ...['guess/', 'send/', 'send/block/', 'starts/address/', 'sends/address/', 'failedVerifies/address/'],
  ...['alias/', 'replay/', 'refresh/', 'revoked/'],
]

const where = { memory: describe, redis: await describeWith('redis-server'), postgres: await describeWith('postgres') }

for (const [name, open] of Object.entries(subjects)) {
  where[name as keyof typeof subjects](`a dump of the ${name} store, taken after logins of every kind`, () => {
    const take = async () => {
      const { store, age, dump } = await open()
      const { secrets, finish } = await everyLogin(store, age)
      const text = await dump()
      await finish()
      return { secrets, text }
    }
    let taken: ReturnType<typeof take> | undefined
    const once = () => {
      taken ??= take()
      return taken
    }

    test('tells no number, code, handle, token or secret, not even to somebody with a dictionary', async () => {
      const { secrets, text } = await once()
      for (const one of kept) expect(text).toContain(one)
      const { numbers, texts, words } = secrets
      expect([numbers.length >= 15, texts.length >= 80, words.length >= 5]).toEqual([true, true, true])
      expect(new Thief(text).findings(secrets)).toEqual([])
    })

    test('opens nothing that is sealed in it; what its users hold does', async () => {
      const { secrets, text } = await once()
      const flows = sealedIn(text)
      const opened = (keys: readonly string[]) =>
        flows.filter(({ key, sealed, context }) =>
          keys.some((one) => sealFor(one, key).open(sealed, context) !== undefined),
        )
      expect(opened(text.match(/[\w+/=-]{4,}/g) ?? [])).toEqual([])
      expect(flows.length).toBeGreaterThan(15)
      expect(opened(secrets.texts)).toHaveLength(flows.length)
    })
  })
}

function sealedIn(dump: string): { key: string; sealed: string; context: string }[] {
  return [...dump.matchAll(/([0-9a-f]{64})\b.*?(\{"v":.*\})/g)].map(([, key = '', text = '']) => {
    const record: FlowRecord = JSON.parse(text)
    return { key, sealed: record.sealed, context: sealContext(key, record) }
  })
}
