import {
  camaraNumberVerification,
  camaraOtpSms,
  idenfySms,
  moCheck,
  phoneCheck,
  twilioVerify,
  vonageVerify,
} from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { amrOfCode, timeoutsOf } from '../../src/providers/options.js'

const idlayr = { baseUrl: 'https://eu.api.idlayr.com', clientId: 'id', clientSecret: 'secret' }
const operator = {
  tokenUrl: 'https://operator.example/token',
  apiRoot: 'https://operator.example',
  clientId: 'client',
  clientAuth: { kind: 'basic', clientSecret: 'secret' },
} as const
const camara = { ...operator, authorizeUrl: 'https://operator.example/authorize' }
const twilio = { serviceSid: `VA${'0'.repeat(32)}` }

describe('the time for a call', () => {
  test('that is undefined is the default: an application may pass on what it does not have', () => {
    const defaults = { send: 10_000, redeem: 8_000 }
    expect(timeoutsOf('f', undefined, defaults)).toEqual(defaults)
    expect(timeoutsOf('f', { send: undefined }, defaults)).toEqual(defaults)
    expect(timeoutsOf('f', { send: 5, redeem: undefined }, defaults)).toEqual({ send: 5, redeem: 8_000 })
  })

  test.each([[0], [-1], [Number.NaN], ['5'], [null]])('is refused when it is %j', (send) => {
    expect(() => timeoutsOf('f', { send }, { send: 1 })).toThrow(/f: timeoutsMs\.send must be a number of milliseconds/)
  })

  test('of an unknown call is refused', () => {
    expect(() => timeoutsOf('f', { sned: 1 }, { send: 1 })).toThrow(/unknown option 'sned'/)
  })
})

describe('a credential with a line end, as files have it, is refused by its name before the first login', () => {
  const withEnd = (text: string) => [`${text}\n`, ` ${text}`, `${text}\r\n`, `${text}\t`]
  test.each<[string, (text: string) => unknown, RegExp]>([
    ['phoneCheck', (clientSecret) => phoneCheck({ ...idlayr, clientSecret }), /phoneCheck: clientSecret has a blank/],
    ['moCheck', (clientId) => moCheck({ ...idlayr, clientId }), /moCheck: clientId has a blank/],
    ['idenfySms', (apiKey) => idenfySms({ apiKey, apiSecret: 's' }), /idenfySms: apiKey has a blank/],
    [
      'twilioVerify',
      (apiKeySecret) => twilioVerify({ ...twilio, apiKeySid: `SK${'0'.repeat(32)}`, apiKeySecret }),
      /twilioVerify: apiKeySecret must be/,
    ],
    [
      'twilioVerify',
      (authToken) => twilioVerify({ ...twilio, accountSid: `AC${'0'.repeat(32)}`, authToken }),
      /twilioVerify: authToken must be/,
    ],
    [
      'vonageVerify',
      (apiSecret) => vonageVerify({ channel: 'sms', brand: 'ACME', apiKey: 'key', apiSecret }),
      /vonageVerify: apiSecret has a blank/,
    ],
    [
      'camaraNumberVerification',
      (clientId) => camaraNumberVerification({ ...camara, clientId }),
      /camaraNumberVerification: clientId has a blank/,
    ],
    [
      'camaraOtpSms',
      (clientSecret) =>
        camaraOtpSms({
          ...operator,
          message: '{{code}}',
          clientAuth: { kind: 'basic', clientSecret },
        }),
      /camaraOtpSms: clientAuth\.clientSecret has a blank/,
    ],
  ])('%s', (_factory, make, sentence) => {
    for (const text of withEnd('abc')) expect(() => make(text)).toThrow(sentence)
  })
})

test.each([
  ['sms', ['sms', 'otp']],
  ['call', ['tel', 'otp']],
  ['voice', ['tel', 'otp']],
  ['whatsapp', ['otp']],
])('a code by %s is %j in a token', (channel, amr) => {
  expect(amrOfCode(channel)).toEqual(amr)
})
