import type { PhoneCheckError, VonageOptions } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { callContext } from '../support/rung.js'
import { problem, requestId, type Said, scriptedVonage } from '../support/vonage.js'

const silent = { channel: 'silent_auth' } as const

/** What comes of a code. */
async function redeem(answer: Said | 'lost', options: Partial<VonageOptions> = {}, code = '123456') {
  const { rung, seen } = scriptedVonage([answer], options)
  const outcome = await rung
    .redeem({ id: requestId }, code, callContext())
    .catch((error: PhoneCheckError) => ({ code: error.code, ...error.details }))
  return { outcome, seen }
}

describe('a check is a yes only as status completed of this very request', () => {
  test('yes', async () => {
    const { outcome, seen } = await redeem({ status: 200, body: { request_id: requestId, status: 'completed' } })
    expect(outcome).toEqual({ outcome: 'verified' })
    expect(seen).toMatchObject([
      { method: 'POST', url: `https://api.nexmo.com/v2/verify/${requestId}`, body: { code: '123456' } },
    ])
  })

  test.each<[string, number, unknown]>([
    ['another request', 200, { request_id: 'd11236f4-00bf-4b89-84ba-88b25df97315', status: 'completed' }],
    ['no request', 200, { status: 'completed' }],
    ['another status', 200, { request_id: requestId, status: 'pending' }],
    ['another case', 200, { request_id: requestId, status: 'Completed' }],
    ['a list of statuses', 200, { request_id: requestId, status: ['completed'] }],
    ['a list', 200, [{ request_id: requestId, status: 'completed' }]],
    ['nested', 200, { result: { request_id: requestId, status: 'completed' } }],
    ['nothing', 200, ''],
    ['HTML', 200, '<html>completed</html>'],
    ['another 2xx', 202, { request_id: requestId, status: 'completed' }],
    ['a redirect', 302, { request_id: requestId, status: 'completed' }],
    ['an error', 500, { request_id: requestId, status: 'completed' }],
    ['a 404 without a problem', 404, { request_id: requestId, status: 'completed' }],
    ['a 400 of a proxy', 400, '<html>'],
  ])('%s is an outage', async (_name, status, body) => {
    for (const options of [silent, {}]) {
      const { outcome, seen } = await redeem({ status, body }, options)
      expect(outcome).toMatchObject({ code: 'provider_unavailable' })
      expect(seen).toHaveLength(1)
    }
  })

  const expired = { outcome: 'unable', reason: 'expired' }
  test.each<[number, string, object, object]>([
    [400, 'invalid-code', { outcome: 'invalid_code', spent: true }, { outcome: 'invalid_code' }],
    [404, 'request-not-found', expired, expired],
    [410, 'expired', expired, expired],
    [410, 'invalid-code', expired, expired],
    [409, 'no-code', { outcome: 'unable', reason: 'other' }, { outcome: 'pending', retryAfterSeconds: 2 }],
    [409, 'conflict', { outcome: 'unable', reason: 'other' }, { outcome: 'pending', retryAfterSeconds: 2 }],
    [412, 'msisdn-error', { outcome: 'unable', reason: 'ip_msisdn_mismatch' }, { code: 'provider_unavailable' }],
    [
      401,
      'unauthorized',
      { code: 'provider_unavailable', untried: true },
      { code: 'provider_unavailable', untried: true },
    ],
    [
      402,
      'low-balance',
      { code: 'provider_unavailable', untried: true },
      { code: 'provider_unavailable', untried: true },
    ],
    [
      429,
      'throttled',
      { code: 'provider_unavailable', untried: true },
      { code: 'provider_unavailable', untried: true },
    ],
    [
      422,
      'invalid-params',
      { code: 'provider_unavailable', untried: false },
      { code: 'provider_unavailable', untried: false },
    ],
    [
      500,
      'internal-error',
      { code: 'provider_unavailable', untried: false },
      { code: 'provider_unavailable', untried: false },
    ],
  ])('%i %s is no yes', async (status, fragment, ofSilent, ofCode) => {
    const answer = { status, body: problem(fragment) }
    expect((await redeem(answer, silent, 'si9sfG')).outcome).toMatchObject(ofSilent)
    expect((await redeem(answer)).outcome).toMatchObject(ofCode)
  })

  test('a lost answer is an outage after one call: a second one burns a try', async () => {
    const { outcome, seen } = await redeem('lost')
    expect(outcome).toMatchObject({ code: 'provider_unavailable', untried: false })
    expect(seen).toHaveLength(1)
  })
})

describe('what a device reports', () => {
  const report = (error: string, description?: string) =>
    scriptedVonage([{ status: 202 }], silent).rung.judgeReport?.(error, description)

  test.each([
    ['sdk_error', 'The silent auth verification cannot be completed.', 'mno_response_error'],
    ['sdk_error', 'Device MSISDN does not match.', 'ip_msisdn_mismatch'],
    ['sdk_error', 'Device number does not resolve to a supported Mobile Network Operator.', 'mno_not_supported'],
    ['sdk_error', 'IP Address does not resolve to a cellular device.', 'not_mobile_ip'],
    ['msisdn-error', undefined, 'ip_msisdn_mismatch'],
    ['network-error', 'Something.', 'mno_response_error'],
    ['request-not-found', 'x', 'expired'],
    ['sdk_no_data_connectivity', undefined, 'sdk_no_data_connectivity'],
    ['mismatch', 'match: true', 'reported'],
    ['constructor', '', 'reported'],
  ])('%s, %s is the reason %s, and never a mismatch', (error, description, unable) => {
    expect(report(error, description)).toEqual({ unable })
  })

  test('has no meaning for a code', () => {
    expect(scriptedVonage([{ status: 202 }]).rung.judgeReport).toBeUndefined()
  })
})
