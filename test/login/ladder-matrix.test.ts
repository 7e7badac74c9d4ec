import { describe, expect, test } from 'vitest'
import { outlast } from '../support/hanging.js'
import { calls, type LadderApp, ladderApp, modes, Visitor } from '../support/ladder.js'

type Outcome = 'success' | 'mismatch' | 'unable' | 'outage' | 'expired' | 'slow'

interface Row {
  /** Prepares what is to go wrong, once the rung is reached. */
  spoil?(app: LadderApp, visitor: Visitor): void
  /** The provider never answers the calls that decide, and each is waited for that many milliseconds. */
  hangs?: readonly number[]
  /** Between the device's part and the redeem. */
  wait?: number
  status: number
  code?: string
  /** How often the provider is asked to decide. */
  asked: number
}

const table: Record<string, Record<Outcome, Row>> = {
  phonecheck: {
    success: { status: 200, asked: 1 },
    mismatch: {
      spoil: (_app, visitor) => Object.assign(visitor.phone, { sim: '+12025550188' }),
      status: 401,
      code: 'mismatch',
      asked: 1,
    },
    unable: {
      spoil: (_app, visitor) => Object.assign(visitor.phone, { operator: 'mno_timeout' }),
      status: 422,
      code: 'rung_unable',
      asked: 0,
    },
    outage: {
      spoil: (app) => app.sim.fault({ match: calls.patch, status: 503 }),
      status: 503,
      code: 'provider_unavailable',
      asked: 2,
    },
    expired: { wait: 120_000, status: 422, code: 'rung_unable', asked: 0 },
    // The second call has what is left of the request's twelve seconds.
    slow: { hangs: [8_000, 4_000], status: 503, code: 'provider_unavailable', asked: 2 },
  },
  mocheck: {
    success: { wait: 3_000, status: 200, asked: 1 },
    mismatch: {
      spoil: (_app, visitor) => Object.assign(visitor.phone, { sim: '+12025550188' }),
      wait: 3_000,
      status: 401,
      code: 'mismatch',
      asked: 1,
    },
    unable: {
      spoil: (app) =>
        app.sim.fault({ match: calls.moRead, patchBody: ({ verified: _, ...body }) => ({ ...body, status: 'ERROR' }) }),
      wait: 3_000,
      status: 422,
      code: 'rung_unable',
      asked: 1,
    },
    outage: {
      spoil: (app) => app.sim.fault({ match: calls.moRead, status: 503 }),
      wait: 3_000,
      status: 503,
      code: 'provider_unavailable',
      asked: 3,
    },
    expired: { wait: 180_000, status: 422, code: 'rung_unable', asked: 0 },
    slow: {
      hangs: [4_000, 4_000, 4_000],
      wait: 3_000,
      status: 503,
      code: 'provider_unavailable',
      asked: 3,
    },
  },
  'idenfy-sms': {
    success: { status: 200, asked: 1 },
    mismatch: {
      spoil: (app) => app.sim.fault({ match: calls.verify, body: { is_verified: false } }),
      status: 401,
      code: 'invalid_code',
      asked: 1,
    },
    unable: {
      spoil: (app) => app.sim.fault({ match: calls.verify, status: 400 }),
      status: 422,
      code: 'rung_unable',
      asked: 1,
    },
    outage: {
      spoil: (app) => app.sim.fault({ match: calls.verify, status: 429 }),
      status: 503,
      code: 'provider_unavailable',
      asked: 1,
    },
    // The code lives as long as the flow.
    expired: { wait: 600_000, status: 401, code: 'flow_invalid', asked: 0 },
    // Whether the code was used up is not known, so it is not asked again: only another message goes on.
    slow: { hangs: [8_000], status: 422, code: 'rung_unable', asked: 1 },
  },
}
const deciding: Record<string, string> = { phonecheck: calls.patch, mocheck: calls.moRead, 'idenfy-sms': calls.verify }

/** Climbs to a rung as a device without mobile data would. */
async function reach(rung: string, visitor: Visitor) {
  let answer = await visitor.start()
  if (rung === 'phonecheck') return answer
  await visitor.verify({ error: 'sdk_no_data_connectivity' })
  answer = await visitor.fallback()
  if (rung === 'mocheck') return answer
  await visitor.app.clock.advance(20_000)
  return visitor.fallback()
}

/** The device's part, the wait, and the redeem. */
async function attempt(rung: string, visitor: Visitor, answer: Awaited<ReturnType<typeof reach>>, wait: number) {
  const { challenge } = answer.body
  if (rung === 'phonecheck') {
    if (visitor.app.mode === 'cookie + redirect') {
      const end = await visitor.phone.browse(challenge.url)
      await visitor.app.clock.advance(wait)
      const back = await visitor.browser.navigate(end.location ?? '')
      return { status: back.status, code: /phonecheck=(\w+)/.exec(back.headers.get('location') ?? '')?.[1] }
    }
    const end = await visitor.phone.open(challenge.url)
    await visitor.app.clock.advance(wait)
    const { error, code } = (end.body ?? {}) as Record<string, string>
    const verify = await visitor.verify(error ? { error } : { code })
    return { status: verify.status, code: verify.body.code }
  }
  if (rung === 'mocheck') await visitor.phone.send(challenge.to, challenge.body)
  await visitor.app.clock.advance(wait)
  const verify = await visitor.verify(rung === 'mocheck' ? {} : { code: visitor.code() })
  return { status: verify.status, code: verify.body.code }
}

for (const mode of modes) {
  describe(mode, () => {
    for (const [rung, rows] of Object.entries(table)) {
      test.each(Object.entries(rows))(`${rung}: %s`, async (_outcome, row) => {
        const app = await ladderApp(mode)
        const visitor = new Visitor(app)
        const reached = await reach(rung, visitor)
        expect(reached).toMatchObject({ status: 201, body: { method: rung } })
        row.spoil?.(app, visitor)

        const hanging = row.hangs && app.sim.fault({ match: deciding[rung] ?? '', hang: true })
        const answer = attempt(rung, visitor, reached, row.wait ?? 0)
        const result = await (hanging ? outlast(answer, hanging, app.clock, row.hangs ?? []) : answer)

        const byRedirect = mode === 'cookie + redirect' && rung === 'phonecheck'
        if (byRedirect) expect(result).toEqual({ status: row.status === 200 ? 302 : 303, code: row.code })
        else expect(result).toEqual({ status: row.status, code: row.code })
        expect(app.sim.count(deciding[rung] ?? '')).toBe(row.asked)
        expect(app.sim.count(calls.send)).toBe(rung === 'idenfy-sms' ? 1 : 0)
        expect(app.verified.count).toBe(row.status === 200 ? 1 : 0)
        expect(await visitor.isLoggedIn()).toBe(row.status === 200)
      })
    }
  })
}

describe('the ladder goes on', () => {
  test.each(modes)('%s: from a mismatch to the SMS of the user, to the SMS to the user, in one flow', async (mode) => {
    const app = await ladderApp(mode)
    const visitor = new Visitor(app)
    const start = await visitor.start()
    visitor.phone.sim = '+12025550188'
    expect((await visitor.silent(start.body.challenge.url)).code).toBe('mismatch')
    const mo = await visitor.fallback()
    expect(mo.body).toMatchObject({
      flow: start.body.flow,
      id: start.body.id,
      method: 'mocheck',
      fallback: ['idenfy-sms'],
    })
    expect((await visitor.verify()).status).toBe(409)
    await app.clock.advance(20_000)
    visitor.phone.sim = visitor.number
    const sms = await visitor.fallback()
    expect(sms.body).toMatchObject({
      method: 'idenfy-sms',
      challenge: { type: 'enter_code', length: 4, resend_in: 125 },
      fallback: [],
    })
    expect((await visitor.verify({ code: visitor.code() })).status).toBe(200)
    expect(app.events.filter((event) => event.type === 'suspicious')).toHaveLength(1)
    expect(app.sim.count('POST /oauth2/v1/token')).toBe(2)
  })

  test('a rung that cannot work is skipped at start', async () => {
    const app = await ladderApp()
    const visitor = new Visitor(app)
    visitor.phone.operator = 'unsupported'
    const start = await visitor.start()
    expect(start.body.method).toBe('mocheck')
    expect(app.events.map((event) => event.type)).toEqual(['rung_skipped', 'flow_started'])
  })

  test('the texts of MOCheck reach the device unchanged, and its link works on iPhones and on Android', async () => {
    const app = await ladderApp('cookie + body', ['mocheck'], {
      simulator: { behaviour: { moBody: 'sentence', moReceiver: 'short' } },
    })
    const visitor = new Visitor(app)
    const { challenge } = (await visitor.start()).body
    const [, to, body] = /^sms:([^?]+)\?&body=(.*)$/.exec(challenge.href) ?? []
    expect(to).toBe(challenge.to)
    expect(decodeURIComponent(body ?? '')).toBe(challenge.body)
    expect(body).not.toMatch(/[+ &#?]/)
    await visitor.phone.send(challenge.to, challenge.body)
    await app.clock.advance(3_000)
    expect((await visitor.verify()).status).toBe(200)
  })
})
