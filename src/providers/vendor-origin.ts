import { isLoopback } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { knownOptions } from '../core/known-options.js'

/** @throws TypeError when it is missing */
export function required(factory: string, option: string, value: string | undefined): string {
  if (typeof value === 'string' && value.length > 0) return value
  throw new TypeError(`${factory}: ${option} is missing; take it from your account's credentials`)
}

interface CommonOptions {
  name?: unknown
  fetch?: unknown
  clock?: Partial<Clock> | undefined
}

/** What all factories check alike. @throws TypeError that names the option and the cure */
export function checkCommon(factory: string, options: CommonOptions, names: readonly string[]): void {
  knownOptions(factory, options, names)
  const { name, fetch, clock } = options
  if (name !== undefined && !(typeof name === 'string' && name !== ''))
    throw new TypeError(`${factory}: name must be a word, such as backup`)
  if (fetch !== undefined && typeof fetch !== 'function') throw new TypeError(`${factory}: fetch must be a function`)
  if (clock !== undefined && !(typeof clock?.now === 'function' && typeof clock.delay === 'function')) {
    throw new TypeError(`${factory}: clock must have the methods now() and delay()`)
  }
}

/** @throws TypeError for an unknown call, or a time that is none */
export function checkTimeouts(factory: string, timeoutsMs: object, calls: readonly string[]): void {
  knownOptions(`${factory}: timeoutsMs`, timeoutsMs, calls)
  const bad = Object.entries(timeoutsMs).find(([, ms]) => ms !== undefined && !(typeof ms === 'number' && ms > 0))
  if (bad) throw new TypeError(`${factory}: timeoutsMs.${bad[0]} must be a number of milliseconds above 0`)
}

/**
 * The origin of a vendor's API: https, or http on loopback outside production.
 * @throws TypeError that names the option and the cure
 */
export function vendorOrigin(factory: string, baseUrl: string): string {
  if (!URL.canParse(baseUrl)) throw new TypeError(`${factory}: baseUrl must be an absolute URL, such as https://eu.api.idlayr.com`)
  const url = new URL(baseUrl)
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    throw new TypeError(`${factory}: baseUrl must be an origin alone, without path, query or user`)
  }
  if (url.protocol === 'https:') return url.origin
  if (url.protocol !== 'http:' || !isLoopback(url.hostname)) {
    throw new TypeError(`${factory}: baseUrl must be https; http is for a simulator on loopback`)
  }
  if (process.env['NODE_ENV'] === 'production') {
    throw new TypeError(`${factory}: baseUrl is plain http on loopback, a simulator that believes anybody; production refuses it`)
  }
  return url.origin
}
