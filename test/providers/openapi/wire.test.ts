import { PhoneCheckError } from 'passport-phonecheck'
import type { NumberOverride } from 'passport-phonecheck/simulator'
import { request } from 'undici'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.js'
import { Browser } from '../../support/browser.js'
import { allowedDeviations, specMistakes } from './allowed-deviations.js'
import { startProxy, type WireProxy } from './proxy.js'
import { type Operation, readOperations, specsFound } from './spec.js'
import { judge, number, openWire, type Wire } from './wire.js'

// For use beside the vendor's files, which cannot be part of the repository: elsewhere, CI
// included, there is nothing to compare with.
const met = new Set<string>()
const answered = new Set<string>()

describe.skipIf(!specsFound)('on the wire, as the vendor documents it', () => {
  let operations: readonly Operation[] = []
  let proxy: WireProxy | undefined
  beforeAll(() => {
    operations = readOperations(specMistakes)
  })

  async function wire(...options: Parameters<typeof openWire>): Promise<Wire> {
    const opened = await openWire(...options)
    proxy = opened.proxy
    return opened
  }

  afterEach(() => {
    if (!proxy) return
    const found = judge(proxy, operations)
    for (const { method, path, status } of proxy.exchanges) {
      const operation = operations.find((each) => each.method === method && each.matches.test(path))
      if (operation) answered.add(`${operation.id} ${status}`)
    }
    proxy = undefined
    for (const deviation of found) met.add(deviation)
    expect(found.filter((deviation) => !Object.hasOwn(allowedDeviations, deviation))).toEqual([])
  })

  describe('login', () => {
    test('success and mismatch, code from the last answer', async () => {
      const { sim, start, open, redeem } = await wire()
      const first = await start()
      expect(await redeem(first, (await open(first))['code'] ?? '')).toMatchObject({
        outcome: 'verified',
        operator: expect.stringMatching(/^[0-9]{5,6}$/),
      })
      sim.phone(number).sim = '+12025550199'
      const second = await start()
      expect(await redeem(second, (await open(second))['code'] ?? '')).toMatchObject({ outcome: 'mismatch' })
    })

    test('success, code from the redirect URL', async () => {
      const { sim, start, browse, redeem } = await wire()
      const deviceIp = sim.phone(number).ip
      const started = await start({ delivery: 'redirect', redirectUrl: 'https://app.example/return?kept=1', deviceIp })
      expect(await redeem(started, (await browse(started))['code'] ?? '')).toMatchObject({
        outcome: 'verified',
        operator: expect.stringMatching(/^[0-9]{5,6}$/),
      })
    })

    test.each([false, true])('through the strategy, by redirect: %s', async (redirect) => {
      proxy = await startProxy()
      const { sim, url } = await startApp({ redirect, provider: { baseUrl: proxy.url } })
      proxy.target = sim.url
      sim.browserPhone = sim.phone(number)
      const browser = new Browser(url)
      const flow = await (await browser.post('/login/phone', { phone_number: number })).json()
      if (redirect) {
        let next: string | null = flow.challenge.url
        let cookie = ''
        while (next?.startsWith(proxy.url)) {
          const hop: Response = await fetch(next, { redirect: 'manual', headers: { cookie } })
          cookie = hop.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
          next = hop.headers.get('location')
        }
        expect((await browser.navigate(next ?? '')).headers.get('location')).toBe('/')
      } else {
        const { body } = await sim.phone(number).open(flow.challenge.url)
        expect((await browser.post('/login/phone/verify', { flow: flow.flow, ...body })).status).toBe(200)
      }
      expect(proxy.exchanges.map(({ method }) => method).filter((method) => method !== 'GET')).toEqual([
        'POST',
        'POST',
        'PATCH',
      ])
    })
  })

  describe('create', () => {
    test.each([
      'bad_request',
      'phone_format_invalid',
      'mno_not_supported',
      'country_not_supported',
      'payment_required',
      'ip_msisdn_mismatch',
      'not_mobile_ip',
      'too_many_requests',
    ] as const)('%s', async (createProblem) => {
      const { sim, start } = await wire()
      sim.override(number, { createProblem })
      await expect(start()).rejects.toThrow()
    })

    test('a phone on Wi-Fi, seen by its address', async () => {
      const { sim, start } = await wire()
      await expect(start({ deviceIp: sim.phone(number).wifiIp })).rejects.toThrow('unable: not_mobile_ip')
    })

    test('a token that the vendor has forgotten, and the next one', async () => {
      const { sim, start } = await wire()
      await start()
      sim.expireTokens()
      await start()
      expect(sim.count('POST /oauth2/v1/token')).toBe(2)
    })
  })

  describe('check URL', () => {
    const problems: NonNullable<NumberOverride['redirectProblem']>[] = [
      'mno_not_supported',
      'ip_msisdn_mismatch',
      'not_mobile_ip',
      'too_many_requests',
      'mno_redirect_unsupported',
    ]
    test.each(problems)('%s at the first hop', async (redirectProblem) => {
      const { sim, start, open } = await wire()
      sim.override(number, { redirectProblem })
      expect((await open(await start()))['type']).toContain(redirectProblem)
    })

    test.each(['body', 'redirect'] as const)('an operator that fails, told by %s', async (delivery) => {
      const { sim, start, open, browse } = await wire()
      sim.phone(number).operator = 'mno_timeout'
      const started = await start({
        delivery,
        ...(delivery === 'redirect' && { redirectUrl: 'https://app.example/return' }),
      })
      expect(await (delivery === 'body' ? open(started) : browse(started))).toMatchObject({ error: 'mno_timeout' })
    })

    test.each(['body', 'redirect'] as const)(
      'a failure at the first hop that is no problem document, told by %s',
      async (delivery) => {
        const { sim, start, open, browse } = await wire({ behaviour: { firstHopErrors: 'redirect' } })
        sim.override(number, { redirectProblem: 'mno_redirect_unsupported' })
        const started = await start({
          delivery,
          ...(delivery === 'redirect' && { redirectUrl: 'https://app.example/return' }),
        })
        expect(await (delivery === 'body' ? open(started) : browse(started))).toMatchObject({
          error: 'mno_redirect_unsupported',
        })
      },
    )

    test('opened after its time', async () => {
      const { start, open, clock } = await wire()
      const started = await start()
      await clock.advance(121_000)
      expect((await open(started))['type']).toContain('check_not_found')
    })
  })

  describe('redeem', () => {
    test('a code that is wrong, and one before the URL was opened', async () => {
      const { start, open, redeem } = await wire()
      const started = await start()
      expect(await redeem(started, 'early')).toEqual({ outcome: 'invalid_code' })
      await open(started)
      expect(await redeem(started, 'wrong')).toEqual({ outcome: 'invalid_code' })
    })

    test('status ERROR', async () => {
      const { sim, start, open, redeem } = await wire({ behaviour: { errorDelivery: 'exchange' } })
      sim.phone(number).operator = 'mno_server_error'
      const started = await start()
      expect(await redeem(started, (await open(started))['code'] ?? '')).toEqual({
        outcome: 'unable',
        reason: 'mno_server_error',
      })
    })

    test('status EXPIRED', async () => {
      const { start, open, redeem, clock } = await wire({ behaviour: { expiredCheck: 200 } })
      const started = await start()
      const { code = '' } = await open(started)
      await clock.advance(121_000)
      expect(await redeem(started, code)).toEqual({ outcome: 'unable', reason: 'expired' })
    })

    test.each(['ACCEPTED', 'PENDING'])('status %s', async (status) => {
      const { sim, start, open, redeem } = await wire()
      sim.fault({
        match: 'PATCH /phone_check/v0.2/checks/*',
        patchBody: ({ match: _, network_id: __, ...body }) => ({ ...body, status }),
      })
      const started = await start()
      expect(await redeem(started, (await open(started))['code'] ?? '')).toMatchObject({ outcome: 'pending' })
    })

    test('too many requests', async () => {
      const { sim, start, open, redeem } = await wire()
      const started = await start()
      const { code = '' } = await open(started)
      sim.behaviour.rateLimitPerHour = 1
      await expect(redeem(started, code)).rejects.toThrow(PhoneCheckError)
    })
  })

  describe('token', () => {
    test.each([
      ['secret', { secret: 'another' }],
      ['scope', { secret: 'client-secret', scopes: ['coverage'] }],
    ])('a refused %s', async (_, client) => {
      const { start } = await wire({ clients: { client } })
      await expect(start()).rejects.toThrow(PhoneCheckError)
    })
  })

  // The library never reads a check, but who debugs against the simulator does.
  test('a check that is read, and the list', async () => {
    const { proxy, start, open } = await wire()
    const started = await start()
    await open(started)
    const created = proxy.exchanges.find(({ status }) => status === 201)
    const get = async (path: string) => {
      const { statusCode, body } = await request(`${proxy.url}/phone_check/v0.2/checks${path}`, {
        headers: { authorization: created?.requestHeaders['authorization'] ?? '' },
      })
      await body.dump()
      return statusCode
    }
    expect(await get(`/${started.check.id}`)).toBe(200)
    expect(await get('/00000000-0000-4000-8000-000000000000')).toBe(404)
    expect(await get('?page=1&size=5')).toBe(200)
  })

  test('every documented answer of what the library calls was met', () => {
    const called = operations.filter(({ id }) => !/^get-phone-checks?-v/.test(id))
    const documented = called.flatMap(({ id, responses }) => [...responses.keys()].map((status) => `${id} ${status}`))
    expect(documented.filter((answer) => !answered.has(answer))).toEqual(['oauth2-token 429'])
  })

  test('every allowed deviation was met', () => {
    expect(Object.keys(allowedDeviations).filter((deviation) => !met.has(deviation))).toEqual([])
  })
})
