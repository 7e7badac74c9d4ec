import { type VonageOptions, vonageVerify } from 'passport-phonecheck'
import { type SimulatorOptions, startSimulator } from 'passport-phonecheck/simulator'
import { fakeClock } from 'passport-phonecheck/testing'
import { request } from 'undici'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Started, StartInput } from '../../../src/contracts/provider.js'
import { callContext, startInput } from '../../support/rung.js'
import { application, applicationId, otherCode, vonageKeys } from '../../support/vonage.js'
import { deviationsOf, type Exchange } from './deviations.js'
import { startProxy, type WireProxy } from './proxy.js'
import { readVonageOperations, vonageSpecFound } from './vonage-spec.js'

const number = '+12025550100'
const check = 'checkCode'
const chain = 'silentAuthCheck'
const oneList =
  "The document's list of errors has it; this operation shows one of them only, and the fragment is what counts."
const words = "The sentence is the vendor's own; what counts is the fragment."

/** Deviation to reason. Whatever is not here fails, and so does an entry that no longer happens. */
const allowed: Readonly<Record<string, string>> = {
  'newRequest 422: problem invalid-params, detail reads differently': 'The extract leaves its sentence out.',
  [`${check} 409: problem no-code is not documented`]: oneList,
  [`${check} 410: problem expired is not documented`]: oneList,
  [`nextWorkflow 409: problem no-events is not documented`]: oneList,
  [`${chain} 412: problem msisdn-error is not documented`]: oneList,
  [`${chain} 412: problem network-error is not documented`]: oneList,
  [`${chain} 412: problem precondition-failed, detail reads differently`]: words,
  [`${chain} 409: problem conflict is not documented`]: oneList,
}
const met = new Set<string>()
const answered = new Set<string>()

/** The operator is not the vendor's; what it hands the device at the end is. */
function atVendor(exchange: Exchange, proxyUrl: string): Exchange | undefined {
  if (!exchange.path.startsWith('/_operator/')) return exchange
  const isHop = exchange.status === 302 && exchange.responseHeaders['location']?.startsWith(proxyUrl)
  return isHop
    ? undefined
    : {
        ...exchange,
        path: exchange.path.replace(/^\/_operator\/vonage\/([^/]+)\/.*/, '/v2/verify/$1/silent-auth/redirect'),
      }
}

describe.skipIf(!vonageSpecFound)('Vonage on the wire, as its document has it', () => {
  let proxy: WireProxy | undefined
  let scheme: 'HTTPBasic' | 'Bearer' = 'Bearer'

  async function wire(options: Partial<VonageOptions> = {}, more: SimulatorOptions = {}) {
    const clock = fakeClock()
    const sim = await startSimulator({ clock, vonageApplications: { [applicationId]: vonageKeys.publicKey }, ...more })
    onTestFinished(() => sim.close())
    proxy = await startProxy(sim.url)
    const { url } = proxy
    const phone = sim.phone(number)
    // The proxy has its own origin, to which phones show no line: whoever comes through it is on this one.
    sim.browserPhone = phone
    scheme = options.apiKey === undefined ? 'Bearer' : 'HTTPBasic'
    const account = options.apiKey === undefined ? application : {}
    const rung = vonageVerify({ channel: 'sms', brand: 'ACME', ...account, baseUrl: url, clock, ...options })
    const start = async (input: Partial<StartInput> = {}) => {
      const started = await rung.start(startInput(input), callContext())
      if ('unable' in started) throw new Error(`unable: ${started.unable}`)
      return started
    }
    const redeem = async ({ check }: Started, code: string) => rung.redeem?.(check, code, callContext())
    const open = async ({ challenge }: Started) =>
      (await phone.open('url' in challenge ? challenge.url : '')).body as Record<string, string> | undefined
    const sent = () => /\d{6}/.exec(phone.inbox.at(-1)?.text ?? '')?.[0] ?? ''
    const raw = async (method: 'POST' | 'DELETE', path: string, body?: string) => {
      const from = proxy?.exchanges.at(0)?.requestHeaders
      const headers = {
        authorization: from?.['authorization'] ?? '',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      }
      const answer = await request(`${url}/v2/verify/${path}`, { method, headers, body: body ?? null })
      await answer.body.dump()
      return answer.statusCode
    }
    return { sim, clock, phone, start, redeem, open, sent, raw }
  }

  afterEach(() => {
    if (!proxy) return
    const operations = readVonageOperations(scheme)
    const own = proxy.exchanges.flatMap((exchange) => atVendor(exchange, proxy?.url ?? '') ?? [])
    const found = own.flatMap((exchange) => deviationsOf(exchange, operations))
    for (const { method, path, status } of own) {
      const operation = operations.find((each) => each.method === method && each.matches.test(path))
      if (operation) answered.add(`${operation.id} ${status}`)
    }
    proxy = undefined
    for (const deviation of found) met.add(deviation)
    expect(found.filter((deviation) => !Object.hasOwn(allowed, deviation))).toEqual([])
  })

  test.each<[string, Partial<VonageOptions>]>([
    ['application', {}],
    ['account', { apiKey: 'key', apiSecret: 's3cret' }],
  ])('a silent login of an %s, in both deliveries', async (_name, account) => {
    const { start, redeem, open, phone } = await wire({ channel: 'silent_auth', ...account })
    const started = await start()
    expect(await redeem(started, (await open(started))?.['code'] ?? '')).toEqual({ outcome: 'verified' })
    const other = await start({ delivery: 'redirect', redirectUrl: 'http://127.0.0.1:9/back' })
    expect(await open(other)).toBeUndefined()
    expect(phone.seen.map(({ status }) => status)).toContain(302)
  })

  test.each<[string, Partial<VonageOptions>]>([
    ['sms', { channel: 'sms', appHash: 'FA+9qCX9VSu', from: 'ACME' }],
    ['voice', { channel: 'voice', codeLength: 6 }],
    ['whatsapp', { channel: 'whatsapp', from: '447700900000', channelTimeout: 900 }],
  ])('a login by %s, with wrong codes and in another language', async (_name, options) => {
    const { start, redeem, sent } = await wire(options)
    const started = await start({ locale: 'pt-BR' })
    expect(await redeem(started, otherCode(sent()))).toEqual({ outcome: 'invalid_code' })
    expect(await redeem(started, sent())).toEqual({ outcome: 'verified' })
    expect(await redeem(started, sent())).toMatchObject({ outcome: 'unable' })
  })

  test('three wrong codes', async () => {
    const { start, redeem, sent } = await wire()
    const started = await start()
    for (let times = 0; times < 3; times += 1) await redeem(started, otherCode(sent()))
    expect(await redeem(started, sent())).toEqual({ outcome: 'unable', reason: 'expired' })
  })

  test('another request for the number, and the cancelled one before it', async () => {
    const { start, clock } = await wire()
    const first = await start()
    await expect(start()).rejects.toThrow('unable: busy')
    await clock.advance(31_000)
    await start({ previous: first.check })
    await expect(start({ previous: first.check })).rejects.toThrow('unable: busy')
  })

  test('a network without coverage, and a number that is none', async () => {
    const { start, phone } = await wire({ channel: 'silent_auth' })
    await expect(start({ phoneNumber: '+12' })).rejects.toMatchObject({ code: 'invalid_phone_number' })
    phone.operator = 'unsupported'
    await expect(start()).rejects.toThrow('unable: mno_not_supported')
  })

  test('a token that is expired', async () => {
    const { start, redeem, clock, raw } = await wire()
    await redeem(await start(), '000000')
    await clock.advance(400_000)
    expect(await raw('POST', '00000000-0000-4000-8000-000000000000', '{"code":"000000"}')).toBe(401)
  })

  test('a foreign key', async () => {
    const { start } = await wire({}, { vonageApplications: {} })
    await expect(start()).rejects.toThrow()
  })

  test.each([{ sim: '+12025550199' }, { operator: 'mno_timeout' as const }, { operator: 'unsupported' as const }])(
    'a phone with %j at the check URL',
    async (change) => {
      const { start, open, phone, redeem } = await wire({ channel: 'silent_auth', coverageCheck: false })
      Object.assign(phone, change)
      const started = await start()
      expect(await open(started)).toHaveProperty('title')
      expect(await redeem(started, 'abcdef')).toMatchObject({ outcome: 'unable' })
    },
  )

  test('a phone on Wi-Fi at the check URL', async () => {
    const { sim, start, open } = await wire({ channel: 'silent_auth' })
    sim.browserPhone = Object.assign(sim.phone('+12025550102'), { mobileData: false })
    expect(await open(await start())).toMatchObject({ detail: 'IP Address does not resolve to a cellular device.' })
  })

  test('a check before its device, a URL opened twice, and after its time', async () => {
    const { start, open, redeem, clock } = await wire({ channel: 'silent_auth' })
    const started = await start()
    expect(await redeem(started, 'early')).toMatchObject({ outcome: 'unable', reason: 'other' })
    await open(started)
    expect(await open(started)).toHaveProperty('title')
    await clock.advance(60_000)
    expect(await open(started)).toHaveProperty('title')
  })

  // The library never goes on by itself; who debugs against the simulator may.
  test('the next step, where there is one', async () => {
    const { start, raw } = await wire()
    const { check } = await start()
    expect(await raw('POST', `${check.id}/next_workflow`)).toBe(409)
    expect(await raw('POST', '00000000-0000-4000-8000-000000000000/next_workflow')).toBe(404)
  })

  test('every documented answer of what the library calls was met, but those that only faults bring', () => {
    const operations = readVonageOperations('Bearer')
    const documented = operations.flatMap(({ id, responses }) =>
      [...responses.keys()].map((status) => `${id} ${status}`),
    )
    const byFault = /(402|429|500)$|(cancelRequest|nextWorkflow|silentAuthCheck) 401|nextWorkflow 200/
    expect(documented.filter((answer) => !byFault.test(answer) && !answered.has(answer))).toEqual([])
  })

  test('every allowed deviation was met', () => {
    expect(Object.keys(allowed).filter((deviation) => !met.has(deviation))).toEqual([])
  })
})
