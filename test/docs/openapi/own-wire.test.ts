import { idenfySms, phoneCheck } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { problems } from '../../../src/contracts/problems.js'
import type { JsonObject } from '../../providers/openapi/json.js'
import { number } from '../../support/app.js'
import { readContract } from './contract.js'
import { announce, Caller, callerOf, sessionApp, tokenApp } from './own-apps.js'

// docs/reference/openapi.yaml against the real answers of the examples: every route, every status of it, every problem.

const contract = readContract()

describe('a login of examples/session-login', () => {
  test('silent, with the code in the body', async () => {
    const caller = new Caller(contract, await sessionApp())
    const started = await caller.start()
    expect((await caller.step('status')).body['state']).toBe('pending')
    expect((await caller.step('verify', await caller.opened(started))).status).toBe(200)
    expect((await caller.step('verify', { code: 'x' })).body['code']).toBe('flow_invalid')
  })

  test('by redirect: success, a refusal, a prefetch', async () => {
    const app = await sessionApp()
    const caller = new Caller(contract, app)
    const link = async () => {
      const { body } = await caller.start('/login/phone/browser')
      const result = await app.sim.phone(number).browse((body['challenge'] as { url: string }).url)
      return new URL(result.location ?? '').pathname + new URL(result.location ?? '').search
    }
    const navigation = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    const first = await link()
    expect((await caller.request('GET', first, { ...navigation, 'sec-purpose': 'prefetch' })).status).toBe(400)
    expect((await caller.request('GET', first, navigation)).status).toBe(302)
    expect((await caller.request('GET', first, navigation)).headers.get('location')).toBe(
      '/login?phonecheck=flow_invalid',
    )
    expect((await caller.request('GET', first, { 'x-tru-sdk-request': '1' })).body['code']).toBe('flow_invalid')
  })

  test('over the whole ladder, with a webhook, refusals and waits on the way', async () => {
    const app = await sessionApp()
    const caller = new Caller(contract, app)
    await caller.start()
    expect((await caller.step('fallback')).body['code']).toBe('too_early')
    expect((await caller.step('resend')).body['code']).toBe('send_refused')
    expect((await caller.step('verify', { error: 'sdk_no_data_connectivity' })).body['code']).toBe('rung_unable')
    expect((await caller.step('status')).body).toMatchObject({ rung: 'spent', reason: 'sdk_no_data_connectivity' })
    expect((await caller.step('fallback')).body['challenge']).toMatchObject({ type: 'send_sms' })
    expect((await caller.step('verify')).body['code']).toBe('pending')

    // The keys are looked up first, and where that fails nothing is believed.
    const away = app.sim.fault({ match: 'GET /.well-known/jwks.json', status: 503 })
    expect((await announce(caller, app)).body['code']).toBe('provider_unavailable')
    away.remove()
    await app.clock.advance(31_000)
    expect((await announce(caller, app)).body).toEqual({})
    expect((await announce(caller, app, (text) => text.replace('true', 'false'))).body['code']).toBe('flow_invalid')

    await app.clock.advance(20_000)
    expect((await caller.step('fallback')).body['challenge']).toMatchObject({ type: 'enter_code', length: 4 })
    expect((await caller.step('verify', { code: caller.code(false) })).body).toMatchObject({
      code: 'invalid_code',
      attempts_left: 2,
    })
    expect((await caller.step('resend')).body['code']).toBe('cooldown')
    expect((await caller.step('verify', { code: caller.code() })).status).toBe(200)
    expect((await caller.step('status')).body['code']).toBe('flow_invalid')
  })

  test('with another SIM, and with a login that another request holds', async () => {
    const app = await sessionApp()
    const caller = new Caller(contract, app)
    app.sim.phone(number).sim = '+12025550199'
    expect((await caller.step('verify', await caller.opened(await caller.start()))).body['code']).toBe('mismatch')

    app.sim.phone(number).sim = number
    const brought = await caller.opened(await caller.start())
    const fault = app.sim.fault({ match: 'PATCH /phone_check/v0.2/checks/*', hang: true })
    const first = caller.step('verify', brought)
    await expect.poll(() => fault.hits).toBe(1)
    expect((await caller.step('verify', brought)).body['code']).toBe('in_progress')
    expect((await caller.step('fallback')).body['code']).toBe('in_progress')
    expect((await caller.step('resend')).body['code']).toBe('in_progress')
    fault.remove()
    await app.clock.advance(12_000)
    expect([200, 503]).toContain((await first).status)
  })

  test('with numbers that cannot log in', async () => {
    const caller = new Caller(contract, await sessionApp())
    const codes: unknown[] = []
    for (const text of ['12345', '+4915112345678', '+442079460000'])
      codes.push((await caller.start('/login/phone', text)).body['code'])
    expect(codes).toEqual(['invalid_phone_number', 'country_not_allowed', 'number_type_not_allowed'])
  })
})

describe('messages', () => {
  test('that are on their way already, or sent again', async () => {
    const app = await sessionApp(['idenfy-sms'])
    const caller = new Caller(contract, app)
    await caller.start()
    expect((await new Caller(contract, app).start()).body['code']).toBe('cooldown')
    await app.clock.advance(601_000)
    app.sim.behaviour.idenfySecondSend = 'accept'
    await caller.start()
    await app.clock.advance(125_000)
    expect((await caller.step('resend')).status).toBe(201)
  })

  test('of which nobody knows whether they went out', async () => {
    const app = await sessionApp(['idenfy-sms'])
    app.sim.fault({ match: 'POST /fraud/send-sms', reset: 'after' })
    expect((await new Caller(contract, app).start()).body['code']).toBe('delivery_unknown')
  })

  test('codes that are locked', async () => {
    const app = await sessionApp(['idenfy-sms'])
    Object.assign(app.sim.behaviour, { idenfySecondSend: 'accept', idenfyMaxWrongTries: 1_000 })
    let answer = await new Caller(contract, app).start()
    for (let login = 0; login < 40 && answer.body['code'] !== 'code_locked'; login++) {
      const caller = new Caller(contract, app)
      answer = await caller.start()
      if (answer.status === 429) await app.clock.advance(Number(answer.body['retry_after']) * 1000)
      else for (let wrong = 0; wrong < 3; wrong++) answer = await caller.step('verify', { code: caller.code(false) })
    }
    expect(answer.body['code']).toBe('code_locked')
  })

  test('a limit in the middle of a ladder', async () => {
    const account = (baseUrl: string) => ({ baseUrl, clientId: 'id', clientSecret: 'secret' })
    const caller = await callerOf(contract, {
      ladder: ({ url }) => [phoneCheck(account(url)), idenfySms({ baseUrl: url, apiKey: 'key', apiSecret: 'secret' })],
      strategy: { countries: ['US'], limits: { sendsPerAddress: 0 } },
    })
    await caller.start()
    await caller.step('verify', { error: 'sdk_error' })
    expect((await caller.step('fallback')).body['code']).toBe('address_limit')
  })

  test('a veto', async () => {
    const caller = await callerOf(contract, { strategy: { beforeSend: () => false, beforeSendOnChecks: true } })
    expect((await caller.start()).body['code']).toBe('send_refused')
  })
})

test('limits of numbers, addresses and days', async () => {
  const codes: unknown[] = []
  for (const limits of [{ checksPerNumber: 0 }, { startsPerAddress: 0 }]) {
    codes.push((await (await callerOf(contract, { strategy: { limits } })).start()).body['code'])
  }
  // From two networks: one of them alone is stopped by its own share of the day.
  const caller = await callerOf(contract, {
    strategy: { limits: { checksPerDay: 5 } },
    before: (app) => app.set('trust proxy', 'loopback'),
  })
  for (let net = 1; codes.length < 3 && net <= 6; net++) {
    const { status, body } = await caller.start('/login/phone', number, { 'x-forwarded-for': `198.51.${net}.1` })
    if (status !== 201) codes.push(body['code'])
  }
  expect(codes).toEqual(['number_limit', 'address_limit', 'spending_limit'])
})

test('a user whom the application refuses', async () => {
  const caller = await callerOf(contract, { verify: async () => false as const })
  expect((await caller.step('verify', await caller.opened(await caller.start()))).body['code']).toBe('user_refused')
})

describe('tokens of examples/jwt-api', () => {
  const bearer = ({ body }: { body: JsonObject }) => ({ authorization: `Bearer ${body['access_token']}` })

  test('a login, refresh, logout, and guarded routes', async () => {
    const caller = new Caller(contract, await tokenApp())
    const tokens = await caller.step('verify', await caller.opened(await caller.start()))
    expect((await caller.request('GET', '/me', bearer(tokens))).status).toBe(200)
    expect((await caller.request('GET', '/me')).body['code']).toBe('token_invalid')
    const next = await caller.post('/token/refresh', { refresh_token: tokens.body['refresh_token'] })
    expect((await caller.post('/token/logout', { refresh_token: next.body['refresh_token'] })).status).toBe(204)
    for (const path of ['/token/refresh', '/token/logout']) {
      expect((await caller.post(path, { refresh_token: 'x' })).body['code']).toBe('token_invalid')
    }
    expect((await caller.request('DELETE', '/me', bearer(next))).status).toBe(401)
    const again = await caller.step('verify', await caller.opened(await caller.start()))
    expect((await caller.request('DELETE', '/me', bearer(again))).status).toBe(204)
  })

  test('a login that is too weak', async () => {
    const caller = new Caller(contract, await tokenApp(['idenfy-sms']))
    await caller.start()
    const tokens = await caller.step('verify', { code: caller.code() })
    expect((await caller.request('DELETE', '/me', bearer(tokens))).body).toMatchObject({
      code: 'step_up_required',
      required: { assurance: 'high', max_age: 600 },
    })
  })

  test('a store that is away', async () => {
    const app = await tokenApp()
    const caller = new Caller(contract, app)
    const tokens = await caller.step('verify', await caller.opened(await caller.start()))
    app.breakStore()
    const codes: unknown[] = []
    for (const path of ['/token/refresh', '/token/logout']) {
      codes.push((await caller.post(path, { refresh_token: tokens.body['refresh_token'] })).body['code'])
    }
    for (const method of ['GET', 'DELETE'])
      codes.push((await caller.request(method, '/me', bearer(tokens))).body['code'])
    expect(codes).toEqual(Array(4).fill('store_unavailable'))
  })
})

describe('a vendor or a store that is away', () => {
  test('provider_unavailable, and a ladder without a rung that can work', async () => {
    const app = await sessionApp(['phonecheck'])
    const caller = new Caller(contract, app)
    const outage = app.sim.fault({ match: 'POST /phone_check/v0.2/checks', status: 503 })
    expect((await caller.start()).body['code']).toBe('provider_unavailable')
    outage.remove()
    app.sim.override(number, { createProblem: 'mno_not_supported' })
    expect((await caller.start()).body).toMatchObject({ code: 'ladder_exhausted', reason: 'mno_not_supported' })
    app.sim.override(number, null)
    await caller.start()
    await app.clock.advance(10_000)
    expect((await caller.step('fallback')).body['code']).toBe('ladder_exhausted')
  })

  test('store_unavailable on every route of a login', async () => {
    const app = await sessionApp()
    const caller = new Caller(contract, app)
    await caller.start()
    app.breakStore()
    const codes = [(await new Caller(contract, app).start()).body['code']]
    for (const step of ['verify', 'fallback', 'resend', 'status'] as const)
      codes.push((await caller.step(step, step === 'verify' ? { code: 'x' } : {})).body['code'])
    expect(codes).toEqual(Array(5).fill('store_unavailable'))
  })
})

describe('requests that cannot be right', () => {
  const routes = ['', '/verify', '/fallback', '/resend', '/status'].map((step) => `/login/phone${step}`)

  test.each(routes)('POST %s', async (path) => {
    const caller = new Caller(contract, await sessionApp())
    await caller.start()
    const body = path === '/login/phone' ? { phone_number: number } : { flow: caller.flow }
    const codes = [
      await caller.post(path, path.endsWith('verify') ? { ...body, code: 1 } : { ...body, more: 1 }),
      await caller.post(path, 'x'.repeat(path.endsWith('verify') ? 25_000 : 5_000)),
      await caller.post(path, 'flow=x', { 'content-type': 'application/x-www-form-urlencoded' }),
      await caller.post(path, body, { 'sec-fetch-site': 'cross-site', origin: 'https://other.example' }),
    ].map((answer) => answer.body['code'])
    expect(codes).toEqual(['invalid_request', 'payload_too_large', 'unsupported_media_type', 'cross_site'])
    if (path === '/login/phone') return
    expect((await caller.post(path, { flow: 'x'.repeat(43) })).body['code']).toBe('flow_invalid')
  })

  test.each(['/token/refresh', '/token/logout'])('POST %s', async (path) => {
    const caller = new Caller(contract, await tokenApp())
    const codes = [
      await caller.post(path, {}),
      await caller.post(path, 'x'.repeat(5000)),
      await caller.post(path, 'refresh_token=x', { 'content-type': 'application/x-www-form-urlencoded' }),
    ].map((answer) => answer.body['code'])
    expect(codes).toEqual(['invalid_request', 'payload_too_large', 'unsupported_media_type'])
  })

  test('POST /webhooks/phone', async () => {
    const caller = new Caller(contract, await sessionApp())
    const codes = [
      await caller.post('/webhooks/phone', 'x'.repeat(17 * 1024)),
      await caller.post('/webhooks/phone', 'x', { 'content-type': 'text/plain' }),
    ].map((answer) => answer.body['code'])
    expect(codes).toEqual(['payload_too_large', 'unsupported_media_type'])
  })
})

describe('after all of that', () => {
  test('every problem has been seen', () => {
    expect(Object.keys(problems).filter((code) => !contract.met.has(`problem ${code}`))).toEqual([])
  })

  test('so has every status of every route', () => {
    expect(contract.documented.filter((name) => !contract.met.has(name))).toEqual([])
  })
})
