import { parseCookie, stringifySetCookie } from 'cookie'
import { flowId, flowKey } from '../flow/record.js'
import { fingerprint, isSecret } from '../lib/crypto.js'
import { limits } from '../limits/numbers.js'
import type { HttpRequest, HttpResponse } from './http-types.js'

/** Two tabs are common, five are plenty; each flow has a cookie of its own so that none overwrites another. */
const maxCookies = 5

/** What a browser holds of one flow. */
export interface FlowCookie {
  name: string
  handle: string
  secret: string
  /** Recognises the check with which a provider sends the browser back. */
  tag: string
}

/**
 * The browser's half of the binding. The name and attributes are chosen once, at construction, and
 * no other name is ever read.
 */
export class FlowCookies {
  readonly #prefix: string
  readonly #secure: boolean

  constructor(secure: boolean) {
    this.#secure = secure
    this.#prefix = `${secure ? '__Host-' : ''}phonecheck-`
  }

  /**
   * All flows this browser has begun, oldest first: browsers send cookies in the order of their
   * creation (RFC 6265 section 5.4).
   */
  read(req: HttpRequest): FlowCookie[] {
    return Object.entries(this.#parse(req)).flatMap(([name, value]) => this.#decode(name, value) ?? [])
  }

  find(req: HttpRequest, handle: string): FlowCookie | undefined {
    const name = this.#nameOf(flowId(flowKey(handle)))
    const cookie = this.#decode(name, this.#parse(req)[name])
    return cookie?.handle === handle ? cookie : undefined
  }

  /** The flow that a return from the provider belongs to, if this browser began it. */
  findByCheck(req: HttpRequest, checkId: string): FlowCookie | undefined {
    const tag = tagOf(checkId)
    return this.read(req).find((cookie) => cookie.tag === tag)
  }

  /** Gives the browser a new flow, and lets it forget the oldest ones beyond the limit. */
  add(
    req: HttpRequest,
    res: HttpResponse,
    flow: { id: string; handle: string; secret: string; checkId: string },
  ): void {
    const present = this.read(req)
    for (const old of present.slice(0, Math.max(0, present.length - maxCookies + 1))) this.expire(res, old.name)
    this.update(res, { ...flow, name: this.#nameOf(flow.id) })
  }

  /** Writes down which check a flow waits for now. */
  update(res: HttpResponse, cookie: Omit<FlowCookie, 'tag'> & { checkId: string }): void {
    const { name, handle, secret, checkId } = cookie
    this.#set(res, name, `${handle}.${secret}.${tagOf(checkId)}`, limits.flowTtlSeconds)
  }

  /** What this browser's earlier logins left: one value for each number, the latest first. */
  readDevices(req: HttpRequest): string[] {
    return (this.#parse(req)[this.#deviceName] ?? '')
      .split('~', limits.devices.perBrowser)
      .filter((value) => value !== '')
  }

  /** Remembers this browser's numbers, the latest first. */
  keepDevices(res: HttpResponse, devices: readonly string[]): void {
    this.#set(res, this.#deviceName, devices.slice(0, limits.devices.perBrowser).join('~'), limits.devices.lifeSeconds)
  }

  get #deviceName(): string {
    return `${this.#prefix}device`
  }

  expire(res: HttpResponse, name: string): void {
    this.#set(res, name, '', 0)
  }

  #nameOf(id: string): string {
    return this.#prefix + id.slice(0, 8)
  }

  #parse({ headers: { cookie } }: HttpRequest): Partial<Record<string, string>> {
    return cookie?.includes(this.#prefix) ? parseCookie(cookie) : {}
  }

  #decode(name: string, value = ''): FlowCookie | undefined {
    const [handle, secret, tag, ...rest] = name.startsWith(this.#prefix) ? value.split('.') : []
    return isSecret(handle) && isSecret(secret) && tag && rest.length === 0 ? { name, handle, secret, tag } : undefined
  }

  #set(res: HttpResponse, name: string, value: string, maxAge: number): void {
    // Lax and not Strict: the provider's redirect back is a cross-site navigation, and must bring the cookie.
    appendCookie(
      res,
      stringifySetCookie({ name, value, maxAge, path: '/', httpOnly: true, sameSite: 'lax', secure: this.#secure }),
    )
  }
}

/** Responses of other frameworks, such as koa-passport's, may lack `appendHeader`. */
export function appendCookie(res: HttpResponse, cookie: string): void {
  if (typeof res.appendHeader === 'function') {
    res.appendHeader('Set-Cookie', cookie)
    return
  }
  const present = (res as HttpResponse).getHeader('Set-Cookie')
  const cookies = present === undefined ? [] : Array.isArray(present) ? present : [String(present)]
  ;(res as HttpResponse).setHeader('Set-Cookie', [...cookies, cookie])
}

function tagOf(checkId: string): string {
  return fingerprint(checkId).slice(0, 11)
}
