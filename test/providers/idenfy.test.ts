import { idenfySms } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { calls, ladderApp, Visitor } from '../support/ladder.js'
import { callContext, startInput } from '../support/rung.js'

async function coded() {
  const app = await ladderApp('cookie + body', ['idenfy-sms'])
  const visitor = new Visitor(app)
  await visitor.start()
  return { app, visitor }
}

describe('verify-sms is a yes only as is_verified: true', () => {
  test.each([
    ['"true"', { is_verified: 'true' }],
    ['1', { is_verified: 1 }],
    ['null', { is_verified: null }],
    ['an array', { is_verified: [true] }],
    ['missing', {}],
    ['nested', { result: { is_verified: true } }],
    ['an array of answers', [{ is_verified: true }]],
    ['text', 'true'],
    ['HTML', '<html>true</html>'],
  ])('%s is an outage', async (_name, body) => {
    const { app, visitor } = await coded()
    app.sim.fault({ match: calls.verify, status: 200, body })
    expect((await visitor.verify({ code: visitor.code() })).status).toBe(503)
    expect(await visitor.isLoggedIn()).toBe(false)
    expect(app.verified.count).toBe(0)
  })

  test('a right code logs in, with low assurance; a second use is refused', async () => {
    const { app, visitor } = await coded()
    const code = visitor.code()
    expect((await visitor.verify({ code })).status).toBe(200)
    expect((await visitor.verify({ code })).status).toBe(401)
    expect(app.sim.count(calls.verify)).toBe(1)
  })

  test.each([['12345'], ['123'], [1234], [['1234']], ['12a4']])('%o is malformed: no try, no call', async (code) => {
    const { app, visitor } = await coded()
    expect((await visitor.verify({ code })).status).toBe(400)
    expect(app.sim.count(calls.verify)).toBe(0)
  })

  test('a code with leading zeros is sent as it is', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], { simulator: { codes: () => '0042' } })
    const visitor = new Visitor(app)
    await visitor.start()
    expect((await visitor.verify({ code: '0042' })).status).toBe(200)
  })
})

describe('send-sms', () => {
  test('sends what the vendor documents, and nothing else', async () => {
    const seen: unknown[] = []
    const rung = idenfySms({
      apiKey: 'key',
      apiSecret: 'secret',
      senderName: 'Acme',
      fetch: async (url, init) => {
        seen.push([url, init.headers, JSON.parse(init.body ?? '')])
        return {
          status: 200,
          headers: { get: () => null },
          text: async () => JSON.stringify({ request_id: '3d50e1584e0946e789e0185c009aaadf' }),
        }
      },
    })
    const started = await rung.start(startInput(), callContext())
    expect(started).toMatchObject({ challenge: { type: 'enter_code', length: 4 }, expiresInSeconds: 600 })
    expect(seen).toEqual([
      [
        'https://ivs.idenfy.com/fraud/send-sms',
        expect.objectContaining({ authorization: `Basic ${Buffer.from('key:secret').toString('base64')}` }),
        { phone_number: '+12025550100', sender_name: 'Acme' },
      ],
    ])
  })

  test.each([
    ['401', { status: 401 }, 503, 'provider_unavailable'],
    [
      '400 UNAUTHORIZED',
      { status: 400, body: { identifier: 'UNAUTHORIZED', message: 'x' } },
      503,
      'provider_unavailable',
    ],
    ['402', { status: 402 }, 503, 'provider_unavailable'],
    ['429', { status: 429 }, 503, 'provider_unavailable'],
    [
      '400 for the number',
      { status: 400, body: { identifier: 'VALIDATION_ERROR', message: 'x' } },
      422,
      'ladder_exhausted',
    ],
    ['500', { status: 500 }, 503, 'delivery_unknown'],
    ['a request_id that is none', { status: 200, body: { request_id: 'short' } }, 503, 'delivery_unknown'],
  ] as const)('%s: %i %s after one call', async (_name, fault, status, code) => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'])
    app.sim.fault({ match: calls.send, ...fault })
    expect(await new Visitor(app).start()).toMatchObject({ status, body: { code } })
    expect(app.sim.count(calls.send)).toBe(1)
  })

  test.each([
    [{ apiKey: undefined }, /apiKey/],
    [{ apiSecret: '' }, /apiSecret/],
    [{ senderName: 'longer than eleven' }, /senderName/],
    [{ senderName: '' }, /senderName/],
    [{ baseUrl: 'http://ivs.idenfy.com' }, /https/],
  ])('%o is refused at construction', (options, message) => {
    expect(() => idenfySms({ apiKey: 'key', apiSecret: 'secret', ...options })).toThrow(message)
  })
})
