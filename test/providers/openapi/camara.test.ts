import { type Check, camaraNumberVerification, camaraOtpSms, type Provider } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { fakeClock } from 'passport-phonecheck/testing'
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { number } from '../../support/app.js'
import { calls, camaraClients, camaraOptions } from '../../support/camara.js'
import { callContext, startInput } from '../../support/rung.js'
import { camaraSpecsFound, readCamaraOperations } from './camara-spec.js'
import { deviationsOf } from './deviations.js'
import { startProxy, type WireProxy } from './proxy.js'
import type { Operation } from './spec.js'

// For use beside CAMARA's files, which are not part of the repository.

/** Deviation to reason. Whatever is not here fails, and so does an entry that no longer happens. */
const allowed: Readonly<Record<string, string>> = {}

/** The answers that are caused here. 400 to what our side sends would be a defect of it. */
const wanted = [
  'phoneNumberVerify 200',
  'phoneNumberVerify 401',
  'phoneNumberVerify 403',
  'sendCode 200',
  'sendCode 401',
  'sendCode 403',
  'validateCode 204',
  'validateCode 400',
  'validateCode 401',
  'validateCode 404',
]
const met = new Set<string>()
const answered = new Set<string>()

describe.skipIf(!camaraSpecsFound)('on the wire, as CAMARA documents it', () => {
  let operations: readonly Operation[] = []
  let proxy: WireProxy | undefined
  beforeAll(() => {
    operations = readCamaraOperations()
  })

  afterEach(() => {
    const exchanges = proxy?.exchanges ?? []
    proxy = undefined
    const found = exchanges.flatMap((exchange) => deviationsOf(exchange, operations))
    for (const { method, path, status } of exchanges) {
      const operation = operations.find((each) => each.method === method && each.matches.test(path))
      if (operation) answered.add(`${operation.id} ${status}`)
    }
    for (const deviation of found) met.add(deviation)
    expect(exchanges.length).toBeGreaterThan(0)
    expect(found.filter((deviation) => !Object.hasOwn(allowed, deviation))).toEqual([])
  })

  async function operator() {
    const clock = fakeClock()
    const sim = await startSimulator({ clock, camaraClients: camaraClients ?? {} })
    onTestFinished(() => sim.close())
    proxy = await startProxy(sim.url)
    const { authorizeUrl, redirectUri, ...common } = camaraOptions(sim, { clock, apiRoot: proxy.url })
    const { timeoutsMs: _, ...rest } = common
    const verification = (more: object = {}) =>
      camaraNumberVerification({ authorizeUrl, redirectUri: redirectUri ?? '', ...common, ...more })
    const otp = camaraOtpSms({ ...rest, message: '{{code}} is your code' })
    const context = callContext()
    const started = async (rung: Provider) => {
      const answer = await rung.start(startInput(), context)
      if ('unable' in answer) throw new Error(answer.unable)
      return answer
    }
    const redeem = async (rung: Provider, check: Check, code: string) => rung.redeem?.(check, code, context)
    async function verify(rung: Provider) {
      const { check, challenge } = await started(rung)
      const { location } = await sim.phone(number).browse(challenge.type === 'open_url' ? challenge.url : '')
      return redeem(rung, check, new URL(location ?? 'none:').searchParams.get('code') ?? '')
    }
    const code = () => /\d{6}/.exec(sim.phone(number).inbox.at(-1)?.text ?? '')?.[0] ?? ''
    return { sim, clock, verification, otp, started, redeem, verify, code }
  }

  test('a number, its hash, and another SIM', async () => {
    const { sim, verification, verify } = await operator()
    expect(await verify(verification())).toEqual({ outcome: 'verified' })
    expect(await verify(verification({ hashed: true }))).toEqual({ outcome: 'verified' })
    sim.phone(number).sim = '+12025550199'
    expect(await verify(verification())).toEqual({ outcome: 'mismatch' })
  })

  test('a token that was used, and one of the client alone', async () => {
    const { sim, verification, verify } = await operator()
    const handle = sim.fault({ match: calls.token, patchBody: (body) => ({ ...body, access_token: 'used' }) })
    await verify(verification())
    handle.remove()
    const form = { grant_type: 'client_credentials', scope: 'x', client_id: 'app', client_secret: 's3cret' }
    const answer = await fetch(`${sim.url}/camara/token`, { method: 'POST', body: new URLSearchParams(form) })
    const { access_token: ofClient } = (await answer.json()) as { access_token: string }
    const other = sim.fault({ match: calls.token, patchBody: (body) => ({ ...body, access_token: ofClient }) })
    expect(await verify(verification())).toEqual({ outcome: 'unable', reason: 'not_mobile_ip' })
    other.remove()
  })

  test('a code, wrong ones, too many, late and unknown ones', async () => {
    const { clock, otp, started, redeem, code } = await operator()
    const first = await started(otp)
    await redeem(otp, first.check, 'AAAA')
    expect(await redeem(otp, first.check, code())).toEqual({ outcome: 'verified' })
    const second = await started(otp)
    for (const _ of [1, 2, 3, 4]) await redeem(otp, second.check, 'AAAA')
    await clock.advance(300_000)
    await redeem(otp, second.check, code())
    await redeem(otp, { id: 'unknown' }, 'AAAA')
  })

  test('too many codes, and a token that the operator forgot', async () => {
    const { sim, otp, started, redeem } = await operator()
    sim.behaviour.camaraOtpSends = 1
    const { check } = await started(otp)
    await expect(started(otp)).rejects.toThrow('busy')
    sim.expireTokens()
    await expect(started(otp)).rejects.toThrow('busy')
    sim.expireTokens()
    await redeem(otp, check, 'AAAA')
  })
})

test.skipIf(!camaraSpecsFound)('the list of deviations and that of answers are what happened', () => {
  expect(Object.keys(allowed).filter((deviation) => !met.has(deviation))).toEqual([])
  expect(wanted.filter((answer) => !answered.has(answer))).toEqual([])
})
