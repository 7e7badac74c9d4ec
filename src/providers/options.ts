import { isClock } from '../lib/clock.js'
import { checkOptions, isFunction, isWord, knownOptions, type OptionRule, optionError } from '../lib/options.js'

/** @throws TypeError when it is missing */
export function required(factory: string, option: string, value: string | undefined): string {
  if (typeof value === 'string' && value.length > 0) return value
  throw optionError(factory, option, "is missing; take it from your account's credentials")
}

const commonRules: readonly OptionRule[] = [
  ['name', isWord, 'must be a word, such as backup'],
  ['fetch', isFunction, 'must be a function'],
  ['clock', isClock, 'must have the methods now() and delay()'],
]

/** What all factories check alike. @throws TypeError that names the option and the cure */
export function checkCommon(factory: string, options: object, names: readonly string[]): void {
  knownOptions(factory, options, names)
  checkOptions(factory, options, commonRules)
}

/** @throws TypeError for an unknown call, or a value that is no time */
export function checkTimeouts(factory: string, timeoutsMs: object, calls: readonly string[]): void {
  knownOptions(`${factory}: timeoutsMs`, timeoutsMs, calls)
  const bad = Object.entries(timeoutsMs).find(([, ms]) => ms !== undefined && !(typeof ms === 'number' && ms > 0))
  if (bad) throw optionError(factory, `timeoutsMs.${bad[0]}`, 'must be a number of milliseconds above 0')
}

/**
 * What a vendor would ignore, or refuse only when a user logs in.
 * @param owners the channels of each option that not all have
 * @throws TypeError that names the option
 */
export function refuseOfOtherChannels(
  factory: string,
  options: object,
  owners: Readonly<Record<string, readonly string[]>>,
  channel: string,
): void {
  for (const [name, channels] of Object.entries(owners)) {
    if (Reflect.get(options, name) !== undefined && !channels.includes(channel))
      throw optionError(factory, name, `is for ${channels.join(', ')} only; leave it out for ${channel}`)
  }
}
