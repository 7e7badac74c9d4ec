import type { Express } from 'express'
import { idenfySms, MemoryStore, moCheck, type Provider, phoneCheck, type Store } from 'passport-phonecheck'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { onTestFinished } from 'vitest'
import { createApp as createTokenApp } from '../../../examples/jwt-api/app.js'
import { createApp as createSessionApp } from '../../../examples/session-login/app.js'
import { number, secret, startApp, type TestAppOptions } from '../../support/app.js'
import { Browser } from '../../support/browser.js'
import { ownServer } from '../../support/examples/own-server.js'
import { adapterClock } from '../../support/hanging.js'
import type { Answer, Contract } from './contract.js'

type Rung = 'phonecheck' | 'mocheck' | 'idenfy-sms'

export interface Subject {
  readonly url: string
  readonly sim: Simulator
  readonly clock: FakeClock
  /** Makes every operation of the store fail from now on. */
  breakStore(): void
}

const all: Rung[] = ['phonecheck', 'mocheck', 'idenfy-sms']

/** examples/session-login, against the simulator. */
export function sessionApp(names: Rung[] = all): Promise<Subject> {
  return serve(names, (url, settings) =>
    createSessionApp({
      ...settings,
      origin: url,
      sessionSecret: secret,
      ...(names.includes('mocheck') && { callbackUrl: `${url}/webhooks/phone` }),
    }),
  )
}

/** examples/jwt-api, against the simulator. */
export function tokenApp(names: Rung[] = all): Promise<Subject> {
  return serve(names, (url, settings) =>
    createTokenApp({
      ...settings,
      origin: url,
      tokenStore: settings.store,
      jwtKeys: [{ kid: 'test', algorithm: 'HS256', secret: `${secret} for tokens` }],
    }),
  )
}

interface Settings {
  ladder: Provider[]
  store: Store
  secret: string
  countries: string[]
  clock: FakeClock
  onEvent(): void
}

async function serve(names: readonly Rung[], create: (url: string, settings: Settings) => Express): Promise<Subject> {
  // Guards of what must be fresh go by the time of day.
  const clock = fakeClock(Date.now())
  const sim = await startSimulator({ clock })
  onTestFinished(() => sim.close())
  const { server, url } = await ownServer()
  let isBroken = false
  const store = new Proxy(new MemoryStore({ clock }), {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return isBroken ? () => Promise.reject(new Error('the store is away')) : member.bind(target)
    },
  })
  const ladder = names.map((name) => rungs[name](sim.url, clock))
  server.on('request', create(url, { ladder, store, secret, countries: ['US', 'GB'], clock, onEvent: () => {} }))
  return {
    url,
    sim,
    clock,
    breakStore() {
      isBroken = true
    },
  }
}

const rungs: Record<Rung, (baseUrl: string, clock: FakeClock) => Provider> = {
  phonecheck: (baseUrl, clock) =>
    phoneCheck({ baseUrl, clientId: 'id', clientSecret: 'secret', clock: adapterClock(clock) }),
  mocheck: (baseUrl, clock) => moCheck({ baseUrl, clientId: 'id', clientSecret: 'secret', clock: adapterClock(clock) }),
  'idenfy-sms': (baseUrl, clock) =>
    idenfySms({ baseUrl, apiKey: 'key', apiSecret: 'secret', clock: adapterClock(clock) }),
}

/** Somebody who calls the routes, and has every answer checked. */
export class Caller {
  readonly #contract: Contract
  readonly #app: Pick<Subject, 'url' | 'sim'>
  readonly #browser: Browser
  flow = ''

  constructor(contract: Contract, app: Pick<Subject, 'url' | 'sim'>) {
    this.#contract = contract
    this.#app = app
    this.#browser = new Browser(app.url)
  }

  /** @param body text is sent as it is */
  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#contract.check('POST', documented(path), await this.#browser.post(path, body, headers), body)
  }

  async request(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.#browser.request(path, { method, headers })
    return this.#contract.check(method, documented(path.split('?')[0] ?? ''), answer)
  }

  async start(
    path = '/login/phone',
    phoneNumber: unknown = number,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await this.post(path, { phone_number: phoneNumber }, headers)
    this.flow = String(answer.body['flow'] ?? '')
    return answer
  }

  step = (step: 'verify' | 'fallback' | 'resend' | 'status', body: object = {}, headers?: Record<string, string>) =>
    this.post(`/login/phone/${step}`, { flow: this.flow, ...body }, headers)

  /** What the phone brings back from a check URL. */
  async opened({ body }: Answer): Promise<object> {
    const { url } = body['challenge'] as { url: string }
    const result = await this.#app.sim.phone(number).open(url)
    return 'body' in result ? (result.body as object) : { error: result.error }
  }

  /** The code in the newest message, or another one. */
  code(isRight = true): string {
    const code = /\b(\d{4})\b/.exec(this.#app.sim.phone(number).inbox.at(-1)?.text ?? '')?.[1] ?? ''
    return isRight ? code : code === '0000' ? '1111' : '0000'
  }
}

/** An app of its own where an example has no such option. */
export async function callerOf(contract: Contract, options: TestAppOptions): Promise<Caller> {
  return new Caller(contract, await startApp(options))
}

/** The vendor's webhook about the only MOCheck there is. */
export async function announce(
  caller: Caller,
  { sim, url }: Subject,
  change = (text: string) => text,
): Promise<Answer> {
  const { headers, body } = await sim.signCallback({
    url: `${url}/webhooks/phone`,
    product: 'mo_check',
    body: { check_id: sim.moChecks[0]?.checkId, status: 'COMPLETED', verified: true },
  })
  const { Host: _, host: __, ...signed } = headers as Record<string, string>
  return caller.post('/webhooks/phone', change(String(body)), signed)
}

/** Where an example mounts a route twice, the document has it once. */
function documented(path: string): string {
  return path === '/login/phone/browser' ? '/login/phone' : path
}
