import type { Verdict } from './checks.js'

/** The vendor's sandbox rule: 99 fails, an even digit matches, any other odd one does not. */
export function sandboxVerdict(phoneNumber: string): Verdict {
  // 99 first, because it is odd too.
  if (phoneNumber.endsWith('99')) return { errorCode: 'mno_server_error' }
  return { match: Number(phoneNumber.at(-1)) % 2 === 0 }
}
