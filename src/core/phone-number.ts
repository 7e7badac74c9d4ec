import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  type PhoneNumber as Parsed,
  parsePhoneNumberWithError,
} from 'libphonenumber-js/max'
import { PhoneCheckError } from './errors.js'

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

const asciiNumber = /^[+0-9 ().\-/]{3,32}$/

/**
 * Turns what a user typed into one canonical number.
 *
 * Digits must be ASCII (the parser would also take others, and two spellings must never be two users); letters, extensions and lists are refused.
 * @throws PhoneCheckError `invalid_phone_number`, `number_type_not_allowed`, `country_not_allowed`
 */
export function parsePhoneNumber(text: unknown, policy: NumberPolicy): PhoneNumber {
  if (typeof text !== 'string') throw new PhoneCheckError('invalid_phone_number', { message: 'phone_number must be a string.' })
  if (!asciiNumber.test(text)) throw new PhoneCheckError('invalid_phone_number')
  const parsed = parse(text, policy.defaultCountry as CountryCode | undefined)
  // With the full metadata a number is valid exactly when it has a type: asking for both would be the same search twice.
  const type = parsed?.getType()
  if (!parsed || !type || parsed.ext) throw new PhoneCheckError('invalid_phone_number')
  if (type !== 'MOBILE' && type !== 'FIXED_LINE_OR_MOBILE') throw new PhoneCheckError('number_type_not_allowed')
  const { country } = parsed
  if (!country || (policy.countries && !policy.countries.includes(country))) throw new PhoneCheckError('country_not_allowed')
  return { e164: parsed.number, country }
}

function parse(text: string, defaultCountry: CountryCode | undefined): Parsed | undefined {
  try {
    return parsePhoneNumberWithError(text, { extract: false, ...(defaultCountry && { defaultCountry }) })
  } catch {
    return undefined
  }
}

export function isCountry(code: unknown): code is CountryCode {
  return typeof code === 'string' && isSupportedCountry(code)
}

/** For events and screens: calling code and last two digits, such as `+1********00`. `country`, where it is known, saves the search for the calling code. */
export function maskPhoneNumber(e164: string, country?: string): string {
  const callingCode = isCountry(country) ? getCountryCallingCode(country) : (parse(e164, undefined)?.countryCallingCode ?? '')
  const hidden = Math.max(0, e164.length - 1 - callingCode.length - 2)
  return `+${callingCode}${'*'.repeat(hidden)}${e164.slice(-2)}`
}
