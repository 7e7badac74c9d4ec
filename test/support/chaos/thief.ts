import { createHmac, hash } from 'node:crypto'
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { keyedHash } from '../../../src/lib/crypto.js'

/** What must not be learnt from a dump of a store. */
export interface Secrets {
  /** E.164. */
  numbers: readonly string[]
  /** Long enough not to turn up by chance. */
  texts: readonly string[]
  /** Short ones, such as codes: they count where they stand alone. */
  words: readonly string[]
}

const hashes = ['md5', 'sha1', 'sha256', 'sha512']
/** Keys that everybody knows are none. */
const publicKeys = ['', 'passport-phonecheck']
const info = 'passport-phonecheck/counter/1'

// 64 bits are enough to recognise a digest by, however much of it was kept.
const hexPrefix = 16
const base64Prefix = 11

/**
 * Whoever has a dump of a store, all of our source, and time for a dictionary of numbers; but
 * neither the application's secret nor any user's.
 */
export class Thief {
  readonly #dump: string
  readonly #hex: string
  readonly #base64: string
  readonly #hexDigests: ReadonlySet<string>
  readonly #base64Digests: ReadonlySet<string>
  readonly #words: readonly string[]

  constructor(dump: string) {
    this.#dump = dump
    this.#hex = dump.toLowerCase()
    this.#base64 = dump.replaceAll('-', '+').replaceAll('_', '/')
    this.#hexDigests = windows(this.#hex, /[0-9a-f]+/g, hexPrefix)
    this.#base64Digests = windows(this.#base64, /[A-Za-z0-9+/]+/g, base64Prefix)
    this.#words = [...new Set([...(dump.match(/[\w-]{4,}/g) ?? []), ...(dump.match(/[\w+/=-]{4,}/g) ?? [])])]
  }

  /** Everything that is learnt, and how. */
  findings({ numbers, texts, words }: Secrets): string[] {
    const found: string[] = []
    const note = (secret: string, how: string | undefined) => how !== undefined && found.push(`${secret}: ${how}`)
    // Instants are milliseconds of a login: by chance one has the four digits of a code.
    const instants = /"(?:rungSince|rungUntil|sentAt|polledAt|stepAfter|leaseUntil|provenUntil)":\d+/g
    const alone = new Set(this.#dump.replace(instants, '').match(/[A-Za-z0-9]+/g))
    for (const number of numbers) {
      for (const form of writtenAs(number)) note(number, this.#reads(form))
    }
    for (const text of texts) note(text, this.#reads(text))
    for (const word of words) note(word, alone.has(word) ? 'stands there' : undefined)
    for (const prefix of new Set(['', ...numbers.map((number) => number.slice(0, -4))])) {
      for (const { of, how, hex, base64 } of dictionary(prefix)) if (this.#knows(hex, base64)) note(of, how)
    }
    for (const [number, how] of this.#unsalted(numbers)) note(number, how)
    return found
  }

  /** A text that stands there in some spelling. */
  #reads(text: string): string | undefined {
    const bytes = Buffer.from(text)
    if (this.#dump.includes(text)) return 'stands there'
    if (this.#dump.includes([...text].reverse().join(''))) return 'reversed'
    if (this.#hex.includes(bytes.toString('hex'))) return 'in hex'
    if (this.#hex.includes(Buffer.from(text, 'utf16le').toString('hex'))) return 'in hex, as UTF-16'
    if (this.#dump.includes(encodeURIComponent(text))) return 'percent-encoded'
    if (this.#hex.includes([...bytes].map((byte) => `%${byte.toString(16)}`).join('')))
      return 'percent-encoded throughout'
    // Base64 spells a text in three ways, depending on what stands before it.
    for (const before of [0, 1, 2]) {
      const spelt = Buffer.concat([Buffer.alloc(before), bytes])
        .toString('base64')
        .replace(/=+$/, '')
      const certain = spelt.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3))
      if (this.#base64.includes(certain)) return 'in base64'
    }
    return undefined
  }

  /** Numbers whose digest was salted, or keyed, with something that stands there as well. */
  *#unsalted(numbers: readonly string[]): Iterable<[number: string, how: string]> {
    for (const salt of this.#words) {
      const ours = keyedHash(salt, info)
      for (const number of numbers) {
        for (const form of [number, number.slice(1), `number ${number}`]) {
          const digests = [
            hash('sha256', salt + form, 'buffer'),
            hash('sha256', form + salt, 'buffer'),
            hash('sha256', `${salt}:${form}`, 'buffer'),
            createHmac('sha256', salt).update(form).digest(),
            Buffer.from(ours(form), 'base64url'),
          ]
          if (digests.some((digest) => this.#knows(...prefixes(digest))))
            yield [number, `as a hash of ${form} with the salt ${salt}`]
        }
      }
    }
  }

  #knows(hex: string, base64: string): boolean {
    return this.#hexDigests.has(hex) || this.#base64Digests.has(base64)
  }
}

interface Entry {
  of: string
  how: string
  hex: string
  base64: string
}

const dictionaries = new Map<string, Entry[]>()

/**
 * The ten thousand numbers that begin like that, or, for no number at all, the codes, and all that
 * could have been made of them without a secret.
 */
function dictionary(prefix: string): readonly Entry[] {
  const known = dictionaries.get(prefix)
  if (known) return known
  const entries: Entry[] = []
  const add = (of: string, how: string, digest: Buffer) => {
    const [hex, base64] = prefixes(digest)
    entries.push({ of, how, hex, base64 })
  }
  const ours = publicKeys.map((key) => ({ key, hashed: keyedHash(key, info) }))
  for (let n = 0; n < 10_000; n++) {
    const text = prefix + String(n).padStart(4, '0')
    for (const form of prefix === '' ? [text, JSON.stringify(text)] : hashedAs(text)) {
      for (const name of hashes) add(text, `as ${name} of ${form}`, hash(name, form, 'buffer'))
    }
    const form = prefix === '' ? text : `number ${text}`
    for (const { key, hashed } of ours) {
      add(text, `as our own hash with the secret '${key}'`, Buffer.from(hashed(form), 'base64url'))
      add(text, `as an HMAC with the key '${key}'`, createHmac('sha256', key).update(text).digest())
    }
  }
  dictionaries.set(prefix, entries)
  return entries
}

const prefixes = (digest: Buffer) =>
  [digest.toString('hex', 0, hexPrefix / 2), digest.toString('base64', 0, 9).slice(0, base64Prefix)] as const

function windows(text: string, runs: RegExp, length: number): Set<string> {
  const all = new Set<string>()
  for (const [run] of text.matchAll(runs)) {
    for (let at = 0; at + length <= run.length; at++) all.add(run.slice(at, at + length))
  }
  return all
}

function writtenAs(number: string): string[] {
  const parsed = parsePhoneNumberFromString(number)
  if (!parsed) throw new Error('not a number')
  const { nationalNumber: national } = parsed
  const grouped = [parsed.formatNational(), parsed.formatInternational(), parsed.formatNational().replace(/\D+/g, '.')]
  return [...grouped, parsed.formatNational().replace(/\D+/g, '-').replace(/^-/, ''), national]
}

/** What somebody could have hashed; the last one as we do. */
function hashedAs(number: string): string[] {
  const digits = number.slice(1)
  return [number, digits, digits.slice(1), `tel:${number}`, JSON.stringify(number), `number ${number}`]
}
