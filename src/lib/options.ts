export { isObject } from './json.js'

/**
 * One rule for one option. What an option must be is asked only where it was given: whether it may
 * be missing is for its owner to say.
 */
export type OptionRule = readonly [name: string, holds: (value: unknown) => boolean, sentence: string]

/** Of options, never with what was set. @param name may be a path, such as `keys[0].kid` */
export function optionError(owner: string, name: string, sentence: string): TypeError {
  return new TypeError(`${owner}: ${name} ${sentence}`)
}

/** @throws TypeError that names the first option that breaks its rule */
export function checkOptions(owner: string, given: object, rules: readonly OptionRule[]): void {
  for (const [name, holds, sentence] of rules) {
    const value: unknown = Reflect.get(given, name)
    if (value !== undefined && !holds(value)) throw optionError(owner, name, sentence)
  }
}

export const isFunction = (value: unknown) => typeof value === 'function'
export const isBoolean = (value: unknown) => typeof value === 'boolean'
export const isWord = (value: unknown) => typeof value === 'string' && value !== ''
export const isWholeNumber = (least: number, most: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most
export const matches = (grammar: RegExp) => (value: unknown) => typeof value === 'string' && grammar.test(value)
export const oneOf =
  (...values: readonly string[]) =>
  (value: unknown) =>
    values.some((known) => known === value)

/**
 * Refuses options that do not exist. A misspelt one would otherwise leave a protection at its default, silently.
 * @param elsewhere what an option of other libraries is called here
 * @throws TypeError that names the option and those there are
 */
export function knownOptions(
  owner: string,
  given: object,
  names: readonly string[],
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(`${owner}: pass an object of options`)
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown === undefined) return
  const likely = closest(unknown, names)
  const advice = Object.hasOwn(elsewhere, unknown)
    ? `${elsewhere[unknown]}; the`
    : likely === undefined
      ? 'the'
      : `did you mean ${likely}? The`
  throw new TypeError(`${owner}: unknown option '${unknown}'; ${advice} options are ${names.join(', ')}`)
}

/**
 * The name that is the fewest typing mistakes away, whatever its case; none where nearly all
 * letters would have to change.
 */
function closest(typed: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, mistakes: mistakesBetween(typed.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, mistakes }) => mistakes <= Math.max(2, Math.floor(name.length / 3)) && mistakes < name.length)
    .toSorted((one, other) => one.mistakes - other.mistakes)
  return best?.name
}

/** Levenshtein's distance. */
function mistakesBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one.slice(0, 64)].entries()) {
    const next = [index + 1]
    for (const [place, wanted] of [...other].entries()) {
      const replaced = (row[place] ?? 0) + (letter === wanted ? 0 : 1)
      next.push(Math.min(replaced, (row[place + 1] ?? 0) + 1, (next[place] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
