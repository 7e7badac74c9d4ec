import { generateKeyPairSync } from 'node:crypto'
import { type CamaraNumberVerificationOptions, camaraNumberVerification, camaraOtpSms } from 'passport-phonecheck'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { camaraOptions, privateKey } from '../support/camara.js'

const sim = { url: 'https://operator.example' }
const make = (more: object) =>
  camaraNumberVerification(camaraOptions(sim, more as Partial<CamaraNumberVerificationOptions>))
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey

afterEach(() => vi.unstubAllEnvs())

describe('camaraNumberVerification refuses', () => {
  test.each<[string, object, RegExp]>([
    ['no authorizeUrl', { authorizeUrl: undefined }, /authorizeUrl is missing: only a device .* proves nothing/],
    ['login_hint as its only proof', { authorizeUrl: undefined, loginHint: 'tel:' }, /authorizeUrl is missing/],
    ['a relative URL', { authorizeUrl: '/authorize' }, /authorizeUrl must be an absolute URL/],
    ['http', { tokenUrl: 'http://operator.example/token' }, /tokenUrl must be https/],
    ['a user in a URL', { apiRoot: 'https://a:b@operator.example' }, /apiRoot must be a URL without user/],
    [
      'a query in the token endpoint',
      { tokenUrl: 'https://operator.example/token?a=b' },
      /tokenUrl must be a URL without query/,
    ],
    ['a query in the API root', { apiRoot: 'https://operator.example/?a=b' }, /apiRoot must be a URL without query/],
    ['no client', { clientId: '' }, /clientId is missing/],
    ['no authentication', { clientAuth: undefined }, /clientAuth is missing/],
    ['an unknown one', { clientAuth: { kind: 'none' } }, /clientAuth must be of kind/],
    ['Basic without a secret', { clientAuth: { kind: 'basic' } }, /clientAuth needs clientSecret/],
    ['a bearer without a token', { clientAuth: { kind: 'bearer', token: 'a b' } }, /clientAuth needs token/],
    ['a key without a name', { clientAuth: { kind: 'private_key_jwt', privateKey } }, /clientAuth needs keyId/],
    ['no key', { clientAuth: { kind: 'private_key_jwt', keyId: 'k', privateKey: 'secret-text' } }, /needs privateKey/],
    [
      'an algorithm of another key',
      { clientAuth: { kind: 'private_key_jwt', keyId: 'k', privateKey, algorithm: 'RS256' } },
      /does not fit its algorithm/,
    ],
    [
      'a short key',
      { clientAuth: { kind: 'private_key_jwt', keyId: 'k', privateKey: rsa(1024) } },
      /privateKey that is too short/,
    ],
    ['neither PKCE nor nonce', { pkce: false, nonce: false }, /pkce and nonce must not both be false/],
    ['an unknown login_hint', { loginHint: true }, /loginHint must be false, 'tel:'/],
    ['a header of its own', { headers: { Authorization: 'secret-text' } }, /headers must hold texts/],
    ['a header with a line end', { headers: { 'x-key': 'secret-text\r\nx: y' } }, /headers must hold texts/],
    ['a version that is a path', { apiVersion: 'v2/../x' }, /apiVersion must be such as v2/],
    [
      'a redirect URI with a fragment',
      { redirectUri: 'https://app.example/#x' },
      /redirectUri must be an absolute URL/,
    ],
    ['a misspelt option', { logonHint: 'tel:' }, /unknown option 'logonHint'; did you mean loginHint/],
  ])('%s', (_name, more, message) => {
    expect(() => make(more)).toThrow(message)
    expect(() => make(more)).not.toThrow(/secret-text/)
  })

  test('a simulator in production', () => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => make({ authorizeUrl: 'http://127.0.0.1:4010/camara/authorize' })).toThrow(/production refuses it/)
  })
})

test.each([
  ['PEM', { kind: 'private_key_jwt', privateKey: pem, keyId: 'k' }],
  ['an RSA key', { kind: 'private_key_jwt', privateKey: rsa(2048), keyId: 'k' }],
  ['an RSA key with PS256', { kind: 'private_key_jwt', privateKey: rsa(2048), keyId: 'k', algorithm: 'PS256' }],
  [
    'P-384',
    { kind: 'private_key_jwt', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, keyId: 'k' },
  ],
] as const)('a key as %s will do', (_name, clientAuth) => {
  expect(make({ clientAuth })).toMatchObject({ name: 'number-verification', vendor: 'camara', assurance: 'high' })
})

test('a function that returns no token is a defect, and is quoted nowhere', async () => {
  const rung = make({ clientAuth: { kind: 'bearer', token: () => 'not a token' } })
  const context = { deadline: { leftMs: () => 1000 }, emit: () => {}, keyedHash: String }
  const started = await rung.start(
    { phoneNumber: '+12025550100', flowId: 'f', purpose: 'l', resends: 0, delivery: 'body' },
    context,
  )
  if (!('check' in started)) throw new Error('unable')
  await expect(rung.redeem?.(started.check, 'code', context)).rejects.toThrow(/token\(\) that returned no token$/)
})

describe('camaraOtpSms refuses', () => {
  const { authorizeUrl: _a, redirectUri: _r, ...common } = camaraOptions(sim)
  test.each<[string, object, RegExp]>([
    ['no message', {}, /message is missing/],
    ['a message without a place for the code', { message: 'Your code' }, /message must be at most 160/],
    ['a long one', { message: `{{code}}${'x'.repeat(153)}` }, /message must be at most 160/],
    ['a code length of CAMARA’s no code', { message: '{{code}}', codeLength: 11 }, /codeLength must be 4 to 10/],
    ['an option of the other rung', { message: '{{code}}', authorizeUrl: sim.url }, /unknown option 'authorizeUrl'/],
  ])('%s', (_name, more, message) => {
    expect(() => camaraOtpSms({ ...common, ...more } as Parameters<typeof camaraOtpSms>[0])).toThrow(message)
  })
})
