import { type ServiceStart, type VerifyServiceOptions, verifyService } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { number } from '../support/app.js'
import { anyone, flowSetup, redeeming, refusal, requester, scripted } from '../support/flow.js'

const start = { phoneNumber: number, purpose: 'login', binding: 'handle', delivery: 'body', requester } as const
const ofCaller = ({ code: _, ...request }: ReturnType<typeof redeeming>) => request

function setup(options: Partial<VerifyServiceOptions> = {}, next = false) {
  const starts: ServiceStart[] = []
  const checks: object[] = []
  const rung = verifyService({
    name: 'svc-sms',
    vendor: 'svc',
    start: (request) => {
      starts.push(request)
      return { id: `id-${starts.length}` }
    },
    check: ({ signal: _, ...request }) => {
      checks.push(request)
      return request.code === '123456' ? 'verified' : 'invalid_code'
    },
    ...options,
  })
  return { rung, starts, checks, ...flowSetup({ ladder: next ? [rung, scripted('next')] : [rung] }) }
}

async function begun(world: ReturnType<typeof setup>) {
  const started = await world.flow.start({ ...start, locale: 'de' })
  return { started, verify: (code: string) => refusal(world.flow.redeem(redeeming(started, code), anyone)) }
}

test('a login: the service is told what it needs, and asked for its own check', async () => {
  const world = setup()
  const { started, verify } = await begun(world)
  expect(world.starts).toEqual([
    { to: number, locale: 'de', purpose: 'login', resend: false, flowId: started.id, signal: expect.any(AbortSignal) },
  ])
  expect(started).toMatchObject({ method: 'svc-sms', challenge: { type: 'enter_code', length: 6, resend_in: 60 } })
  expect(await verify('000000')).toBe('invalid_code')
  expect(await verify('123456')).toBe('no error')
  expect(world.checks).toEqual([
    { id: 'id-1', to: number, code: '000000' },
    { id: 'id-1', to: number, code: '123456' },
  ])
})

test('a resend names the check before, and only the new one counts', async () => {
  const world = setup()
  const { started, verify } = await begun(world)
  await world.clock.advance(60_000)
  await world.flow.resend(ofCaller(redeeming(started)))
  expect(world.starts[1]).toMatchObject({ resend: true, previous: 'id-1' })
  await verify('000000')
  expect(world.checks).toEqual([{ id: 'id-2', to: number, code: '000000' }])
})

test('the service says how long its code is and lives', async () => {
  const world = setup({ start: () => ({ id: 'x', codeLength: 4, expiresInSeconds: 90 }) })
  const { started, verify } = await begun(world)
  expect(started).toMatchObject({ challenge: { length: 4 }, expiresInSeconds: 90 })
  expect(await verify('1234')).toBe('invalid_code')
  await world.clock.advance(90_000)
  expect(await verify('123456')).toBe('rung_unable')
})

describe('a start that', () => {
  test.each<[string, VerifyServiceOptions['start'], object]>([
    [
      'says unable',
      () => ({ unable: 'blocked' }),
      { method: 'next', skipped: [{ method: 'svc-sms', reason: 'blocked' }] },
    ],
    [
      'says so in a word of its own',
      () => ({ unable: number }) as never,
      { skipped: [{ method: 'svc-sms', reason: 'other' }] },
    ],
    [
      'throws that it sent nothing',
      () => Promise.reject({ untried: true }),
      { skipped: [{ method: 'svc-sms', reason: 'provider_down' }] },
    ],
  ])('%s: the ladder goes on', async (_name, begin, wanted) => {
    expect((await begun(setup({ start: begin }, true))).started).toMatchObject(wanted)
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'id'],
    ['no id', {}],
    ['an empty id', { id: '' }],
    ['a number for an id', { id: 5 }],
    ['a long id', { id: 'x'.repeat(513) }],
  ])('answers with %s may have sent: nothing follows, nothing is repeated', async (_name, answer) => {
    const world = setup({ start: () => answer as never }, true)
    expect(await refusal(begun(world))).toBe('delivery_unknown')
  })

  test('says stop ends the ladder', async () => {
    expect(await refusal(begun(setup({ start: () => ({ unable: 'blocked', stop: true }) }, true)))).toBe(
      'ladder_exhausted',
    )
  })
})

describe('a check that', () => {
  test.each<[string, unknown]>([
    ['true', true],
    ['an object that holds the word', { status: 'verified' }],
    ['the word in capitals', 'VERIFIED'],
    ['the word of another service', 'approved'],
    ['a String object', Object('verified')],
    ['nothing', undefined],
    ['an empty object', {}],
  ])('answers with %s is an outage and logs nobody in', async (_name, answer) => {
    const world = setup({ check: () => answer as never })
    const { verify } = await begun(world)
    expect(await verify('123456')).toBe('provider_unavailable')
    expect(world.events).toContainEqual(expect.objectContaining({ type: 'provider_outage', operation: 'check' }))
  })

  test('throws keeps the guess counted: what may have reached the service is no free one', async () => {
    const world = setup({ check: () => Promise.reject(new Error(number)) })
    const { verify } = await begun(world)
    const codes = []
    for (let index = 0; index < 4; index++) codes.push(await verify('000000'))
    expect(codes).toEqual(['provider_unavailable', 'provider_unavailable', 'provider_unavailable', 'invalid_code'])
    expect(JSON.stringify(world.events)).not.toContain('2025550100')
  })

  test.each<[VerifyServiceOptions['check'], string]>([
    [() => 'expired', 'expired'],
    [() => ({ unable: 'blocked' }), 'blocked'],
  ])('answers with %s ends the rung for that reason', async (check, reason) => {
    const world = setup({ check }, true)
    const { started } = await begun(world)
    const problem = await world.flow.redeem(redeeming(started, '123456'), anyone).catch((error) => error)
    expect(problem).toMatchObject({ code: 'rung_unable', details: { reason, fallback: ['next'] } })
  })

  test('is not asked about what cannot be a code', async () => {
    const world = setup()
    const { verify } = await begun(world)
    expect(await verify('12a456')).toBe('invalid_request')
    expect(world.checks).toEqual([])
  })
})

test.each<[object, RegExp]>([
  [{ start: undefined }, /verifyService: start is missing/],
  [{ check: 5 }, /check must be a function/],
  [{ name: undefined }, /name is missing/],
  [{ vendor: undefined }, /vendor is missing/],
  [{ codeLength: 3 }, /codeLength must be a whole number from 4 to 10/],
  [{ codeGrammar: /x/g }, /codeGrammar must be a RegExp without g and y/],
  [{ ttlSeconds: 1 }, /ttlSeconds must be/],
  [{ verify: () => {} }, /unknown option 'verify'/],
])('%j is refused by its name', (options, words) => {
  expect(() => setup(options)).toThrow(words)
})
