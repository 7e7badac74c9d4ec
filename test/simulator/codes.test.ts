import { expect, it } from 'vitest'
import { fourDigits } from '../../src/simulator/idenfy/codes.js'

it('draws four digits, leading zeros included', () => {
  const draw = fourDigits()
  const drawn = Array.from({ length: 5000 }, draw)
  expect(drawn.every((code) => /^\d{4}$/.test(code))).toBe(true)
  // The chance that none of so many is below 1000 is 10^-229.
  expect(drawn.some((code) => code.startsWith('0'))).toBe(true)
  expect(new Set(drawn).size).toBeGreaterThan(3000)
})
