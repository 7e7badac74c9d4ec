import { MemoryStore, type Provider } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { Ladder } from '../../src/login/ladder.js'
import { number } from '../support/app.js'
import { anyone, begin, flowSetup, redeeming, refusal, scripted } from '../support/flow.js'

// A rung may be anybody's, and nothing but its type says what it answers.

/** Cannot be looked at without an error, which is none. */
const hostile = () =>
  new Proxy(
    {},
    {
      get: () => {
        throw undefined
      },
      has: () => {
        throw 0
      },
      getPrototypeOf: () => {
        throw ''
      },
    },
  )
const waits = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -5, 1e300, '3', null, undefined]

describe('a rung whose verdict is', () => {
  test.each<[string, unknown]>([
    ['no word of the contract', { outcome: 'yes' }],
    ['the word alone', 'verified'],
    ['the word in a list', { outcome: ['verified'] }],
    ['empty', {}],
    ['a list', [{ outcome: 'verified' }]],
    ['true', true],
    ['nothing', undefined],
    ['a Proxy that throws', hostile()],
  ])('%s lets nobody in, is a defect that its operator hears of, and gives the login back', async (_name, verdict) => {
    const { flow, provider, events } = flowSetup()
    const started = await begin(flow)
    provider.onRedeem = async () => verdict as never
    expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('provider_unavailable')
    expect(events).toContainEqual(expect.objectContaining({ type: 'provider_outage', kind: 'defect' }))
    provider.onRedeem = async () => ({ outcome: 'verified' })
    expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('no error')
  })

  test.each(waits)('"not yet", for %s seconds, names a wait that a header can carry', async (retryAfterSeconds) => {
    const { flow, provider } = flowSetup()
    const started = await begin(flow)
    provider.onRedeem = async () => ({ outcome: 'pending', retryAfterSeconds }) as never
    const { code, details } = await flow.redeem(redeeming(started), anyone).catch((error) => error)
    expect(code).toBe('pending')
    expect(details.retryAfterSeconds).toBeGreaterThanOrEqual(1)
    expect(details.retryAfterSeconds).toBeLessThanOrEqual(3600)
  })

  test('a reason of its own tells nobody what it wrote', async () => {
    const { flow, provider, events } = flowSetup()
    const started = await begin(flow)
    provider.onRedeem = async () => ({ outcome: 'unable', reason: number }) as never
    expect(await flow.redeem(redeeming(started), anyone).catch(({ details }) => details.reason)).toBe('other')
    expect(JSON.stringify(events)).not.toContain(number)
  })
})

describe('a rung whose start answers', () => {
  const check = { id: 'x' }
  const url = { type: 'open_url', url: 'https://x.example/' }
  test.each<[string, unknown]>([
    ['a challenge and a check that are empty', { challenge: {}, check: {}, expiresInSeconds: 60 }],
    ['a check whose id is a number', { challenge: url, check: { id: 5 }, expiresInSeconds: 60 }],
    ['no time to live', { challenge: url, check }],
    ['a time to live of NaN', { challenge: url, check, expiresInSeconds: Number.NaN }],
    [
      'a code whose length is NaN',
      { challenge: { type: 'enter_code', length: Number.NaN }, check, expiresInSeconds: 9 },
    ],
    ['a Proxy that throws', hostile()],
  ])('%s has a defect, and the next one takes over', async (_name, answer) => {
    const [odd, next] = [{ ...scripted('odd'), sends: false }, scripted('next')]
    odd.start = async () => answer as never
    const { flow, events } = flowSetup({ ladder: [odd, next] })
    const started = await begin(flow)
    expect(started.method).toBe('next')
    expect(events).toContainEqual(expect.objectContaining({ type: 'provider_outage', kind: 'defect', method: 'odd' }))
    expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('no error')
  })

  test.each(waits)('"not for %s seconds", as the last one, leaves a login that can be read', async (wait) => {
    const [first, busy] = [scripted('first'), scripted('busy')]
    const { flow, clock } = flowSetup({ ladder: [first, busy] })
    busy.onStart = async () => ({ unable: 'busy', retryAfterSeconds: wait }) as never
    const { code: _, ...request } = redeeming(await begin(flow))
    await clock.advance(20_000)
    const { details } = await flow.fallback(request).catch((error) => error)
    expect(String(details.retryAfterSeconds ?? 1)).toMatch(/^[1-9][0-9]{0,3}$/)
    expect(await refusal(flow.status(request))).toBe('no error')
  })
})

describe('the ladder refuses a rung that', () => {
  test.each<[string, object, RegExp]>([
    ['has codes of NaN digits that it does not call guessable', { codeLength: Number.NaN }, /guessable: true/],
    ['says with a text whether it sends', { sends: 'yes', guessable: true }, /true or false/],
    ['says with a text whether its codes can be guessed', { codeLength: 6, guessable: 'false' }, /true or false/],
    ['has a grammar that remembers', { codeGrammar: /^[0-9]{6}$/g }, /without the flags g and y/],
    ['has a grammar that sticks', { codeGrammar: /[0-9]{6}/y }, /without the flags g and y/],
    ['has no start', { start: undefined }, /function start/],
    ['has no name', { name: undefined }, /no name/],
    ['has a list for its name', { name: ['phonecheck'] }, /no name/],
  ])('%s', (_name, change, says) => {
    expect(() => new Ladder([{ ...scripted(), ...change } as unknown as Provider])).toThrow(says)
  })
})

test('a rung that fails to close keeps no other one open, and its error is told as one', async () => {
  const closed: string[] = []
  const bad = (name: string, close: () => Promise<void>): Provider => ({ ...scripted(name), close })
  const ladder = [
    bad('throws', () => {
      throw undefined
    }),
    bad('rejects', () => Promise.reject('')),
    bad('closes', async () => void closed.push('closes')),
  ]
  const { flow } = flowSetup({ ladder })
  expect(await flow.close().catch((error) => error)).toBeInstanceOf(Error)
  expect(closed).toEqual(['closes'])
})

describe('the doctor ends', () => {
  const codesOf = async (diagnosing: Promise<{ code: string }[]>) => (await diagnosing).map(({ code }) => code)

  test('with a rung that never answers', async () => {
    const { flow, clock } = flowSetup({ ladder: [{ ...scripted(), probe: () => new Promise(() => {}) }] })
    const diagnosing = codesOf(flow.diagnose())
    await clock.advance(30_000)
    expect(await diagnosing).toEqual(['vendor_unreachable'])
  })

  test('with a rung that throws at once', async () => {
    const probe = () => {
      throw undefined
    }
    expect(await codesOf(flowSetup({ ladder: [{ ...scripted(), probe }] }).flow.diagnose())).toEqual([
      'vendor_unreachable',
    ])
  })

  test.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['null', async () => null],
    ['advice that is none', async () => ({ advice: 'none' })],
    ['texts that are none', async () => ({ advice: [1, {}], nowMs: Number.NaN })],
    [
      'an error at once',
      () => {
        throw 0
      },
    ],
  ])('with a store that says of its server: %s', async (_name, say) => {
    const { clock } = flowSetup()
    const store = Object.assign(new MemoryStore({ clock }), { diagnose: say as () => never })
    expect(await codesOf(flowSetup({ store, clock }).flow.diagnose())).toEqual(['credentials_untried'])
  })
})
