/** E.164 with its plus, or undefined. The vendor takes the plus or leaves it. */
export function e164(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const match = /^\+?([1-9]\d{6,14})$/.exec(value)
  return match?.[1] === undefined ? undefined : `+${match[1]}`
}

/** A path that may be shown: numbers that a caller put there by mistake are hidden, check ids and versions stay. */
export function publicPath(path: string): string {
  return path
    .split('/')
    .map((segment) => (/^(\+|%2b)?\d{7,}$/i.test(segment) ? '[number]' : segment))
    .join('/')
}

/** A number that may be shown: only its last four digits. A short code is nobody's and stays. */
export function masked(number: string): string {
  return number.length < 8 ? number : number.slice(0, -4).replace(/\d/g, '*') + number.slice(-4)
}
