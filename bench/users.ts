/**
 * The id under which every contestant knows the owner of a number. It does not show the number:
 * ours refuses a token that would.
 */
export function userOf(number: string): string {
  return `user-${Number(number.slice(1)).toString(36)}`
}
