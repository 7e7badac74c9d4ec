import { afterEach, describe, expect, test, vi } from 'vitest'
import { Browser } from '../support/browser.js'
import { clientOf, eventually, reach } from '../support/client/client.js'
import { page, storage } from '../support/client/fake-page.js'
import { type LadderApp, type Mode, Visitor } from '../support/ladder.js'
import { openSilently, otherCode, sentCode, vonageApp, vonageCalls } from '../support/vonage.js'

afterEach(() => void vi.unstubAllGlobals())

const modes: Mode[] = ['cookie + body', 'handle']

async function started(app: LadderApp, visitor = new Visitor(app)) {
  const answer = await visitor.start()
  return { visitor, answer, url: answer.body.challenge?.url ?? '' }
}

describe.each(modes)('silent authentication, %s', (mode) => {
  test('logs in with high assurance, once', async () => {
    const app = await vonageApp(mode, ['silent_auth'])
    const { visitor, answer, url } = await started(app)
    expect(answer).toMatchObject({ status: 201, body: { method: 'vonage-silent', challenge: { type: 'open_url' } } })
    const { body } = await visitor.phone.open(url)
    expect(await visitor.verify(body)).toMatchObject({ status: 200, body: { method: 'vonage-silent' } })
    expect((await visitor.verify(body)).status).toBe(401)
    expect(app.sim.count(vonageCalls.check)).toBe(1)
    expect(app.verified.count).toBe(1)
  })

  test.each<[string, (visitor: Visitor) => void, string]>([
    ['another SIM', ({ phone }) => Object.assign(phone, { sim: '+12025550188' }), 'ip_msisdn_mismatch'],
    ['Wi-Fi alone', ({ phone }) => Object.assign(phone, { mobileData: false }), 'sdk_no_data_connectivity'],
    ['an operator that fails', ({ phone }) => Object.assign(phone, { operator: 'mno_timeout' }), 'mno_response_error'],
  ])('of a phone with %s logs nobody in, and the ladder goes on', async (_name, change, reason) => {
    const app = await vonageApp(mode, ['silent_auth', 'idenfy'])
    const { visitor, url } = await started(app)
    change(visitor)
    expect((await openSilently(visitor, url)).body).toMatchObject({ code: 'rung_unable', reason })
    visitor.phone.sim = visitor.number
    expect((await visitor.fallback()).body.method).toBe('idenfy-sms')
    expect((await visitor.verify({ code: visitor.code() })).status).toBe(200)
    expect(app.sim.count(vonageCalls.check)).toBe(0)
  })

  test('a number without coverage goes to the next rung at once', async () => {
    const app = await vonageApp(mode, ['silent_auth', 'sms'])
    const visitor = new Visitor(app)
    visitor.phone.operator = 'unsupported'
    expect((await visitor.start()).body).toMatchObject({
      method: 'vonage-sms',
      skipped: [{ method: 'vonage-silent', reason: 'mno_not_supported' }],
    })
    expect((await visitor.verify({ code: sentCode(visitor) })).status).toBe(200)
  })

  test('a wrong code is the only try: the right one after it logs nobody in', async () => {
    const app = await vonageApp(mode, ['silent_auth', 'idenfy'])
    const { visitor, url } = await started(app)
    const { body } = await visitor.phone.open(url)
    expect((await visitor.verify({ code: 'wrong1' })).body).toMatchObject({ code: 'invalid_code', attempts_left: 0 })
    expect((await visitor.verify(body)).status).toBe(422)
    expect((await visitor.fallback()).status).toBe(201)
  })

  test("another login's code and request log nobody in", async () => {
    const app = await vonageApp(mode, ['silent_auth'])
    const mine = await started(app)
    const theirs = await started(app, new Visitor(app, '+12025550102'))
    const { body } = await theirs.visitor.phone.open(theirs.url)
    expect((await mine.visitor.verify(body)).status).toBe(401)
    expect((await mine.visitor.verify({ code: body?.['code'] })).status).toBe(422)
    expect((await theirs.visitor.verify(body)).status).toBe(200)
  })
})

describe('silent authentication in redirect delivery', () => {
  /** The library's client on a page that left for the check and is loaded again. */
  async function left(app: LadderApp) {
    const browser = new Browser(app.url)
    const fetch = (target: string, init: { body: string }) => browser.post(new URL(target, app.url).pathname, init.body)
    const place = storage()
    const { assign } = page(`${app.url}/login`)
    const on = { clock: app.clock, url: app.url, fetch: fetch as never, open: undefined as never }
    const before = clientOf(on, { open: undefined, storage: place })
    void before.login.start('+12025550100')
    await eventually(() => assign.mock.calls.length === 1)
    const { location = '' } = await app.sim.phone('+12025550100').browse(String(assign.mock.calls[0]?.[0]))
    const { pathname, search, hash } = new URL(location)
    // What is behind the # stays in the browser, and is carried over the redirect.
    const back = await browser.navigate(pathname + search)
    const { location: address } = page(new URL((back.headers.get('location') ?? '') + hash, app.url).href)
    return { browser, place, on, hash, address, resumed: clientOf(on, { open: undefined, storage: place }) }
  }

  test("logs in by the fragment that the library's client reads and erases", async () => {
    const app = await vonageApp('cookie + redirect', ['silent_auth'])
    const { browser, resumed, address, hash } = await left(app)
    expect(hash).toContain('code=')
    expect(await resumed.login.resume()).toMatchObject({ state: 'done', result: { method: 'vonage-silent' } })
    expect(address.href).toBe(`${app.url}/login`)
    expect(await (await browser.request('/me')).json()).toMatchObject({ user: { id: 'user-of-+12025550100' } })
  })

  test('of a phone with another SIM moves the ladder on', async () => {
    const app = await vonageApp('cookie + redirect', ['silent_auth', 'sms'])
    app.sim.phone('+12025550100').sim = '+12025550188'
    const { resumed } = await left(app)
    void resumed.login.resume()
    expect(await reach(resumed.login, 'waiting_for_code')).toMatchObject({ method: 'vonage-sms', length: 6 })
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'rung_spent', reason: 'ip_msisdn_mismatch' }))
  })

  test("a link with a stranger's code cannot log this browser in as the stranger", async () => {
    const app = await vonageApp('cookie + redirect', ['silent_auth'])
    const stranger = new Visitor(app, '+12025550102')
    const theirs = await stranger.start()
    const { location = '' } = await stranger.phone.browse(theirs.body.challenge.url)
    const { place, on, browser } = await left(app)
    page(`${app.url}/login?phonecheck=returned${new URL(location).hash}`)
    const attacked = clientOf(on, { open: undefined, storage: place })
    expect(await attacked.login.resume()).toMatchObject({ state: 'failed', problem: { code: 'flow_invalid' } })
    expect(await (await browser.request('/me')).json()).toEqual({ user: null })
  })
})

describe.each([
  ['sms', 'vonage-sms'],
  ['voice', 'vonage-voice'],
  ['whatsapp', 'vonage-whatsapp'],
] as const)('a code by %s', (channel, method) => {
  test.each(modes)('logs in with low assurance after a wrong one, %s', async (mode) => {
    const app = await vonageApp(mode, [channel])
    const { visitor, answer } = await started(app)
    expect(answer.body).toMatchObject({ method, challenge: { type: 'enter_code', length: 6, resend_in: 60 } })
    const code = sentCode(visitor)
    expect((await visitor.verify({ code: otherCode(code) })).body).toMatchObject({ attempts_left: 2 })
    expect(await visitor.verify({ code })).toMatchObject({ status: 200, body: { method } })
    expect((await visitor.verify({ code })).status).toBe(401)
  })
})

describe('a code', () => {
  test('is dead after three wrong ones, and another message brings another', async () => {
    const app = await vonageApp('handle', ['sms'])
    const { visitor } = await started(app)
    const code = sentCode(visitor)
    for (let times = 0; times < 3; times++) await visitor.verify({ code: otherCode(code) })
    expect((await visitor.verify({ code })).status).toBe(422)
    await app.clock.advance(60_000)
    expect((await visitor.resend()).status).toBe(201)
    expect((await visitor.verify({ code: sentCode(visitor) })).status).toBe(200)
  })

  test('is dead after its time', async () => {
    const app = await vonageApp('handle', ['sms'], { channelTimeout: 90 })
    const { visitor } = await started(app)
    await app.clock.advance(90_000)
    expect((await visitor.verify({ code: sentCode(visitor) })).status).toBe(422)
    expect(app.sim.count(vonageCalls.check)).toBe(0)
  })

  test('of a message sent again takes the place of the first, which the vendor would keep open else', async () => {
    const app = await vonageApp('handle', ['sms'])
    const { visitor } = await started(app)
    const first = sentCode(visitor)
    await app.clock.advance(59_000)
    expect(await visitor.resend()).toMatchObject({ status: 429, body: { code: 'cooldown' } })
    await app.clock.advance(1_000)
    expect((await visitor.resend()).body.challenge).toMatchObject({ type: 'enter_code', resend_in: 120 })
    expect([app.sim.count(vonageCalls.cancel), visitor.phone.inbox.length]).toEqual([1, 2])
    const second = sentCode(visitor)
    if (first !== second) expect((await visitor.verify({ code: first })).status).toBe(401)
    expect((await visitor.verify({ code: second })).status).toBe(200)
  })

  test('is not sent again where the vendor refuses; the last one is still good', async () => {
    const app = await vonageApp('handle', ['sms'])
    const { visitor } = await started(app)
    await app.clock.advance(60_000)
    app.sim.fault({ match: vonageCalls.cancel, status: 500, times: 1 })
    expect((await visitor.resend()).body).toMatchObject({ code: 'send_refused', reason: 'busy' })
    expect((await visitor.verify({ code: sentCode(visitor) })).status).toBe(200)
  })

  test.each([{ reset: 'after' as const }, { status: 502, processed: true }])(
    'whose message may be out is never sent a second time: %j',
    async (fault) => {
      const app = await vonageApp('handle', ['sms', 'idenfy'])
      app.sim.fault({ match: vonageCalls.create, ...fault })
      const visitor = new Visitor(app)
      expect((await visitor.start()).body.code).toBe('delivery_unknown')
      expect([app.sim.count(vonageCalls.create), visitor.phone.inbox.length]).toEqual([1, 1])
    },
  )

  test('whose check was lost after it was right logs nobody in, and nobody is asked twice for one request', async () => {
    const app = await vonageApp('handle', ['sms'])
    const { visitor } = await started(app)
    app.sim.fault({ match: vonageCalls.check, reset: 'after', times: 1 })
    expect((await visitor.verify({ code: sentCode(visitor) })).status).toBe(503)
    expect(app.sim.count(vonageCalls.check)).toBe(1)
    expect((await visitor.verify({ code: sentCode(visitor) })).body).toMatchObject({
      code: 'rung_unable',
      reason: 'expired',
    })
  })

  test("is nothing for a key that is not the application's", async () => {
    const app = await vonageApp('handle', ['sms', 'idenfy'], {}, { simulator: { vonageApplications: {} } })
    expect((await new Visitor(app).start()).body).toMatchObject({
      method: 'idenfy-sms',
      skipped: [{ method: 'vonage-sms', reason: 'misconfigured' }],
    })
  })
})

describe('from the silent rung to a code of the same vendor', () => {
  async function onWifi(names: Parameters<typeof vonageApp>[1]) {
    const app = await vonageApp('handle', names)
    const { visitor, url } = await started(app)
    visitor.phone.mobileData = false
    await openSilently(visitor, url)
    return { app, visitor }
  }

  test('waits until the request may be cancelled, and sends one message then', async () => {
    const { app, visitor } = await onWifi(['silent_auth', 'sms'])
    await app.clock.advance(5_000)
    expect(await visitor.fallback()).toMatchObject({ status: 409, retryAfter: 26, body: { code: 'too_early' } })
    await app.clock.advance(25_000)
    expect((await visitor.fallback()).status).toBe(409)
    expect(app.sim.count(vonageCalls.create)).toBe(2)
    await app.clock.advance(1_000)
    expect((await visitor.fallback()).body.method).toBe('vonage-sms')
    expect(visitor.phone.inbox).toHaveLength(1)
    expect((await visitor.verify({ code: sentCode(visitor) })).status).toBe(200)
  })

  test('goes on to another vendor at once', async () => {
    const { app, visitor } = await onWifi(['silent_auth', 'sms', 'idenfy'])
    expect((await visitor.fallback()).body).toMatchObject({
      method: 'idenfy-sms',
      skipped: [{ method: 'vonage-sms', reason: 'busy' }],
    })
    expect(app.sim.count(vonageCalls.cancel)).toBe(0)
  })

  test('sends nothing that no limit has seen, however long nobody asks', async () => {
    const { app, visitor } = await onWifi(['silent_auth', 'sms'])
    await app.clock.advance(590_000)
    expect(visitor.phone.inbox).toEqual([])
  })
})

describe('two logins for one number at once', () => {
  test.each(['silent_auth', 'sms'] as const)(
    "%s: the stranger never logs in, the owner does by another vendor's rung, and both are told why",
    async (channel) => {
      const app = await vonageApp('handle', [channel, 'idenfy'])
      const stranger = new Visitor(app)
      const theirs = await started(app, stranger)
      const owner = await started(app)
      expect(owner.answer.body).toMatchObject({ method: 'idenfy-sms', skipped: [{ reason: 'busy' }] })
      const code = owner.visitor.code()
      // Whatever the owner is given is nothing in the stranger's login.
      for (const given of [code, `${code}00`, 'a1b2c3'])
        expect((await stranger.verify({ code: given })).status).not.toBe(200)
      expect((await owner.visitor.verify({ code })).status).toBe(200)
      if (channel === 'silent_auth') {
        const strangersPhone = app.sim.phone('+12025550188')
        const { body } = await strangersPhone.open(theirs.url)
        expect(body).not.toHaveProperty('code')
      }
      expect(app.verified.count).toBe(1)
    },
  )

  test('the first to start is the owner: the stranger is refused, and takes nothing away', async () => {
    const app = await vonageApp('handle', ['silent_auth'])
    const { visitor: owner, url } = await started(app)
    const stranger = new Visitor(app)
    expect(await stranger.start()).toMatchObject({ status: 422, body: { code: 'ladder_exhausted', reason: 'busy' } })
    expect((await openSilently(owner, url)).status).toBe(200)
  })
})
