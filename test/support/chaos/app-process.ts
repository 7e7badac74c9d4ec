/** One of several processes that serve the same logins. Run by `fleet.ts`; told by FIRE what to be. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { Redis } from 'ioredis'
import passport from 'passport'
import {
  idenfySms,
  moCheck,
  PhoneCheckStrategy,
  type Provider,
  phoneCheck,
  phoneCheckErrors,
} from 'passport-phonecheck'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import pg from 'pg'
import type { Store } from '../../../src/contracts/store.js'
import { systemClock } from '../../../src/lib/clock.js'
import { endless } from '../limits.js'
import type { ProcessSettings } from './fleet.js'
import { reportUsage } from './usage.js'

const settings: ProcessSettings = JSON.parse(process.env['FIRE'] ?? '')

/**
 * Where the request of this context stops for good, as if the process had been killed right there.
 * It is, once all its requests are where they should be.
 */
const scope = new AsyncLocalStorage<{ parkAt: string; id: string; passed: number }>()

async function pass(point: string): Promise<void> {
  const request = scope.getStore()
  if (!request) return
  request.passed += 1
  if (request.parkAt !== point && request.parkAt !== `#${request.passed}`) return
  process.send?.({ parked: request.id })
  await new Promise(() => {})
}

async function around<Answer>(name: string, call: () => Promise<Answer>): Promise<Answer> {
  await pass(`before ${name}`)
  const answer = await call()
  await pass(`after ${name}`)
  return answer
}

const stateOf = (record: string): string => JSON.parse(record).state

function watched(store: Store): Store {
  return {
    insert: (key, record, ttlSeconds) => around('insert', () => store.insert(key, record, ttlSeconds)),
    find: (key) => around('find', () => store.find(key)),
    replace: (key, version, record) => around(stateOf(record), () => store.replace(key, version, record)),
    remove: (key) => around('remove', () => store.remove(key)),
    count: (hits) => around('count', () => store.count(hits)),
    insertCharged: (key, record, ttlSeconds, hits) =>
      around('insertCharged', async () => store.insertCharged?.(key, record, ttlSeconds, hits) ?? 'taken'),
  }
}

function watchedProvider(rung: Provider): Provider {
  const { redeem, poll } = rung
  return {
    ...rung,
    start: (input, context) => around('create', () => rung.start(input, context)),
    ...(redeem && {
      redeem: (check, code, context) => around('redeem', () => redeem.call(rung, check, code, context)),
    }),
    ...(poll && { poll: (check, context) => around('poll', () => poll.call(rung, check, context)) }),
  }
}

async function openStore(): Promise<Store> {
  const { store, redis, postgres, storeTimeoutMs: timeoutMs = 5000 } = settings
  if (store.kind === 'postgres') {
    const pool = new pg.Pool({ ...postgres, max: 10, connectionTimeoutMillis: timeoutMs })
    pool.on('error', () => {})
    return new PostgresStore({ pool, schema: store.name, timeoutMs })
  }
  const client = new Redis({
    ...redis,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    lazyConnect: true,
  })
  client.on('error', () => {})
  await client.connect()
  return new RedisStore({ client, prefix: store.name, timeoutMs })
}

async function main(): Promise<void> {
  const { clockOffsetMs: offset, simulator } = settings
  const clock = { ...systemClock, now: () => systemClock.now() + offset, wall: () => Date.now() + offset }
  const store = watched(await openStore())
  const account = { baseUrl: simulator, clientId: 'client', clientSecret: 'client-secret', clock }
  const silent = watchedProvider(phoneCheck(account))
  const mo = watchedProvider(moCheck(account))
  const code = watchedProvider(
    idenfySms({ baseUrl: simulator, apiKey: 'key', apiSecret: 'secret', senderName: 'Acme', clock }),
  )

  const app = express()
  const auth = new passport.Passport()
  app.use((req, _res, next) => {
    const { 'x-park-at': parkAt, 'x-park-id': id } = req.headers
    if (typeof parkAt === 'string' && typeof id === 'string') scope.run({ parkAt, id, passed: 0 }, next)
    else next()
  })
  for (const [name, ladder] of Object.entries({ silent: [silent], code: [code], both: [silent, code], mo: [mo] })) {
    const phone = new PhoneCheckStrategy(
      {
        name,
        ladder,
        store,
        secret: 'a-test-secret-of-at-least-32-bytes',
        countries: ['US'],
        cookie: { secure: false },
        // Only its path matters: the tests go on at the process of their choice.
        redirectUrl: `http://127.0.0.1/${name}/return`,
        loginUrl: '/login',
        limits: endless,
        clock,
      },
      async ({ phoneNumber }) => {
        await pass('verify')
        return { id: phoneNumber }
      },
    )
    auth.use(phone)
    app.post(`/${name}`, phone.start({ binding: 'handle' }))
    app.post(`/${name}/cookie`, phone.start({ binding: 'cookie', delivery: 'body' }))
    app.post(`/${name}/redirect`, phone.start({ binding: 'cookie', delivery: 'redirect' }))
    app.post(`/${name}/fallback`, phone.fallback())
    app.post(`/${name}/resend`, phone.resend())
    app.post(`/${name}/status`, phone.status())
    const answer: express.RequestHandler = (req, res) => void res.json({ user: req.user })
    app.post(`/${name}/verify`, auth.authenticate(name, { session: false, failWithError: true }), answer)
    app.get(`/${name}/return`, auth.authenticate(name, { session: false }), answer)
  }
  app.use(phoneCheckErrors())

  const server = createServer({ keepAliveTimeout: 0 }, app)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  reportUsage()
  process.once('disconnect', () => process.exit())
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
