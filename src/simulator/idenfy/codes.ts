import { randomInt } from 'node:crypto'

export function randomDigits(length: number): string {
  return String(randomInt(10 ** length)).padStart(length, '0')
}

/**
 * The drawer of a caller's codes, held to what iDenfy sends. Default: random ones.
 * @throws TypeError, at each draw, for anything but four digits.
 */
export function fourDigits(draw: () => string = () => randomDigits(4)): () => string {
  return () => {
    const code = draw()
    if (!/^\d{4}$/.test(code)) throw new TypeError('codes() must return four digits')
    return code
  }
}
