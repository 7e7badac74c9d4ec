import { idenfySms, moCheck, type PhoneCheckError, type Provider, phoneCheck } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import type { FetchLike } from '../../src/providers/http/fetch.js'
import { calls, ladderApp, Visitor } from '../support/ladder.js'
import { callContext, startInput } from '../support/rung.js'

const tokenCall = 'POST /oauth2/v1/token'
const input = startInput()

/** One start or redeem of a provider alone: what came of it, and what the operator heard. */
async function asked(call: (context: Parameters<Provider['start']>[1]) => Promise<unknown>) {
  const { events, ...context } = callContext(() => 5_000)
  const outcome = await call(context).catch((error: PhoneCheckError) => ({ code: error.code, ...error.details }))
  return { outcome, events }
}

/** A vendor behind an injected fetch: its token endpoint serves, anything else is answered as told. */
const answering =
  (status: number, body: object, retryAfter?: string): FetchLike =>
  async (url) => {
    const isToken = url.endsWith('/oauth2/v1/token')
    const headers = { get: (name: string) => (name === 'retry-after' && !isToken ? (retryAfter ?? null) : null) }
    const json = isToken ? { access_token: 'token', expires_in: 3600 } : body
    return { status: isToken ? 200 : status, headers, text: async () => JSON.stringify(json) }
  }

const client = { clientId: 'client', clientSecret: 'client-secret' }
const adapters = {
  phoneCheck: (fetch: FetchLike) => phoneCheck({ ...client, fetch }),
  moCheck: (fetch: FetchLike) => moCheck({ ...client, fetch }),
  idenfySms: (fetch: FetchLike) => idenfySms({ apiKey: 'key', apiSecret: 'secret', fetch }),
}

describe.each(Object.entries(adapters))('%s', (_name, adapter) => {
  test.each([
    [429, 'quota_exceeded', 'quota_exceeded'],
    [401, 'misconfigured', 'provider_misconfigured'],
    [402, 'misconfigured', 'provider_misconfigured'],
    [403, 'misconfigured', 'provider_misconfigured'],
  ])('a %i at start is %s, untried, with the vendor’s own wait', async (status, reason, type) => {
    const provider = adapter(answering(status, { message: 'x' }, '90'))
    const { outcome, events } = await asked((context) => provider.start(input, context))
    expect(outcome).toMatchObject({ code: 'provider_unavailable', reason, untried: true, retryAfterSeconds: 90 })
    expect(events).toEqual([expect.objectContaining({ type, message: expect.any(String) })])
  })

  test('a refused request for a token or a code says what to do', async () => {
    const { events } = await asked((context) => adapter(answering(402, {})).start(input, context))
    expect(events).toEqual([expect.objectContaining({ message: expect.stringMatching(/balance|credits/) })])
  })
})

describe('what the token endpoint says of a client, by RFC 6749', () => {
  test.each([
    [400, 'invalid_scope', 'scope'],
    [400, 'unauthorized_client', 'scope'],
    [400, 'invalid_client', '`clientSecret`'],
    [401, 'invalid_client', '`clientSecret`'],
    [400, 'invalid_request', '`baseUrl`'],
    [400, 'invalid_grant', '`baseUrl`'],
    [400, 'unsupported_grant_type', '`baseUrl`'],
  ])('%i %s is a misconfiguration, by name and with its cure', async (status, error, cure) => {
    const app = await ladderApp()
    app.sim.fault({ match: tokenCall, status, body: { error, error_description: 'SECRET-CANARY' } })
    expect((await new Visitor(app).start()).body).toMatchObject({
      skipped: [{ method: 'phonecheck', reason: 'misconfigured' }, {}],
    })
    const event = app.events.find(({ type }) => type === 'provider_misconfigured')
    expect(event).toMatchObject({ operation: 'token', status, error, message: expect.stringContaining(cure) })
    expect(JSON.stringify(app.events)).not.toContain('CANARY')
  })

  test.each([
    ['500 with the same word', 500, { error: 'invalid_client' }, undefined],
    ['400 with a word that is none of them', 400, { error: 'slow_down' }, 'slow_down'],
    ['400 with a sentence', 400, { error: 'invalid client secret hunter2' }, undefined],
    ['400 with a word of great length', 400, { error: 'x'.repeat(65) }, undefined],
    ['400 with a name of every object', 400, { error: 'constructor' }, 'constructor'],
    ['400 with an object', 400, { error: { invalid_client: true } }, undefined],
  ])('%s is an outage', async (_name, status, body, error) => {
    const app = await ladderApp()
    app.sim.fault({ match: tokenCall, status, body })
    await new Visitor(app).start()
    const event = app.events.find(({ type }) => type.startsWith('provider_'))
    expect(event).toMatchObject({ type: 'provider_outage', operation: 'token', kind: 'status', status })
    expect(event && 'error' in event ? event.error : undefined).toBe(error)
  })
})

test.each([
  ['create', calls.create, 400, 'bad_request'],
  ['create', calls.create, 404, 'check_not_found'],
  ['create', calls.create, 503, 'service_unavailable'],
] as const)('at %s (%s) a %i is told with its status and type', async (operation, match, status, fragment) => {
  const app = await ladderApp()
  app.sim.fault({
    match,
    status,
    body: { type: `https://developer.tru.id/docs/reference/api-errors#${fragment}`, detail: 'CANARY' },
  })
  expect((await new Visitor(app).start()).body.method).toBe('mocheck')
  const heard = app.events.find(({ type }) => type === 'provider_outage')
  expect(heard).toMatchObject({ operation, kind: 'status', status, error: fragment })
  expect(JSON.stringify(app.events)).not.toContain('CANARY')
})

describe('the origin of a check URL', () => {
  const started = (host: string) => ({
    check_id: 'c69bc0e6-a429-11ea-bb37-0242ac130002',
    ttl: 60,
    _links: { check_url: { href: `https://${host}/phone_check/v0.2/checks/x/redirect` } },
  })
  const start = (options: object, host: string) =>
    asked((context) =>
      phoneCheck({ ...client, ...options, fetch: answering(201, started(host)) }).start(input, context),
    )

  test.each([
    ['tru.id', 'eu', 'eu.api.tru.id'],
    ['tru.id', 'eu', 'eu.api.idlayr.com'],
    ['idlayr', 'eu', 'eu.api.tru.id'],
    ['idlayr', 'us', 'us.api.tru.id'],
    ['tru.id', 'in', 'in.api.idlayr.com'],
  ])('brand %s in %s: %s is handed on', async (brand, region, host) => {
    expect((await start({ brand, region }, host)).outcome).toMatchObject({ challenge: { type: 'open_url' } })
  })

  test.each([
    [{ brand: 'tru.id', region: 'eu' }, 'us.api.tru.id'],
    [{ brand: 'tru.id', region: 'eu' }, 'us.api.idlayr.com'],
    [{ brand: 'idlayr' }, 'api.idlayr.com'],
    [{ brand: 'idlayr' }, 'eu.api.idlayr.com.evil.example'],
    [{ brand: 'idlayr' }, 'eu.api.idlayr.com:8443'],
    [{ baseUrl: 'https://vendor.example' }, 'eu.api.idlayr.com'],
    [{ baseUrl: 'https://eu.api.idlayr.com:444' }, 'eu.api.tru.id'],
  ])('of %o: %s is refused, and the event names it and the option', async (options, host) => {
    const { outcome, events } = await start(options, host)
    expect(outcome).toMatchObject({ code: 'provider_unavailable', reason: 'provider_down' })
    expect(events).toEqual([
      expect.objectContaining({ type: 'provider_outage', operation: 'create', kind: 'check_url' }),
    ])
    expect(events[0]).toMatchObject({ message: expect.stringContaining(`https://${host}`) })
    expect(events[0]).toMatchObject({ message: expect.stringContaining('`checkUrlOrigins`') })
  })

  test('may be one that checkUrlOrigins lists', async () => {
    const checkUrlOrigins = ['https://checks.example']
    expect((await start({ checkUrlOrigins }, 'checks.example')).outcome).toMatchObject({
      challenge: { type: 'open_url' },
    })
    expect((await start({ checkUrlOrigins }, 'eu.api.tru.id')).outcome).toMatchObject({
      challenge: { type: 'open_url' },
    })
    expect((await start({ checkUrlOrigins }, 'other.example')).outcome).toMatchObject({ code: 'provider_unavailable' })
  })
})

describe('MOCheck', () => {
  const check = { check_id: 'c69bc0e6-a429-11ea-bb37-0242ac130002', mo_receiver: '+447700900123', mo_body: '123456' }

  test.each([200, 201, 202])('a create that answers %i is a check', async (status) => {
    const { outcome } = await asked((context) => adapters.moCheck(answering(status, check)).start(input, context))
    expect(outcome).toMatchObject({ challenge: { type: 'send_sms', body: '123456' }, check: { id: check.check_id } })
  })

  const { check_id } = check
  test.each([
    ['verified null while waiting', { check_id, verified: null, status: 'ACCEPTED' }, { outcome: 'pending' }],
    ['verified null without a status', { check_id, verified: null, status: null }, { outcome: 'pending' }],
    ['an unknown status', { check_id, status: 'RECEIVED' }, { outcome: 'pending' }],
    ['a no beside an unknown status', { check_id, verified: false, status: 'RECEIVED' }, { outcome: 'pending' }],
    ['a yes beside an unknown status', { check_id, verified: true, status: 'VERIFIED' }, { outcome: 'verified' }],
    ['a yes without a status', { check_id, verified: true }, { outcome: 'verified' }],
    ['a no that is final', { check_id, verified: false, status: 'COMPLETED' }, { outcome: 'mismatch' }],
    ['a yes beside PENDING', { check_id, verified: true, status: 'PENDING' }, { code: 'provider_unavailable' }],
    ['a yes beside EXPIRED', { check_id, verified: true, status: 'EXPIRED' }, { code: 'provider_unavailable' }],
    ['a yes beside ERROR', { check_id, verified: true, status: 'ERROR' }, { code: 'provider_unavailable' }],
    ['a yes in words', { check_id, verified: 'true', status: 'COMPLETED' }, { code: 'provider_unavailable' }],
    [
      'a yes for another check',
      { check_id: 'other', verified: true, status: 'COMPLETED' },
      { code: 'provider_unavailable' },
    ],
    [
      'COMPLETED without a verdict',
      { check_id, status: 'COMPLETED', verified: null },
      { code: 'provider_unavailable' },
    ],
  ])('%s', async (_name, body, expected) => {
    const provider = adapters.moCheck(answering(200, body))
    const { outcome } = await asked(async (context) => provider.poll?.({ id: check_id }, context))
    expect(outcome).toMatchObject(expected)
  })
})

describe('iDenfy: a refused message', () => {
  test.each([
    [
      'an open request, in its words',
      400,
      { identifier: 'VALIDATION_ERROR', message: 'Concurrent verifications are not allowed' },
      'busy',
    ],
    ['an open request, by its status', 409, { message: 'x' }, 'busy'],
    [
      'a value that it does not like',
      400,
      { identifier: 'VALIDATION_ERROR', message: 'phone_number is invalid' },
      'other',
    ],
    ['an identifier of a later version', 400, { identifier: 'NEW_ERROR', message: 'x' }, 'other'],
    ['no identifier', 400, { message: 'x' }, 'other'],
  ])('for %s is a matter of this number: %s', async (_name, status, body, unable) => {
    const { outcome, events } = await asked((context) =>
      adapters.idenfySms(answering(status, body)).start(input, context),
    )
    expect(outcome).toEqual({ unable })
    expect(events).toEqual([])
  })

  test.each([
    ['JSON_ERROR', { identifier: 'JSON_ERROR', message: 'x' }],
    ['ENCODING_ERROR', { identifier: 'ENCODING_ERROR', message: 'x' }],
    ['MISSING_VALUE', { identifier: 'MISSING_VALUE', message: 'x' }],
  ])('for %s is an outage, and nothing was sent', async (error, body) => {
    const { outcome, events } = await asked((context) => adapters.idenfySms(answering(400, body)).start(input, context))
    expect(outcome).toMatchObject({ code: 'provider_unavailable', untried: true })
    expect(events).toEqual([
      expect.objectContaining({ type: 'provider_outage', operation: 'send', status: 400, error }),
    ])
  })

  test('by a 400 that is no JSON proves nothing: a message may be out', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms', 'mocheck'])
    app.sim.fault({
      match: calls.send,
      status: 400,
      headers: { 'content-type': 'text/html' },
      body: '<html>Bad Request',
    })
    expect((await new Visitor(app).start()).body.code).toBe('delivery_unknown')
    expect(app.events).toContainEqual(
      expect.objectContaining({ type: 'provider_outage', operation: 'send', status: 400 }),
    )
  })

  test.each(['JSON_ERROR', 'ENCODING_ERROR', 'MISSING_VALUE', 'INTERNAL_ERROR', 'TOO_MANY_REQUESTS'])(
    'verify: %s throws no right code away',
    async (identifier) => {
      const app = await ladderApp('cookie + body', ['idenfy-sms'])
      const visitor = new Visitor(app)
      await visitor.start()
      const code = visitor.code()
      app.sim.fault({ match: calls.verify, status: 400, body: { identifier, message: 'x' }, times: 1 })
      expect((await visitor.verify({ code })).body.code).toBe('provider_unavailable')
      await app.clock.advance(5_000)
      expect((await visitor.verify({ code })).status).toBe(200)
    },
  )

  test('a second login elsewhere is told that a code is on its way, by the vendor’s word alone', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'])
    app.sim.fault({ match: calls.send, status: 409, body: { message: 'x' } })
    expect((await new Visitor(app).start()).body).toMatchObject({ code: 'ladder_exhausted', reason: 'busy' })
  })
})
