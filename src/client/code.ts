/** Blanks, dashes and what is not seen: the same characters that the server drops. */
const marks =
  /[\s\u00ad\u061c\u180e\u200b-\u2015\u202a-\u202e\u2060-\u206f\u058a\u05be\u1806\u2212\u301c\u30fc\ufe58\ufe63\uff0d-]/g

/**
 * A code without them. Digits of other scripts stay: the server, which has Unicode whole, reads
 * them as ASCII digits.
 */
export function typedCode(text: string): string {
  return text.replace(marks, '')
}
