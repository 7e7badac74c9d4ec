import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Provider } from '../../src/contracts/provider.js'
import { wallTime } from '../../src/lib/clock.js'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { diagnoseLogin } from '../../src/login/diagnose.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/fake-clock.js'
import { stepsSetup } from '../support/steps.js'

type Settings = Parameters<typeof stepsSetup>[0]

afterEach(() => void vi.unstubAllEnvs())

const found = async (settings: Settings = {}) =>
  (await diagnoseLogin(stepsSetup(settings).login)).filter(({ code }) => code !== 'credentials_untried')

describe('the store', () => {
  test('that does what it must is no finding, and keeps nothing of the look', async () => {
    const store = new MemoryStore({ clock: fakeClock() })
    expect(await found({ store })).toEqual([])
    expect(await store.search?.('diagnose', 10)).toEqual([])
  })

  test.each([
    ['counts nothing', { insertCharged: async () => ({ allowed: true, retryAfterSeconds: 0 }) as never }],
    ['replaces nothing', { replace: async () => false }],
    ['finds nothing', { find: async () => undefined }],
    ['lets everything through', { count: async () => ({ allowed: true }) as never }],
  ])('that %s is wrong', async (_what, broken) => {
    const store = Object.assign(new MemoryStore({ clock: fakeClock() }), broken)
    expect(await found({ store })).toMatchObject([{ level: 'error', code: 'store_wrong' }])
  })

  test('that fails is told with what it says', async () => {
    const store = Object.assign(new MemoryStore({ clock: fakeClock() }), {
      find: () => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })),
    })
    expect(await found({ store })).toMatchObject([{ level: 'error', code: 'store_failed' }])
  })

  test.each([
    [4_999, []],
    [6_000, [{ level: 'error', code: 'clock_skew', message: expect.stringContaining('differ by 6 seconds') }]],
    [-6_000, [{ level: 'error', code: 'clock_skew', message: expect.stringContaining('differ by 6 seconds') }]],
  ])('whose clock is %d ms behind', async (ms, expected) => {
    const steps = stepsSetup()
    Object.assign(steps.store, { diagnose: async () => ({ advice: [], nowMs: wallTime(steps.clock) - ms }) })
    const findings = await diagnoseLogin(steps.login)
    expect(findings.filter(({ code }) => code !== 'credentials_untried')).toEqual(expected)
  })

  test('gives the advice that it has, and one that cannot gives none', async () => {
    const store = new MemoryStore({ clock: fakeClock() })
    Object.assign(store, { diagnose: async () => ({ advice: ['Raise maxmemory.'] }) })
    expect(await found({ store })).toEqual([{ level: 'warning', code: 'store_setting', message: 'Raise maxmemory.' }])
    Object.assign(store, { diagnose: () => Promise.reject(new Error('no right')) })
    expect(await found({ store })).toEqual([])
  })
})

describe('a vendor', () => {
  const ask = async (probe: Provider['probe']) => {
    const { login } = stepsSetup()
    Object.assign(login.ladder.find('link') ?? {}, { probe })
    return (await diagnoseLogin(login)).filter(({ message }) => message.startsWith('link') || message === 'mend it')
  }

  test('that has no free call says so', async () => {
    const { login } = stepsSetup()
    expect(await diagnoseLogin(login)).toMatchObject(
      ['link', 'poll', 'sms'].map((name) => ({
        level: 'note',
        code: 'credentials_untried',
        message: expect.stringContaining(`${name}: `),
      })),
    )
  })

  test('that answers is no finding', async () => {
    expect(await ask(async () => {})).toEqual([])
  })

  test('that refuses is told by its own words, before any other', async () => {
    const findings = await ask(async ({ emit }) => {
      emit({ type: 'breaker_closed', method: 'link', operation: 'token' })
      const refused = { method: 'link', operation: 'token', status: 401, message: 'mend it' }
      emit({ type: 'provider_misconfigured', ...refused })
      throw new PhoneCheckError('provider_unavailable')
    })
    expect(findings).toEqual([{ level: 'error', code: 'credentials_refused', message: 'mend it' }])
  })

  test('that is out of reach is told with where to look', async () => {
    const findings = await ask(() => Promise.reject(new PhoneCheckError('provider_unavailable')))
    expect(findings).toMatchObject([
      { level: 'error', code: 'vendor_unreachable', message: expect.stringContaining('could not be asked') },
    ])
  })
})

describe('what is set', () => {
  const reviewNumbers = (days: number) => [
    { phoneNumber: '+12025550199', code: '123456', until: new Date(Date.now() + days * 86_400_000) },
  ]

  test.each([
    [13, [{ level: 'warning', code: 'review_ends', message: expect.stringContaining('ends on') }]],
    [-1, [{ level: 'warning', code: 'review_ends', message: expect.stringContaining('ended on') }]],
    [15, []],
  ])('a review number that ends in %d days', async (days, expected) => {
    const clock = fakeClock()
    const until = new Date(wallTime(clock) + days * 86_400_000)
    const settings = { clock, reviewNumbers: [{ ...reviewNumbers(0)[0], until }] } as unknown as Settings
    expect(await found(settings)).toEqual(expected)
  })

  test('a limit that bounds nothing, and one that NIST does not allow', async () => {
    const endless = Number.POSITIVE_INFINITY
    const limits = { sendsPerDay: endless, sendsPerBlock: endless, checksPerDay: endless }
    expect((await found({ limits })).map(({ code, message }) => [code, message.split(' ')[0]])).toEqual([
      ['limit_endless', 'limits.sendsPerDay'],
      ['limit_endless', 'limits.sendsPerBlock'],
      ['limit_endless', 'limits.checksPerDay'],
    ])
    expect(await found({ limits: { wrongCodesPerNumber: 101, acceptRisk: true } })).toMatchObject([
      { code: 'guessing' },
    ])
    expect(await found({ limits: { wrongCodesPerNumber: 100 } })).toEqual([])
  })

  test('notes of production are said in production alone', async () => {
    const steps = stepsSetup()
    Object.assign(steps.login.ladder.find('link') ?? {}, { vendor: 'tru.id' })
    Object.assign(steps.login.settings, {
      reviewNumbers: [{ phoneNumber: '+12025550199', code: '123456', until: new Date(wallTime(steps.clock) + 2e9) }],
    })
    const codes = async () =>
      (await diagnoseLogin(steps.login)).map(({ code }) => code).filter((code) => code !== 'credentials_untried')
    expect(await codes()).toEqual([])
    vi.stubEnv('NODE_ENV', 'production')
    expect(await codes()).toEqual(['review_numbers', 'sandbox_projects'])
  })
})
