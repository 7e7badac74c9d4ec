import { idenfySms, MemoryStore, moCheck, type Provider, phoneCheck } from 'passport-phonecheck'
import type { Simulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { startApp, type TestApp, type TestAppOptions, number as testNumber } from './app.js'
import { Browser } from './browser.js'
import { adapterClock } from './hanging.js'

export type Mode = 'cookie + redirect' | 'cookie + body' | 'handle'
export const modes: Mode[] = ['cookie + redirect', 'cookie + body', 'handle']

export interface LadderApp extends TestApp {
  clock: FakeClock
  mode: Mode
}

export const calls = {
  create: 'POST /phone_check/v0.2/checks',
  patch: 'PATCH /phone_check/v0.2/checks/*',
  moCreate: 'POST /mo_check/v0.1/checks',
  moRead: 'GET /mo_check/v0.1/checks/*',
  send: 'POST /fraud/send-sms',
  verify: 'POST /fraud/verify-sms',
}

export const rungs = {
  phonecheck: (sim: Simulator, clock: FakeClock) => phoneCheck(account(sim, clock)),
  mocheck: (sim: Simulator, clock: FakeClock) => moCheck(account(sim, clock)),
  'idenfy-sms': (sim: Simulator, clock: FakeClock) =>
    idenfySms({ baseUrl: sim.url, apiKey: 'key', apiSecret: 'secret', senderName: 'Acme', clock: adapterClock(clock) }),
}
const account = (sim: Simulator, clock: FakeClock) => ({
  baseUrl: sim.url,
  clientId: 'client',
  clientSecret: 'client-secret',
  clock: adapterClock(clock),
})

/** An app with all three rungs (or those named) and one clock for everything. */
export async function ladderApp(
  mode: Mode = 'cookie + body',
  names: (keyof typeof rungs)[] = ['phonecheck', 'mocheck', 'idenfy-sms'],
  options: TestAppOptions = {},
  clock: FakeClock = fakeClock(),
): Promise<LadderApp> {
  const app = await startApp({
    redirect: mode === 'cookie + redirect',
    start: mode === 'handle' ? { binding: 'handle' } : {},
    ladder: (sim): Provider[] => names.map((name) => rungs[name](sim, clock)),
    ...options,
    simulator: { clock, ...options.simulator },
    strategy: { clock, store: new MemoryStore({ clock }), countries: ['US', 'GB', 'DE'], ...options.strategy },
  })
  return { ...app, clock, mode }
}

export interface Answer {
  status: number
  body: Record<string, unknown> & {
    flow: string
    id: string
    method: string
    fallback: string[]
    code?: string
    challenge: { type: string; url: string; to: string; body: string; href: string; length: number; resend_in: number }
  }
  retryAfter: number
}

/** Somebody who logs in, in one of the modes. */
export class Visitor {
  readonly app: LadderApp
  readonly browser: Browser
  readonly number: string
  flow = ''

  constructor(app: LadderApp, number = testNumber, browser = new Browser(app.url)) {
    this.app = app
    this.number = number
    this.browser = browser
  }

  get phone() {
    return this.app.sim.phone(this.number)
  }

  async post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    const native = this.app.mode === 'handle' ? { 'sec-fetch-site': '', origin: '' } : {}
    const all = { ...native, ...headers }
    const response = await this.#send(path, body, all)
    return {
      status: response.status,
      body: await response.json(),
      retryAfter: Number(response.headers.get('retry-after') ?? 0),
    }
  }

  async #send(path: string, body: object, headers: Record<string, string>): Promise<Response> {
    if (this.app.mode !== 'handle') return this.browser.post(path, body, headers)
    return this.browser.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  async start(headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.post('/login/phone', { phone_number: this.number }, headers)
    this.flow = answer.body.flow ?? ''
    return answer
  }

  fallback = (headers?: Record<string, string>) => this.post('/login/phone/fallback', { flow: this.flow }, headers)
  resend = (headers?: Record<string, string>) => this.post('/login/phone/resend', { flow: this.flow }, headers)
  status = () => this.post('/login/phone/status', { flow: this.flow })
  verify = (body: object = {}, headers?: Record<string, string>) =>
    this.post('/login/phone/verify', { flow: this.flow, ...body }, headers)

  /**
   * The device's part of a PhoneCheck and what comes of it: the status of verify, or where the
   * return leg sends the browser.
   */
  async silent(url: string): Promise<{ status: number; code: string | undefined }> {
    if (this.app.mode === 'cookie + redirect') {
      const end = await this.phone.browse(url)
      if (!end.location) return { status: end.status, code: 'stranded' }
      const back = await this.browser.navigate(end.location)
      const code = /phonecheck=(\w+)/.exec(back.headers.get('location') ?? '')?.[1]
      return { status: back.status, code }
    }
    const end = await this.phone.open(url)
    const { check_id, code, error, error_description } = { ...end.body, ...('error' in end && end) } as Record<
      string,
      string
    >
    const answer = await this.verify({ check_id, ...(error ? { error, error_description } : { code }) })
    return { status: answer.status, code: answer.body.code }
  }

  /** The code in the newest message. */
  code(): string {
    return /\b(\d{4}|\d{6})\b/.exec(this.phone.inbox.at(-1)?.text ?? '')?.[1] ?? ''
  }

  async isLoggedIn(): Promise<boolean> {
    return (await (await this.browser.request('/me')).json()).user !== null
  }
}
