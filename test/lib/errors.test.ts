import { expect, test } from 'vitest'
import { type PhoneCheckErrorCode, problems } from '../../src/contracts/problems.js'
import { PhoneCheckError } from '../../src/lib/errors.js'

test.each(Object.keys(problems) as PhoneCheckErrorCode[])(
  '%s is an HTTP error by every name that frameworks read',
  (code) => {
    const error = new PhoneCheckError(code)
    expect(error).toMatchObject({ status: problems[code][0], statusCode: error.status, expose: error.status < 500 })
  },
)

test('instanceof of what cannot even be looked at is false', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const trap = () => {
    throw new Error('has')
  }
  for (const thrown of [proxy, new Proxy(new Error('x'), { has: trap })])
    expect(thrown instanceof PhoneCheckError).toBe(false)
})
