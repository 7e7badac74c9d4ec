import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  ec,
  forge,
  goodClaims,
  goodHeader,
  hmacSecret,
  type Json,
  keys,
  pem,
  rsa,
  type TokenApp,
  tokenApp,
} from '../support/tokens/tokens.js'

const guarded = () => tokenApp({ settings: { keys: [keys.HS256, keys.RS256, keys.ES256] } })

/** What is forged at the time of the app. */
type Attack = (claims: Json, real: string) => string

async function attempt(app: TokenApp, attack: Attack) {
  const { body } = await app.login()
  return app.me(attack(goodClaims(app.clock), body.access_token))
}

const signed = (header: Json, claims: Json): string => forge(goodHeader(header), claims, 'HS256', hmacSecret)
const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = attacker.publicKey.export({ format: 'jwk' })
const part = (token: string, index: number) => token.split('.')[index] ?? ''
const recoded = (value: Json) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('the hand-made tokens of this file are good where nothing is wrong with them', async () => {
  const app = await guarded()
  const claims = goodClaims(app.clock)
  expect((await app.me(signed({}, claims))).status).toBe(200)
  expect((await app.me(forge(goodHeader({ alg: 'RS256', kid: 'rs' }), claims, 'RS256', rsa.privateKey))).status).toBe(
    200,
  )
  expect((await app.me(forge(goodHeader({ alg: 'ES256', kid: 'es' }), claims, 'ES256', ec.privateKey))).status).toBe(
    200,
  )
})

const algorithms: Record<string, Attack> = {
  none: (claims) => forge(goodHeader({ alg: 'none' }), claims, 'none'),
  'none without kid': (claims) => forge({ alg: 'none', typ: 'at+jwt' }, claims, 'none'),
  NoNe: (claims) => forge(goodHeader({ alg: 'NoNe' }), claims, 'none'),
  'none, but signed': (claims) => forge(goodHeader({ alg: 'none' }), claims, 'HS256', hmacSecret),
  'none under an RSA key': (claims) => forge(goodHeader({ alg: 'none', kid: 'rs' }), claims, 'none'),
  'an empty signature': (claims) => forge(goodHeader(), claims, 'HS256'),
  'no signature part': (_claims, real) => real.split('.').slice(0, 2).join('.'),
  'HS256 with the public RSA key as the secret': (claims) =>
    forge(goodHeader({ kid: 'rs' }), claims, 'HS256', pem(rsa.publicKey)),
  'HS256 with the trimmed public RSA key': (claims) =>
    forge(goodHeader({ kid: 'rs' }), claims, 'HS256', pem(rsa.publicKey).trim()),
  'HS256 with the public RSA key in DER': (claims) =>
    forge(
      goodHeader({ kid: 'rs' }),
      claims,
      'HS256',
      rsa.publicKey.export({ format: 'der', type: 'spki' }).toString('latin1'),
    ),
  'HS256 with the public EC key as the secret': (claims) =>
    forge(goodHeader({ kid: 'es' }), claims, 'HS256', pem(ec.publicKey)),
  'RS256 under the name of the EC key': (claims) =>
    forge(goodHeader({ alg: 'RS256', kid: 'es' }), claims, 'RS256', rsa.privateKey),
  'ES256 under the name of the RSA key': (claims) =>
    forge(goodHeader({ alg: 'ES256', kid: 'rs' }), claims, 'ES256', ec.privateKey),
  'RS256 under the name of the secret': (claims) =>
    forge(goodHeader({ alg: 'RS256' }), claims, 'RS256', rsa.privateKey),
  'RS512 with the right RSA key': (claims) =>
    forge(goodHeader({ alg: 'RS512', kid: 'rs' }), claims, 'RS512', rsa.privateKey),
  'HS512 with the right secret': (claims) => forge(goodHeader({ alg: 'HS512' }), claims, 'HS512', hmacSecret),
  'hs256 in small letters': (claims) => forge(goodHeader({ alg: 'hs256' }), claims, 'HS256', hmacSecret),
  'an alg that is a list': (claims) => signed({ alg: ['HS256'] }, claims),
  'an alg that is missing': (claims) => signed({ alg: undefined }, claims),
}

const headers: Record<string, Attack> = {
  'another RSA key': (claims) => forge(goodHeader({ alg: 'RS256', kid: 'rs' }), claims, 'RS256', attacker.privateKey),
  'another secret': (claims) => forge(goodHeader(), claims, 'HS256', 'x'.repeat(40)),
  'an empty secret': (claims) => forge(goodHeader(), claims, 'HS256', ''),
  'its own key in jwk': (claims) =>
    forge(goodHeader({ alg: 'RS256', kid: 'rs', jwk }), claims, 'RS256', attacker.privateKey),
  'its own key in jwk, without kid': (claims) =>
    forge({ alg: 'RS256', typ: 'at+jwt', jwk }, claims, 'RS256', attacker.privateKey),
  jku: (claims) =>
    forge(goodHeader({ alg: 'RS256', jku: 'https://evil.example/jwks' }), claims, 'RS256', attacker.privateKey),
  x5u: (claims) =>
    forge(goodHeader({ alg: 'RS256', x5u: 'https://evil.example/cert' }), claims, 'RS256', attacker.privateKey),
  x5c: (claims) => forge(goodHeader({ alg: 'RS256', x5c: ['MII'] }), claims, 'RS256', attacker.privateKey),
  'jku beside a good signature': (claims) => signed({ jku: 'https://evil.example/jwks' }, claims),
  'crit beside a good signature': (claims) => signed({ crit: ['exp'] }, claims),
  'b64 false': (claims) => signed({ b64: false, crit: ['b64'] }, claims),
  zip: (claims) => signed({ zip: 'DEF' }, claims),
  'no kid': (claims) => forge({ alg: 'HS256', typ: 'at+jwt' }, claims, 'HS256', hmacSecret),
  'a kid that is a path': (claims) => signed({ kid: '../../dev/null' }, claims),
  'a kid that is a path, signed with nothing': (claims) =>
    forge(goodHeader({ kid: '../../../dev/null' }), claims, 'HS256', ''),
  'a kid that is SQL': (claims) => signed({ kid: "x' UNION SELECT 'secret" }, claims),
  'a kid that every object has': (claims) => signed({ kid: '__proto__' }, claims),
  'a kid that every map has': (claims) => signed({ kid: 'constructor' }, claims),
  'a kid that is a list': (claims) => signed({ kid: ['hs'] }, claims),
  'a kid that is a number': (claims) => signed({ kid: 0 }, claims),
  'a kid of 100 kB': (claims) => signed({ kid: 'x'.repeat(100_000) }, claims),
  'a header that is a list': (claims) => forge('["HS256"]', claims, 'HS256', hmacSecret),
  'a header that is null': (claims) => forge('null', claims, 'HS256', hmacSecret),
  'a header that is no JSON': (claims) => forge('{alg', claims, 'HS256', hmacSecret),
  'a header with a prototype': (claims) =>
    forge('{"alg":"HS256","typ":"at+jwt","__proto__":{"kid":"hs"}}', claims, 'HS256', hmacSecret),
}

const types: Record<string, Attack> = {
  'typ JWT': (claims) => signed({ typ: 'JWT' }, claims),
  'no typ': (claims) => forge({ alg: 'HS256', kid: 'hs' }, claims, 'HS256', hmacSecret),
  'typ id_token': (claims) => signed({ typ: 'id_token' }, claims),
  'typ logout+jwt': (claims) => signed({ typ: 'logout+jwt' }, claims),
  'typ dpop+jwt': (claims) => signed({ typ: 'dpop+jwt' }, claims),
  'a typ that is a list': (claims) => signed({ typ: ['at+jwt'] }, claims),
}

const text: Record<string, Attack> = {
  'one more character': (_claims, real) => `${real}A`,
  'one character less': (_claims, real) => real.slice(0, -1),
  'one more part': (_claims, real) => `${real}.`,
  'another token behind it': (_claims, real) => `${real} ${real}`,
  'a comma and another scheme': (_claims, real) => `${real}, Basic dTpw`,
  'five parts': (_claims, real) => `${real}.a.b`,
  padding: (_claims, real) => `${real}=`,
  'a standard base64 alphabet': (_claims, real) => `${real.slice(0, -1)}+`,
  'a signature of other bits': (_claims, real) => `${real.slice(0, -1)}${real.endsWith('A') ? 'B' : 'A'}`,
  'a swapped payload': (claims, real) => `${part(real, 0)}.${recoded({ ...claims, sub: 'admin' })}.${part(real, 2)}`,
  'a swapped header': (_claims, real) => `${recoded(goodHeader({ kid: 'rs' }))}.${part(real, 1)}.${part(real, 2)}`,
  'a payload that is a list': () => forge(goodHeader(), '[]', 'HS256', hmacSecret),
  'a payload that is a string': () => forge(goodHeader(), '"user-1"', 'HS256', hmacSecret),
  'a payload that is null': () => forge(goodHeader(), 'null', 'HS256', hmacSecret),
  'a payload that is no JSON': () => forge(goodHeader(), 'x', 'HS256', hmacSecret),
  nothing: () => '',
  dots: () => '..',
  '1 MB of characters': () => 'x'.repeat(1_000_000),
  '1 MB in three parts': () => `${'x'.repeat(300_000)}.${'x'.repeat(300_000)}.${'x'.repeat(400_000)}`,
  '1 MB with a good signature': (claims) => signed({}, { ...claims, x: 'x'.repeat(700_000) }),
}

/** The unused bits of a signature's last character. A lenient decoder takes them all. */
function otherSpelling(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.slice(-1)) ^ 1]
}
text['another spelling of the same RSA signature'] = (claims) =>
  otherSpelling(forge(goodHeader({ alg: 'RS256', kid: 'rs' }), claims, 'RS256', rsa.privateKey))
text['another spelling of the same EC signature'] = (claims) =>
  otherSpelling(forge(goodHeader({ alg: 'ES256', kid: 'es' }), claims, 'ES256', ec.privateKey))

describe.each(Object.entries({ algorithms, headers, types, text }))('%s', (_name, attacks) => {
  test.each(Object.entries(attacks))('%s', async (_attack, forged) => {
    const app = await guarded()
    const { status, headers } = await attempt(app, forged)
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toBe(
      'Bearer realm="https://api.example", error="invalid_token", error_description="The token is expired, ended or not for here."',
    )
    expect(headers.get('cache-control')).toBe('no-store')
    expect(app.events).toEqual([
      { type: 'token_refused', reason: expect.stringMatching(/^(malformed|unknown_key|signature|claims)$/) },
    ])
  })
})

const standard = ['iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'auth_time', 'amr', 'acr']
const now = Math.floor(Date.UTC(2026, 0, 1) / 1000)

const wrong: [string, Json][] = [
  ...standard.map((name): [string, Json] => [`no ${name}`, { [name]: undefined }]),
  ...standard.map((name): [string, Json] => [`${name} that is null`, { [name]: null }]),
  ['an issuer of another tenant', { iss: 'https://other.example' }],
  ['an issuer in another spelling', { iss: 'https://app.example/' }],
  ['an issuer in a list', { iss: ['https://app.example'] }],
  ['an audience of another API', { aud: 'https://other.example' }],
  ['an audience among others', { aud: ['https://other.example', 'https://api.example'] }],
  ['an audience that is a list of one', { aud: ['https://api.example'] }],
  ['a subject that is a list', { sub: ['user-1'] }],
  ['a subject that is a number', { sub: 1 }],
  ['an empty subject', { sub: '' }],
  ['a subject of 10 kB', { sub: 'x'.repeat(5_000) }],
  ['an exp that is text', { exp: String(now + 600) }],
  ['an exp that is a fraction', { exp: now + 0.5 }],
  ['an exp that is infinite', { exp: Number.MAX_VALUE }],
  ['an exp beyond 15 minutes', { exp: now + 901 }],
  ['an exp before iat', { iat: now + 20, exp: now + 10 }],
  ['an iat that is text', { iat: String(now) }],
  ['an iat in the future', { iat: now + 31, exp: now + 600 }],
  ['an nbf in the future', { nbf: now + 31 }],
  ['an nbf that is text', { nbf: '0' }],
  ['a jti that is a number', { jti: 1 }],
  ['an auth_time that is text', { auth_time: String(now) }],
  ['an auth_time of 0', { auth_time: 0 }],
  ['an amr that is text', { amr: 'phonecheck' }],
  ['an empty amr', { amr: [] }],
  ['an amr of numbers', { amr: [1] }],
  ['an acr of another scheme', { acr: 'urn:mace:incommon:iap:silver' }],
  ['an acr that every object has', { acr: 'constructor' }],
  ['an acr that is a number', { acr: 2 }],
  ['a sid that is a number', { sid: 1 }],
  ['a rev that is a list', { rev: ['a'] }],
]

test.each(wrong)('claims: %s', async (_name, changes) => {
  const app = await guarded()
  const { status } = await app.me(signed({}, goodClaims(app.clock, changes)))
  expect(status).toBe(401)
  expect(app.events.map((event) => event.type === 'token_refused' && event.reason)).toEqual(['claims'])
})

test('a token of 1 MB costs little: no part of it is decoded', async () => {
  const app = await guarded()
  const big = `${'x'.repeat(400_000)}.${'x'.repeat(400_000)}.${'x'.repeat(200_000)}`
  const decode = vi.spyOn(Buffer, 'from')
  onTestFinished(() => decode.mockRestore())
  const decoded = () =>
    decode.mock.calls.filter((call: unknown[]) => call[1] === 'base64url').map(([text]) => String(text).length)

  expect((await app.me(big)).status).toBe(401)
  expect(decoded()).toEqual([])
  // The same request with a token of a possible length is decoded, so it would have been seen.
  expect((await app.me(signed({}, goodClaims(app.clock)))).status).toBe(200)
  expect(decoded().length).toBeGreaterThan(0)
})

test('only the Authorization header brings a token', async () => {
  const app = await guarded()
  const { body } = await app.login()
  const elsewhere = await fetch(`${app.url}/me?access_token=${body.access_token}`, {
    headers: { cookie: `access_token=${body.access_token}`, 'x-access-token': body.access_token },
  })
  expect(elsewhere.status).toBe(401)
  expect(elsewhere.headers.get('www-authenticate')).toBe('Bearer realm="https://api.example"')
})
