import type { Started, StartInput } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { number } from '../support/app.js'
import { anyone, flowSetup, redeeming, refusal, requester, type ScriptedProvider, scripted } from '../support/flow.js'

// What a rung is told, and what the library makes of what it says, beyond yes and no.

const ofCaller = ({ code: _, ...request }: ReturnType<typeof redeeming>) => request

/** A rung that keeps what it was told. */
function listening(name: string, more: Partial<ScriptedProvider> = {}) {
  const rung = Object.assign(scripted(name), { told: [] as StartInput[], ...more })
  rung.start = async (input): Promise<Started> => {
    rung.told.push(input)
    return {
      challenge: { type: 'open_url', url: 'https://x.example/' },
      check: { id: `${name}-${rung.told.length}`, state: { of: name } },
      expiresInSeconds: 600,
    }
  }
  return rung
}
const sender = { sends: true, guessable: true, ttlSeconds: 600 }
const start = { phoneNumber: number, purpose: 'step-up', binding: 'handle', delivery: 'body', requester } as const

async function begun(rungs: readonly ScriptedProvider[], locale?: string) {
  const { flow, clock } = flowSetup({ ladder: rungs })
  const started = await flow.start({ ...start, ...(locale !== undefined && { locale }) })
  return { flow, clock, started, request: { ...ofCaller(redeeming(started)), purpose: 'step-up' } }
}

describe('a rung is told', () => {
  test('purpose and language on each rung, and no language where nobody said one', async () => {
    const [first, second] = [listening('first'), listening('second')]
    const { flow, clock, request } = await begun([first, second], 'de-CH')
    await clock.advance(10_000)
    await flow.fallback(request)
    for (const { told } of [first, second])
      expect(told).toMatchObject([{ purpose: 'step-up', locale: 'de-CH', resends: 0 }])
    const quiet = listening('first')
    await begun([quiet])
    expect(quiet.told[0]).not.toHaveProperty('locale')
  })

  test('how often the message was asked for again, with the check before', async () => {
    const rung = listening('own', sender)
    const { flow, clock, request } = await begun([rung], 'de')
    expect(rung.told[0]).not.toHaveProperty('previous')
    await clock.advance(125_000)
    await flow.resend(request)
    await clock.advance(250_000)
    await flow.resend(request)
    expect(rung.told.slice(1)).toMatchObject([
      { resends: 1, locale: 'de', previous: { id: 'own-1', state: { of: 'own' } } },
      { resends: 2, locale: 'de', previous: { id: 'own-2', state: { of: 'own' } } },
    ])
  })

  test('the check that is left, if it is of the same vendor', async () => {
    const [first, same, other] = [
      listening('first', { vendor: 'a' }),
      listening('same', { vendor: 'a' }),
      listening('other', { vendor: 'b' }),
    ]
    const { flow, clock, request } = await begun([first, same, other])
    await clock.advance(10_000)
    await flow.fallback(request)
    expect(same.told[0]?.previous).toEqual({ id: 'first-1', state: { of: 'first' } })
    await clock.advance(10_000)
    await flow.fallback(request)
    expect(other.told[0]).not.toHaveProperty('previous')
  })

  test('a key of its own for what it must not keep', async () => {
    const hashes: string[] = []
    const rungs = ['first', 'second'].map((name) => {
      const rung = scripted(name)
      rung.start = async (_input, { keyedHash }) => {
        hashes.push(keyedHash('a'), keyedHash('a'), keyedHash('b'))
        return { unable: 'mno_not_supported' }
      }
      return rung
    })
    expect(await refusal(begun(rungs))).toBe('ladder_exhausted')
    const [a, again, b, ofOther] = hashes
    expect(a).toMatch(/^[\w-]{22}$/)
    expect(a).toBe(again)
    expect(new Set([a, b, ofOther]).size).toBe(3)
  })
})

describe('what a device reports', () => {
  type Judge = NonNullable<ScriptedProvider['judgeReport']>
  async function reported(judgeReport: Judge | undefined, error: string, errorDescription?: string) {
    const first = Object.assign(scripted('first'), judgeReport && { judgeReport })
    const { flow, events } = flowSetup({ ladder: [first, scripted('second')] })
    const started = await flow.start({ ...start, purpose: 'login' })
    const request = {
      ...ofCaller(redeeming(started)),
      error,
      ...(errorDescription !== undefined && { errorDescription }),
    }
    const problem = await flow.redeem(request, anyone).catch((thrown) => thrown)
    return { code: problem.code, reason: problem.details.reason, fallback: problem.details.fallback, events }
  }

  test('is judged by the rung, which sees the description', async () => {
    const judge: Judge = (error, description) => ({
      unable: error === 'login_required' && description === 'on Wi-Fi' ? 'not_mobile_ip' : 'other',
    })
    expect(await reported(judge, 'login_required', 'on Wi-Fi')).toMatchObject({ reason: 'not_mobile_ip' })
    expect(await reported(judge, 'login_required')).toMatchObject({ reason: 'other', fallback: ['second'] })
  })

  test('ends the login where the rung says stop', async () => {
    const judge: Judge = () => ({ unable: 'blocked', stop: true })
    expect(await reported(judge, 'x')).toMatchObject({ code: 'rung_unable', reason: 'blocked', fallback: [] })
  })

  test.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('+12025550100')
      },
    ],
    ['answers nothing', () => undefined],
    ['answers with a verdict', () => ({ outcome: 'verified' })],
    ['answers with a word of its own', () => ({ unable: '+12025550100' })],
  ])('counts as reported when the judge %s, and never as a yes', async (_name, judge) => {
    const { events, ...told } = await reported(judge as Judge, 'x', 'of +12025550100')
    expect(told).toEqual({ code: 'rung_unable', reason: 'reported', fallback: ['second'] })
    expect(JSON.stringify(events)).not.toContain('2025550100')
  })

  test('keeps the words of the library without a judge', async () => {
    expect(await reported(undefined, 'sdk_error')).toMatchObject({ reason: 'sdk_error' })
    expect(await reported(undefined, 'login_required')).toMatchObject({ reason: 'reported' })
  })
})
