import { isLoopback } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import type { FetchLike } from './http.js'

/** How to reach a project at tru.ID or IDlayr: one platform under two names. */
export interface IdlayrOptions {
  /** Decides the host, and the `provider` of identities. Default `idlayr`. */
  brand?: 'tru.id' | 'idlayr'
  /** Data residency of the project. Default `eu`. */
  region?: 'eu' | 'in' | 'us'
  /** Replaces the host that brand and region give. An origin without a path; http only on loopback, and there not in production. */
  baseUrl?: string
  /** Of the project, not of the workspace. */
  clientId: string | undefined
  clientSecret: string | undefined
  /** Name of the rung, when a ladder has two of a kind. */
  name?: string
  /** Replaces the connection pool, for proxies and tests. Must not follow redirects. */
  fetch?: FetchLike
  clock?: Clock
  /** Milliseconds for one call to the vendor, body included. Default: token 4,000, create 6,000, redeem 8,000, read 4,000. */
  timeoutsMs?: Partial<Record<'token' | 'create' | 'redeem' | 'read', number>>
}

const hosts = { 'tru.id': 'api.tru.id', idlayr: 'api.idlayr.com' }
const regions = ['eu', 'in', 'us']
/** @throws TypeError when it is missing */
export function required(factory: string, option: string, value: string | undefined): string {
  if (typeof value === 'string' && value.length > 0) return value
  throw new TypeError(`${factory}: ${option} is missing; take it from your project's credentials`)
}

/** The origin of the vendor's API. @throws TypeError that names the option and the cure */
export function baseOrigin(factory: string, { brand = 'idlayr', region = 'eu', baseUrl }: IdlayrOptions): string {
  if (baseUrl === undefined) {
    if (!Object.hasOwn(hosts, brand)) throw new TypeError(`${factory}: brand must be 'tru.id' or 'idlayr'`)
    if (!regions.includes(region)) throw new TypeError(`${factory}: region must be 'eu', 'in' or 'us'`)
    return `https://${region}.${hosts[brand]}`
  }
  if (!URL.canParse(baseUrl)) throw new TypeError(`${factory}: baseUrl must be an absolute URL, such as https://eu.api.idlayr.com`)
  const url = new URL(baseUrl)
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    throw new TypeError(`${factory}: baseUrl must be an origin alone, without path, query or user`)
  }
  if (url.protocol === 'https:') return url.origin
  if (url.protocol !== 'http:' || !isLoopback(url.hostname))
    throw new TypeError(`${factory}: baseUrl must be https; http is for a simulator on loopback`)
  if (process.env['NODE_ENV'] === 'production') {
    throw new TypeError(`${factory}: baseUrl is plain http on loopback, a simulator that believes anybody; production refuses it`)
  }
  return url.origin
}
