import { createServer, type RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Challenge } from '../contracts/provider.js'
import { knownOptions } from '../lib/options.js'
import { fakeCode } from './fake-vendor.js'

/** What is used of an agent of supertest, `request.agent(app)`. It keeps the cookies. */
export interface SupertestAgent {
  post(path: string): {
    set(headers: Record<string, string>): { send(body: object): PromiseLike<{ status: number; text: string }> }
  }
}

/** What is used of Playwright's `APIRequestContext`: of `page.request` or `context.request`, whose cookies are the browser's. */
export interface PlaywrightRequests {
  post(
    url: string,
    options: { data: object; headers: Record<string, string> },
  ): Promise<{ status(): number; text(): Promise<string> }>
  storageState(...rest: never): Promise<unknown>
}

/** An app, a server, the base URL of one that runs, an agent of supertest, or a page, context or request of Playwright. */
export type LoginTarget =
  | RequestListener
  | Server
  | string
  | URL
  | SupertestAgent
  | PlaywrightRequests
  | { request: PlaywrightRequests }

export interface LoginAsOptions {
  /** The code that is typed. Default: that of `fakeVendor()`. */
  code?: string
  /** What the device brings to verify, in place of `code`; needed for rungs without a typed code. */
  device?: (challenge: Challenge) => object | Promise<object>
  /** Where your routes are. Default `/login/phone` and `/login/phone/verify`. */
  paths?: { start?: string; verify?: string }
}

export interface LoggedIn {
  /** Of the answer of your verify route. */
  status: number
  /** The same, parsed where it is JSON. */
  body: unknown
  /** For the header `cookie` of later requests. Empty where the target keeps cookies itself. */
  cookie: string
}

interface Reply {
  status: number
  text: string
}
type Post = (path: string, body: object) => Promise<Reply>

/** By it the server knows a page of its own. */
const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }

/**
 * Logs a number in over your own routes, for tests that begin behind the login.
 * @throws Error that says which step was refused, and with what
 * @example
 * ```ts
 * const { cookie } = await loginAs(app, '+12025550100') // or a base URL: fetch(url, { headers: { cookie } })
 * await loginAs(request.agent(app), '+12025550100') // supertest: the agent is logged in
 * await loginAs(page, '+12025550100') // Playwright: the browser is logged in
 * ```
 */
export async function loginAs(target: LoginTarget, number: string, options: LoginAsOptions = {}): Promise<LoggedIn> {
  knownOptions('loginAs', options, ['code', 'device', 'paths'])
  const { code = fakeCode, paths: { start = '/login/phone', verify = `${start}/verify` } = {} } = options
  const device = options.device ?? ((challenge: Challenge) => typed(challenge, code))
  const jar = new Map<string, string>()
  const { post, close } = await open(target, jar)
  try {
    const begun = accepted('start', start, await post(start, { phone_number: number }))
    const { flow, challenge } = begun.body as { flow?: unknown; challenge?: Challenge }
    if (!challenge)
      throw new Error(`loginAs: ${start} answered ${begun.status} without a challenge; is it phone.start()?`)
    const done = accepted('verify', verify, await post(verify, { flow, ...(await device(challenge)) }))
    return { ...done, cookie: [...jar].map((pair) => pair.join('=')).join('; ') }
  } finally {
    await close()
  }
}

function typed({ type }: Challenge, code: string): object {
  if (type === 'enter_code') return { code }
  throw new Error(
    `loginAs: the first rung asks for ${type}. Put fakeVendor() on the ladder of your tests, or say in \`device\` what the phone brings`,
  )
}

/** @throws Error for a refusal, with its code */
function accepted(step: string, path: string, { status, text }: Reply): { status: number; body: unknown } {
  let body: unknown = text
  try {
    body = JSON.parse(text)
  } catch {
    // A page, or nothing.
  }
  const { code, detail } = Object(body) as { code?: unknown; detail?: unknown }
  if (status >= 400)
    throw new Error(`loginAs: ${step} (${path}) answered ${status} ${code ?? ''} ${detail ?? ''}`.trim())
  return { status, body }
}

async function open(
  target: LoginTarget,
  jar: Map<string, string>,
): Promise<{ post: Post; close: () => Promise<void> }> {
  const nothing = async () => {}
  if (typeof target === 'string' || target instanceof URL)
    return { post: byFetch(new URL(target).href, jar), close: nothing }
  // An Express app has methods of the same names, and is a function.
  if (typeof target === 'function') return listening(createServer(target), jar)
  if (target instanceof Server)
    return target.listening ? { post: byFetch(originOf(target), jar), close: nothing } : listening(target, jar)
  const requests = 'request' in target ? target.request : target
  if ('storageState' in requests) return { post: byPlaywright(requests), close: nothing }
  return { post: bySupertest(target as SupertestAgent), close: nothing }
}

async function listening(server: Server, jar: Map<string, string>) {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { post: byFetch(originOf(server), jar), close }
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function byFetch(base: string, jar: Map<string, string>): Post {
  return async (path, body) => {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
    const init = {
      method: 'POST',
      redirect: 'manual',
      headers: { ...headers, cookie },
      body: JSON.stringify(body),
    } as const
    const response = await fetch(new URL(path, base), init)
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(text) ?? []
      if (value === '' || /;\s*max-age=0/i.test(text)) jar.delete(name)
      else jar.set(name, value)
    }
    return { status: response.status, text: await response.text() }
  }
}

function bySupertest(agent: SupertestAgent): Post {
  return async (path, body) => agent.post(path).set(headers).send(body)
}

function byPlaywright(requests: PlaywrightRequests): Post {
  return async (path, data) => {
    const response = await requests.post(path, { data, headers })
    return { status: response.status(), text: await response.text() }
  }
}
