import { verify as verifySignature } from 'node:crypto'
import { type VonageOptions, vonageVerify } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { callContext, startInput } from '../support/rung.js'
import { application, applicationId, requestId, scriptedVonage, vonageKeys } from '../support/vonage.js'

const created = { status: 202, body: { request_id: requestId } }

describe('who calls', () => {
  const claimsOf = (authorization = '') => {
    const [head = '', body = '', signature = ''] = authorization.replace('Bearer ', '').split('.')
    const isSigned = verifySignature(
      'RSA-SHA256',
      Buffer.from(`${head}.${body}`),
      vonageKeys.publicKey,
      Buffer.from(signature, 'base64url'),
    )
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
    return { head: read(head), claims: read(body), isSigned }
  }

  test('is the application, by a token of five minutes that is another one each time', async () => {
    const clock = fakeClock()
    const { rung, seen } = scriptedVonage([created], { clock })
    await rung.start(startInput(), callContext())
    await rung.start(startInput(), callContext())
    const [one, other] = seen.map(({ headers }) => claimsOf(headers['authorization']))
    const iat = Math.floor(clock.now() / 1000)
    expect(one).toEqual({
      head: { alg: 'RS256', typ: 'JWT' },
      claims: { application_id: applicationId, iat, exp: iat + 300, jti: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      isSigned: true,
    })
    expect(other?.claims.jti).not.toBe(one?.claims.jti)
  })

  test('or the account, by its key', async () => {
    const account = { applicationId: undefined, privateKey: undefined, apiKey: 'abcd1234', apiSecret: 's3cret' }
    const { rung, seen } = scriptedVonage([created], account)
    await rung.start(startInput(), callContext())
    expect(seen[0]?.headers['authorization']).toBe(`Basic ${Buffer.from('abcd1234:s3cret').toString('base64')}`)
  })
})

describe('options', () => {
  const none = { applicationId: undefined, privateKey: undefined }
  test.each<[object, RegExp]>([
    [{ channel: undefined }, /channel is missing/],
    [{ channel: 'email' }, /channel must be one of silent_auth, sms, voice, whatsapp/],
    [{ brand: undefined }, /brand is missing/],
    [{ brand: 'x'.repeat(19) }, /brand must be 1 to 18/],
    [{ brand: 'a/b' }, /brand must be 1 to 18/],
    [{ brand: '{brand}' }, /brand must be 1 to 18/],
    [{ brand: 'a$' }, /brand must be 1 to 18/],
    [{ brand: 'a\nb' }, /brand must be 1 to 18/],
    [{ codeLength: 3 }, /codeLength must be .* 4 to 10/],
    [{ codeLength: 11 }, /codeLength must be/],
    [{ codeLength: 4.5 }, /codeLength must be/],
    [{ channelTimeout: 14 }, /channelTimeout must be .* 15 to 900/],
    [{ channelTimeout: 901 }, /channelTimeout must be/],
    [
      { channel: 'silent_auth', channelTimeout: 60 },
      /channelTimeout is for sms, voice, whatsapp only; leave it out for silent_auth/,
    ],
    [{ channel: 'voice', from: 'x' }, /from is for sms, whatsapp only; leave it out for voice/],
    [{ channel: 'voice', appHash: 'FA+9qCX9VSu' }, /appHash is for sms only/],
    [{ coverageCheck: false }, /coverageCheck is for silent_auth only; leave it out for sms/],
    [{ channel: 'whatsapp' }, /from is missing/],
    [{ appHash: 'short' }, /appHash must be the 11 characters/],
    [{ from: 'longer than fifteen' }, /from must be/],
    [{ ...none }, /applicationId is missing/],
    [{ privateKey: undefined }, /privateKey is missing/],
    [{ applicationId: undefined }, /applicationId is missing/],
    [{ ...none, apiKey: 'key' }, /apiSecret is missing/],
    [{ ...none, apiSecret: 'secret' }, /apiKey is missing/],
    [{ apiKey: 'key', apiSecret: 'secret' }, /apiKey cannot be used together with applicationId/],
    [{ privateKey: 'hunter2' }, /privateKey must be .* PEM/],
    [{ privateKey: vonageKeys.publicKey }, /privateKey must be/],
    [{ baseUrl: 'http://api.nexmo.com' }, /baseUrl must be https/],
    [{ code_length: 6 }, /unknown option 'code_length'; did you mean codeLength/],
    [{ timeoutsMs: { send: 1 } }, /unknown option 'send'/],
  ])('%j is refused by its name', (options, message) => {
    const make = () => vonageVerify({ channel: 'sms', brand: 'ACME', ...application, ...options } as VonageOptions)
    expect(make).toThrow(message)
    expect(make).toThrow(TypeError)
    expect(make).not.toThrow(/hunter2|BEGIN/)
  })

  test.each([
    ['silent_auth', 'vonage-silent', 'high', 60, undefined],
    ['sms', 'vonage-sms', 'low', 180, true],
    ['voice', 'vonage-voice', 'low', 180, true],
    ['whatsapp', 'vonage-whatsapp', 'low', 180, true],
  ] as const)('%s is the rung %s with assurance %s', (channel, name, assurance, ttlSeconds, sends) => {
    const from = channel === 'whatsapp' ? { from: '447700900000' } : {}
    const rung = vonageVerify({ channel, brand: 'ACME', ...application, ...from })
    expect(rung).toMatchObject({ name, vendor: 'vonage', assurance, ttlSeconds })
    expect([rung.sends, rung.guessable]).toEqual([sends, sends])
  })

  test('a code is as long as asked for, and nothing else is one', () => {
    const { codeGrammar } = scriptedVonage([created], { codeLength: 8 }).rung
    expect(
      ['12345678', '1234567', '123456789', '1234567a', '12345678\n'].map((code) => codeGrammar?.test(code)),
    ).toEqual([true, false, false, false, false])
  })
})
