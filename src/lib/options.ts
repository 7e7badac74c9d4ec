/**
 * Refuses options that do not exist. A misspelt one would otherwise leave a protection at its default, silently.
 * @throws TypeError that names the option and those there are
 */
export function knownOptions(owner: string, given: object, names: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new TypeError(`${owner}: pass an object of options`)
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown !== undefined) throw new TypeError(`${owner}: ${unknown} is no option; there are ${names.join(', ')}`)
}
