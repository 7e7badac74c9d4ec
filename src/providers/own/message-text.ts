import { optionError } from '../../lib/options.js'

/** What a text is made for. */
export interface TextInput {
  code: string
  /** Such as `login`. */
  purpose: string
  /** BCP 47 tag of the user's language, where it is known. */
  locale?: string | undefined
  /** How long the code is good, rounded down. */
  minutes: number
}

/** One text, or texts by language: the user's tag (`de-CH`), then its shorter forms (`de`), then `default`. */
export type TextByLanguage = string | ({ readonly default: string } & Readonly<Record<string, string>>)

/**
 * The text of a message: a function, a template, or templates by purpose, by language, or by
 * purpose and language, with `default` for all others. In a template `{code}` and `{minutes}` are
 * filled in. A purpose that has an entry here is named with more than three letters: shorter ones
 * are languages, which the requester chooses.
 */
export type MessageText =
  | ((input: TextInput) => string)
  | string
  | ({ readonly default: TextByLanguage } & Readonly<Record<string, TextByLanguage>>)

/** How many SMS a text is sent as, and in which alphabet. */
export interface SmsSize {
  segments: number
  alphabet: 'GSM-7' | 'UCS-2'
  /** Characters as the alphabet counts them. */
  length: number
}

// 3GPP TS 23.038 section 6.2.1: one septet each; those of the extension table take two.
const basic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const extended = '\f^{}\\[~]|€'

/**
 * What a text costs as SMS: 160 characters of the GSM alphabet fit in one, or 70 as soon as one
 * character is not of it; of several, 153 or 67 each (3GPP TS 23.038, 23.040).
 */
export function smsSize(text: string): SmsSize {
  const septets = [...text].reduce(
    (sum, character) => sum + (basic.includes(character) ? 1 : extended.includes(character) ? 2 : Number.NaN),
    0,
  )
  if (Number.isNaN(septets)) {
    return { segments: text.length <= 70 ? 1 : Math.ceil(text.length / 67), alphabet: 'UCS-2', length: text.length }
  }
  return { segments: septets <= 160 ? 1 : Math.ceil(septets / 153), alphabet: 'GSM-7', length: septets }
}

/**
 * Makes the function that writes texts, and tries every template once.
 * @param check says what is wrong with a written text
 * @throws TypeError for a template that lacks `{code}` or `default`, or is too long
 */
export function textWriter(
  owner: string,
  text: MessageText,
  check: (sample: string) => string | undefined,
): (input: TextInput) => string {
  if (typeof text === 'function') return text
  for (const [path, template] of templatesOf(owner, 'text', text)) {
    if (typeof template !== 'string' || template.split('{code}').length !== 2)
      throw optionError(owner, path, 'must be a text that holds {code} once')
    const fault = check(fill(template, { code: '0'.repeat(10), minutes: 10 }))
    if (fault !== undefined) throw optionError(owner, path, fault)
  }
  return (input) => fill(templateFor(text, input), input)
}

function fill(template: string, { code, minutes }: Pick<TextInput, 'code' | 'minutes'>): string {
  return template.replace('{code}', code).replaceAll('{minutes}', String(minutes))
}

/** Every template, with its path for errors. */
function templatesOf(owner: string, path: string, text: unknown): [string, unknown][] {
  if (typeof text !== 'object' || text === null) return [[path, text]]
  if (!Object.hasOwn(text, 'default')) throw optionError(owner, `${path}.default`, 'is missing; it is for all others')
  return Object.entries(text).flatMap(([key, value]) => templatesOf(owner, `${path}.${key}`, value))
}

function templateFor(text: Exclude<MessageText, (input: TextInput) => string>, { purpose, locale }: TextInput): string {
  if (typeof text === 'string') return text
  const chosen = lookUp(text, [purpose, ...languagesOf(locale)]) ?? text.default
  return typeof chosen === 'string' ? chosen : (lookUp(chosen, languagesOf(locale)) ?? chosen.default)
}

/**
 * A tag and its shorter forms (RFC 4647 section 3.4), such as `zh-Hant-TW`, `zh-Hant`, `zh`.
 *
 * The requester chooses it, and `login` would be a tag by its form: the message of a payout would
 * have the text for logins. No language has more than three letters (RFC 5646 section 2.2.1).
 */
function languagesOf(locale: string | undefined): string[] {
  const parts = locale !== undefined && /^[a-z]{2,3}(-|$)/.test(locale) ? locale.split('-') : []
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'))
}

/** Own entries alone: a purpose or a language is never looked up on a prototype. */
function lookUp<T>(table: Readonly<Record<string, T>>, keys: readonly string[]): T | undefined {
  const key = keys.find((name) => Object.hasOwn(table, name))
  return key === undefined ? undefined : table[key]
}
