/**
 * The zeros of all scripts that have decimal digits, as Unicode's character names say: independent
 * of how the library finds them.
 */
export const zeros: readonly number[] = Array.from({ length: 0x110000 }, (_, codePoint) => codePoint).filter(
  (codePoint) => /\p{Nd}/u.test(String.fromCodePoint(codePoint)) && isZero(codePoint),
)

/** The digits of one script compare as numbers in every locale: the one that equals 0 is its zero. */
function isZero(codePoint: number): boolean {
  return (
    new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare(String.fromCodePoint(codePoint), '0') === 0
  )
}

/** ASCII digits in another script; other characters stay. */
export function inScript(text: string, zero: number): string {
  return text.replace(/[0-9]/g, (digit) => String.fromCodePoint(zero + Number(digit)))
}

/**
 * Blanks, and marks that are not seen, as contacts apps, web pages and right-to-left keyboards add
 * them. No line breaks.
 */
export const unseen = [
  ...' \t\u00a0\u1680\u2000\u2002\u2003\u2007\u2009\u200a\u202f\u205f\u3000',
  ...'\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff',
]

/** What is typed for a dash. */
export const dashes = [...'-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\ufe58\ufe63\uff0d\u058a\u05be']
