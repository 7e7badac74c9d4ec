import { type OwnSmsOptions, ownSms, PhoneCheckError, verifyService } from 'passport-phonecheck'
import { describe, expect, onTestFinished, test } from 'vitest'
import { number } from '../support/app.js'
import { anyone, begin, flowSetup, redeeming, refusal, requester, scripted } from '../support/flow.js'

// What an application gives to ownSms and verifyService may fail with anything.

const hostile = () =>
  new Proxy(new Error('x'), {
    get: () => {
      throw undefined
    },
    getPrototypeOf: () => {
      throw 0
    },
  })

function ownLadder(options: Partial<OwnSmsOptions>) {
  const rung = ownSms({ send: () => {}, brand: 'Acme', ...options })
  return flowSetup({ ladder: [rung, scripted('next')] })
}

describe('a text that', () => {
  test('is promised and rejects ends no process: nothing is sent, and the next rung answers', async () => {
    const unheard: unknown[] = []
    const listen = (reason: unknown) => void unheard.push(reason)
    process.on('unhandledRejection', listen)
    onTestFinished(() => void process.off('unhandledRejection', listen))
    const sent: unknown[] = []
    const { flow, events } = ownLadder({
      send: (message) => void sent.push(message),
      text: (async () => Promise.reject(0)) as never,
    })
    expect(await begin(flow)).toMatchObject({ method: 'next' })
    // Node tells of unheard rejections after the microtasks of a turn.
    await new Promise((resolve) => setImmediate(resolve))
    expect([sent, unheard]).toEqual([[], []])
    expect(events).toContainEqual(expect.objectContaining({ code: 'message_text' }))
  })

  test('throws what cannot be looked at has sent nothing', async () => {
    const { flow, events } = ownLadder({
      text: () => {
        throw hostile()
      },
    })
    expect(await begin(flow)).toMatchObject({ method: 'next' })
    expect(events).toContainEqual(expect.objectContaining({ type: 'provider_outage', kind: 'application' }))
  })

  test.each(['login', 'payout', 'login-DE', '__proto__', 'constructor'])(
    'belongs to a purpose is not had by a requester for the language %s',
    async (locale) => {
      const texts: string[] = []
      const { flow } = ownLadder({
        send: ({ text }) => void texts.push(text),
        text: { default: 'Other {code}', login: 'Log in {code}', payout: 'Pay out {code}', de: 'Deutsch {code}' },
      })
      const start = { phoneNumber: number, binding: 'handle', delivery: 'body', requester, purpose: 'link' } as const
      await flow.start({ ...start, locale })
      await flow.start({ ...start, locale: 'de-CH' })
      expect(texts.map((text) => text.split(' ')[0])).toEqual(['Other', 'Deutsch'])
    },
  )
})

describe('a send that', () => {
  test('throws what cannot be looked at may have sent, and the operator hears', async () => {
    const { flow, events } = ownLadder({ send: () => Promise.reject(hostile()) })
    expect(await refusal(begin(flow))).toBe('delivery_unknown')
    expect(events).toContainEqual(expect.objectContaining({ type: 'provider_outage', kind: 'application' }))
  })

  test.each([Number.POSITIVE_INFINITY, Number.NaN, 1e300, -1, '60'])(
    'names a wait of %s sends no header that is no number',
    async (retryAfterSeconds) => {
      const failed = Object.assign(new Error('no credit'), { untried: true, retryAfterSeconds })
      const { flow } = flowSetup({ ladder: [ownSms({ brand: 'Acme', send: () => Promise.reject(failed) })] })
      const { code, details } = await begin(flow).catch((error) => error)
      expect(code).toBe('provider_unavailable')
      expect(details.retryAfterSeconds ?? 1).toBeGreaterThan(0)
      expect(details.retryAfterSeconds ?? 1).toBeLessThanOrEqual(3600)
    },
  )
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300, '60'])(
  'an error of the library that is made with a wait of %s has one that a header can carry, or none',
  (wait) => {
    const { details } = new PhoneCheckError('provider_unavailable', { retryAfterSeconds: wait as number })
    expect(String(details.retryAfterSeconds ?? 0)).toMatch(/^[0-9]+$/)
  },
)

test.each<[string, () => unknown]>([
  ['a Proxy that throws', hostile],
  ['a list with the word', () => ['verified']],
  ['an object of the word', () => new String('verified')],
  ['the whole outcome', () => ({ outcome: 'verified' })],
  [
    'a getter that throws',
    () => ({
      get unable() {
        throw 0
      },
    }),
  ],
  ['a promise that rejects with nothing', () => Promise.reject(undefined)],
])('a check that answers with %s lets nobody in', async (_name, answer) => {
  const rung = verifyService({ name: 'code', vendor: 'v', start: () => ({ id: 'a' }), check: answer as () => never })
  const { flow } = flowSetup({ ladder: [rung] })
  expect(await refusal(flow.redeem(redeeming(await begin(flow), '123456'), anyone))).toBe('provider_unavailable')
})
