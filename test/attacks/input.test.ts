import { describe, expect, test } from 'vitest'
import { number, startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { begin, beginWithCode, creates, patches } from '../support/login.js'

describe('start takes a phone number and nothing else', () => {
  test.each([
    ['redirect_url', 'https://evil.example'],
    ['method', 'sms'],
    ['check_id', 'c69bc0e6-a429-11ea-bb37-0242ac130002'],
    ['binding', 'handle'],
    ['delivery', 'body'],
    ['callback_url', 'https://evil.example'],
    ['ttl', 1e9],
    ['user_id', 1],
    ['constructor', {}],
  ])('%s is 400 and asks no provider', async (key, value) => {
    const app = await startApp()
    const response = await new Browser(app.url).post('/login/phone', { phone_number: number, [key]: value })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('phone_number'),
    })
    expect(app.sim.requests).toHaveLength(0)
  })

  test('__proto__ pollutes nothing', async () => {
    const app = await startApp()
    const response = await new Browser(app.url).post(
      '/login/phone',
      `{"phone_number":"${number}","__proto__":{"polluted":true}}`,
    )
    expect(response.status).toBe(400)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    const other = await new Browser(app.url).post('/login/phone', `{"__proto__":{"phone_number":"${number}"}}`)
    expect(other.status).toBe(400)
    expect(app.sim.requests).toHaveLength(0)
  })

  test.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data', 415],
    ['application/json-patch+json', 415],
    ['application/json; charset=utf-8', 201],
  ])('content type %s is %i', async (type, status) => {
    const app = await startApp()
    const response = await new Browser(app.url).post('/login/phone', { phone_number: number }, { 'content-type': type })
    expect(response.status).toBe(status)
    expect(creates(app)).toBe(status === 201 ? 1 : 0)
  })

  test.each([
    ['[]', 400],
    ['null', 400],
    ['"text"', 400],
    ['{', 400],
    ['', 400],
    [`{"phone_number":"${number}","x":"${'a'.repeat(5000)}"}`, 413],
  ])('the body %.40s is %i', async (body, status) => {
    const app = await startApp()
    const response = await new Browser(app.url).post('/login/phone', body)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(app.sim.requests).toHaveLength(0)
  })

  test.each([
    1,
    null,
    [number],
    { e164: number },
    '',
    'alice',
    '+1 202 555 0100 ext 5',
    '+1202555010０',
    '+1202555010٠',
    `${number}, +12025550101`,
    `${number}\r\n`,
    '+1',
    '2025550100',
    '+4477009001231234567890',
  ])('the number %o is 400 and asks no provider', async (value) => {
    const app = await startApp()
    const response = await new Browser(app.url).post('/login/phone', { phone_number: value })
    expect(response.status).toBe(400)
    expect((await response.json()).code).toBe('invalid_phone_number')
    expect(app.sim.requests).toHaveLength(0)
  })

  test.each([
    ['+19005550100', 'number_type_not_allowed'],
    ['+447012345678', 'number_type_not_allowed'],
    ['+18765550100', 'country_not_allowed'],
    ['+4915112345678', 'country_not_allowed'],
  ])('%s is refused as %s when only the US is allowed', async (value, code) => {
    const app = await startApp({ strategy: { countries: ['US'] } })
    const response = await new Browser(app.url).post('/login/phone', { phone_number: value })
    expect(response.status).toBe(400)
    expect((await response.json()).code).toBe(code)
    expect(app.sim.requests).toHaveLength(0)
  })
})

describe('a malformed code costs no try and asks no provider', () => {
  const malformed: unknown[] = [
    1234,
    ['94dae426fg'],
    { $ne: '' },
    true,
    '',
    'x'.repeat(257),
    '１２３４',
    '١٢٣٤',
    ' 94dae426fg',
    '94dae426fg\n',
    '94dae\u0000426fg',
    'a b',
  ]
  test('numbers, arrays, objects, long, full-width and control characters are 400', async () => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    for (const value of malformed) {
      const response = await browser.post('/login/phone/verify', { flow, code: value })
      expect([value, response.status, (await response.json()).code]).toEqual([value, 400, 'invalid_request'])
    }
    expect(patches(app)).toBe(0)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  })

  test('so are a missing code, a number, and a code beside an error', async () => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    for (const body of [
      { flow },
      { code },
      { flow, code, phone_number: '+12025550100' },
      { flow, code, error: 'x' },
      { flow: [flow], code },
    ]) {
      expect((await browser.post('/login/phone/verify', body)).status).toBe(400)
    }
    expect(patches(app)).toBe(0)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  })

  test('so is a problem document whose type is no text', async () => {
    const app = await startApp()
    const { browser, flow, code } = await beginWithCode(app)
    for (const type of [{ toString: 1 }, { toString: null, valueOf: null }, ['https://x.example#a'], 1, true]) {
      for (const more of [{ title: 'x' }, { status: 400 }, {}]) {
        const response = await browser.post('/login/phone/verify', { flow, type, ...more })
        expect([response.status, (await response.json()).code]).toEqual([400, 'invalid_request'])
      }
    }
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  })

  test("what the vendor's SDK returned may come along unchanged", async () => {
    const app = await startApp()
    const { browser, flow, code, checkId } = await beginWithCode(app)
    const sdk = { check_id: checkId, code, reference_id: null, error: null, error_description: null }
    expect((await browser.post('/login/phone/verify', { flow, ...sdk })).status).toBe(200)
  })

  test.each([
    [
      '412',
      {
        type: 'https://developer.tru.id/docs/reference/api-errors#not_mobile_ip',
        title: 'x',
        detail: 'x',
        status: 412,
      },
      'not_mobile_ip',
    ],
    [
      '400',
      { type: 'https://developer.idlayr.com/docs/reference/api-errors#mno_not_supported', title: 'x', detail: 'x' },
      'mno_not_supported',
    ],
    [
      '501',
      { type: 'https://x.example/y#mno_redirect_unsupported', title: 'x', detail: 'x', status: 501 },
      'mno_redirect_unsupported',
    ],
    ['another', { type: 'about:blank', title: 'x' }, 'sdk_error'],
  ])(
    "a problem of the vendor's check URL (%s) may be sent as it is: it spends the rung with its reason",
    async (_status, problem, reason) => {
      const app = await startApp()
      const { browser, flow } = await begin(app)
      const response = await browser.post('/login/phone/verify', { flow, ...problem })
      expect(response.status).toBe(422)
      expect(await response.json()).toMatchObject({ code: 'rung_unable', reason })
      expect(patches(app)).toBe(0)
    },
  )

  test('members that a vendor adds to its answer are ignored, in verify and nowhere else', async () => {
    const app = await startApp()
    const { browser, flow, code, checkId } = await beginWithCode(app)
    expect((await browser.post('/login/phone/status', { flow, network_id: '23430' })).status).toBe(400)
    expect(
      (await browser.post('/login/phone/verify', { flow, code, check_id: checkId, network_id: '23430' })).status,
    ).toBe(200)
  })

  test('on the return leg, repeated and missing parameters end on the login page without a provider call', async () => {
    const app = await startApp({ redirect: true })
    const { browser, checkId } = await begin(app)
    for (const query of [
      `check_id=${checkId}&code=a&code=b`,
      `check_id[]=${checkId}&code=a`,
      `check_id=${checkId}`,
      'code=a',
      `check_id=${checkId}&code=a&error=b`,
      `check_id=${checkId}&code=${'x'.repeat(300)}`,
      `check_id=${checkId}&code=%00`,
    ]) {
      const response = await browser.navigate(`/login/phone/return?${query}`)
      expect(response.status).toBe(303)
      expect(response.headers.get('location')).toBe('/login?phonecheck=invalid_request')
    }
    expect(patches(app)).toBe(0)
  })
})
