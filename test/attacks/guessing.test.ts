import { describe, expect, test } from 'vitest'
import { number } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { calls, type LadderApp, ladderApp, Visitor } from '../support/ladder.js'

const day = 86_400_000

/** A visitor from an address of their own. */
class Guesser extends Visitor {
  readonly #headers: Record<string, string>

  constructor(app: LadderApp, address: string, number?: string) {
    super(app, number, new Browser(app.url))
    this.#headers = { 'x-forwarded-for': address }
  }

  override post(path: string, body: object) {
    return super.post(path, body, this.#headers)
  }
}

/**
 * The simulator would stop a second request while one is open, and after three wrong codes by
 * itself: here only our own rules may stop anything.
 */
function codeOnly(names: ('phonecheck' | 'idenfy-sms')[] = ['idenfy-sms']) {
  return ladderApp('handle', names, {
    simulator: { behaviour: { idenfySecondSend: 'accept', idenfyMaxWrongTries: 1_000 } },
    before: (express) => express.set('trust proxy', 'loopback'),
  })
}

async function guessWrong(guesser: Guesser, times: number): Promise<(string | undefined)[]> {
  const codes: (string | undefined)[] = []
  const wrong = guesser.code() === '0000' ? '1111' : '0000'
  for (let index = 0; index < times; index++) codes.push((await guesser.verify({ code: wrong })).body.code)
  return codes
}

/** Wrong codes until the lock, over several flows and days, as far as the limits on messages allow. */
async function guessUntilLocked(app: LadderApp): Promise<number> {
  const before = app.sim.count(calls.verify)
  for (let flow = 0; flow < 40; flow++) {
    const guesser = new Guesser(app, `198.51.100.${flow + 1}`)
    const start = await guesser.start()
    if (start.body.code === 'code_locked') return app.sim.count(calls.verify) - before
    if (start.status === 429) await app.clock.advance(start.retryAfter * 1000)
    else await guessWrong(guesser, 3)
  }
  throw new Error('never locked')
}

describe('guesses are bounded by number, over flows, messages and addresses', () => {
  test('4 flows x 3 wrong codes from 4 addresses stop at 10 verify calls; the lock ends after a day', async () => {
    const app = await codeOnly()
    const answers: (string | undefined)[] = []
    for (let flow = 0; flow < 4; flow++) {
      const guesser = new Guesser(app, `198.51.100.${flow + 1}`)
      const start = await guesser.start()
      if (start.status === 429) {
        // Three messages in ten minutes are enough for one number; the attacker waits.
        await app.clock.advance(start.retryAfter * 1000)
        await guesser.start()
      }
      answers.push(...(await guessWrong(guesser, 3)))
    }
    expect(app.sim.count(calls.verify)).toBe(10)
    expect(answers.filter((code) => code === 'invalid_code')).toHaveLength(10)
    expect(answers.slice(10)).toEqual(['code_locked', 'code_locked'])

    const locked = await new Guesser(app, '198.51.100.9').start()
    expect(locked).toMatchObject({ status: 429, body: { code: 'code_locked' } })
    expect(locked.retryAfter).toBeGreaterThan(86_000)
    await app.clock.advance(day)
    expect((await new Guesser(app, '198.51.100.9').start()).status).toBe(201)
  })

  test('even the right code is refused while the number is locked', async () => {
    const app = await codeOnly()
    const owner = new Guesser(app, '203.0.113.1')
    await owner.start()
    const code = owner.code()
    await guessUntilLocked(app)
    const answer = await owner.verify({ code })
    expect(['code_locked', 'rung_unable', 'flow_invalid']).toContain(answer.body.code)
    expect(await owner.isLoggedIn()).toBe(false)
  })

  test('each further lock is twice as long, up to 30 days', async () => {
    const app = await codeOnly()
    const days: number[] = []
    for (let round = 0; round < 7; round++) {
      expect(await guessUntilLocked(app)).toBe(10)
      const locked = await new Guesser(app, '203.0.113.1').start()
      days.push(Math.round((locked.retryAfter * 1000) / day))
      await app.clock.advance(locked.retryAfter * 1000)
    }
    expect(days).toEqual([1, 2, 4, 8, 16, 30, 30])
  })

  test('a refused redeem counts nowhere and asks no provider', async () => {
    const app = await codeOnly()
    const holder = new Guesser(app, '203.0.113.1')
    await holder.start()
    await guessUntilLocked(app)
    const before = app.sim.count(calls.verify)
    for (let index = 0; index < 5; index++) await holder.verify({ code: '0000' })
    expect(app.sim.count(calls.verify)).toBe(before)
  })

  test('50 parallel guesses are one at a time, and never more than three for a code', async () => {
    const app = await codeOnly()
    const guesser = new Guesser(app, '198.51.100.1')
    await guesser.start()
    const wrong = guesser.code() === '0000' ? '1111' : '0000'
    for (let round = 0; round < 4; round++)
      await Promise.all(Array.from({ length: 50 }, () => guesser.verify({ code: wrong })))
    expect(app.sim.count(calls.verify)).toBe(3)
  })

  test('losers of a race and outages that asked nobody cost no guess', async () => {
    const app = await codeOnly()
    const guesser = new Guesser(app, '198.51.100.1')
    await guesser.start()
    const code = guesser.code()
    app.sim.fault({ match: calls.verify, status: 429, times: 3 })
    for (let index = 0; index < 3; index++) {
      expect((await guesser.verify({ code })).status).toBe(503)
      await app.clock.advance(5_000)
    }
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await guesser.verify({ code })).status))
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(await guessUntilLocked(app)).toBe(10)
  })

  test.each([
    ['lost after the provider acted', { reset: 'after' as const }],
    ['that makes no sense', { status: 200, body: 'x' }],
  ])('an answer %s is not a free guess', async (_name, fault) => {
    const app = await codeOnly()
    const guesser = new Guesser(app, '198.51.100.1')
    await guesser.start()
    app.sim.fault({ match: calls.verify, times: 1, ...fault })
    await guessWrong(guesser, 1)
    expect(await guessUntilLocked(app)).toBe(9)
  })

  test('a used-up quota of the vendor costs no guess, and is not asked more often however often the user retries', async () => {
    const app = await codeOnly()
    const user = new Guesser(app, '203.0.113.1')
    await user.start()
    const fault = app.sim.fault({ match: calls.verify, status: 429 })
    expect((await user.verify({ code: user.code() })).status).toBe(503)
    for (let index = 0; index < 30; index++) expect((await user.verify({ code: user.code() })).status).toBe(409)
    expect(app.sim.count(calls.verify)).toBe(1)
    expect(app.events.map(({ type }) => type)).not.toContain('breaker_opened')
    fault.remove()
    await app.clock.advance(31_000)
    expect((await user.verify({ code: user.code() })).status).toBe(200)
  })

  test('a typed code of the owner does not forgive the wrong ones', async () => {
    const app = await codeOnly()
    const attacker = new Guesser(app, '198.51.100.1')
    await attacker.start()
    await guessWrong(attacker, 3)
    const owner = new Guesser(app, '203.0.113.1')
    await owner.start()
    expect((await owner.verify({ code: owner.code() })).status).toBe(200)
    expect(await guessUntilLocked(app)).toBe(7)
  })

  test('a silent login of the owner does, and so does unlock()', async () => {
    const app = await codeOnly(['phonecheck', 'idenfy-sms'])
    const forgiving: (() => Promise<void>)[] = [
      async () => {
        const owner = new Guesser(app, '203.0.113.1')
        const { challenge } = (await owner.start()).body
        expect((await owner.silent(challenge.url)).status).toBe(200)
      },
      () => app.phone.unlock(number),
    ]
    for (const forgive of forgiving) {
      for (let flow = 0; flow < 4; flow++) await wrongCodesByFallback(app, flow)
      expect((await lockedFallback(app)).body.code).toBe('code_locked')
      await forgive()
      await app.clock.advance(day)
      expect((await lockedFallback(app)).status).toBe(201)
      await app.clock.advance(day)
    }
    expect(app.events).toContainEqual(
      expect.objectContaining({ type: 'step_refused', step: 'verify', code: 'code_locked' }),
    )
    expect(app.events.filter((event) => event.type === 'number_unlocked')).toEqual([
      { type: 'number_unlocked', country: 'US', number: '+1********00' },
    ])
  })
})

async function wrongCodesByFallback(app: LadderApp, flow: number) {
  const guesser = new Guesser(app, `198.51.100.${flow + 1}`)
  await guesser.start()
  await guesser.verify({ error: 'sdk_error' })
  let step = await guesser.fallback()
  if (step.body.code === 'number_limit') {
    await app.clock.advance(step.retryAfter * 1000)
    await guesser.start()
    await guesser.verify({ error: 'sdk_error' })
    step = await guesser.fallback()
  }
  if (step.status === 201) await guessWrong(guesser, 3)
}

async function lockedFallback(app: LadderApp) {
  const visitor = new Guesser(app, '203.0.113.7')
  await visitor.start()
  await visitor.verify({ error: 'sdk_error' })
  return visitor.fallback()
}

describe('nobody can lock an owner out', () => {
  test('a stranger who burns every limit of a number leaves its silent login and its MOCheck open', async () => {
    const app = await ladderApp('handle', ['phonecheck', 'mocheck', 'idenfy-sms'], {
      simulator: { behaviour: { idenfySecondSend: 'accept', idenfyMaxWrongTries: 1_000 } },
      before: (express) => express.set('trust proxy', 'loopback'),
    })
    for (let flow = 0; flow < 8; flow++) {
      const stranger = new Guesser(app, `198.51.100.${flow + 1}`)
      await stranger.start()
      await stranger.verify({ error: 'sdk_error' })
      await stranger.fallback()
      await app.clock.advance(20_000)
      if ((await stranger.fallback()).status === 201) await guessWrong(stranger, 3)
    }
    const owner = new Guesser(app, '203.0.113.1')
    const silent = await owner.start()
    expect((await owner.silent(silent.body.challenge.url)).status).toBe(200)

    const other = new Guesser(app, '203.0.113.1')
    await other.start()
    await other.verify({ error: 'sdk_error' })
    const { challenge } = (await other.fallback()).body
    await other.phone.send(challenge.to, challenge.body)
    await app.clock.advance(3_000)
    expect((await other.verify()).status).toBe(200)
  })
})
