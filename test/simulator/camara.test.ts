import { createHash, generateKeyPairSync } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { type Simulator, type SimulatorOptions, startSimulator } from 'passport-phonecheck/simulator'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type FakeClock, fakeClock, number } from '../support/simulator/simulator.js'

// By hand, so that it shares nothing with the library's adapter.

const redirectUri = 'https://app.example/return?kept=1'
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const keys = { k1: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
const verifier = 'v'.repeat(43)
const challenge = createHash('sha256').update(verifier).digest('base64url')

async function operator(options: SimulatorOptions = {}): Promise<{ sim: Simulator; clock: FakeClock }> {
  const clock = fakeClock()
  const sim = await startSimulator({ clock, ...options })
  onTestFinished(() => sim.close())
  return { sim, clock }
}

const request = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: redirectUri,
  scope: 'openid dpv:FraudPreventionAndDetection number-verification:verify',
  state: 'xyz',
  nonce: 'n',
  prompt: 'none',
  code_challenge: challenge,
  code_challenge_method: 'S256',
}

function authorize(sim: Simulator, more: Record<string, string | undefined> = {}) {
  const query = Object.entries({ ...request, ...more }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  )
  return sim.phone(number).browse(`${sim.url}/camara/authorize?${new URLSearchParams(query)}`)
}

async function answerOf(
  sim: Simulator,
  more: Record<string, string | undefined> = {},
): Promise<Record<string, string>> {
  const { location } = await authorize(sim, more)
  return Object.fromEntries(new URL(location ?? 'none:').searchParams)
}

async function token(sim: Simulator, form: Record<string, string>, basic: string | undefined = 'app:s3cret') {
  const answer = await fetch(`${sim.url}/camara/token`, {
    method: 'POST',
    headers: basic ? { authorization: `Basic ${Buffer.from(basic).toString('base64')}` } : {},
    body: new URLSearchParams({ grant_type: 'authorization_code', redirect_uri: redirectUri, ...form }),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, string> }
}

async function verify(sim: Simulator, bearer: string, body: object = { phoneNumber: number }) {
  const answer = await fetch(`${sim.url}/number-verification/v2/verify`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'x-correlator': 'c-1' },
    body: JSON.stringify(body),
  })
  expect(answer.headers.get('x-correlator')).toBe('c-1')
  return { status: answer.status, body: await answer.json() }
}

describe('the authorization endpoint', () => {
  test('gives a phone on mobile data a code, beside state and iss and what the app’s URL had', async () => {
    const { sim } = await operator()
    const answer = await answerOf(sim)
    expect(answer).toEqual({ kept: '1', code: expect.stringMatching(/^[\w-]{43}$/), state: 'xyz', iss: sim.url })
    sim.behaviour.camaraIss = false
    expect(Object.keys(await answerOf(sim))).toEqual(['kept', 'code', 'state'])
  })

  test.each<[string, Record<string, string | undefined>, string]>([
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['no purpose', { scope: 'openid number-verification:verify' }, 'invalid_scope'],
    ['two purposes', { scope: 'dpv:A dpv:B number-verification:verify' }, 'invalid_scope'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
  ])('sends %s back with an error', async (_name, more, error) => {
    const { sim } = await operator()
    expect(await answerOf(sim, more)).toMatchObject({ error, state: 'xyz' })
  })

  test('sends a phone on Wi-Fi, one without consent, one of an override back with an error', async () => {
    const { sim } = await operator()
    sim.behaviour.camaraConsent = 'required'
    expect((await answerOf(sim))['error']).toBe('consent_required')
    sim.override(number, { camara: { authorizeError: 'access_denied' } })
    expect((await answerOf(sim))['error']).toBe('access_denied')
    sim.phone(number).mobileData = false
    expect((await answerOf(sim))['error']).toBe('login_required')
  })

  test('strands the user on its page where the redirect URI or the client is unknown', async () => {
    const { sim } = await operator({ camaraClients: { app: { secret: 's3cret', redirectUris: [redirectUri] } } })
    expect((await authorize(sim)).status).toBe(302)
    for (const more of [{ redirect_uri: 'https://evil.example/' }, { client_id: 'x' }, { redirect_uri: undefined }])
      expect(await authorize(sim, more)).toMatchObject({ status: 400, location: undefined })
  })

  test('wants PKCE where it is required, and joined scopes where an operator has them so', async () => {
    const { sim } = await operator({ behaviour: { camaraPkce: 'required', camaraScope: 'hash' } })
    const scope = 'dpv:FraudPreventionAndDetection#number-verification-verify-read'
    expect((await answerOf(sim))['error']).toBe('invalid_scope')
    expect((await answerOf(sim, { scope, code_challenge: undefined }))['error']).toBe('invalid_request')
    expect(await answerOf(sim, { scope })).toHaveProperty('code')
  })
})

describe('the token endpoint', () => {
  test('gives a token once, with an id_token that repeats the nonce', async () => {
    const { sim } = await operator()
    const { code = '' } = await answerOf(sim)
    const { status, body } = await token(sim, { code, code_verifier: verifier })
    expect([status, body['token_type'], jwt.decode(body['id_token'] ?? '')]).toMatchObject([
      200,
      'Bearer',
      { iss: sim.url, aud: 'app', nonce: 'n', sub: expect.not.stringContaining(number.slice(1)) },
    ])
    expect(await token(sim, { code, code_verifier: verifier })).toMatchObject({ body: { error: 'invalid_grant' } })
    expect((await verify(sim, body['access_token'] ?? '')).status).toBe(401)
  })

  test.each<[string, Record<string, string>]>([
    ['no verifier', {}],
    ['another verifier', { code_verifier: 'w'.repeat(43) }],
    ['another redirect URI', { code_verifier: verifier, redirect_uri: 'https://app.example/other' }],
  ])('refuses a code with %s, and the code is gone', async (_name, form) => {
    const { sim } = await operator()
    const { code = '' } = await answerOf(sim)
    expect(await token(sim, { code, ...form })).toEqual({ status: 400, body: { error: 'invalid_grant' } })
    expect((await token(sim, { code, code_verifier: verifier })).status).toBe(400)
  })

  test('refuses a verifier for a code that was asked for without a challenge', async () => {
    const { sim } = await operator()
    const { code = '' } = await answerOf(sim, { code_challenge: undefined })
    expect((await token(sim, { code, code_verifier: verifier })).body).toEqual({ error: 'invalid_grant' })
  })

  test('refuses a code of another client, and one that is over', async () => {
    const { sim, clock } = await operator()
    const form = { code: (await answerOf(sim))['code'] ?? '', code_verifier: verifier }
    expect((await token(sim, form, 'other:x')).body).toEqual({ error: 'invalid_grant' })
    const late = { code: (await answerOf(sim))['code'] ?? '', code_verifier: verifier }
    clock.advance(60_000)
    expect((await token(sim, late)).body).toEqual({ error: 'invalid_grant' })
  })
})

describe('private_key_jwt', () => {
  type Claims = Record<string, unknown>
  const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  async function withAssertion(change: (claims: Claims) => Claims, options: jwt.SignOptions = {}, key = privateKey) {
    const { sim, clock } = await operator({ camaraClients: { app: { keys } } })
    const iat = clock.now() / 1000
    const claims = { iss: 'app', sub: 'app', aud: `${sim.url}/camara/token`, iat, exp: iat + 300, jti: 'one' }
    const assertion = jwt.sign(change(claims), key, { algorithm: 'RS256', keyid: 'k1', ...options })
    const form = {
      client_id: 'app',
      client_assertion_type: assertionType,
      client_assertion: assertion,
      code_verifier: verifier,
    }
    const ask = async () => (await token(sim, { code: (await answerOf(sim))['code'] ?? '', ...form }, '')).status
    return [await ask(), await ask()]
  }

  test('is good once: a repeated jti is refused', async () => {
    expect(await withAssertion((claims) => claims)).toEqual([200, 401])
  })

  test.each<[string, (claims: Claims) => Claims, jwt.SignOptions?, typeof privateKey?]>([
    ['for another endpoint', (claims) => ({ ...claims, aud: 'https://other.example/token' })],
    ['of another client', (claims) => ({ ...claims, sub: 'x' })],
    ['that lives longer than 300 s', (claims) => ({ ...claims, exp: (claims['iat'] as number) + 301 })],
    ['that is over', (claims) => ({ ...claims, exp: claims['iat'] })],
    ['without jti', ({ jti: _, ...claims }) => claims],
    ['of an unknown key', (claims) => claims, { keyid: 'k2' }],
    ['that another key signed', (claims) => claims, {}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
  ])('%s is invalid_client', async (_name, change, options, key) => {
    expect(await withAssertion(change, options, key)).toEqual([401, 401])
  })

  test('is the only way where the operator says so', async () => {
    const { sim } = await operator({ behaviour: { camaraClientAuth: 'private_key_jwt' } })
    const { code = '' } = await answerOf(sim)
    expect(await token(sim, { code, code_verifier: verifier })).toEqual({
      status: 401,
      body: { error: 'invalid_client' },
    })
  })
})

describe('verify', () => {
  async function bearer(sim: Simulator): Promise<string> {
    const { code = '' } = await answerOf(sim)
    return (await token(sim, { code, code_verifier: verifier })).body['access_token'] ?? ''
  }

  test('compares with the SIM, by number or hash, once a token', async () => {
    const { sim } = await operator()
    const hashedPhoneNumber = createHash('sha256').update(number).digest('hex')
    const once = await bearer(sim)
    expect(await verify(sim, once)).toEqual({ status: 200, body: { devicePhoneNumberVerified: true } })
    expect((await verify(sim, once)).status).toBe(401)
    expect((await verify(sim, await bearer(sim), { hashedPhoneNumber })).body).toEqual({
      devicePhoneNumberVerified: true,
    })
    sim.phone(number).sim = '+12025550199'
    expect((await verify(sim, await bearer(sim))).body).toEqual({ devicePhoneNumberVerified: false })
  })

  test.each([
    {},
    { phoneNumber: number, hashedPhoneNumber: 'a'.repeat(64) },
    { phoneNumber: '12025550100' },
    { x: 'y' },
  ])('%j is INVALID_ARGUMENT', async (body) => {
    const { sim } = await operator()
    expect(await verify(sim, await bearer(sim), body)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_ARGUMENT' },
    })
  })

  test('with a token of the client alone is 403: nobody’s network was asked', async () => {
    const { sim } = await operator()
    const { body } = await token(sim, { grant_type: 'client_credentials', scope: 'number-verification:verify' })
    expect(await verify(sim, body['access_token'] ?? '')).toMatchObject({
      status: 403,
      body: { code: 'NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK' },
    })
  })
})

test('a browser that is no virtual phone is nobody’s, unless it is said whose', async () => {
  const { sim } = await operator()
  const open = async (more: object) => {
    const url = `${sim.url}/camara/authorize?${new URLSearchParams({ ...request, ...more })}`
    return (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? ''
  }
  expect(await open({})).toContain('error=login_required')
  expect(await open({ login_hint: `tel:${number}` })).toContain('code=')
  sim.browserPhone = sim.phone(number)
  expect(await open({})).toContain('code=')
})
