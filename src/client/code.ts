/**
 * Blanks, dashes of all scripts (the minus and the long-vowel mark of Japanese keyboards are used as
 * such), and what is not seen: all that the server drops, and some more of their kinds.
 */
const marks = /[\s\p{Cf}\p{Pd}\u180e\u2065\u2212\u30fc]/gu

/**
 * A code without them. Digits of other scripts stay: the server, which has Unicode whole, reads
 * them as ASCII digits.
 */
export function typedCode(text: string): string {
  return text.replace(marks, '')
}
