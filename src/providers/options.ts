import { isClock } from '../lib/clock.js'
import { knownOptions } from '../lib/options.js'

/** @throws TypeError when it is missing */
export function required(factory: string, option: string, value: string | undefined): string {
  if (typeof value === 'string' && value.length > 0) return value
  throw new TypeError(`${factory}: ${option} is missing; take it from your account's credentials`)
}

interface CommonOptions {
  name?: unknown
  fetch?: unknown
  clock?: unknown
}

/** What all factories check alike. @throws TypeError that names the option and the cure */
export function checkCommon(factory: string, options: CommonOptions, names: readonly string[]): void {
  knownOptions(factory, options, names)
  const { name, fetch, clock } = options
  if (name !== undefined && !(typeof name === 'string' && name !== ''))
    throw new TypeError(`${factory}: name must be a word, such as backup`)
  if (fetch !== undefined && typeof fetch !== 'function') throw new TypeError(`${factory}: fetch must be a function`)
  if (clock !== undefined && !isClock(clock)) throw new TypeError(`${factory}: clock must have the methods now() and delay()`)
}

/** @throws TypeError for an unknown call, or a time that is none */
export function checkTimeouts(factory: string, timeoutsMs: object, calls: readonly string[]): void {
  knownOptions(`${factory}: timeoutsMs`, timeoutsMs, calls)
  const bad = Object.entries(timeoutsMs).find(([, ms]) => ms !== undefined && !(typeof ms === 'number' && ms > 0))
  if (bad) throw new TypeError(`${factory}: timeoutsMs.${bad[0]} must be a number of milliseconds above 0`)
}
