/**
 * What keyboards, address books and web pages put around the digits that a user means. Numbers and
 * codes are read by the same rules, so that one subscriber has one spelling and no user is refused
 * for the keyboard they have.
 */

/** Blanks, and characters that are not seen: zero widths, directions, joiners, byte order marks. */
const unseen = /[\s\p{Cf}\u180e\u2065]/gu
/**
 * Dashes of all scripts, the minus, and the long-vowel mark that Japanese keyboards give for one.
 * The client drops the same.
 */
const dashes = /[\p{Pd}\u2212\u30fc]/gu

/** Without blanks, dashes and what is not seen. */
export function withoutMarks(text: string): string {
  return text.replace(unseen, '').replace(dashes, '')
}

/**
 * Decimal digits of one script, whichever it is, as ASCII digits. All other characters stay.
 * @returns undefined when digits of several scripts are mixed: nobody types so, and a reader cannot tell what is meant
 */
export function asciiDigits(text: string): string | undefined {
  const zeros = new Set<number>()
  const plain = text.replace(/\p{Nd}/gu, (digit) => {
    const codePoint = digit.codePointAt(0) ?? 0
    const zero = zeroOf(codePoint)
    zeros.add(zero)
    return String(codePoint - zero)
  })
  return zeros.size > 1 ? undefined : plain
}

/** Unicode keeps the ten digits of a script together, zero first. The only sets that touch each other are ten apart. */
function zeroOf(codePoint: number): number {
  let before = codePoint
  while (/\p{Nd}/u.test(String.fromCodePoint(before - 1))) before -= 1
  return codePoint - ((codePoint - before) % 10)
}

/** A typed code as its vendor wrote it. What cannot be one stays as it is, for the rung's grammar to refuse. */
export function typedCode(text: string): string {
  const code = withoutMarks(text)
  return asciiDigits(code) ?? code
}
