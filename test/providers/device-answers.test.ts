import { describe, expect, test } from 'vitest'
import { calls, ladderApp, Visitor } from '../support/ladder.js'

// Apps without our client post to verify whatever the check URL answered last, with `flow` added.

async function silent(names: Parameters<typeof ladderApp>[1] = ['phonecheck', 'mocheck']) {
  const app = await ladderApp('cookie + body', names)
  const visitor = new Visitor(app)
  const { body } = await visitor.start()
  return { app, visitor, url: body.challenge.url }
}

const problem = (fragment: string, status: number) => ({
  type: `https://developer.tru.id/docs/reference/api-errors#${fragment}`,
  title: 'Bad Request',
  detail: 'x'.repeat(2000),
  status,
})

describe("the vendor's last response as it is", () => {
  test.each([
    ['a 400', problem('mno_not_supported', 400), 'mno_not_supported'],
    ['a 409', problem('ip_msisdn_mismatch', 409), 'ip_msisdn_mismatch'],
    ['a 412', problem('not_mobile_ip', 412), 'not_mobile_ip'],
    ['a 501', problem('mno_redirect_unsupported', 501), 'mno_redirect_unsupported'],
    [
      'a problem of the other brand',
      { type: 'https://developer.idlayr.com/docs/reference/api-errors#not_mobile_ip' },
      'not_mobile_ip',
    ],
    ['a problem without a status', { ...problem('not_mobile_ip', 412), status: undefined }, 'not_mobile_ip'],
    [
      'a problem with members that we do not know',
      { ...problem('not_mobile_ip', 412), instance: '/x', trace: {} },
      'not_mobile_ip',
    ],
    ['a problem whose type we do not know', problem('from_a_later_version', 418), 'reported'],
    ['a problem whose type has no fragment', { type: 'about:blank', title: 'Not Found', status: 404 }, 'sdk_error'],
    ['a problem without a type', { title: 'Not Implemented', detail: 'x', status: 501 }, 'sdk_error'],
    [
      'an error of the operator',
      { error: 'mno_timeout', error_description: 'x', code: null, reference_id: null },
      'mno_timeout',
    ],
    [
      'an error with members that we do not know',
      { error: 'sdk_error', debug: { url_trace: 'x' }, http_status: 200 },
      'sdk_error',
    ],
    ['an error in a problem', { ...problem('not_mobile_ip', 412), error: 'mno_timeout' }, 'mno_timeout'],
  ])('%s spends the rung with its reason, and the next one comes at once', async (_name, body, reason) => {
    const { app, visitor } = await silent()
    expect(await visitor.verify(body)).toMatchObject({
      status: 422,
      body: { code: 'rung_unable', reason, fallback: ['mocheck'] },
    })
    expect((await visitor.fallback()).body.method).toBe('mocheck')
    expect(app.sim.count(calls.patch)).toBe(0)
  })

  test.each([
    ['412', 'not_mobile_ip'],
    ['501', 'mno_redirect_unsupported'],
  ] as const)("the simulator's own %s is one of these", async (_status, redirectProblem) => {
    const { app, visitor, url } = await silent()
    app.sim.override(visitor.number, { redirectProblem })
    const { body } = await visitor.phone.open(url)
    expect(await visitor.verify(body as object)).toMatchObject({ status: 422, body: { reason: redirectProblem } })
  })

  test.each([
    ['members that we do not know', { network_id: '23410', match: false, verified: true, scope: ['x'] }],
    ['a title of its own', { title: 'OK', status: 200 }],
    ['a reference that is no text', { reference_id: 7, error_description: {} }],
  ])('a result with %s logs in by its code', async (_name, more) => {
    const { app, visitor, url } = await silent()
    const { body } = await visitor.phone.open(url)
    expect((await visitor.verify({ ...body, ...more })).status).toBe(200)
    expect(app.sim.count(calls.patch)).toBe(1)
  })

  test('an added member proves nothing: verified, match and status are never believed', async () => {
    const { app, visitor } = await silent()
    const claims = { status: 'COMPLETED', match: true, verified: true, is_verified: true, state: 'verified' }
    expect((await visitor.verify(claims)).status).toBe(400)
    expect(await visitor.isLoggedIn()).toBe(false)
    expect(app.sim.count(calls.patch)).toBe(0)
  })

  test("a 429 of the check URL costs nothing: the same URL logs in after the vendor's wait", async () => {
    const { app, visitor, url } = await silent()
    app.sim.override(visitor.number, { redirectProblem: 'too_many_requests' })
    const limited = await visitor.phone.open(url)
    expect(await visitor.verify(limited.body as object)).toMatchObject({
      status: 409,
      body: { code: 'pending', reason: 'quota_exceeded' },
    })
    app.sim.override(visitor.number, {})
    const { body } = await visitor.phone.open(url)
    expect((await visitor.verify(body as object)).status).toBe(200)
  })
})

test.each([
  ['fallback', '/login/phone/fallback'],
  ['resend', '/login/phone/resend'],
  ['status', '/login/phone/status'],
])('%s stays strict: a member that we do not know is 400', async (_name, path) => {
  const { visitor } = await silent()
  expect((await visitor.post(path, { flow: visitor.flow, type: 'x' })).body).toMatchObject({ code: 'invalid_request' })
})

test.each([[undefined], [7], [null], [['x']], [{}]])('flow stays strict at verify: %o is 400', async (flow) => {
  const { visitor } = await silent()
  expect((await visitor.post('/login/phone/verify', { flow, code: 'x' })).status).toBe(400)
})
