import { isClock } from '../lib/clock.js'
import { checkOptions, isFunction, isWord, knownOptions, type OptionRule, optionError } from '../lib/options.js'

/**
 * A credential. A file or a variable often brings a line end with it, which no header can carry: the
 * login would fail, with words about the network. Keys in PEM have lines.
 * @throws TypeError when it is missing, or cannot be right
 */
export function required(factory: string, option: string, value: string | undefined): string {
  if (typeof value !== 'string' || value.length === 0)
    throw optionError(factory, option, "is missing; take it from your account's credentials")
  if (!value.startsWith('-----BEGIN') && /^\s|\s$|\p{Cc}/u.test(value))
    throw optionError(factory, option, 'has a blank or a line break at its begin or end; trim it')
  return value
}

/** RFC 8176 for a code that a person types, by how it came. It has no name for a message of another app. */
export function amrOfCode(channel: string): readonly string[] {
  if (channel === 'sms') return ['sms', 'otp']
  return channel === 'call' || channel === 'voice' ? ['tel', 'otp'] : ['otp']
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

/**
 * The time for each call: as given, else by default. `undefined` is as if it were not there.
 * @throws TypeError for an unknown call, or a value that is no time
 */
export function timeoutsOf<Call extends string>(
  factory: string,
  given: object | undefined,
  defaults: Readonly<Record<Call, number>>,
): Record<Call, number> {
  knownOptions(`${factory}: timeoutsMs`, given ?? {}, Object.keys(defaults))
  const set = Object.entries(given ?? {}).filter(([, ms]) => ms !== undefined)
  const bad = set.find(([, ms]) => !(typeof ms === 'number' && ms > 0))
  if (bad) throw optionError(factory, `timeoutsMs.${bad[0]}`, 'must be a number of milliseconds above 0')
  return { ...defaults, ...Object.fromEntries(set) }
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
