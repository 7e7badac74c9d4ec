import {
  type Simulator,
  type SimulatorClock,
  type SimulatorOptions,
  startSimulator,
} from '../../../src/simulator/index.js'

export interface FakeClock extends SimulatorClock {
  /** Lets time pass, waking whoever's delay is over. */
  advance(ms: number): void
  /** Delays that nobody has woken yet. */
  readonly sleepers: number
}

export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start
  const sleepers = new Set<{ until: number; wake: () => void }>()
  return {
    now: () => now,
    delay: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { until: now + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(new Error('aborted'))
        })
      }),
    advance: (ms) => {
      now += ms
      for (const sleeper of sleepers) {
        if (sleeper.until > now) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
    },
    get sleepers() {
      return sleepers.size
    },
  }
}

export const number = '+12025550100'
export const checksPath = '/phone_check/v0.2/checks'
export const moChecksPath = '/mo_check/v0.1/checks'

export interface Answer {
  status: number
  headers: Headers
  // Tests read whatever the wire holds.
  body: Record<string, unknown>
}

/** What an app's server does at the vendor, written by hand so that it shares nothing with the library. */
export class AppServer {
  readonly sim: Pick<Simulator, 'url'>
  token = ''

  constructor(sim: Pick<Simulator, 'url'>) {
    this.sim = sim
  }

  async authorize(scope = 'phone_check', credentials = 'app:s3cret'): Promise<Answer> {
    const answer = await this.tokenCall(`grant_type=client_credentials&scope=${encodeURIComponent(scope)}`, credentials)
    this.token = String(answer.body['access_token'])
    return answer
  }

  tokenCall(form: string, credentials: string | null, path = '/oauth2/v1/token'): Promise<Answer> {
    return this.call('POST', path, form, {
      'content-type': 'application/x-www-form-urlencoded',
      ...(credentials === null ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    })
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(path.startsWith('http') ? path : `${this.sim.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.token === '' ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : {} }
  }

  create(phoneNumber = number, more: object = {}): Promise<Answer> {
    return this.call('POST', checksPath, { phone_number: phoneNumber, ...more })
  }

  createMo(phoneNumber = number, more: object = {}): Promise<Answer> {
    return this.call('POST', moChecksPath, { phone_number: phoneNumber, ...more })
  }

  readMo(checkId: string): Promise<Answer> {
    return this.call('GET', `${moChecksPath}/${checkId}`)
  }

  patch(checkId: string, code: string): Promise<Answer> {
    return this.patchRaw(checkId, JSON.stringify([{ op: 'add', path: '/code', value: code }]))
  }

  patchRaw(checkId: string, body: string, type = 'application/json-patch+json'): Promise<Answer> {
    return this.call('PATCH', `${checksPath}/${checkId}`, body, { 'content-type': type })
  }
}

/** What an app's server does at iDenfy. */
export class IdenfyClient {
  readonly sim: Simulator
  credentials: string

  constructor(sim: Simulator, credentials = 'key:s3cret') {
    this.sim = sim
    this.credentials = credentials
  }

  send(phoneNumber: unknown = number, more: object = {}): Promise<Answer> {
    return this.call('/fraud/send-sms', { phone_number: phoneNumber, ...more })
  }

  /** The id of a request that was accepted. */
  async sent(phoneNumber: string = number): Promise<string> {
    return at((await this.send(phoneNumber)).body, 'request_id')
  }

  async verify(requestId: string, code: string): Promise<unknown> {
    return (await this.call('/fraud/verify-sms', { request_id: requestId, received_code: code })).body['is_verified']
  }

  call(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const authorization = `Basic ${Buffer.from(this.credentials).toString('base64')}`
    return new AppServer(this.sim).call('POST', path, body, {
      ...(this.credentials === '' ? {} : { authorization }),
      ...headers,
    })
  }
}

/** A simulator on a fake clock and an app with a token. */
export async function setUp(
  options: SimulatorOptions = {},
): Promise<{ sim: Simulator; app: AppServer; clock: FakeClock }> {
  const clock = fakeClock()
  const sim = await startSimulator({ clock, ...options })
  const app = new AppServer(sim)
  await app.authorize('phone_check mo_check')
  return { sim, app, clock }
}

/** Reads a string at a path of keys; fails loudly when there is none. */
export function at(value: unknown, ...keys: string[]): string {
  let current = value
  for (const key of keys) current = (current as Record<string, unknown> | undefined)?.[key]
  if (typeof current !== 'string') throw new Error(`no string at ${keys.join('.')}`)
  return current
}

export function checkUrl(created: Answer): string {
  return at(created.body, '_links', 'check_url', 'href')
}

/** A visitor who is no virtual phone, as a developer's browser is one: follows the redirects. @returns the last body */
export async function walk(app: AppServer, url: string): Promise<Record<string, unknown>> {
  let cookie = ''
  for (let next = url; ; ) {
    const answer = await app.call('GET', next, undefined, cookie === '' ? {} : { cookie })
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie
    const location = answer.headers.get('location')
    if (location === null) return answer.body
    next = location
  }
}

/** Waits for something that another socket brings about, not for time. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
