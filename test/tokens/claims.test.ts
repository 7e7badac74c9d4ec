import { describe, expect, test } from 'vitest'
import { checkedClaims, checkedSubject, isAccessTokenClaims } from '../../src/tokens/claims.js'
import { audience, goodClaims, issuer, type Json, phoneNumber } from '../support/tokens/tokens.js'

const now = 1_767_225_600
const claims = (changes: Json = {}) => goodClaims({ now: () => now * 1000 }, changes)
const isGood = (payload: unknown) => isAccessTokenClaims(payload, { issuer, audience, now })

/** What a JWT library lets through is judged once more: these need no help of one. */
describe('claims are refused by our own look at them', () => {
  test('and the ones that the others are made of are good', () => {
    expect(isGood(claims())).toBe(true)
    expect(isGood(claims({ sid: 'a', rev: 'a.b' }))).toBe(true)
  })

  test.each([[undefined], [null], ['user-1'], [1], [[]]])('a payload that is %j', (payload) => {
    expect(isGood(payload)).toBe(false)
  })

  test('another issuer or audience', () => {
    expect(isGood(claims({ iss: 'https://other.example' }))).toBe(false)
    expect(isGood(claims({ aud: 'https://other.example' }))).toBe(false)
  })

  test.each([
    ['issued 30 s ahead, as clocks may differ', { iat: now + 30 }, true],
    ['issued 31 s ahead', { iat: now + 31 }, false],
    ['that ends when it begins', { iat: now, exp: now }, false],
    ['that lives 15 minutes', { iat: now, exp: now + 900 }, true],
    ['that lives a second longer', { iat: now, exp: now + 901 }, false],
    ['that ended 29 s ago', { iat: now - 100, exp: now - 29 }, true],
    ['that ended 30 s ago', { iat: now - 100, exp: now - 30 }, false],
  ])('a token %s', (_name, times, good) => {
    expect(isGood(claims(times))).toBe(good)
  })

  test('one method among good ones that is no text', () => {
    expect(isGood(claims({ amr: ['phonecheck', 1] }))).toBe(false)
  })

  test('texts longer than 255 characters', () => {
    expect(isGood(claims({ sub: 'x'.repeat(255) }))).toBe(true)
    expect(isGood(claims({ sub: 'x'.repeat(256) }))).toBe(false)
  })
})

test('an id is judged by its form alone where no number is known: it may look like one', () => {
  expect(checkedSubject(phoneNumber.slice(1), undefined)).toBe(phoneNumber.slice(1))
  expect(() => checkedSubject('', undefined)).toThrow('subject must return a string')
})

test('claims may be an object without a prototype', () => {
  const own: Json = Object.assign(Object.create(null), { plan: 'gold' })
  expect(checkedClaims(own)).toEqual({ plan: 'gold' })
})
