import { operatorToken } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { number } from '../support/app.js'
import { operatorTokenOptions, tokenCalls, tokens } from '../support/operator-token.js'
import { startInput } from '../support/rung.js'

const verified = { outcome: 'verified' }

describe('options', () => {
  const right = operatorTokenOptions({ url: 'https://aggregator.example' })
  test.each<[string, object, RegExp]>([
    ['no credentialsUrl', { credentialsUrl: undefined }, /operatorToken: credentialsUrl must be an absolute URL/],
    ['a credentialsUrl that is plain http', { credentialsUrl: 'http://a.example/' }, /credentialsUrl must be https/],
    [
      'a credentialsUrl with a query',
      { credentialsUrl: 'https://a.example/?k=1' },
      /credentialsUrl must be a URL without/,
    ],
    ['no key', { privateKey: undefined }, /operatorToken: needs privateKey/],
    ['no key id', { keyId: undefined }, /operatorToken: needs keyId/],
    ['no audience', { audiences: [] }, /operatorToken: audiences must list your apps and pages/],
    ['an audience that is a text', { audiences: 'https://app.example' }, /audiences must list/],
    ['an empty audience', { audiences: [''] }, /audiences must list/],
    ['a login_hint', { loginHint: 'tel:' }, /unknown option 'loginHint'/],
    ['client authentication without its secret', { clientAuth: { kind: 'basic' } }, /clientAuth needs clientSecret/],
  ])('with %s are refused', (_name, change, message) => {
    expect(() => operatorToken({ ...right, ...change } as never)).toThrow(message)
  })
})

describe('the challenge', () => {
  test('is what both platforms take, with a nonce of 256 random bits in it and nothing of the number', async () => {
    const { start } = await tokens()
    const { challenge } = await start()
    expect(challenge).toMatchObject({
      type: 'get_token',
      kind: 'digital_credential',
      request: {
        requests: [
          {
            protocol: 'openid4vp-v1-unsigned',
            data: {
              response_type: 'vp_token',
              response_mode: 'dc_api',
              nonce: expect.stringMatching(/^[\w-]{43}$/),
              dcql_query: { credentials: [{ id: 'aggregator-1', format: 'dc-authorization+sd-jwt' }] },
            },
          },
        ],
      },
    })
    expect(JSON.stringify(challenge)).not.toContain(number.slice(1))
  })

  test('is none for an operator that has no tokens, before the user saw anything', async () => {
    const { sim, rung, context } = await tokens()
    sim.behaviour.operatorTokens = 'carrier_not_supported'
    expect(await rung.start(startInput(), context)).toEqual({ unable: 'mno_not_supported' })
  })

  test.each<[string, Record<string, unknown>]>([
    ['without an id', { format: 'dc-authorization+sd-jwt', meta: {} }],
    ['with an id that is no DCQL id', { id: 'a.b', format: 'dc-authorization+sd-jwt', meta: {} }],
    ['of another format', { id: 'a', format: 'mso_mdoc', meta: {} }],
    ['without meta', { id: 'a', format: 'dc-authorization+sd-jwt' }],
    ['that is too large for a device', { id: 'a', format: 'dc-authorization+sd-jwt', meta: { x: 'x'.repeat(8_192) } }],
  ])('is an outage where the aggregator answers with one %s', async (_name, body) => {
    const { sim, rung, context } = await tokens()
    sim.fault({ match: tokenCalls.credentials, status: 200, body })
    await expect(rung.start(startInput(), context)).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect(context.events).toMatchObject([
      { operation: 'credentials', kind: 'malformed', message: expect.stringContaining('Check `credentialsUrl`') },
    ])
  })
})

describe('the phone', () => {
  test('is recognised by its SIM, on Wi-Fi too, and its token costs one exchange and one question', async () => {
    const { sim, start, bring, redeem } = await tokens()
    sim.phone(number).mobileData = false
    const started = await start()
    expect(await redeem(started.check, await bring(started))).toEqual(verified)
    const other = await start()
    expect(await redeem(other.check, await bring(other, '+12025550144'))).toEqual({ outcome: 'mismatch' })
    expect([sim.count(tokenCalls.token), sim.count(tokenCalls.verify)]).toEqual([2, 2])
  })

  test('and the aggregator may be told a hash of the number alone, and know us by a secret as well', async () => {
    const { start, bring, redeem } = await tokens({
      hashed: true,
      clientAuth: { kind: 'basic', clientSecret: 's3cret' },
    })
    const started = await start()
    expect(await redeem(started.check, await bring(started))).toEqual(verified)
  })

  test.each([
    ['an operator without tokens', 'mno_not_supported', { operator: 'unsupported' }, {}],
    ['no SIM', 'mno_not_supported', { sim: null }, {}],
    ['a user who says no', 'declined', {}, { deviceConsent: 'declined' }],
  ])('with %s reports what is judged as %s', async (_name, reason, phone, behaviour) => {
    const { sim, rung, start, bring } = await tokens()
    Object.assign(sim.phone(number), phone)
    Object.assign(sim.behaviour, behaviour)
    const { code } = await bring(await start()).then(String, (error) => error)
    expect(rung.judgeReport?.(code, undefined)).toEqual({ unable: reason })
  })

  test('reports nothing that wins', async () => {
    const { rung } = await tokens()
    for (const word of ['verified', 'constructor', 'OperationError'])
      expect(rung.judgeReport?.(word, 'x')).toEqual({ unable: 'sdk_error' })
  })
})

describe('the exchange', () => {
  test('carries the token in an assertion of ours, with the scope in it and not beside it', async () => {
    const forms: URLSearchParams[] = []
    const { sim, start, bring, redeem } = await tokens({
      fetch: async (url, init) => {
        if (url.endsWith('/camara/token')) forms.push(new URLSearchParams(init.body))
        return fetch(url, init)
      },
    })
    const started = await start()
    const code = await bring(started)
    expect(await redeem(started.check, code)).toEqual(verified)
    const [form] = forms
    expect(form && [...form.keys()]).toEqual(['grant_type', 'assertion'])
    const [head = '', payload = ''] = form?.get('assertion')?.split('.') ?? []
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
    expect(read(head)).toMatchObject({ alg: 'ES256', kid: 'k1' })
    const { iat, ...claims } = read(payload)
    expect(claims).toEqual({
      iss: 'app',
      sub: expect.stringMatching(/^vp_token:[\w.-]+~[\w.-]+$/),
      aud: `${sim.url}/camara/token`,
      exp: iat + 120,
      jti: expect.stringMatching(/^[\w-]{43}$/),
      scope: 'openid dpv:FraudPreventionAndDetection number-verification:verify',
    })
    expect(code).toContain(claims.sub.slice('vp_token:'.length))
  })
})

describe('a token that was used up', () => {
  test.each<[string, object, object]>([
    ['by an exchange whose answer was lost', { match: tokenCalls.token, reset: 'after' }, { lost: true }],
    ['by an exchange that failed', { match: tokenCalls.token, status: 503, processed: true }, { lost: true }],
    ['by a question whose answer was lost', { match: tokenCalls.verify, reset: 'after' }, { lost: true }],
    [
      'by a question that was refused',
      { match: tokenCalls.verify, status: 403, body: { code: 'PERMISSION_DENIED' } },
      {},
    ],
  ])('%s ends the rung, and nothing is repeated', async (_name, fault, more) => {
    const { sim, start, bring, redeem } = await tokens()
    const started = await start()
    sim.fault(fault as never)
    expect(await redeem(started.check, await bring(started))).toEqual({ outcome: 'unable', reason: 'other', ...more })
    expect(sim.count(tokenCalls.token)).toBe(1)
  })
})
