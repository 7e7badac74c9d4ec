import { describe, expect, test } from 'vitest'
import { AccessTokens } from '../../src/tokens/access-token.js'
import type { AccessTokenClaims } from '../../src/tokens/claims.js'
import { readHeader } from '../../src/tokens/header.js'
import { type JwtKey, KeyRing } from '../../src/tokens/keys.js'
import { hmacSecret, keys, pem, rsa } from '../support/tokens/keys.js'

const now = 1_767_225_600
const [issuer, audience] = ['https://app.example', 'https://api.example']
const claims: AccessTokenClaims = {
  iss: issuer,
  aud: audience,
  sub: 'user-1',
  iat: now,
  exp: now + 600,
  jti: 'x',
  auth_time: now,
  amr: ['phonecheck'],
  acr: 'high',
}

const tokens = (...ring: JwtKey[]) => new AccessTokens(new KeyRing(ring), issuer, audience)
const ours = tokens(keys.HS256)
const token = ours.sign(claims)
const [head = '', body = '', signature = ''] = token.split('.')
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = { alg: 'HS256', typ: 'at+jwt', kid: 'hs' }
const withHeader = (changes: object) => `${encode({ ...header, ...changes })}.${body}.${signature}`

describe('a key ring', () => {
  test('with a public key first verifies, and says so when it is to sign', () => {
    const verifier = tokens({ kid: 'rs', algorithm: 'RS256', publicKey: pem(rsa.publicKey) })
    expect([verifier.canSign, ours.canSign]).toEqual([false, true])
    expect(() => verifier.sign(claims)).toThrow(/^JwtSettings: keys\[0\] has no privateKey/)
    expect(verifier.read(tokens(keys.RS256).sign(claims), now)).toMatchObject(claims)
  })
})

describe('a refused token is told to the operator by what is wrong with it', () => {
  test.each([
    ['no token', 'x', 'malformed'],
    ['a key of another name', withHeader({ kid: 'other' }), 'unknown_key'],
    ['an algorithm that is not the one of its key', withHeader({ alg: 'HS512' }), 'unknown_key'],
    ['another signature', tokens({ ...keys.HS256, secret: `${hmacSecret}!` }).sign(claims), 'signature'],
    ['another audience', ours.sign({ ...claims, aud: 'https://other.example' }), 'claims'],
    ['claims that are not those of an access token', ours.sign({ ...claims, amr: [] }), 'claims'],
    ['its time', ours.sign({ ...claims, iat: now - 700, exp: now - 31 }), 'expired'],
  ])('%s', (_name, refused, reason) => {
    expect(ours.read(refused, now)).toBe(reason)
  })
})

test('a token of 8192 characters is signed and read; a longer one is neither', () => {
  const signed = (length: number) => {
    const essay = Object.assign({}, claims, { essay: 'x'.repeat(length) })
    return ours.sign(essay)
  }
  let longest = ''
  let refused: unknown
  for (let length = 5_500; refused === undefined; length++) {
    try {
      longest = signed(length)
    } catch (error) {
      refused = error
    }
  }
  expect(longest.length).toBe(8_192)
  expect(ours.read(longest, now)).toMatchObject(claims)
  expect(refused).toMatchObject({ message: expect.stringMatching(/^JwtSettings: claims make the token too long/) })
  expect(readHeader(longest)).toBeDefined()
  expect(readHeader(`${longest}A`)).toBeUndefined()
})

describe('a header', () => {
  test('is read where it is one of ours', () => {
    expect(readHeader(token)).toEqual({ alg: 'HS256', kid: 'hs' })
    expect(head).toBe(encode(header))
  })

  test.each([
    ['four parts', `${token}.${body}`],
    ['two parts', `${head}.${body}`],
    ['a space before', ` ${token}`],
    ['a line after', `${token}\n`],
    ['an alg that is a list', withHeader({ alg: ['HS256'] })],
    ['a kid that is a number', withHeader({ kid: 0 })],
    ['another typ', withHeader({ typ: 'JWT' })],
    ['more than it should', withHeader({ jku: 'https://evil.example' })],
    ['less than it should', withHeader({ kid: undefined })],
    ['null', `${encode(null)}.${body}.${signature}`],
    ['text', `${encode('x')}.${body}.${signature}`],
    ['no JSON', `${Buffer.from('{').toString('base64url')}.${body}.${signature}`],
  ])('is none with %s', (_name, text) => {
    expect(readHeader(text)).toBeUndefined()
  })
})
