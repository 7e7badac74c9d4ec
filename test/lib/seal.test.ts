import fc from 'fast-check'
import { expect, test } from 'vitest'
import { flowId, flowKey } from '../../src/flow/record.js'
import { createSecret, fingerprint, keyedHash, matches, sealFor } from '../../src/lib/crypto.js'

const key = flowKey('a handle')

test('only the same secret, flow and context open a seal', () => {
  const secret = createSecret()
  const sealed = sealFor(secret, key).close({ number: '+12025550100' }, 'context')
  expect(sealFor(secret, key).open(sealed, 'context')).toEqual({ number: '+12025550100' })
  expect(sealFor(createSecret(), key).open(sealed, 'context')).toBeUndefined()
  expect(sealFor(secret, flowKey('another')).open(sealed, 'context')).toBeUndefined()
  expect(sealFor(secret, key).open(sealed, 'other context')).toBeUndefined()
})

test('property: a damaged seal does not open', () => {
  const seal = sealFor(createSecret(), key)
  const bytes = Buffer.from(seal.close('content', 'context'), 'base64url')
  fc.assert(
    fc.property(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(bytes.length - 1),
      (at, flip, cut) => {
        const flipped = Buffer.from(bytes)
        flipped[at] = (flipped[at] ?? 0) ^ flip
        expect(seal.open(flipped.toString('base64url'), 'context')).toBeUndefined()
        expect(seal.open(bytes.subarray(0, cut).toString('base64url'), 'context')).toBeUndefined()
      },
    ),
  )
})

test('the same content never seals to the same text', () => {
  const seal = sealFor(createSecret(), key)
  expect(new Set(Array.from({ length: 1_000 }, () => seal.close('content', 'context'))).size).toBe(1_000)
})

test('secrets are 256 bits and do not repeat, across many refills of the pool', () => {
  const secrets = Array.from({ length: 10_000 }, createSecret)
  expect(new Set(secrets).size).toBe(10_000)
  for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  const ones = secrets.reduce(
    (sum, secret) => sum + Buffer.from(secret, 'base64url').reduce((bits, byte) => bits + (byte & 1), 0),
    0,
  )
  expect(ones / (10_000 * 32)).toBeCloseTo(0.5, 1)
})

test('the public id says nothing of the handle and begins its key', () => {
  const handle = createSecret()
  expect(flowId(flowKey(handle))).toMatch(/^[0-9a-f]{16}$/)
  expect(flowKey(handle).startsWith(flowId(flowKey(handle)))).toBe(true)
})

test('fingerprints compare, also when lengths differ', () => {
  expect(matches('value', fingerprint('value'))).toBe(true)
  expect(matches('other', fingerprint('value'))).toBe(false)
  expect(matches('value', 'short')).toBe(false)
})

test('a number’s hash depends on the application’s secret', () => {
  const [one, two] = [keyedHash('secret one', 'info'), keyedHash('secret two', 'info')]
  expect(one('+12025550100')).not.toBe(two('+12025550100'))
  expect(one('+12025550100')).toBe(keyedHash('secret one', 'info')('+12025550100'))
})
