import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { parsePhoneNumber } from '../../src/lib/phone-number.js'
import { asciiDigits, typedCode } from '../../src/lib/typed-text.js'
import { dashes, inScript, unseen, zeros } from '../support/keyboards.js'

const numbers = ['+12025550100', '+447400123456', '+525512345678', '+5491123456789', '+819012345678', '+393123456789']

const canon = (text: string) => {
  try {
    return parsePhoneNumber(text, {}).e164
  } catch (error) {
    if (error instanceof PhoneCheckError) return error.code
    throw error
  }
}

const script = fc.constantFrom(...zeros)
const mark = fc.constantFrom(...unseen, ...dashes)
const noise = fc.array(mark, { maxLength: 3 }).map((marks) => marks.join(''))

/** The text with noise before, between and behind its characters. */
function noisy(text: string, between: readonly string[]): string {
  return [...text].reduce((all, character, index) => all + character + (between[index + 1] ?? ''), between[0] ?? '')
}

const spelling = fc.tuple(
  fc.constantFrom(...numbers),
  script,
  fc.array(noise, { maxLength: 14 }),
  fc.constantFrom('+', '＋'),
)

describe('a number', () => {
  test('property: digits of any script, and any blanks, dashes and marks, are the same subscriber', () => {
    fc.assert(
      fc.property(spelling, ([number, zero, between, plus]) => {
        expect(canon(noisy(inScript(number, zero).replace('+', plus), between))).toBe(number)
      }),
      { numRuns: 3_000 },
    )
  })

  test('property: digits of two scripts in one number are refused', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...numbers),
        script,
        script,
        fc.integer({ min: 1, max: 10 }),
        (number, one, other, at) => {
          fc.pre(one !== other)
          expect(canon(inScript(number.slice(0, at + 1), one) + inScript(number.slice(at + 1), other))).toBe(
            'invalid_phone_number',
          )
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('property: a letter, a separator of lists, another plus, a line break or an extension, wherever it is put, is refused', () => {
    const foreign = fc.oneof(
      fc.constantFrom(
        ',',
        ';',
        '+',
        '\n',
        '\r',
        '\u2028',
        ';ext=5',
        'x5',
        '#5',
        '*',
        '@',
        ':',
        '&',
        '|',
        '\u0000',
        'é',
        'ⅷ',
        '八',
        '②',
      ),
      fc.string({ unit: fc.constantFrom(...'abcxyzßαд漢'), minLength: 1, maxLength: 3 }),
    )
    fc.assert(
      fc.property(spelling, foreign, fc.nat({ max: 12 }), ([number, zero], what, at) => {
        const text = inScript(number, zero)
        const characters = [...text]
        // Behind the plus: a plus before it is doubled, which is refused as well.
        characters.splice(1 + (at % characters.length), 0, what)
        expect(canon(characters.join(''))).toBe('invalid_phone_number')
      }),
      { numRuns: 3_000 },
    )
  })

  test('property: two numbers are never one', () => {
    const between = fc.constantFrom(' ', '/', '-', '\u00a0', '\u200b', '~')
    fc.assert(
      fc.property(fc.constantFrom(...numbers), fc.constantFrom(...numbers), between, (one, other, gap) => {
        expect(canon(one + gap + other)).toBe('invalid_phone_number')
        expect(canon(one + gap + other.slice(1))).toBe('invalid_phone_number')
      }),
    )
  })
})

describe('a code', () => {
  const codes = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 4, maxLength: 10 })

  test('property: digits of any script, and any blanks, dashes and marks, are the same code', () => {
    fc.assert(
      fc.property(codes, script, fc.array(noise, { maxLength: 11 }), (code, zero, between) => {
        expect(typedCode(noisy(inScript(code, zero), between))).toBe(code)
      }),
      { numRuns: 3_000 },
    )
  })

  test('property: what holds anything else, or digits of two scripts, is no row of digits', () => {
    fc.assert(
      fc.property(codes, script, script, (code, one, other) => {
        fc.pre(one !== other)
        expect(typedCode(inScript(code.slice(0, 2), one) + inScript(code.slice(2), other))).not.toMatch(/^[0-9]+$/)
      }),
    )
    for (const text of ['90S3', '9O53', '9053!', '90,53', '９0५3', '⑨⓪⑤③', '九〇五三'])
      expect(typedCode(text)).not.toMatch(/^[0-9]+$/)
  })
})

test('every decimal digit of Unicode is its own value, and nothing else becomes a digit', () => {
  const wanted = new Map(
    zeros.flatMap((zero) =>
      Array.from({ length: 10 }, (_, value) => [String.fromCodePoint(zero + value), String(value)] as const),
    ),
  )
  const wrong: string[] = []
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
    const character = String.fromCodePoint(codePoint)
    if (asciiDigits(character) !== (wanted.get(character) ?? character)) wrong.push(codePoint.toString(16))
  }
  expect(wrong).toEqual([])
  expect(wanted.size).toBeGreaterThan(600)
})
