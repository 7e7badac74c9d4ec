import { isOriginText } from '../express/csrf.js'
import { optionError } from '../lib/options.js'
import { isCountry } from '../lib/phone-number.js'

/** @param sentence begins with the option's name @throws TypeError */
export function demand(holds: boolean, sentence: string): asserts holds {
  const [name = '', ...words] = sentence.split(' ')
  if (!holds) throw optionError('PhoneCheckStrategy', name, words.join(' '))
}

/** What is wrong with an entry, and what was probably meant. */
export function noCountry(given: unknown): string {
  const other = typeof given === 'string' ? ({ UK: 'GB' }[given.toUpperCase()] ?? given.toUpperCase()) : undefined
  return `${quoted(given)} is none${isCountry(other) ? `: write '${other}'` : ''}`
}

/** The same of an origin. */
export function noOrigin(given: unknown): string {
  const origin = typeof given === 'string' && URL.canParse(given) ? new URL(given).origin : undefined
  return `${quoted(given)} is none${isOriginText(origin) ? `: write '${origin}'` : ''}`
}

/** An entry of a list in the text of an error: of what is no text only its kind, and no password of a URL. */
function quoted(given: unknown): string {
  return typeof given === 'string'
    ? `'${given.replace(/\/\/[^/]*@/, '//…@').slice(0, 80)}'`
    : `a value of the type ${typeof given}`
}
