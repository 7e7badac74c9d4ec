import type { Clock } from '../../contracts/clock.js'
import type { FetchLike } from '../http/fetch.js'
import { vendorOrigin } from '../http/origin.js'

/** How to reach a project at tru.ID or IDlayr: one platform under two names. */
export interface IdlayrOptions {
  /** Decides the host, and the `provider` of identities. Default `idlayr`. */
  brand?: 'tru.id' | 'idlayr'
  /** Data residency of the project. Default `eu`. */
  region?: 'eu' | 'in' | 'us'
  /**
   * Replaces the host that brand and region give. An origin without a path; http only on loopback,
   * and there not in production.
   */
  baseUrl?: string | undefined
  /** Of the project, not of the workspace. */
  clientId: string | undefined
  /** Of the project. Never logged, and part of no error. */
  clientSecret: string | undefined
  /** Name of the rung, when a ladder has two of a kind. */
  name?: string
  /** Replaces the connection pool, for proxies and tests. Must not follow redirects. */
  fetch?: FetchLike
  /** For tests. */
  clock?: Clock
  /**
   * Milliseconds for one call to the vendor, body included. Default: token 4,000, create 6,000,
   * redeem 8,000, read 4,000.
   */
  timeoutsMs?: Partial<Record<'token' | 'create' | 'redeem' | 'read', number>>
}

export const idlayrOptionNames = [
  'brand',
  'region',
  'baseUrl',
  'clientId',
  'clientSecret',
  'name',
  'fetch',
  'clock',
  'timeoutsMs',
] as const satisfies readonly (keyof IdlayrOptions)[]

const hosts = { 'tru.id': 'api.tru.id', idlayr: 'api.idlayr.com' }
const regions = ['eu', 'in', 'us']
/** Origins of the same platform: the API's own, and under the other brand's name that of the same region. */
export function platformOrigins(apiOrigin: string): string[] {
  const region = regions.find((name) => Object.values(hosts).some((host) => apiOrigin === `https://${name}.${host}`))
  return region === undefined ? [apiOrigin] : Object.values(hosts).map((host) => `https://${region}.${host}`)
}

/** The origin of the vendor's API. @throws TypeError that names the option and the cure */
export function baseOrigin(factory: string, { brand = 'idlayr', region = 'eu', baseUrl }: IdlayrOptions): string {
  if (!Object.hasOwn(hosts, brand)) throw new TypeError(`${factory}: brand must be 'tru.id' or 'idlayr'`)
  if (!regions.includes(region)) throw new TypeError(`${factory}: region must be 'eu', 'in' or 'us'`)
  if (baseUrl !== undefined) return vendorOrigin(factory, baseUrl)
  return `https://${region}.${hosts[brand]}`
}
