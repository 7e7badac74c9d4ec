import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PhoneCheckError } from '../../src/core/errors.js'
import { maskPhoneNumber, parsePhoneNumber } from '../../src/core/phone-number.js'

const canon = (text: unknown, policy = {}) => {
  try {
    return parsePhoneNumber(text, policy).e164
  } catch (error) {
    if (error instanceof PhoneCheckError) return error.code
    throw error
  }
}

describe('one subscriber has one spelling', () => {
  test.each([
    ['+44 7400 123456', '+447400123456'],
    ['+44(0)7400123456', '+447400123456'],
    ['+4407400123456', '+447400123456'],
    ['+44-7400-123456', '+447400123456'],
    ['+54 9 11 2345 6789', '+5491123456789'],
    ['+52 55 1234 5678', '+525512345678'],
    ['+39 312 345 6789', '+393123456789'],
    ['00447400123456', 'invalid_phone_number'],
    ['+521551234567', 'invalid_phone_number'],
    ['+541123456789', 'number_type_not_allowed'],
    ['+80012345678', 'number_type_not_allowed'],
    ['++12025550100', 'invalid_phone_number'],
    ['tel:+12025550100', 'invalid_phone_number'],
    ['+12025550100;ext=5', 'invalid_phone_number'],
  ])('%s is %s', (text, expected) => {
    expect(canon(text)).toBe(expected)
  })

  test.each([
    ['07400 123456', 'GB', '+447400123456'],
    ['0044 7400 123456', 'GB', '+447400123456'],
    ['(202) 555-0100', 'US', '+12025550100'],
  ])('%s in %s is %s', (text, defaultCountry, expected) => {
    expect(canon(text, { defaultCountry })).toBe(expected)
  })

  test('a national number without a default country says what is missing', () => {
    expect(() => parsePhoneNumber('2025550100', {})).toThrow(/E\.164/)
  })

  test('property: what is accepted is its own canonical form, and made of ASCII digits', () => {
    const alphabet = fc.constantFrom(...'+0123456789 ()-./x٣３')
    const text = fc.oneof(
      fc.string({ unit: alphabet, maxLength: 20 }),
      fc.integer({ min: 0, max: 9_999_999_999 }).map((digits) => `+1${digits}`),
      fc.integer({ min: 0, max: 99_999_999_999 }).map((digits) => `+44${digits}`),
      fc.string(),
    )
    fc.assert(
      fc.property(text, (input) => {
        const once = canon(input)
        if (!once.startsWith('+')) return
        expect(once).toMatch(/^\+[1-9][0-9]{6,14}$/)
        expect(canon(once)).toBe(once)
      }),
      { numRuns: 10_000 },
    )
  })
})

describe('the mask', () => {
  test('keeps the calling code and two digits', () => {
    expect(maskPhoneNumber('+12025550100')).toBe('+1********00')
    expect(maskPhoneNumber('+447400123456')).toBe('+44********56')
  })
})
