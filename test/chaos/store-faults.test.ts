import { setTimeout as sleep } from 'node:timers/promises'
import { idenfySms, type Provider, phoneCheck } from 'passport-phonecheck'
import { PostgresStore } from 'passport-phonecheck/stores/postgres'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../src/contracts/store.js'
import { startApp, type TestApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { freshNumber, full, kinds, type OwnPlace, ownPlace } from '../support/chaos/fleet.js'
import { codeOf } from '../support/chaos/logins.js'
import { type FaultProxy, faultProxy } from '../support/fault-proxy.js'
import { calls } from '../support/ladder.js'
import { endless } from '../support/limits.js'
import { beginWithCode, isLoggedIn } from '../support/login.js'
import { advisedRedis, describeWith, shared } from '../support/services.js'

const hastyMs = 300

const faults = {
  down: (proxy: FaultProxy) => proxy.down(),
  hanging: (proxy: FaultProxy) => proxy.hang(),
  'reset before it is done': (proxy: FaultProxy) => proxy.resetAt(1, 'before'),
  'reset after it is done': (proxy: FaultProxy) => proxy.resetAt(1, 'after'),
}

/** A store that something happens to right before one of its operations, and that remembers which ones succeeded. */
class Ill implements Store {
  readonly #store: Store
  /** Since `arm`. */
  operations = 0
  done: string[] = []
  #strikeAt = 0
  #strike: () => void = () => {}

  constructor(store: Store) {
    this.#store = store
  }

  arm(index: number, strike: () => void): void {
    Object.assign(this, { operations: 0, done: [] })
    this.#strikeAt = index
    this.#strike = strike
  }

  async #run<T>(name: string, call: () => Promise<T>): Promise<T> {
    this.operations += 1
    if (this.operations === this.#strikeAt) this.#strike()
    const answer = await call()
    if (answer !== false) this.done.push(name)
    return answer
  }

  insert = (...args: Parameters<Store['insert']>) => this.#run('insert', () => this.#store.insert(...args))
  find = (key: string) => this.#run('find', () => this.#store.find(key))
  replace = (...args: Parameters<Store['replace']>) =>
    this.#run(JSON.parse(args[2]).state, () => this.#store.replace(...args))
  remove = (key: string) => this.#run('remove', () => this.#store.remove(key))
  count = (...args: Parameters<Store['count']>) => this.#run('count', () => this.#store.count(...args))
  insertCharged = (...args: Parameters<NonNullable<Store['insertCharged']>>) =>
    this.#run('insertCharged', async () => this.#store.insertCharged?.(...args) ?? 'taken')
}

async function open(
  { kind, name }: OwnPlace,
  proxy: FaultProxy,
  timeoutMs = hastyMs,
): Promise<{ store: Store; close(): Promise<void> }> {
  if (kind === 'postgres') {
    const through = { ...shared.postgres, host: '127.0.0.1', port: proxy.port }
    const pool = new pg.Pool({ ...through, application_name: name, connectionTimeoutMillis: 1000 })
    pool.on('error', () => {})
    return { store: new PostgresStore({ pool, schema: name, timeoutMs }), close: () => pool.end() }
  }
  const client = await advisedRedis(proxy.port)
  return { store: new RedisStore({ client, prefix: name, timeoutMs }), close: async () => client.disconnect() }
}

for (const kind of kinds) {
  const describeStore = await describeWith(kind)
  describeStore(`an app whose ${kind} fails`, () => {
    let place: OwnPlace
    let proxy: FaultProxy
    let opened: Awaited<ReturnType<typeof open>>
    let store: Ill

    beforeAll(async () => {
      place = await ownPlace(kind)
      proxy = await faultProxy(shared[kind])
      opened = await open(place, proxy)
      store = new Ill(opened.store)
    })
    afterAll(async () => {
      proxy?.heal()
      await opened?.close()
      await proxy?.close()
      await place?.drop()
    })

    /** Providers that are asked before their request is on record write it down here. */
    const early: string[] = []
    function strict(rung: Provider): Provider {
      const { redeem } = rung
      return {
        ...rung,
        start: (input, context) => {
          if (!store.done.includes('insertCharged')) early.push('create')
          return rung.start(input, context)
        },
        ...(redeem && {
          redeem: (check, code, context) => {
            if (!store.done.includes('claimed') || !store.done.includes('count')) early.push('redeem')
            return redeem.call(rung, check, code, context)
          },
        }),
      }
    }

    const app = (rung: 'silent' | 'code') =>
      startApp({
        ladder: ({ url: baseUrl }) => [
          strict(
            rung === 'silent'
              ? phoneCheck({ baseUrl, clientId: 'client', clientSecret: 'client-secret' })
              : idenfySms({ baseUrl, apiKey: 'key', apiSecret: 'secret', senderName: 'Acme' }),
          ),
        ],
        strategy: { store, countries: ['US'], limits: endless },
      })

    /** A whole login; the answers it got, and whether there is a session at its end. */
    async function login({ sim, url }: TestApp): Promise<{ statuses: number[]; codes: string[]; session: boolean }> {
      const browser = new Browser(url)
      const number = freshNumber()
      const start = await browser.post('/login/phone', { phone_number: number })
      const { flow, challenge, code: problem } = await start.json()
      if (start.status !== 201)
        return { statuses: [start.status], codes: [problem], session: await isLoggedIn(browser) }
      const end = challenge.url === undefined ? undefined : await sim.phone(number).open(challenge.url)
      const code = end && 'body' in end ? Reflect.get(Object(end.body), 'code') : codeOf(sim, number)
      const verify = await browser.post('/login/phone/verify', { flow, code })
      const codes = verify.ok ? [] : [(await verify.json()).code]
      return { statuses: [start.status, verify.status], codes, session: await isLoggedIn(browser) }
    }

    async function recovers(running: TestApp): Promise<void> {
      proxy.heal()
      for (;;) {
        store.arm(0, () => {})
        const { session } = await login(running)
        if (session) return
        await sleep(20)
      }
    }

    describe.each(full ? (['silent', 'code'] as const) : (['silent'] as const))('on the %s rung', (rung) => {
      test.each(Object.entries(faults))(
        'is %s at any operation of a login: 503 or a login, nothing paid too early, and it recovers by itself',
        async (_, strike) => {
          const running = await app(rung)
          await recovers(running)
          // What is given back after a login is not waited for.
          await sleep(50)
          const { operations } = store
          expect(operations).toBeGreaterThanOrEqual(7)
          const seen = new Set<string>()
          for (let index = 1; index <= operations; index++) {
            store.arm(index, () => strike(proxy))
            const { statuses, codes, session } = await login(running)
            const at = `at operation ${index}: ${statuses}, ${codes}`
            expect([[503], [201, 503], [201, 200]], at).toContainEqual(statuses)
            for (const code of codes) expect(code, at).toBe('store_unavailable')
            expect(session, at).toBe(statuses[1] === 200)
            if (session) expect(store.done, at).toContain('consumed')
            expect(early, at).toEqual([])
            seen.add(statuses.join())
            await recovers(running)
          }
          expect(seen).toContain('503')
          expect(seen).toContain('201,503')
        },
      )
    })

    test('loses everything in the middle of a login: no login, and the next one works', async () => {
      const running = await app('silent')
      store.arm(0, () => {})
      const before = await beginWithCode(running)
      await place.wipe()
      const gone = await before.browser.post('/login/phone/verify', { flow: before.flow, code: before.code })
      expect([gone.status, (await gone.json()).code]).toEqual([401, 'flow_invalid'])
      expect(running.sim.count(calls.patch)).toBe(0)

      const during = await beginWithCode(running)
      running.sim.fault({ match: calls.patch, delayMs: 400, times: 1 })
      const answer = during.browser.post('/login/phone/verify', { flow: during.flow, code: during.code })
      await sleep(200)
      await place.wipe()
      expect((await answer).status).not.toBe(200)
      for (const { browser } of [before, during]) expect(await isLoggedIn(browser)).toBe(false)
      await recovers(running)
    })

    if (kind !== 'postgres') return
    test('holds no transaction open while the provider hangs', async () => {
      // Fifty at once on a busy machine: how long the store may take is not the question here.
      const patient = await open(place, proxy, 5000)
      store = new Ill(patient.store)
      onTestFinished(patient.close)
      const running = await app('silent')
      const begun = []
      for (let flow = 0; flow < 50; flow++) begun.push(await beginWithCode(running))
      running.sim.fault({ match: calls.patch, delayMs: full ? 7500 : 1500 })
      const answers = Promise.all(
        begun.map(({ browser, flow, code }) => browser.post('/login/phone/verify', { flow, code })),
      )
      const direct = new pg.Client(shared.postgres)
      await direct.connect()
      let over = false
      void answers.finally(() => {
        over = true
      })
      let samples = 0
      while (!over) {
        const { rows } = await direct.query(
          "SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name = $1 AND state LIKE 'idle in transaction%'",
          [place.name],
        )
        expect(rows).toEqual([{ open: 0 }])
        samples += 1
        await sleep(20)
      }
      await direct.end()
      expect(samples).toBeGreaterThan(20)
      expect((await answers).map(({ status }) => status)).toEqual(Array(50).fill(200))
    })
  })
}
