import { PhoneCheckError, type Provider, type Unable } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { anyone, begin, flowSetup, redeeming, refusal, type ScriptedProvider, scripted } from '../support/flow.js'

// Rungs are written by others too. What they do wrong proves nothing, reaches their operator, and
// costs no user a login that another rung can give.

const untyped = (value: unknown) => value as never
const ofCaller = ({ code: _, ...request }: ReturnType<typeof redeeming>) => request

describe('a rung whose start', () => {
  const broken: [string, () => Promise<never>, cause: string][] = [
    ['throws an error of its own', () => Promise.reject(new TypeError('+12025550100 is not iterable')), 'TypeError'],
    ['throws no error at all', () => Promise.reject(undefined), '(undefined|Error)'],
    ['answers nothing', async () => untyped(undefined), 'TypeError'],
    ['answers with null', async () => untyped(null), 'TypeError'],
    [
      'answers with neither a check nor a reason',
      async () => untyped({ challenge: { type: 'open_url', url: 'https://x.example/' } }),
      'TypeError',
    ],
  ]
  test.each(broken)(
    '%s is left, and its operator hears of the defect and of nothing secret',
    async (_name, onStart, cause) => {
      const first = scripted('first')
      first.onStart = onStart
      const { flow, events } = flowSetup({ ladder: [first, scripted('second')] })
      expect(await begin(flow)).toMatchObject({
        method: 'second',
        skipped: [{ method: 'first', reason: 'provider_down' }],
      })
      const outage = { type: 'provider_outage', method: 'first', operation: 'start', kind: 'defect' }
      expect(events).toContainEqual({ ...outage, message: expect.stringMatching(`threw ${cause} `) })
      expect(JSON.stringify(events)).not.toContain('2025550100')
    },
  )

  test('fails in a way of its own as the only rung: 503, and no login', async () => {
    const first = scripted('first')
    first.onStart = async () => untyped(undefined)
    expect(await refusal(begin(flowSetup({ ladder: [first] }).flow))).toBe('provider_unavailable')
  })
})

test('a rung whose redeem throws an error of its own tells its operator', async () => {
  const { flow, provider, events } = flowSetup()
  const started = await begin(flow)
  provider.onRedeem = () => Promise.reject(new RangeError('x'))
  expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('provider_unavailable')
  const defect = { type: 'provider_outage', method: 'phonecheck', operation: 'redeem', kind: 'defect' }
  expect(events).toContainEqual(expect.objectContaining({ ...defect, message: expect.stringContaining('RangeError') }))
})

describe('a reason that is none of ours', () => {
  const foreign = untyped('+12025550100 <script>')

  test('of a rung that cannot start travels no further', async () => {
    const [first, second] = [scripted('first'), scripted('second')]
    first.onStart = async () => ({ unable: foreign })
    second.onStart = async () => Promise.reject(new PhoneCheckError('provider_unavailable', { reason: foreign }))
    const { flow, events } = flowSetup({ ladder: [first, second, scripted('third')] })
    const skipped = [
      { method: 'first', reason: 'other' },
      { method: 'second', reason: 'provider_down' },
    ]
    expect(await begin(flow)).toMatchObject({ method: 'third', skipped })
    expect(JSON.stringify(events)).not.toContain('script')
  })

  test('of an outcome travels no further', async () => {
    const first = scripted('first')
    first.onRedeem = async () => ({ outcome: 'unable', reason: foreign })
    const { flow, events } = flowSetup({ ladder: [first, scripted('second')] })
    const started = await begin(flow)
    const refused = await flow.redeem(redeeming(started), anyone).catch((error) => error)
    expect(refused).toMatchObject({ code: 'rung_unable', details: { reason: 'other' } })
    expect(await flow.status(ofCaller(redeeming(started)))).toMatchObject({ rung: 'spent', reason: 'other' })
    expect(JSON.stringify(events)).not.toContain('script')
  })
})

describe('after a fallback that reached no rung', () => {
  const down = async () =>
    Promise.reject(new PhoneCheckError('provider_unavailable', { reason: 'provider_down', untried: true }))

  async function fallen(second: ScriptedProvider['onStart'], third: ScriptedProvider['onStart']) {
    const rungs = [scripted('first'), scripted('second'), scripted('third')] as const
    const { flow, clock } = flowSetup({ ladder: rungs })
    const request = ofCaller(redeeming(await begin(flow)))
    await clock.advance(10_000)
    const healthy = rungs[1].onStart
    rungs[1].onStart = second
    rungs[2].onStart = third
    expect(await refusal(flow.fallback(request))).toBe('provider_unavailable')
    rungs[1].onStart = healthy
    rungs[2].onStart = healthy
    return { rungs, flow, request }
  }

  test('because they were down, the present rung is still live, and all of them are asked again', async () => {
    const { flow, request } = await fallen(down, down)
    expect(await flow.status(request)).toMatchObject({
      state: 'pending',
      rung: 'live',
      fallback: ['second', 'third'],
      fallbackInSeconds: 0,
    })
    expect(await flow.fallback(request)).toMatchObject({ method: 'second' })
  })

  test('one that said "unable" is not asked again, and status says why', async () => {
    const unable: Unable = { unable: 'mno_not_supported' }
    const { rungs, flow, request } = await fallen(async () => unable, down)
    expect(await flow.status(request)).toMatchObject({
      state: 'pending',
      rung: 'spent',
      reason: 'mno_not_supported',
      fallback: ['third'],
      fallbackInSeconds: 0,
    })
    expect(await flow.fallback(request)).toMatchObject({ method: 'third' })
    expect(rungs[1].starts).toBe(1)
  })
})

describe('a message of an earlier login', () => {
  const busy: Unable = { unable: 'busy' }
  function sender(): { rung: Provider; asked(): number; refuse(answer: Unable | undefined): void } {
    const rung = scripted('own')
    const send = async () => ({
      challenge: { type: 'enter_code' as const, length: 4 },
      check: { id: crypto.randomUUID() },
      expiresInSeconds: 600,
    })
    rung.onStart = send
    const refuse = (answer: Unable | undefined) => {
      rung.onStart = answer ? async () => answer : send
    }
    return {
      rung: Object.assign(rung, { sends: true, guessable: true, ttlSeconds: 600 }),
      asked: () => rung.starts,
      refuse,
    }
  }

  test('that is open at the provider is a cooldown until the provider forgets it, a resend included', async () => {
    const { rung, refuse } = sender()
    const { flow, clock } = flowSetup({ ladder: [rung] })
    const request = ofCaller(redeeming(await begin(flow)))
    await clock.advance(125_000)
    await flow.resend(request)
    refuse(busy)
    await clock.advance(500_000)
    expect(await begin(flow).catch((error) => error)).toMatchObject({
      code: 'cooldown',
      details: { retryAfterSeconds: 100, reason: 'busy', ended: true },
      message: expect.stringContaining('on its way'),
    })
    await clock.advance(100_000)
    // Of a message that was forgotten, or of one that we did not send, we cannot say how long to wait.
    expect(await refusal(begin(flow))).toBe('ladder_exhausted')
  })

  test('makes the ladder go on where a rung follows', async () => {
    const { rung, refuse } = sender()
    const { flow } = flowSetup({ ladder: [rung, scripted('next')] })
    await begin(flow)
    refuse(busy)
    expect(await begin(flow)).toMatchObject({ method: 'next', skipped: [{ method: 'own', reason: 'busy' }] })
  })

  test.each(['busy', 'other', 'quota_exceeded'] as const)(
    'a resend that the provider refuses as %s is charged: it is not asked without end',
    async (unable) => {
      const { rung, asked, refuse } = sender()
      const { flow, clock } = flowSetup({ ladder: [rung] })
      const request = ofCaller(redeeming(await begin(flow)))
      refuse({ unable })
      await clock.advance(125_000)
      const codes: string[] = []
      for (let index = 0; index < 20; index++) codes.push(await refusal(flow.resend(request)))
      expect(codes[0]).toBe('send_refused')
      expect(new Set(codes.slice(1))).toEqual(new Set(['cooldown']))
      expect(asked()).toBe(2)
    },
  )
})
