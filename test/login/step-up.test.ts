import type { PhoneIdentity, Unable } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { StepUp } from '../../src/login/types.js'
import { anyone, begin, flowSetup, redeeming, refusal, type ScriptedProvider, scripted } from '../support/flow.js'

// The application's answer to a proof that is too weak for it.

const ofCaller = ({ code: _, ...request }: ReturnType<typeof redeeming>) => request
const rung = (name: string, more: Partial<ScriptedProvider> = {}) => Object.assign(scripted(name), more)
const weak = () => rung('sms', { assurance: 'low', sends: true, guessable: true, ttlSeconds: 600 })

/** Wants `floor` of whatever is weaker. */
function wanting(floor: 'medium' | 'high') {
  const seen: string[] = []
  const strength = { low: 0, medium: 1, high: 2 }
  return {
    seen,
    resolve: async (identity: PhoneIdentity) => {
      seen.push(identity.method)
      return strength[identity.assurance] < strength[floor] ? new StepUp(floor) : anyone(identity)
    },
  }
}

async function begun(ladder: readonly ScriptedProvider[], settings: object = {}) {
  const setup = flowSetup({ ladder, ...settings })
  const started = await begin(setup.flow)
  const problem = (promise: Promise<unknown>) =>
    promise.then(
      (value) => value as never,
      ({ code, details }) => ({ code, ...details }),
    )
  return { ...setup, started, problem, request: ofCaller(redeeming(started)) }
}

describe('a login that is proven too weakly', () => {
  test('stays open for the stronger rung, and is won by that one alone', async () => {
    const [sms, medium, high] = [weak(), rung('mo', { assurance: 'medium' }), rung('strong')]
    const { flow, started, request, problem, events } = await begun([sms, medium, high])
    const { seen, resolve } = wanting('high')
    expect(await problem(flow.redeem(redeeming(started), resolve))).toMatchObject({
      code: 'rung_unable',
      reason: 'step_up',
      fallback: ['strong'],
    })
    expect(events).toContainEqual(expect.objectContaining({ type: 'rung_spent', reason: 'step_up', method: 'sms' }))
    expect(events.map(({ type }) => type)).not.toContain('identity_verified')
    expect(await flow.status(request)).toMatchObject({ state: 'pending', rung: 'spent', fallback: ['strong'] })
    expect(await flow.fallback(request)).toMatchObject({ method: 'strong', fallback: [] })
    const won = await flow.redeem(redeeming(started), resolve)
    expect([won.identity.method, won.identity.assurance]).toEqual(['strong', 'high'])
    expect([seen, medium.starts]).toEqual([['sms', 'strong'], 0])
  })

  test('goes to a rung of at least that strength', async () => {
    const { flow, started, request, problem } = await begun([
      weak(),
      rung('mo', { assurance: 'medium' }),
      rung('strong'),
    ])
    const { resolve } = wanting('medium')
    expect(await problem(flow.redeem(redeeming(started), resolve))).toMatchObject({ fallback: ['mo', 'strong'] })
    expect(await flow.fallback(request)).toMatchObject({ method: 'mo' })
  })

  test.each<[string, ScriptedProvider[], 'medium' | 'high']>([
    ['no rung follows', [weak()], 'high'],
    ['those that follow are weaker', [weak(), rung('mo', { assurance: 'medium' })], 'high'],
    [
      'the stronger ones came before',
      [rung('strong', { onStart: async (): Promise<Unable> => ({ unable: 'not_mobile_ip' }) }), weak()],
      'high',
    ],
  ])('is refused when %s, and the event says so', async (_name, ladder, floor) => {
    const { flow, started, request, problem, events } = await begun(ladder)
    const { resolve } = wanting(floor)
    expect(await problem(flow.redeem(redeeming(started), resolve))).toMatchObject({ code: 'user_refused', ended: true })
    expect(events).toContainEqual(expect.objectContaining({ type: 'user_refused', reason: 'no_stronger_rung' }))
    expect(await flow.status(request)).toMatchObject({ state: 'failed', reason: 'user_refused' })
  })

  test('is refused when what is wanted is no more than what was proven', async () => {
    const { flow, started } = await begun([rung('one'), rung('two')])
    expect(await refusal(flow.redeem(redeeming(started), async () => new StepUp('high')))).toBe('user_refused')
  })

  test('is refused when no time is left for another rung', async () => {
    const sms = weak()
    sms.onStart = async () => ({
      challenge: { type: 'enter_code', length: 5 },
      check: { id: 'c' },
      expiresInSeconds: 600,
    })
    const { flow, clock, started } = await begun([sms, rung('strong')])
    await clock.advance(595_000)
    expect(await refusal(flow.redeem(redeeming(started), wanting('high').resolve))).toBe('user_refused')
  })

  test('is refused when the last try of the login proved it', async () => {
    const { flow, started } = await begun([weak(), rung('strong')], { limits: { triesPerCode: 10 } })
    for (let tries = 1; tries < 10; tries++) await refusal(flow.redeem(redeeming(started, 'wrong'), anyone))
    expect(await refusal(flow.redeem(redeeming(started), wanting('high').resolve))).toBe('user_refused')
  })

  test('takes neither the code again nor another message of the weak rung', async () => {
    const sms = weak()
    const { flow, clock, started, request, problem } = await begun([sms, rung('strong')])
    const { seen, resolve } = wanting('high')
    await refusal(flow.redeem(redeeming(started), resolve))
    expect(await problem(flow.redeem(redeeming(started), anyone))).toMatchObject({ code: 'rung_unable' })
    await clock.advance(300_000)
    expect(await refusal(flow.resend(request))).toBe('send_refused')
    expect([sms.redeems, sms.starts, seen]).toEqual([1, 1, ['sms']])
  })

  test('keeps its floor when the stronger rung is down, and when it cannot work', async () => {
    const strong = rung('strong')
    const { flow, started, request, problem } = await begun([weak(), strong, rung('late', { assurance: 'low' })])
    await refusal(flow.redeem(redeeming(started), wanting('high').resolve))
    strong.onStart = async () => {
      throw new Error('down')
    }
    expect(await refusal(flow.fallback(request))).not.toBe('no error')
    expect(await flow.status(request)).toMatchObject({ state: 'pending', fallback: ['strong'] })
    expect(await refusal(flow.resend(request))).toBe('send_refused')
    strong.onStart = async () => ({ unable: 'mno_not_supported' })
    expect(await problem(flow.fallback(request))).toMatchObject({ code: 'ladder_exhausted' })
    expect(await flow.status(request)).toMatchObject({ state: 'failed', fallback: [] })
  })

  test('may be stepped up by the repeat of a proof whose first callback failed', async () => {
    const { flow, started, request, problem } = await begun([weak(), rung('strong')])
    let calls = 0
    const { resolve } = wanting('high')
    const failing = async (identity: PhoneIdentity) => {
      calls += 1
      if (calls === 1) throw new Error('the database is down')
      return resolve(identity)
    }
    await refusal(flow.redeem(redeeming(started), failing))
    expect(await problem(flow.redeem(redeeming(started), failing))).toMatchObject({ reason: 'step_up' })
    // Nothing of the kept proof is left: without the stronger rung there is no login.
    expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('rung_unable')
    await flow.fallback(request)
    expect((await flow.redeem(redeeming(started), failing)).identity.method).toBe('strong')
  })

  test('gives the stronger proof a minute of its own when its callback fails', async () => {
    const { flow, clock, started, request, problem } = await begun([weak(), rung('strong')])
    const { resolve } = wanting('high')
    const fails = async () => Promise.reject(new Error('the database is down'))
    await refusal(flow.redeem(redeeming(started), fails))
    expect(await problem(flow.redeem(redeeming(started), resolve))).toMatchObject({ reason: 'step_up' })
    await clock.advance(50_000)
    await flow.fallback(request)
    await refusal(flow.redeem(redeeming(started), fails))
    await clock.advance(20_000)
    expect((await flow.redeem(redeeming(started), resolve)).identity.method).toBe('strong')
  })

  test('is not won by a rung that a deployment made weaker meanwhile', async () => {
    const { flow, clock, store, started, request } = await begun([weak(), rung('strong')])
    await refusal(flow.redeem(redeeming(started), wanting('high').resolve))
    await flow.fallback(request)
    const deployed = flowSetup({ ladder: [weak(), rung('strong', { assurance: 'medium' })], store, clock })
    expect(await refusal(deployed.flow.redeem(redeeming(started), anyone))).toBe('user_refused')
  })
})

describe('requests at the same moment', () => {
  test('ask the application once, and step up once', async () => {
    const sms = weak()
    const { flow, started, request, events } = await begun([sms, rung('strong')])
    const { seen, resolve } = wanting('high')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => refusal(flow.redeem(redeeming(started), resolve))),
    )
    expect(answers.filter((code) => code === 'rung_unable')).toHaveLength(1)
    expect(new Set(answers)).toEqual(new Set(['rung_unable', 'in_progress']))
    expect([seen, sms.redeems]).toEqual([['sms'], 1])
    const steps = await Promise.all(Array.from({ length: 20 }, () => refusal(flow.fallback(request))))
    expect(steps.filter((code) => code === 'no error')).toHaveLength(1)
    const wins = await Promise.all(Array.from({ length: 20 }, () => refusal(flow.redeem(redeeming(started), resolve))))
    expect(wins.filter((code) => code === 'no error')).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'identity_verified')).toHaveLength(1)
  })

  test('that took the flow over leave the answer of the slower one without effect', async () => {
    const { flow, clock, started, request } = await begun([weak(), rung('strong')])
    const late = await refusal(
      flow.redeem(redeeming(started), async () => {
        // The process stands still until the lease is over, and another request goes on.
        await clock.advance(25_000)
        await flow.fallback(request).catch(() => {})
        return new StepUp('high')
      }),
    )
    expect(late).not.toBe('rung_unable')
    expect(late).not.toBe('no error')
  })
})
