import { PhoneCheckError, type Provider, type TwilioVerifyOptions, twilioVerify } from 'passport-phonecheck'
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
  type TwilioErrorCode,
} from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { request } from 'undici'
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { callContext, startInput } from '../../support/rung.js'
import { twilioAccount } from '../../support/twilio.js'
import { deviationsOf } from './deviations.js'
import { startProxy, type WireProxy } from './proxy.js'
import type { Operation } from './spec.js'
import { allowedTwilioDeviations, twilioMistakes } from './twilio-deviations.js'
import { readTwilioOperations, twilioSpecFound } from './twilio-spec.js'

const number = '+12025550100'
const met = new Set<string>()
const answered = new Set<string>()

describe.skipIf(!twilioSpecFound)('Twilio Verify on the wire, as the vendor documents it', () => {
  let operations: readonly Operation[] = []
  let proxy: WireProxy | undefined
  beforeAll(() => {
    operations = readTwilioOperations(twilioMistakes)
  })

  afterEach(() => {
    if (!proxy) return
    const { exchanges } = proxy
    proxy = undefined
    expect(exchanges.length).toBeGreaterThan(0)
    const found = exchanges.flatMap((exchange) => deviationsOf(exchange, operations))
    for (const { method, path, status } of exchanges) {
      const operation = operations.find((each) => each.method === method && each.matches.test(path))
      if (operation) answered.add(`${operation.id} ${status}`)
    }
    for (const deviation of found) met.add(deviation)
    expect(found.filter((deviation) => !Object.hasOwn(allowedTwilioDeviations, deviation))).toEqual([])
  })

  /** The library's adapter, the proxy and the simulator, in a row. */
  async function wire(options: Partial<TwilioVerifyOptions> = {}, simulator: SimulatorOptions = {}) {
    const clock: FakeClock = fakeClock()
    const sim = await startSimulator({ clock, ...simulator })
    onTestFinished(() => sim.close())
    proxy = await startProxy(sim.url)
    const provider = twilioVerify({ ...twilioAccount, baseUrl: proxy.url, ...options })
    onTestFinished(() => provider.close?.())
    return { clock, sim, ...steps(provider, sim), url: proxy.url }
  }

  function steps(provider: Provider, sim: Simulator) {
    const start = async (input = {}) => {
      const started = await provider.start(startInput({ phoneNumber: number, ...input }), callContext())
      if ('unable' in started) throw new Error(`unable: ${started.unable}`)
      return started.check
    }
    const redeem = async (check: { id: string }, code = codeOn(sim)) => provider.redeem?.(check, code, callContext())
    return { start, redeem }
  }

  const codeOn = (sim: Simulator) => /\b\d{6}\b/.exec(sim.phone(number).inbox.at(-1)?.text ?? '')?.[0] ?? ''
  const wrong = (code: string) => (code === '000000' ? '000001' : '000000')

  test.each<[string, Partial<TwilioVerifyOptions>, object]>([
    ['sms', {}, {}],
    [
      'sms with all it can carry',
      { templateSid: `HJ${'c'.repeat(32)}`, appHash: 'He42w354ol9', riskCheck: 'enable' },
      { locale: 'de' },
    ],
    ['call', { channel: 'call' }, { locale: 'pt-BR', deviceIp: '8.8.8.8' }],
    ['whatsapp', { channel: 'whatsapp' }, {}],
    ['an API key', { apiKeySid: `SK${'b'.repeat(32)}`, apiKeySecret: 'secret' }, {}],
  ])('a wrong code, another message, the right code: %s', async (_, options, input) => {
    const { sim, start, redeem } = await wire(options)
    const check = await start(input)
    expect(await redeem(check, wrong(codeOn(sim)))).toEqual({ outcome: 'invalid_code' })
    expect((await start({ resends: 1, previous: check })).id).toBe(check.id)
    expect(await redeem(check)).toEqual({ outcome: 'verified' })
    expect(await redeem(check)).toEqual({ outcome: 'unable', reason: 'expired' })
  })

  test('the sixth check', async () => {
    const { sim, start, redeem } = await wire()
    const check = await start()
    for (let tries = 0; tries < 5; tries++) await redeem(check, wrong(codeOn(sim)))
    expect(await redeem(check)).toEqual({ outcome: 'unable', reason: 'expired' })
  })

  test.each<TwilioErrorCode>([60200, 60203, 60410, 20003, 20404])(
    'a message that is refused with %i',
    async (sendError) => {
      const { sim, start } = await wire()
      sim.override(number, { twilio: { sendError } })
      await expect(start()).rejects.toThrow()
    },
  )

  test('too many requests, of either kind', async () => {
    const { sim, start, redeem } = await wire({}, { behaviour: { twilioRateLimitPerHour: 1 } })
    const check = await start()
    await expect(start()).rejects.toThrow(PhoneCheckError)
    await expect(redeem(check, codeOn(sim))).rejects.toThrow(PhoneCheckError)
  })

  test('credentials that are refused', async () => {
    const { start, redeem } = await wire({}, { twilioAccounts: {} })
    await expect(start()).rejects.toThrow(PhoneCheckError)
    await expect(redeem({ id: `VE${'e'.repeat(32)}` }, '123456')).rejects.toThrow(PhoneCheckError)
  })

  // The library calls neither, but who debugs against the simulator does.
  test('a Verification that is read, and one that is canceled', async () => {
    const { start, url } = await wire()
    const { id } = await start()
    const path = `${url}/v2/Services/${twilioAccount.serviceSid}/Verifications/${id}`
    const { accountSid, authToken } = twilioAccount
    const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`
    const call = async (method: 'GET' | 'POST') => {
      const isPost = method === 'POST'
      const { statusCode, body } = await request(path, {
        method,
        headers: { authorization, ...(isPost && { 'content-type': 'application/x-www-form-urlencoded' }) },
        ...(isPost && { body: 'Status=canceled' }),
      })
      await body.dump()
      return statusCode
    }
    expect([await call('GET'), await call('POST'), await call('GET'), await call('POST')]).toEqual([200, 200, 404, 404])
  })

  test('every documented answer was met, but the one that says the same with 201', () => {
    const documented = operations.flatMap(({ id, responses }) =>
      [...responses.keys()].map((status) => `${id} ${status}`),
    )
    expect(documented).toHaveLength(6)
    expect(documented.filter((answer) => !answered.has(answer))).toEqual(['CreateVerificationCheck 201'])
  })

  test('every allowed deviation was met', () => {
    expect(Object.keys(allowedTwilioDeviations).filter((deviation) => !met.has(deviation))).toEqual([])
  })
})
