import { describe, expect, test } from 'vitest'
import { unableReasons } from '../../src/contracts/unable-reason.js'
import { PhoneCheckError } from '../../src/lib/errors.js'
import type { LoginContext } from '../../src/login/context.js'
import { closesOneRung, endsLadder, isSuspicious, type LeaveReason } from '../../src/login/failure-policy.js'

const strategy = (deviceIp?: 'off' | 'prefer' | 'require') => ({ settings: { deviceIp } }) as LoginContext
const reasons: LeaveReason[] = [...unableReasons, 'mismatch', 'tries']

describe('a rung that was left', () => {
  test.each([[undefined], ['off'], ['prefer']] as const)('never ends the ladder where deviceIp is %s', (deviceIp) => {
    expect(reasons.filter((reason) => endsLadder(strategy(deviceIp), reason))).toEqual([])
  })

  test('ends it for an address that is not the SIM’s, where the address is required', () => {
    expect(reasons.filter((reason) => endsLadder(strategy('require'), reason))).toEqual(['ip_mismatch'])
  })
})

test('the operator is told of a number that is not the device’s, and of an address where it is required', () => {
  expect(reasons.filter((reason) => isSuspicious(strategy(), reason))).toEqual(['mismatch'])
  expect(reasons.filter((reason) => isSuspicious(strategy('require'), reason))).toEqual(['ip_mismatch', 'mismatch'])
})

describe('a limit that refused', () => {
  test.each(['number_limit', 'code_locked', 'spending_limit'] as const)('closes one rung: %s', (code) => {
    expect(closesOneRung(new PhoneCheckError(code))).toBe(true)
  })

  test.each(['address_limit', 'send_refused', 'provider_unavailable', 'store_unavailable'] as const)(
    'closes all that follow, or is none: %s',
    (code) => {
      expect(closesOneRung(new PhoneCheckError(code))).toBe(false)
    },
  )

  test('is none where somebody else says so', () => {
    expect(closesOneRung(Object.assign(new Error('x'), { code: 'number_limit' }))).toBe(false)
    expect(closesOneRung(undefined)).toBe(false)
  })
})
