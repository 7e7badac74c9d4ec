import type { PhoneCheckError, StartInput, VonageOptions } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { callContext, startInput } from '../support/rung.js'
import { checkOf, problem, requestId, type Said, scriptedVonage } from '../support/vonage.js'

const silent = { channel: 'silent_auth' } as const
const checkUrl = `https://api-eu-3.vonage.com/v2/verify/${requestId}/silent-auth/redirect`
const created = { status: 202, body: { request_id: requestId } }
const createdSilent = { status: 202, body: { request_id: requestId, check_url: checkUrl } }

/** One call to the rung alone: what came of it, and what the operator heard. */
async function asked(
  answers: readonly (Said | 'lost')[],
  options: Partial<VonageOptions>,
  call: (scripted: ReturnType<typeof scriptedVonage>, context: ReturnType<typeof callContext>) => Promise<unknown>,
) {
  const scripted = scriptedVonage(answers, options)
  const context = callContext()
  const outcome = await call(scripted, context).catch((error: PhoneCheckError) => ({
    code: error.code,
    ...error.details,
  }))
  return { outcome, events: context.events, seen: scripted.seen }
}

const start = (answers: (Said | 'lost')[], options: Partial<VonageOptions> = {}, input: Partial<StartInput> = {}) =>
  asked(answers, options, ({ rung }, context) => rung.start(startInput(input), context))
const redeem = (answer: Said | 'lost', options: Partial<VonageOptions> = {}, code = '123456') =>
  asked([answer], options, ({ rung }, context) => rung.redeem({ id: requestId }, code, context))

describe('create', () => {
  test('of a code sends what the vendor documents, and nothing else', async () => {
    const { outcome, seen } = await start([created], { appHash: 'FA+9qCX9VSu' }, { locale: 'de-CH' })
    expect(outcome).toMatchObject({
      challenge: { type: 'enter_code', length: 6 },
      check: { id: requestId },
      expiresInSeconds: 180,
    })
    expect(seen).toEqual([
      {
        method: 'POST',
        url: 'https://api.nexmo.com/v2/verify/',
        headers: expect.objectContaining({ 'content-type': 'application/json' }),
        body: {
          brand: 'ACME',
          client_ref: '9f86d081884c7d65',
          locale: 'de-de',
          channel_timeout: 180,
          code_length: 6,
          workflow: [{ channel: 'sms', to: '12025550100', app_hash: 'FA+9qCX9VSu' }],
        },
      },
    ])
  })

  test('of WhatsApp names its sender', async () => {
    const { seen } = await start([created], { channel: 'whatsapp', from: '447700900000' })
    expect(seen[0]?.body).toMatchObject({
      workflow: [{ channel: 'whatsapp', to: '12025550100', from: '447700900000' }],
    })
  })

  test.each([
    ['redirect', { delivery: 'redirect', redirectUrl: 'https://app.example/back' }, 'https://app.example/back'],
    ['body', { delivery: 'body' }, undefined],
  ] as const)('of a silent check in %s delivery names where to come back, or nothing', async (_name, input, target) => {
    const { outcome, seen } = await start([createdSilent], { ...silent, coverageCheck: false }, input)
    expect(outcome).toMatchObject({ challenge: { type: 'open_url', url: checkUrl }, expiresInSeconds: 60 })
    expect(seen[0]?.body).toEqual({
      brand: 'ACME',
      client_ref: '9f86d081884c7d65',
      workflow: [
        {
          channel: 'silent_auth',
          to: '12025550100',
          coverage_check: false,
          ...(target !== undefined && { redirect_url: target }),
        },
      ],
    })
  })

  test.each(['silent_auth', 'sms', 'voice', 'whatsapp'] as const)(
    'of %s has one step alone: the vendor would take a second by itself, past every limit',
    async (channel) => {
      const { seen } = await start([createdSilent], {
        channel,
        ...(channel === 'whatsapp' && { from: '447700900000' }),
      })
      expect(seen[0]?.body).toMatchObject({ workflow: { length: 1 } })
    },
  )

  test.each<[string | undefined, string | undefined]>([
    ['de', 'de-de'],
    ['de-CH', 'de-de'],
    ['en-GB', 'en-gb'],
    ['es-419', 'es-es'],
    ['pt-BR', 'pt-br'],
    ['fil', 'fil-ph'],
    ['fi', 'fi-fi'],
    ['zh', 'zh-cn'],
    ['zh-Hans-CN', 'zh-cn'],
    ['zh-TW', undefined],
    ['zh-Hant', undefined],
    ['tlh', undefined],
    ['f', undefined],
    [undefined, undefined],
  ])('the language %s is %s there; an unknown one is not sent, as it would be refused', async (locale, sent) => {
    const { seen } = await start([created], {}, locale === undefined ? {} : { locale })
    expect(Object.entries(seen[0]?.body ?? {}).find(([name]) => name === 'locale')?.[1]).toBe(sent)
  })

  const table: [name: string, answer: Said, outcome: object, event?: string][] = [
    ['409 concurrent', { status: 409, body: problem('concurrent') }, { unable: 'busy' }],
    [
      '412 for the network',
      { status: 412, body: problem('precondition-failed', { title: 'Network not supported' }) },
      { unable: 'mno_not_supported' },
    ],
    ['412 for no reason', { status: 412, body: problem('precondition-failed') }, { unable: 'other' }],
    [
      '422 for the number',
      { status: 422, body: problem('invalid-params', { invalid_parameters: [{ name: 'workflow[0].to' }] }) },
      { code: 'invalid_phone_number' },
    ],
    [
      '422 for the brand',
      { status: 422, body: problem('invalid-params', { invalid_parameters: [{ name: 'brand' }, { name: 'to' }] }) },
      { code: 'provider_unavailable', reason: 'misconfigured', untried: true },
      'it refuses brand; check the option of that name',
    ],
    [
      '422 for nothing',
      { status: 422, body: problem('invalid-params') },
      { code: 'provider_unavailable', reason: 'misconfigured', untried: true },
      'a parameter',
    ],
    [
      '401',
      { status: 401, body: problem('unauthorized') },
      { code: 'provider_unavailable', reason: 'misconfigured', untried: true },
      '`applicationId`',
    ],
    [
      '401 jwt-expired',
      { status: 401, body: problem('jwt-expired') },
      { code: 'provider_unavailable', reason: 'misconfigured', untried: true },
      'clock',
    ],
    [
      '402',
      { status: 402, body: problem('low-balance') },
      { code: 'provider_unavailable', reason: 'misconfigured', untried: true },
      'balance',
    ],
    [
      '429',
      { status: 429, body: problem('throttled'), retryAfter: '7' },
      { code: 'provider_unavailable', reason: 'quota_exceeded', untried: true, retryAfterSeconds: 7 },
      'quota',
    ],
    [
      '500',
      { status: 500, body: problem('internal-error') },
      { code: 'provider_unavailable', reason: 'provider_down', untried: false },
      'HTTP 500',
    ],
    [
      "a proxy's 409",
      { status: 409, body: '<html>' },
      { code: 'provider_unavailable', reason: 'provider_down', untried: false },
      'HTTP 409',
    ],
  ]
  test.each(table)('answered with %s, once', async (_name, answer, outcome, said) => {
    for (const options of [silent, {}]) {
      const heard = await start([answer], options)
      expect(heard.outcome).toMatchObject(outcome)
      expect(heard.seen).toHaveLength(1)
      expect(heard.events.map((event) => ('message' in event ? event.message : ''))).toEqual(
        said === undefined ? [] : [expect.stringContaining(said)],
      )
    }
  })

  test('is never repeated when its answer was lost: the message may be out', async () => {
    const { outcome, seen } = await start(['lost'])
    expect(outcome).toMatchObject({ code: 'provider_unavailable', untried: false })
    expect(seen).toHaveLength(1)
  })

  test.each<[string, unknown]>([
    ['no id', {}],
    ['an id that leads elsewhere', { request_id: '../../v1/other', check_url: checkUrl }],
    ['an id that is no text', { request_id: 5, check_url: checkUrl }],
    ['text', 'accepted'],
    ['a list', [{ request_id: requestId, check_url: checkUrl }]],
    ['null', null],
  ])('answered with %s is an outage', async (_name, body) => {
    for (const options of [silent, {}]) {
      const { outcome, events } = await start([{ status: 202, body }], options)
      expect(outcome).toMatchObject({ code: 'provider_unavailable' })
      expect(events).toEqual([expect.objectContaining({ type: 'provider_outage', kind: 'malformed' })])
    }
  })

  test('with another 2xx is an outage', async () => {
    expect((await start([{ ...created, status: 200 }])).outcome).toMatchObject({ code: 'provider_unavailable' })
  })
})

describe('the check URL is handed to a phone only if it is the vendor’s', () => {
  test.each([
    'https://api.nexmo.com/v2/verify/x/silent-auth/redirect',
    'https://api-eu.vonage.com/v2/verify/x',
    'https://api-eu-3.vonage.com/v2/verify/x',
  ])('%s', async (url) => {
    const answer = { status: 202, body: { request_id: requestId, check_url: url } }
    expect((await start([answer], silent)).outcome).toMatchObject({ challenge: { url } })
  })

  test.each([
    'http://api.nexmo.com/v2/verify/x',
    'https://nexmo.com.evil.example/x',
    'https://evilnexmo.com/x',
    'https://vonage.com.evil.example/',
    'https://user@api.nexmo.com/x',
    'https://api.nexmo.com:8443/x',
    'https://api.nexmo.com\\@evil.example/',
    'https://api.nexmo.com/x\n',
    'javascript:alert(1)//.nexmo.com',
    'http://127.0.0.1:9/x',
    '',
    undefined,
    { href: 'https://api.nexmo.com/x' },
  ])('not %j', async (url) => {
    const answer = { status: 202, body: { request_id: requestId, check_url: url } }
    const { outcome, events } = await start([answer], silent)
    expect(outcome).toMatchObject({ code: 'provider_unavailable' })
    expect(events).toEqual([expect.objectContaining({ type: 'provider_outage' })])
  })

  test('and a simulator’s only where it is the API', async () => {
    const url = 'http://127.0.0.1:4000/v2/verify/x/silent-auth/redirect'
    const answer = { status: 202, body: { request_id: requestId, check_url: url } }
    const at = (baseUrl: string) => start([answer], { ...silent, baseUrl })
    expect((await at('http://127.0.0.1:4000')).outcome).toMatchObject({ challenge: { url } })
    expect((await at('http://127.0.0.1:4001')).outcome).toMatchObject({ code: 'provider_unavailable' })
  })

  test('a foreign host is named to the operator, and nothing else of it', async () => {
    const answer = {
      status: 202,
      body: { request_id: requestId, check_url: 'https://evil.example/CANARY?x=+12025550100' },
    }
    const { events } = await start([answer], silent)
    expect(events).toEqual([expect.objectContaining({ kind: 'check_url' })])
    expect(JSON.stringify(events)).toContain('evil.example')
    expect(JSON.stringify(events)).not.toMatch(/CANARY|2025550100/)
  })
})

describe('the request that a login leaves behind', () => {
  const clock = fakeClock()
  const leaving = (ageMs: number, answers: (Said | 'lost')[], options: Partial<VonageOptions> = {}, id?: string) =>
    start(answers, { clock, ...options }, { previous: checkOf(clock.now(), ageMs, id) })
  const busy = { status: 409, body: problem('concurrent') }
  const cancelled = { status: 204 }

  test('is cancelled before the next, once the vendor allows it', async () => {
    const { outcome, seen } = await leaving(31_000, [cancelled, created])
    expect(outcome).toMatchObject({ check: { id: requestId } })
    expect(seen.map(({ method, url, body }) => [method, url, body === undefined])).toEqual([
      ['DELETE', `https://api.nexmo.com/v2/verify/${requestId}`, true],
      ['POST', 'https://api.nexmo.com/v2/verify/', false],
    ])
  })

  test('may be over already: only the number decides', async () => {
    for (const answer of [{ status: 404, body: problem('request-not-found') }, { status: 500 }, 'lost'] as const)
      expect((await leaving(31_000, [answer, created])).outcome).toMatchObject({ check: { id: requestId } })
  })

  test('is not cancelled before; the rung says when it will be, and the number may be free all the same', async () => {
    const early = await leaving(12_000, [busy])
    expect(early.outcome).toEqual({ unable: 'busy', retryAfterSeconds: 19 })
    expect(early.seen.map(({ method }) => method)).toEqual(['POST'])
    expect((await leaving(12_000, [created])).outcome).toMatchObject({ check: { id: requestId } })
  })

  test('says nothing of another login’s, which nobody here may cancel', async () => {
    expect((await leaving(31_000, [cancelled, busy])).outcome).toEqual({ unable: 'busy' })
    expect((await start([busy], { clock })).outcome).toEqual({ unable: 'busy' })
  })

  test('is only called by an id that can be one', async () => {
    const { seen } = await leaving(31_000, [created], {}, '../../accounts')
    expect(seen.map(({ method }) => method)).toEqual(['POST'])
  })
})

test('no secret, number, code or foreign text is in an error or an event', async () => {
  const canary = problem('unauthorized', { detail: 'CANARY +12025550100 123456', title: 'CANARY' })
  const heard = []
  for (const status of [400, 401, 409, 410, 412, 422, 429, 500])
    for (const options of [silent, {}])
      heard.push(
        await start([{ status, body: canary }], options),
        await redeem({ status, body: canary }, options),
        await start(['lost'], options),
      )
  const told = JSON.stringify(heard.map(({ outcome, events }) => [outcome, events]))
  expect(told).not.toMatch(/CANARY|2025550100|123456|BEGIN|Bearer/)
})
