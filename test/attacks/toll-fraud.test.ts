import { describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.js'
import { outlast } from '../support/hanging.js'
import { calls, type LadderApp, ladderApp, Visitor } from '../support/ladder.js'

const sends = (app: LadderApp) => app.sim.count(calls.send)
const accepting = { simulator: { behaviour: { idenfySecondSend: 'accept' as const } } }

/** On the code rung, without mobile data and without a text. */
async function onCode(app: LadderApp, number?: string): Promise<Visitor> {
  const visitor = new Visitor(app, number)
  await visitor.start()
  return visitor
}

describe('no message is sent', () => {
  test.each([
    ['+18765550100', 'country_not_allowed'],
    ['+4915112345678', 'country_not_allowed'],
    ['+19005550100', 'number_type_not_allowed'],
    ['+447012345678', 'number_type_not_allowed'],
    ['+448431234567', 'number_type_not_allowed'],
    ['+80012345678', 'number_type_not_allowed'],
    ['+881612345678', 'country_not_allowed'],
  ])('to %s: %s', async (number, code) => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], { strategy: { countries: ['US', 'GB'] } })
    const answer = await new Visitor(app, number).start()
    expect(answer.status).toBe(400)
    expect(answer.body.code).toBe(code)
    expect(sends(app)).toBe(0)
  })

  test('when the application vetoes, hangs or says anything but true', async () => {
    const vetoes: [string, () => unknown][] = [
      ['false', () => false],
      ['a truthy word', () => 'yes'],
      ['nothing', () => undefined],
      ['a hang', () => new Promise(() => {})],
    ]
    for (const [, answer] of vetoes) {
      const app = await ladderApp('cookie + body', ['idenfy-sms'], {
        strategy: { beforeSend: answer as () => boolean },
      })
      let asked = false
      let answered = false
      const asking = new Visitor(app).start().finally(() => {
        answered = true
      })
      while (!answered && !asked) {
        await new Promise((resolve) => setImmediate(resolve))
        asked = app.clock.pending > 0
      }
      await app.clock.advance(3_000)
      expect(await asking).toMatchObject({ status: 403, body: { code: 'send_refused' } })
      expect(sends(app)).toBe(0)
    }
  })

  test('a veto counts nowhere: the message that is then allowed finds all limits untouched', async () => {
    let allow = false
    const seen: unknown[] = []
    const app = await ladderApp('cookie + body', ['idenfy-sms'], {
      ...accepting,
      strategy: {
        beforeSend: (req, message) => {
          seen.push([req.url, message])
          return allow
        },
      },
    })
    for (let index = 0; index < 10; index++) expect((await new Visitor(app).start()).body.code).toBe('send_refused')
    allow = true
    for (let index = 0; index < 3; index++) expect((await new Visitor(app).start()).status).toBe(201)
    expect((await new Visitor(app).start()).body.code).toBe('number_limit')
    expect(seen[0]).toEqual([
      '/login/phone',
      { method: 'idenfy-sms', country: 'US', purpose: 'login', phoneNumber: '+12025550100' },
    ])
  })

  test('without the operator hearing why the login could not begin', async () => {
    let allow = false
    const app = await ladderApp('cookie + body', ['idenfy-sms'], {
      ...accepting,
      strategy: { beforeSend: () => allow },
    })
    await new Visitor(app).start()
    allow = true
    for (let index = 0; index < 4; index++) await new Visitor(app).start()
    const refused = app.events.filter(({ type }) => type === 'step_refused')
    const facts = {
      type: 'step_refused',
      step: 'start',
      purpose: 'login',
      method: 'idenfy-sms',
      country: 'US',
      number: '+1********00',
    }
    expect(refused).toEqual(
      ['send_refused', 'number_limit'].map((code) => ({
        ...facts,
        code,
        flowId: expect.stringMatching(/^[0-9a-f]{16}$/),
      })),
    )
  })

  test('for a purpose that the application forbids it for, also when the silent rung is skipped', async () => {
    const purposes: string[] = []
    const app = await ladderApp('cookie + body', ['phonecheck', 'idenfy-sms'], {
      strategy: {
        beforeSend: (_req, { purpose }) => {
          purposes.push(purpose)
          return purpose !== 'login'
        },
      },
    })
    const visitor = new Visitor(app)
    visitor.phone.operator = 'unsupported'
    expect(await visitor.start()).toMatchObject({ status: 403, body: { code: 'send_refused' } })
    expect(purposes).toEqual(['login'])
    expect(sends(app)).toBe(0)
  })

  test('and no hook is asked for rungs that send none', async () => {
    let asked = 0
    const app = await ladderApp('cookie + body', undefined, {
      strategy: {
        beforeSend: () => {
          asked += 1
          return false
        },
      },
    })
    expect((await new Visitor(app).start()).status).toBe(201)
    expect(asked).toBe(0)
  })
})

describe('messages to one number', () => {
  test('are 3, then none for ten minutes, and twice as long each time, whoever asks, and a refused one counts nowhere', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], accepting)
    for (let index = 0; index < 3; index++) expect((await onCode(app)).flow).not.toBe('')
    const waits: number[] = []
    for (let round = 0; round < 5; round++) {
      const refused = await new Visitor(app).start()
      expect(refused).toMatchObject({ status: 429, body: { code: 'number_limit' } })
      waits.push(refused.retryAfter / 60)
      for (let index = 0; index < 20; index++) await new Visitor(app).start()
      await app.clock.advance(refused.retryAfter * 1000)
      for (let index = 0; index < 3; index++) expect((await new Visitor(app).start()).status).toBe(201)
    }
    expect(waits).toEqual([10, 20, 40, 60, 60])
    expect(sends(app)).toBe(18)
  })

  test('cost nothing when the provider certainly sent none', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'])
    app.sim.fault({ match: calls.send, status: 429, times: 4 })
    for (let index = 0; index < 4; index++) {
      expect((await new Visitor(app).start()).status).toBe(503)
      // A quota that is used up is not asked again at once.
      await app.clock.advance(5_000)
    }
    expect(sends(app)).toBe(4)
    expect((await new Visitor(app).start()).status).toBe(201)
  })

  test('count against the number although nobody knows whether they went out', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], accepting)
    app.sim.fault({ match: calls.send, reset: 'after' })
    for (let index = 0; index < 3; index++) expect((await new Visitor(app).start()).body.code).toBe('delivery_unknown')
    expect((await new Visitor(app).start()).body.code).toBe('number_limit')
    expect(sends(app)).toBe(3)
  })

  test('stay charged when it is not known: 503 delivery_unknown, and nothing is sent again by itself', async () => {
    for (const fault of [
      { reset: 'after' },
      { reset: 'before' },
      { status: 500 },
      { status: 200, body: 'x' },
      { hang: true },
      { truncate: true },
    ] as const) {
      const app = await ladderApp('cookie + body', ['phonecheck', 'idenfy-sms'], accepting)
      const visitor = new Visitor(app)
      await visitor.start()
      await visitor.verify({ error: 'sdk_error' })
      const handle = app.sim.fault({ match: calls.send, ...fault })
      const answer = 'hang' in fault ? outlast(visitor.fallback(), handle, app.clock, [10_000]) : visitor.fallback()
      expect(await answer).toMatchObject({ status: 503, body: { code: 'delivery_unknown' } })
      handle.remove()
      expect(sends(app)).toBe(1)
      expect((await visitor.verify({ code: '0000' })).body.code).toBe('rung_unable')
      expect((await visitor.resend()).body.code).toBe('cooldown')
      await app.clock.advance(125_000)
      expect((await visitor.resend()).status).toBe(201)
      expect(sends(app)).toBe(2)
      expect((await visitor.verify({ code: visitor.code() })).status).toBe(200)
    }
  })

  test('nor is it forgotten that one may be on its way when the step went over a rung that could not work', async () => {
    const app = await ladderApp('cookie + body', undefined, accepting)
    const visitor = new Visitor(app)
    await visitor.start()
    await visitor.verify({ error: 'sdk_error' })
    app.sim.fault({ match: calls.moCreate, status: 400, body: { type: 'x', status: 400, code: 'mno_not_supported' } })
    const handle = app.sim.fault({ match: calls.send, reset: 'after' })
    expect((await visitor.fallback()).body.code).toBe('delivery_unknown')
    handle.remove()
    expect((await visitor.fallback()).body.code).toBe('ladder_exhausted')
    expect((await visitor.resend()).body.code).toBe('cooldown')
    expect(sends(app)).toBe(1)
  })
})

describe('requests at the same moment', () => {
  test('20 parallel fallbacks send one message', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck', 'idenfy-sms'])
    const visitor = new Visitor(app)
    await visitor.start()
    await visitor.verify({ error: 'sdk_error' })
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.fallback()))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(sends(app)).toBe(1)
  })

  test('20 parallel resends send one message, and are charged once', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], accepting)
    const visitor = await onCode(app)
    await app.clock.advance(125_000)
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.resend()))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    await expect(sends(app)).toBe(2)
    await app.clock.advance(10_000)
    expect((await new Visitor(app).start()).status).toBe(201)
  })
})

test('a ladder that sends must name its countries', async () => {
  await expect(
    ladderApp('cookie + body', ['idenfy-sms'], { strategy: { countries: undefined as never } }),
  ).rejects.toThrow(/countries/)
})

test('a client cannot name the rung, the countries or the sender', async () => {
  const app = await ladderApp()
  const browser = new Browser(app.url)
  const flow = (await (await browser.post('/login/phone', { phone_number: '+12025550100' })).json()).flow
  for (const extra of [
    { method: 'idenfy-sms' },
    { rung: 'idenfy-sms' },
    { to: '+12025550199' },
    { sender_name: 'x' },
  ]) {
    for (const path of ['fallback', 'resend', 'status']) {
      expect((await browser.post(`/login/phone/${path}`, { flow, ...extra })).status).toBe(400)
    }
  }
  expect(sends(app)).toBe(0)
})
