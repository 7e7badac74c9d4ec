import fc from 'fast-check'
import { getCountries, getExampleNumber } from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import { describe, expect, test } from 'vitest'
import { PhoneCheckError } from '../../src/lib/errors.js'
import {
  holdsNumber,
  maskPhoneNumber,
  parsePhoneNumber,
  regionOfNumbers,
  subscriberOf,
} from '../../src/lib/phone-number.js'

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
    ['+52 1 55 1234 5678', '+525512345678'],
    ['+54 9 11 15 2345 6789', '+5491123456789'],
    ['+54 11 15 2345 6789', '+5491123456789'],
    ['+55 11 98765 4321', '+5511987654321'],
    ['(+44) 7400 123456', '+447400123456'],
    ['+1.202.555.0100', '+12025550100'],
    ['[+1] 202/555~0100', '+12025550100'],
    ['\u202d+1 (202) 555-0100\u202c', '+12025550100'],
    ['\u2068+1 202 555 0100\u2069', '+12025550100'],
    ['\u200e+12025550100', '+12025550100'],
    ['\ufeff+12025550100\u200b', '+12025550100'],
    ['+1\u00a0202\u00a0555\u202f0100', '+12025550100'],
    ['+1\u2011202\u2013555\u22120100', '+12025550100'],
    ['+81 90ー1234ー5678', '+819012345678'],
    ['＋１２０２５５５０１００', '+12025550100'],
    ['＋１（２０２）５５５－０１００', '+12025550100'],
    ['+١٢٠٢٥٥٥٠١٠٠', '+12025550100'],
    ['+۱۲۰۲۵۵۵۰۱۰۰', '+12025550100'],
    ['+१२०२५५५०१००', '+12025550100'],
    ['+𝟏𝟐𝟎𝟐𝟓𝟓𝟓𝟎𝟏𝟎𝟎', '+12025550100'],
    ['+39 312 345 6789', '+393123456789'],
    ['00447400123456', 'invalid_phone_number'],
    ['+521551234567', 'invalid_phone_number'],
    ['+53155123456789', 'invalid_phone_number'],
    ['+55 11 8765 4321', 'invalid_phone_number'],
    ['+225 07 12 34 56', 'invalid_phone_number'],
    ['+1202555010٠', 'invalid_phone_number'],
    ['+١٢٠٢٥٥٥٠١۰۰', 'invalid_phone_number'],
    ['+𝟏𝟐𝟎𝟐𝟓𝟓𝟓𝟎𝟏𝟎𝟬', 'invalid_phone_number'],
    ['+1²02555010', 'invalid_phone_number'],
    ['+1202555010⓪', 'invalid_phone_number'],
    ['1️⃣2025550100', 'invalid_phone_number'],
    ['+1202+5550100', 'invalid_phone_number'],
    ['+12025550100,+12025550101', 'invalid_phone_number'],
    ['+12025550100/+12025550101', 'invalid_phone_number'],
    ['+12025550100\n', 'invalid_phone_number'],
    ['+1202555\u20280100', 'invalid_phone_number'],
    ['+12025550100\u0000', 'invalid_phone_number'],
    ['+12025550100#5', 'invalid_phone_number'],
    ['+12025550100 x5', 'invalid_phone_number'],
    ['+1202CALLME', 'invalid_phone_number'],
    [`${'\u200b'.repeat(80)}+12025550100`, 'invalid_phone_number'],
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
    ['٢٠٢٥٥٥٠١٠٠', 'US', '+12025550100'],
    ['55 1234 5678', 'MX', '+525512345678'],
    ['1 55 1234 5678', 'MX', '+525512345678'],
    ['01 55 1234 5678', 'MX', '+525512345678'],
    ['044 55 1234 5678', 'MX', '+525512345678'],
    ['045 55 1234 5678', 'MX', '+525512345678'],
    ['11 2345-6789', 'AR', '+5491123456789'],
    ['011 2345-6789', 'AR', '+5491123456789'],
    ['11 15 2345-6789', 'AR', '+5491123456789'],
    ['011 15 2345-6789', 'AR', '+5491123456789'],
    ['9 11 2345-6789', 'AR', '+5491123456789'],
    ['221 456-7890', 'AR', '+5492214567890'],
  ])('%s in %s is %s', (text, defaultCountry, expected) => {
    expect(canon(text, { defaultCountry })).toBe(expected)
  })

  test('a national number without a default country says what is missing', () => {
    expect(() => parsePhoneNumber('2025550100', {})).toThrow(/E\.164/)
  })

  test.each([
    ['+54 11 2345 6789', {}, /9 after \+54/],
    ['+55 11 8765 4321', {}, /nine digits/],
    ['11 8765 4321', { defaultCountry: 'BR' }, /nine digits/],
  ])('%s is refused with what is missing', (text, policy, expected) => {
    expect(() => parsePhoneNumber(text, policy)).toThrow(expected)
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

describe('regions', () => {
  test('property of the plan: a region has mobile numbers of its own, or the region is named whose numbers it uses', () => {
    const shared = getCountries().flatMap((country) => {
      const { number = '' } = getExampleNumber(country, examples) ?? {}
      const found = parsePhoneNumber(number, {}).country
      return found === country ? [] : [[country, found]]
    })
    // The example for the Isle of Man is a number that it shares with Great Britain; others are its own.
    expect(parsePhoneNumber('+447624123456', {}).country).toBe('IM')
    expect(shared.filter(([country]) => country !== 'IM')).toEqual(
      getCountries().flatMap((country) => (regionOfNumbers(country) ? [[country, regionOfNumbers(country)]] : [])),
    )
    expect(shared).toHaveLength(9)
  })

  test.each([
    ['+972599123456', '+970599123456'],
    ['+972569123456', '+970569123456'],
    ['+970599123456', '+970599123456'],
    ['+972502345678', '+972502345678'],
    ['+12025550100', '+12025550100'],
  ])('the subscriber of %s is counted as %s', (e164, counted) => {
    expect(subscriberOf(e164)).toBe(counted)
  })
})

describe('a text that is a number, or holds one', () => {
  test.each([
    ['447400123456', '+447400123456', true],
    ['07400 123456', '+447400123456', true],
    ['7400123456', '+447400123456', true],
    ['0044-7400-123456', '+447400123456', true],
    ['uk:07400123456:2', '+447400123456', true],
    ['٧٤٠٠١٢٣٤٥٦', '+447400123456', true],
    ['11 15 2345-6789', '+5491123456789', true],
    ['1123456789', '+5491123456789', true],
    ['044 55 1234 5678', '+525512345678', true],
    ['98401234', '+37698401234', true],
    // Numbers of six digits, of Andorra: alone they are the number, in a longer text they may be there by chance.
    ['312345', '+376312345', true],
    ['312345-a', '+376312345', false],
    ['7400123457', '+447400123456', false],
    ['8f14e45f-ceea-467f-a9d6-2c0f8a5b1e3d', '+447400123456', false],
    ['184467440737095516', '+447400123456', false],
    ['user', '+447400123456', false],
  ])('%s, of %s: %s', (text, e164, held) => {
    expect(holdsNumber(text, e164)).toBe(held)
  })
})

describe('the mask', () => {
  test('keeps the calling code and two digits', () => {
    expect(maskPhoneNumber('+12025550100')).toBe('+1********00')
    expect(maskPhoneNumber('+447400123456')).toBe('+44********56')
  })
})
