import { ownSms, type PhoneIdentity, type Verdict } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import type { TestAppOptions } from '../support/app.js'
import { adapterClock } from '../support/hanging.js'
import { ladderApp, type Mode, modes, rungs, Visitor } from '../support/ladder.js'
import { isLoggedIn } from '../support/login.js'

// `{ stepUp }` from the verify callback, over HTTP.

async function app(mode: Mode, verify: NonNullable<TestAppOptions['verify']>) {
  const clock = fakeClock()
  const sent: string[] = []
  const own = await ladderApp(
    mode,
    [],
    {
      verify,
      ladder: (sim) => [
        ownSms({ brand: 'Acme', clock: adapterClock(clock), send: async ({ code }) => void sent.push(code) }),
        rungs.phonecheck(sim, clock),
      ],
    },
    clock,
  )
  const visitor = new Visitor(own)
  return { own, visitor, code: () => sent.at(-1) ?? '' }
}

/** A verify callback that wants the SIM. @param asked the ways that it was asked about */
const strong =
  (asked: string[]) =>
  async ({ assurance, phoneNumber, method }: PhoneIdentity): Promise<Verdict> => {
    asked.push(method)
    return assurance === 'high' ? { id: `user-of-${phoneNumber}` } : { stepUp: 'high' }
  }

describe.each(modes)('%s', (mode) => {
  test('the client is told of the stronger way, and the login is won by it', async () => {
    const asked: string[] = []
    const { visitor, code } = await app(mode, strong(asked))
    await visitor.start()
    const answer = await visitor.verify({ code: code() })
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'rung_unable', reason: 'step_up', fallback: ['phonecheck'] },
    })
    expect(await isLoggedIn(visitor.browser)).toBe(false)
    const { status, body } = await visitor.fallback()
    expect([status, body.method]).toEqual([201, 'phonecheck'])
    const end = await visitor.silent(body.challenge.url)
    expect(end).toMatchObject(mode === 'cookie + redirect' ? { status: 302 } : { status: 200 })
    expect([asked, await isLoggedIn(visitor.browser)]).toEqual([['own-sms', 'phonecheck'], true])
  })

  test('the first code wins nothing more, nor does another message', async () => {
    const asked: string[] = []
    const { own, visitor, code } = await app(mode, strong(asked))
    await visitor.start()
    await visitor.verify({ code: code() })
    expect(await visitor.verify({ code: code() })).toMatchObject({ status: 422, body: { code: 'rung_unable' } })
    await own.clock.advance(130_000)
    expect(await visitor.resend()).toMatchObject({ body: { code: 'send_refused' } })
    expect([asked, await isLoggedIn(visitor.browser)]).toEqual([['own-sms'], false])
  })
})

describe('the answer of a verify callback', () => {
  const answered = async (verify: NonNullable<TestAppOptions['verify']>) => {
    const { visitor, code } = await app('cookie + body', verify)
    await visitor.start()
    const { status, body } = await visitor.verify({ code: code() })
    return { status, code: body.code, isIn: await isLoggedIn(visitor.browser) }
  }

  test('may be given by done', async () => {
    const answer = await answered((_identity, done) => done(null, { stepUp: 'high' }))
    expect(answer).toEqual({ status: 422, code: 'rung_unable', isIn: false })
  })

  test.each(['low', 'highest', true, undefined, { high: true }])(
    'with stepUp %j is an error, and logs nobody in',
    async (stepUp) => {
      const answer = await answered(async () => ({ stepUp }) as never)
      expect(answer).toEqual({ status: 500, code: 'app_error', isIn: false })
    },
  )

  test('with other members beside stepUp is a user', async () => {
    const answer = await answered(async () => ({ id: 'u1', stepUp: 'high' }) as Express.User)
    expect(answer).toMatchObject({ status: 200, isIn: true })
  })

  test('for a rung that is the strongest refuses the user', async () => {
    const { visitor } = await app('cookie + body', async () => ({ stepUp: 'high' }))
    const own = await ladderApp('cookie + body', ['phonecheck'], { verify: async () => ({ stepUp: 'high' }) })
    const other = new Visitor(own)
    const { body } = await other.start()
    expect(await other.silent(body.challenge.url)).toEqual({ status: 403, code: 'user_refused' })
    expect([await isLoggedIn(other.browser), await isLoggedIn(visitor.browser)]).toEqual([false, false])
  })
})
