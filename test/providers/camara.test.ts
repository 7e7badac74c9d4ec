import { hash } from 'node:crypto'
import { camaraPresets, type UnableReason } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.js'
import { number } from '../support/app.js'
import { calls, camara, redirectUri } from '../support/camara.js'

const otherUnable = { outcome: 'unable', reason: 'other' }
const lost = { ...otherUnable, lost: true }

describe('the authorization request', () => {
  test('has what the profile wants, and no number', async () => {
    const { start } = await camara()
    const { check, url } = await start()
    const { codeVerifier, nonce } = check.state as Record<string, string>
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: redirectUri,
      scope: 'openid dpv:FraudPreventionAndDetection number-verification:verify',
      state: check.id,
      prompt: 'none',
      nonce,
      code_challenge: hash('sha256', codeVerifier ?? '', 'base64url'),
      code_challenge_method: 'S256',
    })
    expect(url.href).not.toContain(number.slice(1))
    expect(check.id).toMatch(/^[\w-]{43}$/)
    expect(codeVerifier).toMatch(/^[\w-]{43}$/)
  })

  test.each([
    ['tel:', `tel:${number}`],
    ['+', number],
    ['bare', number.slice(1)],
    [false, null],
  ] as const)('hints at the number only when told to, as %s', async (loginHint, sent) => {
    const { start } = await camara({ loginHint })
    expect((await start()).url.searchParams.get('login_hint')).toBe(sent)
  })

  test('of a login by redirect names the app’s return URL', async () => {
    const { rung, context } = await camara()
    const input = { phoneNumber: number, flowId: 'f', purpose: 'login', resends: 0 }
    const started = await rung.start({ ...input, delivery: 'redirect', redirectUrl: 'https://app.example/b' }, context)
    const { url } = (started as { challenge: { url: string } }).challenge
    expect(new URL(url).searchParams.get('redirect_uri')).toBe('https://app.example/b')
  })

  test('of a login without a place to return to is not made, and the operator hears why', async () => {
    const { rung, context } = await camara({ redirectUri: undefined as unknown as string })
    const input = { phoneNumber: number, flowId: 'f', purpose: 'login', resends: 0 }
    expect(await rung.start({ ...input, delivery: 'body' }, context)).toEqual({ unable: 'misconfigured' })
    expect(context.events).toMatchObject([{ type: 'misconfiguration', code: 'redirect_uri_missing' }])
  })
})

describe('a phone', () => {
  test('with the right SIM verifies, with another one does not match', async () => {
    const { sim, coded, redeem } = await camara()
    const first = await coded()
    expect(await redeem(first.check, first.code)).toEqual({ outcome: 'verified' })
    sim.phone(number).sim = '+12025550199'
    const second = await coded()
    expect(await redeem(second.check, second.code)).toEqual({ outcome: 'mismatch' })
  })

  test('verifies by the hash of the number alone', async () => {
    const bodies: string[] = []
    const { coded, redeem } = await camara({
      hashed: true,
      fetch: (url, init) => {
        bodies.push(init.body ?? '')
        return fetch(url, init)
      },
    })
    const { check, code } = await coded()
    expect(await redeem(check, code)).toEqual({ outcome: 'verified' })
    expect(JSON.parse(bodies[1] ?? '')).toEqual({ hashedPhoneNumber: hash('sha256', number) })
  })

  test.each<[string, (phone: { mobileData: boolean; operator: string }) => void, string, UnableReason]>([
    ['on Wi-Fi', (phone) => Object.assign(phone, { mobileData: false }), 'login_required', 'not_mobile_ip'],
    [
      'of a failing operator',
      (phone) => Object.assign(phone, { operator: 'mno_server_error' }),
      'server_error',
      'mno_server_error',
    ],
  ])('%s is sent back with an error', async (_name, change, error, reason) => {
    const { sim, start, visit, rung } = await camara()
    change(sim.phone(number))
    const { url, check } = await start()
    const query = await visit(url)
    expect([query.get('error'), query.get('state')]).toEqual([error, check.id])
    expect(rung.judgeReport?.(error, undefined)).toEqual({ unable: reason })
  })
})

test.each<[string, UnableReason]>([
  ['access_denied', 'declined'],
  ['consent_required', 'consent_required'],
  ['interaction_required', 'consent_required'],
  ['login_required', 'not_mobile_ip'],
  ['server_error', 'mno_server_error'],
  ['temporarily_unavailable', 'mno_server_error'],
  ['invalid_request', 'misconfigured'],
  ['invalid_scope', 'misconfigured'],
  ['unauthorized_client', 'misconfigured'],
  ['sdk_connection_error', 'sdk_connection_error'],
  ['constructor', 'reported'],
  ['verified', 'reported'],
])('the report %s means %s', async (error, reason) => {
  const { rung } = await camara()
  expect(rung.judgeReport?.(error, 'text')).toEqual({ unable: reason })
})

describe('the token endpoint', () => {
  const answers: [string, object, unknown][] = [
    [
      'invalid_grant: a code that is none',
      { status: 400, body: { error: 'invalid_grant' } },
      { outcome: 'invalid_code' },
    ],
    ['invalid_request: perhaps this code alone', { status: 400, body: { error: 'invalid_request' } }, otherUnable],
    ['a page of a firewall', { status: 403, body: '<html>' }, otherUnable],
    ['a 500: the code may be spent', { status: 500, body: '' }, lost],
    ['a lost answer', { reset: 'after' }, lost],
    ['no token in it', { status: 200, body: {} }, lost],
    ['a token with a line end', { status: 200, body: { access_token: 'a\r\nb' } }, lost],
    ['a DPoP token', { status: 200, body: { access_token: 'a', token_type: 'DPoP' } }, lost],
    ['a redirect', { status: 302, body: '', headers: { location: 'https://evil.example' } }, otherUnable],
  ]
  test.each(answers)('%s', async (_name, fault, outcome) => {
    const { sim, coded, redeem } = await camara()
    const { check, code } = await coded()
    sim.fault({ match: calls.token, ...fault })
    expect(await redeem(check, code)).toEqual(outcome)
    expect(sim.count(calls.token)).toBe(1)
    expect(sim.count(calls.verify)).toBe(0)
  })

  test.each<[string, object, string, string]>([
    [
      '401 invalid_client',
      { status: 401, body: { error: 'invalid_client' } },
      'misconfigured',
      'provider_misconfigured',
    ],
    ['400 invalid_scope', { status: 400, body: { error: 'invalid_scope' } }, 'misconfigured', 'provider_misconfigured'],
    ['429', { status: 429, headers: { 'retry-after': '7' }, body: {} }, 'quota_exceeded', 'quota_exceeded'],
  ])('%s is an outage that leaves the code as it is', async (_name, fault, reason, type) => {
    const { sim, coded, redeem, context } = await camara()
    const { check, code } = await coded()
    sim.fault({ match: calls.token, times: 1, ...fault })
    await expect(redeem(check, code)).rejects.toMatchObject({ details: { reason, untried: true } })
    expect(context.events).toMatchObject([{ type, method: 'number-verification', operation: 'token' }])
    expect(await redeem(check, code)).toEqual({ outcome: 'verified' })
  })

  test('that no connection reaches is an outage that leaves the code as it is', async () => {
    const { start, redeem, sim } = await camara({ tokenUrl: 'http://127.0.0.1:1/token', clock: systemClock })
    await expect(redeem((await start()).check, 'code')).rejects.toMatchObject({
      details: { reason: 'provider_down', untried: true },
    })
    expect(sim.requests).toEqual([])
  })
})

describe('verify', () => {
  const info = (status: number, code: string) => ({ status, body: { status, code, message: 'text' } })
  const answers: [string, object, unknown][] = [
    [
      'USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK',
      info(403, 'NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK'),
      { outcome: 'unable', reason: 'not_mobile_ip' },
    ],
    ['SERVICE_NOT_APPLICABLE', info(422, 'SERVICE_NOT_APPLICABLE'), { outcome: 'unable', reason: 'mno_not_supported' }],
    ['PERMISSION_DENIED', info(403, 'PERMISSION_DENIED'), otherUnable],
    ['INVALID_TOKEN_CONTEXT', info(403, 'INVALID_TOKEN_CONTEXT'), otherUnable],
    ['UNAUTHENTICATED', info(401, 'UNAUTHENTICATED'), otherUnable],
    ['UNNECESSARY_IDENTIFIER', info(422, 'UNNECESSARY_IDENTIFIER'), otherUnable],
    ['a quota', info(429, 'QUOTA_EXCEEDED'), { outcome: 'unable', reason: 'quota_exceeded' }],
    ['a 503', { status: 503, body: '' }, lost],
    ['a lost answer', { reset: 'after' }, lost],
    ['"true"', { status: 200, body: { devicePhoneNumberVerified: 'true' } }, lost],
    ['1', { status: 200, body: { devicePhoneNumberVerified: 1 } }, lost],
    ['nothing', { status: 200, body: {} }, lost],
    ['a nested yes', { status: 200, body: { result: { devicePhoneNumberVerified: true } } }, lost],
    ['a list', { status: 200, body: [{ devicePhoneNumberVerified: true }] }, lost],
    ['a yes with 201', { status: 201, body: { devicePhoneNumberVerified: true } }, lost],
    ['a yes with 400', { status: 400, body: { devicePhoneNumberVerified: true } }, otherUnable],
  ]
  test.each(answers)('%s ends the rung: the code is spent', async (_name, fault, outcome) => {
    const { sim, coded, redeem, context } = await camara()
    const { check, code } = await coded()
    sim.fault({ match: calls.verify, ...fault })
    expect(await redeem(check, code)).toEqual(outcome)
    expect(sim.count(calls.verify)).toBe(1)
    expect(JSON.stringify(context.events)).not.toContain(number.slice(1))
  })

  test('a refusal of our rights is told to the operator by its word', async () => {
    const { sim, coded, redeem, context } = await camara()
    const { check, code } = await coded()
    sim.fault({ match: calls.verify, ...info(403, 'PERMISSION_DENIED') })
    await redeem(check, code)
    expect(context.events).toMatchObject([
      { type: 'provider_misconfigured', operation: 'verify', status: 403, error: 'PERMISSION_DENIED' },
    ])
  })
})

describe('client authentication', () => {
  test.each([
    { kind: 'basic', clientSecret: 's3cret' },
    { kind: 'post', clientSecret: 's3cret' },
    { kind: 'bearer', token: 's3cret' },
    { kind: 'bearer', token: () => 's3cret' },
  ] as const)('by $kind', async (clientAuth) => {
    const { coded, redeem } = await camara({ clientAuth })
    const { check, code } = await coded()
    expect(await redeem(check, code)).toEqual({ outcome: 'verified' })
  })

  test('by a secret and an id with characters that Basic must encode', async () => {
    const camaraClients = { 'a:b': { secret: 'c%:+ d' } }
    const clientAuth = { kind: 'basic', clientSecret: 'c%:+ d' } as const
    const { coded, redeem } = await camara({ clientId: 'a:b', clientAuth }, { camaraClients })
    const { check, code } = await coded()
    expect(await redeem(check, code)).toEqual({ outcome: 'verified' })
  })

  test('with a wrong secret is nobody’s', async () => {
    const { coded, redeem } = await camara({ clientAuth: { kind: 'post', clientSecret: 'guess' } })
    const { check, code } = await coded()
    await expect(redeem(check, code)).rejects.toMatchObject({ details: { reason: 'misconfigured' } })
  })

  test('asserts anew at each call, for 120 s and this endpoint alone', async () => {
    const forms: URLSearchParams[] = []
    const { sim, clock, coded, redeem } = await camara({
      fetch: (url, init) => {
        if (url.endsWith('/token')) forms.push(new URLSearchParams(init.body))
        return fetch(url, init)
      },
    })
    for (const _ of [1, 2]) {
      const { check, code } = await coded()
      expect(await redeem(check, code)).toEqual({ outcome: 'verified' })
    }
    const [first, second] = forms.map((form) => {
      const payload = form.get('client_assertion')?.split('.')[1] ?? ''
      return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    })
    const iat = Math.floor(clock.now() / 1000)
    const claims = { iss: 'app', sub: 'app', aud: `${sim.url}/camara/token`, iat, exp: iat + 120 }
    expect(first).toEqual({ ...claims, jti: expect.stringMatching(/^[\w-]{43}$/) })
    expect(second?.['jti']).not.toBe(first?.['jti'])
  })
})

test('presets are options: what the sandbox of Telefónica deviates in works', async () => {
  const clientAuth = { kind: 'basic', clientSecret: 's3cret' } as const
  const behaviour = { camaraScope: 'hash', camaraPkce: 'ignored', camaraIss: false, camaraIdToken: false } as const
  const { coded, redeem, sim, rung } = await camara(
    { ...camaraPresets.telefonicaOpenGateway, clientAuth },
    { behaviour },
  )
  const { check, code } = await coded()
  expect(await redeem(check, code)).toEqual({ outcome: 'verified' })
  expect([rung.vendor, sim.count('POST /number-verification/v0/verify')]).toEqual(['telefonica', 1])
})
