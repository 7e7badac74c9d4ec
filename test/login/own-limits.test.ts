import { type LimitOptions, MemoryStore, ownSms, PhoneCheckStrategy, phoneCheck } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { number, secret } from '../support/app.js'
import { anyone, flowSetup, redeeming, refusal, requester } from '../support/flow.js'

const start = { phoneNumber: number, purpose: 'login', binding: 'handle', delivery: 'body', requester } as const
const ofCaller = ({ code: _, ...request }: ReturnType<typeof redeeming>) => request

function setup(limits: LimitOptions) {
  const codes: string[] = []
  const rung = ownSms({ brand: 'Acme', send: ({ code }) => void codes.push(code) })
  const world = flowSetup({ ladder: [rung], limits })
  const wrong = () => (codes.at(-1) === '000000' ? '000001' : '000000')
  const begin = () => world.flow.start(start)
  const guess = async (started: Awaited<ReturnType<typeof begin>>) =>
    refusal(world.flow.redeem(redeeming(started, wrong()), anyone))
  return { ...world, codes, begin, guess }
}

/** As often as it is answered by `wanted`. */
async function times(wanted: string, step: () => Promise<string>): Promise<number> {
  for (let count = 0; ; count++) if ((await step()) !== wanted) return count
}

describe('a limit that the application sets is the one in force', () => {
  test.each([1, 3, 5])('triesPerCode: %d', async (triesPerCode) => {
    const { begin, guess, flow } = setup({ triesPerCode })
    const started = await begin()
    for (let left = triesPerCode - 1; left >= 0; left--) {
      const problem = await flow.redeem(redeeming(started, '999999'), anyone).catch((error) => error)
      expect(problem.details.attemptsLeft).toBe(left)
    }
    expect(await guess(started)).not.toBe('invalid_code')
  })

  test.each([
    [0, 0],
    [1, 1],
    // No login lives long enough for a fourth, whose wait would be 480 seconds.
    [5, 3],
  ])('resendsPerFlow: %d', async (resendsPerFlow, wanted) => {
    const { begin, flow, clock, codes } = setup({ resendsPerFlow, sendsPerNumber: 10 })
    const started = await begin()
    expect('resend_in' in started.challenge).toBe(resendsPerFlow > 0)
    const resends = await times('no error', async () => {
      await clock.advance(60_000 * 2 ** (codes.length - 1))
      return refusal(flow.resend(ofCaller(redeeming(started))))
    })
    expect(resends).toBe(wanted)
    expect(codes).toHaveLength(wanted + 1)
  })

  test('resendAfterSeconds: the least that any rung waits, and no rung waits less than it states', async () => {
    const long = setup({ resendAfterSeconds: 200 })
    expect((await long.begin()).challenge).toMatchObject({ resend_in: 200 })
    const short = setup({ resendAfterSeconds: 10 })
    const started = await short.begin()
    expect(started.challenge).toMatchObject({ resend_in: 60 })
    await long.clock.advance(199_999)
    await short.clock.advance(59_999)
    expect(await refusal(short.flow.resend(ofCaller(redeeming(started))))).toBe('cooldown')
  })

  test.each([1, 3, 7])('sendsPerNumber: %d', async (sendsPerNumber) => {
    const { begin, codes } = setup({ sendsPerNumber })
    await times('no error', () => refusal(begin()))
    expect(codes).toHaveLength(sendsPerNumber)
  })

  test.each([3, 25])('wrongCodesPerNumber: %d', async (wrongCodesPerNumber) => {
    const { begin, guess } = setup({ wrongCodesPerNumber, sendsPerNumber: 10 })
    let guesses = 0
    for (let locked = false; !locked; ) {
      const started = await begin().catch((error) => error)
      if (started instanceof Error) break
      guesses += await times('invalid_code', async () => {
        const answer = await guess(started)
        locked = answer === 'code_locked'
        return answer
      })
    }
    expect(guesses).toBe(wrongCodesPerNumber)
  })
})

const strategy = (limits: object, ladder = [ownSms({ brand: 'Acme', send: () => {} })]) =>
  new PhoneCheckStrategy(
    { ladder, limits, countries: ['US'], store: new MemoryStore(), secret, onEvent: () => {} },
    (_identity, done) => done(null, false),
  )

describe('outside of its range', () => {
  test.each<[object, RegExp]>([
    [{ triesPerCode: 0 }, /limits\.triesPerCode must be a whole number from 1 to 5/],
    [{ triesPerCode: 6 }, /from 1 to 5; more, up to 10, needs limits\.acceptRisk: true/],
    [{ triesPerCode: 11, acceptRisk: true }, /from 1 to 10/],
    [{ wrongCodesPerNumber: 101 }, /from 1 to 100; more, up to 1000, needs limits\.acceptRisk: true/],
    [{ wrongCodesPerNumber: Number.POSITIVE_INFINITY, acceptRisk: true }, /from 1 to 1000/],
    [{ sendsPerNumber: 1.5 }, /limits\.sendsPerNumber must be a whole number from 1 to 10/],
    [{ resendsPerFlow: -1 }, /limits\.resendsPerFlow must be a whole number from 0 to 5/],
    [{ resendAfterSeconds: 9 }, /limits\.resendAfterSeconds must be a whole number from 10 to 600/],
    [{ acceptRisk: 'yes' }, /limits\.acceptRisk must be true or false/],
  ])('%j is refused with the range, and with what accepts the risk', (limits, words) => {
    expect(() => strategy(limits)).toThrow(words)
  })

  test('more is taken by who says so', () => {
    const { guessing } = strategy({ wrongCodesPerNumber: 1_000, acceptRisk: true }).describe()
    expect(guessing).toMatchObject({ worseThanNist: true, guessesPerYear: { strangers: 17_000, knownDevices: 34_000 } })
  })
})

describe('phone.describe()', () => {
  test('says what is in force, and what guessing gains', () => {
    expect(strategy({ triesPerCode: 4, resendAfterSeconds: 90 }).describe()).toEqual({
      ladder: [
        {
          method: 'own-sms',
          vendor: 'own',
          assurance: 'low',
          sends: true,
          ttlSeconds: 300,
          dwellSeconds: 60,
          resendAfterSeconds: 90,
          codeLength: 6,
        },
      ],
      limits: { triesPerCode: 4, triesPerLogin: 5, resendsPerLogin: 2, sendsPerNumber: 3, wrongCodesPerNumber: 10 },
      guessing: {
        method: 'own-sms',
        guessesPerYear: { strangers: 170, knownDevices: 340 },
        chancePerYear: 170 / 1e6,
        worseThanNist: false,
      },
    })
  })

  test('says nothing of guessing where no code can be guessed, and nothing secret', () => {
    const described = strategy({}, [phoneCheck({ clientId: 'the-id', clientSecret: 'the-client-secret' })]).describe()
    expect(described).not.toHaveProperty('guessing')
    expect(JSON.stringify(described)).not.toMatch(/the-id|the-client-secret|a-test-secret/)
  })
})
