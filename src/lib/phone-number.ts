import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  type PhoneNumber as Parsed,
  parsePhoneNumberWithError,
} from 'libphonenumber-js/max'
import { PhoneCheckError } from './errors.js'
import { asciiDigits, withoutMarks } from './typed-text.js'

/** A number that may log in, in its one canonical form. */
export interface PhoneNumber {
  /** E.164 with plus. The only form used for keys, providers and the application. */
  readonly e164: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
}

export interface NumberPolicy {
  /** Region that a national number belongs to. Without it only numbers with a country code are taken. */
  defaultCountry?: string
  /** Regions whose numbers may log in; all when absent. */
  countries?: readonly string[]
}

/** What is written between digits, beside blanks and dashes, and the ways to write a plus. */
const punctuation = /[().[\]/~\uff08\uff09\uff0e\uff3b\uff3d\uff0f\uff5e\u2053\u223c]/g
const pluses = /^[\uff0b\ufe62]/
const digitsAlone = /^\+?[0-9]{3,32}$/
/** They separate one number from another. */
const lineBreaks = /[\n\v\f\r\u2028\u2029]/
/** In characters, marks that are dropped included. */
const maxLength = 80

/**
 * Ways to write a number of Mexico or Argentina that libphonenumber calls invalid, though only one
 * subscriber can be meant. Looked at only then. Numbers of an older plan of any country are not
 * rewritten: who has them now is not ours to guess.
 */
const rewrites: readonly [pattern: RegExp, callingCode: string][] = [
  // Until 2019 a 1 stood before mobile numbers in calls from abroad, and WhatsApp still shows it;
  // 01, 044 and 045 in calls at home.
  [/^\+52(?:1|01|044|045)([0-9]{10})$/, '+52'],
  // The 9 of calls from abroad and the 15 of calls at home, both. Without the 9 it is known where the 15 belongs.
  [/^\+549([0-9]{12})$/, '+54'],
]

/**
 * Turns what a user typed into one canonical number.
 *
 * Digits of any one script are taken, blanks, dashes, brackets and characters that are not seen are
 * dropped. Letters, extensions, lists and digits of mixed scripts are refused.
 * @throws PhoneCheckError `invalid_phone_number`, `number_type_not_allowed`, `country_not_allowed`
 * @example `parsePhoneNumber('0151 23456789', { defaultCountry: 'DE' }).e164 // '+4915123456789'`
 */
export function parsePhoneNumber(text: unknown, policy: NumberPolicy = {}): PhoneNumber {
  if (typeof text !== 'string')
    throw new PhoneCheckError('invalid_phone_number', { message: 'phone_number must be a string.' })
  if (text.length > maxLength || lineBreaks.test(text)) throw new PhoneCheckError('invalid_phone_number')
  const digits = asciiDigits(withoutMarks(text).replace(punctuation, '').replace(pluses, '+'))
  if (digits === undefined || !digitsAlone.test(digits)) throw new PhoneCheckError('invalid_phone_number')
  const parsed = meant(parse(digits, policy.defaultCountry as CountryCode | undefined), digits)
  if (!parsed?.type) throw new PhoneCheckError('invalid_phone_number', hintFor(parsed))
  if (!isMobile(parsed)) throw new PhoneCheckError('number_type_not_allowed', hintFor(parsed))
  const { country, number } = parsed.number
  if (!country || (policy.countries && !policy.countries.includes(country)))
    throw new PhoneCheckError('country_not_allowed')
  return { e164: number, country }
}

/**
 * With the full metadata a number is valid exactly when it has a type: asking for both would be the
 * same search twice.
 */
interface Typed {
  number: Parsed
  type: ReturnType<Parsed['getType']>
}

function parse(text: string, defaultCountry?: CountryCode): Typed | undefined {
  try {
    const number = parsePhoneNumberWithError(text, { extract: false, ...(defaultCountry && { defaultCountry }) })
    return { number, type: number.getType() }
  } catch {
    return undefined
  }
}

function isMobile({ type }: Typed): boolean {
  return type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE'
}

/** The mobile number that was meant, where the spelling hides it; else what was read. */
function meant(read: Typed | undefined, digits: string): Typed | undefined {
  if (!read || isMobile(read)) return read
  const { number, country, nationalNumber } = read.number
  if (!read.type) {
    const [pattern, callingCode] = rewrites.find(([pattern]) => pattern.test(number)) ?? []
    const other = pattern && parse(number.replace(pattern, `${callingCode}$1`))
    return other && isMobile(other) ? other : read
  }
  // Dialled in Argentina, mobile and fixed numbers look alike and no two subscribers share one; the
  // 9 is for calls from abroad alone.
  const other = country === 'AR' && !digits.startsWith('+') ? parse(`+549${nationalNumber}`) : undefined
  return other && isMobile(other) ? other : read
}

/** What is missing, where that is known. */
function hintFor(read: Typed | undefined): { message?: string } {
  const { country, number } = read?.number ?? {}
  if (country === 'AR' && read?.type)
    return { message: 'Only mobile numbers can log in here. A mobile number of Argentina has a 9 after +54.' }
  if (/^\+55[0-9]{2}[6-9][0-9]{7}$/.test(number ?? '')) {
    return {
      message:
        'A mobile number of Brazil has nine digits after the area code; where it had eight, a 9 now comes first.',
    }
  }
  return {}
}

/** Regions that share the numbers of another one: every number is said to be of that one, so none is ever of these. */
const sharedPlans = new Map([
  ['AX', 'FI'],
  ['BL', 'GP'],
  ['CC', 'AU'],
  ['CX', 'AU'],
  ['EH', 'MA'],
  ['MF', 'GP'],
  ['SJ', 'NO'],
  ['VA', 'IT'],
])

/** The region whose numbers are used in a region that has no mobile numbers of its own; undefined for one that has. */
export function regionOfNumbers(country: string): string | undefined {
  return sharedPlans.get(country)
}

/**
 * What stands for the subscriber where limits are counted. Numbers of Palestinian operators are
 * reached by two country codes, +970 and +972; everybody else's by one.
 */
export function subscriberOf(e164: string): string {
  return e164.replace(/^\+972(?=5[69][0-9]{7}$)/, '+970')
}

export function isCountry(code: unknown): code is CountryCode {
  return typeof code === 'string' && isSupportedCountry(code)
}

/**
 * Whether a text is this number in any spelling, or holds its digits: with or without plus, 00 or
 * country code, as it is dialled at home, in any script.
 */
export function holdsNumber(text: string, e164: string): boolean {
  const { country, nationalNumber = '' } = parse(e164)?.number ?? {}
  const digits = withoutMarks(text)
    .normalize('NFKC')
    .replace(/[^\p{Nd}\p{L}]/gu, '')
  const plain = asciiDigits(digits) ?? digits
  if (plain.includes(e164.slice(1)) || (nationalNumber.length >= leastTelling && plain.includes(nationalNumber)))
    return true
  return (
    country !== undefined && /^[0-9]{3,32}$/.test(plain) && meant(parse(plain, country), plain)?.number.number === e164
  )
}

/** National numbers shorter than this may be part of a random id by chance. */
const leastTelling = 8

/**
 * For events and screens: calling code and last two digits, such as `+1********00`. `country`,
 * where it is known, saves the search for the calling code.
 */
export function maskPhoneNumber(e164: string, country?: string): string {
  const callingCode = isCountry(country)
    ? getCountryCallingCode(country)
    : (parse(e164)?.number.countryCallingCode ?? '')
  const hidden = Math.max(0, e164.length - 1 - callingCode.length - 2)
  return `+${callingCode}${'*'.repeat(hidden)}${e164.slice(-2)}`
}
