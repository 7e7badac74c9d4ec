import { firebasePnv } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { number } from '../support/app.js'
import { jwksCall, pnv, project } from '../support/firebase.js'

const verified = { outcome: 'verified' }
const invalid = { outcome: 'invalid_code' }
const outage = (error: unknown) => error

describe('options', () => {
  test.each<[object, RegExp]>([
    [{}, /firebasePnv: projectNumber is missing/],
    [{ projectNumber: '1' }, /firebasePnv: projectId is missing/],
    [{ ...project, projectNumber: 123 }, /projectNumber must be digits, as a text/],
    [{ ...project, projectNumber: '1/../2' }, /projectNumber must be digits/],
    [{ ...project, projectId: 'a' }, /projectId must be a project id/],
    [{ ...project, allowTestNumbers: 'yes' }, /allowTestNumbers must be true or false/],
    [{ ...project, baseUrl: 'http://fpnv.googleapis.com' }, /baseUrl must be https/],
    [{ ...project, timeoutsMs: { token: 5 } }, /unknown option 'token'/],
    [{ ...project, nonce: false }, /unknown option 'nonce'/],
  ])('%j are refused', (options, message) => {
    expect(() => firebasePnv(options as never)).toThrow(message)
  })
})

describe('the challenge', () => {
  test('is a nonce of 256 random bits and nothing else', async () => {
    const { rung, context } = await pnv()
    const started = await rung.start({ phoneNumber: number } as never, context)
    expect(started).toMatchObject({
      challenge: { type: 'get_token', kind: 'firebase_pnv', request: { nonce: expect.stringMatching(/^[\w-]{43}$/) } },
      expiresInSeconds: 180,
    })
  })
})

describe('the virtual phone', () => {
  test('brings a token on Wi-Fi as on mobile data, for the number of its SIM', async () => {
    const { sim, start, redeem } = await pnv()
    const phone = sim.phone(number)
    phone.mobileData = false
    const { check, nonce } = await start()
    const token = await phone.token({ kind: 'firebase_pnv', request: { nonce } })
    expect(await redeem(check, token)).toEqual(verified)
    phone.sim = '+12025550144'
    const other = await start()
    const foreign = await phone.token({ kind: 'firebase_pnv', request: { nonce: other.nonce } })
    expect(await redeem(other.check, foreign)).toEqual({ outcome: 'mismatch' })
  })

  test.each([
    [
      'an operator without PNV',
      'mno_not_supported',
      (sim: Sim) => Object.assign(sim.phone(number), { operator: 'unsupported' }),
    ],
    ['no SIM', 'mno_not_supported', (sim: Sim) => Object.assign(sim.phone(number), { sim: null })],
    ['a user who says no', 'declined', (sim: Sim) => Object.assign(sim.behaviour, { deviceConsent: 'declined' })],
  ])('with %s reports what is judged as %s', async (_name, reason, change) => {
    const { sim, rung, start } = await pnv()
    change(sim)
    const { nonce } = await start()
    const wanted = { kind: 'firebase_pnv', request: { nonce } }
    const { code } = await sim
      .phone(number)
      .token(wanted)
      .then(String, (error) => error)
    expect(rung.judgeReport?.(code, undefined)).toEqual({ unable: reason })
  })
  type Sim = Awaited<ReturnType<typeof pnv>>['sim']

  test('reports nothing that wins, nor a word of its own', async () => {
    const { rung } = await pnv()
    expect(rung.judgeReport?.('pnv/integrity-check-failed', 'x')).toEqual({ unable: 'blocked' })
    expect(rung.judgeReport?.('verified', 'x')).toEqual({ unable: 'reported' })
    expect(rung.judgeReport?.('constructor', 'x')).toEqual({ unable: 'reported' })
  })
})

describe('the JWKS', () => {
  test('is fetched once for many tokens at once, and again after an hour', async () => {
    const { sim, clock, judge } = await pnv()
    expect(await Promise.all(Array.from({ length: 8 }, () => judge()))).toEqual(Array(8).fill(verified))
    expect(sim.count(jwksCall)).toBe(1)
    await clock.advance(3_599_000)
    await judge()
    expect(sim.count(jwksCall)).toBe(1)
    await clock.advance(1_000)
    expect(await judge()).toEqual(verified)
    expect(sim.count(jwksCall)).toBe(2)
  })

  test('is fetched again for a key that is new, at most once in 30 s', async () => {
    const { sim, clock, judge } = await pnv()
    await judge()
    sim.rotatePnvKey()
    expect(await judge()).toEqual(invalid)
    await clock.advance(30_000)
    expect(await judge()).toEqual(verified)
    expect(sim.count(jwksCall)).toBe(2)
    for (let index = 0; index < 5; index++) expect(await judge({ header: { kid: `guess-${index}` } })).toEqual(invalid)
    expect(sim.count(jwksCall)).toBe(2)
  })

  test('that lacks a key now refuses its tokens once it is fetched again', async () => {
    const { sim, clock, start, redeem } = await pnv()
    const { check, nonce } = await start()
    const old = sim.signPnvToken({ phoneNumber: number, nonce, claims: { exp: 9e9, iat: clock.now() / 1000 + 3_600 } })
    expect(await redeem(check, sim.signPnvToken({ phoneNumber: number, nonce }))).toEqual(verified)
    sim.rotatePnvKey({ keepPrevious: false })
    await clock.advance(3_600_000)
    expect(await redeem(check, old)).toEqual(invalid)
  })

  test('that cannot be had at all is an outage that tried nothing, told to the operator', async () => {
    const { sim, clock, context, judge } = await pnv()
    sim.fault({ match: jwksCall, status: 404, times: 1 })
    expect(await judge().catch(outage)).toMatchObject({
      code: 'provider_unavailable',
      details: { reason: 'provider_down', untried: true },
    })
    expect(context.events).toMatchObject([
      { type: 'provider_outage', method: 'firebase-pnv', operation: 'jwks', status: 404 },
    ])
    // Nothing is asked for 30 s, whatever came of it.
    expect(await judge().catch(outage)).toMatchObject({ code: 'provider_unavailable' })
    expect(sim.count(jwksCall)).toBe(1)
    await clock.advance(30_000)
    expect(await judge()).toEqual(verified)
  })

  test('is believed for a day when no newer one can be had, and no longer', async () => {
    const { sim, clock, judge } = await pnv()
    await judge()
    sim.fault({ match: jwksCall, status: 404 })
    await clock.advance(24 * 3_600_000 - 1)
    expect(await judge()).toEqual(verified)
    await clock.advance(1)
    expect(await judge().catch(outage)).toMatchObject({ code: 'provider_unavailable' })
  })

  test('that cannot be had makes an unknown key no outage for those whose key is known', async () => {
    const { sim, clock, judge } = await pnv()
    await judge()
    sim.fault({ match: jwksCall, status: 404 })
    await clock.advance(30_000)
    expect(await judge({ header: { kid: 'guess' } })).toEqual({ outcome: 'unable', reason: 'other' })
    expect(await judge()).toEqual(verified)
  })

  test.each<[string, Record<string, unknown>]>([
    ['an empty object', {}],
    ['no keys', { keys: [] }],
    ['keys that are none', { keys: 'x' }],
    ['a list of texts', { keys: ['x'] }],
  ])('of %s replaces nothing', async (_name, body) => {
    const { sim, clock, judge } = await pnv()
    await judge()
    sim.fault({ match: jwksCall, status: 200, body })
    await clock.advance(3_600_000)
    expect(await judge()).toEqual(verified)
  })
})
