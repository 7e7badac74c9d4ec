import { operatorToken } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { number, startApp, type TestApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { camaraClients } from '../support/camara.js'
import { isLoggedIn } from '../support/login.js'
import { operatorTokenOptions, tokenCalls, tokens } from '../support/operator-token.js'

const invalid = { outcome: 'invalid_code' }
const app = () =>
  startApp({
    simulator: { camaraClients: camaraClients ?? {} },
    ladder: (sim) => [operatorToken(operatorTokenOptions(sim))],
  })

async function begin(own: TestApp, phoneNumber = number) {
  const browser = new Browser(own.url)
  const { flow, challenge } = await (await browser.post('/login/phone', { phone_number: phoneNumber })).json()
  return { browser, flow, challenge }
}
const bring = ({ browser, flow }: { browser: Browser; flow: string }, code: string) =>
  browser.post('/login/phone/verify', { flow, code })

describe('a login', () => {
  test('by the phone with the SIM ends in the app that began it, and tells nobody the number', async () => {
    const own = await app()
    const login = await begin(own)
    const answer = await bring(login, await own.sim.phone(number).token(login.challenge))
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { user: { id: `user-of-${number}` }, method: 'operator-token' },
    ])
    expect(JSON.stringify(own.events)).not.toContain(number.slice(1))
  })

  test('of a stranger is not won by a token that my phone made for my own login, and nothing is sent on', async () => {
    const own = await app()
    const [mine, theirs] = [await begin(own), await begin(own)]
    const token = await own.sim.phone(number).token(mine.challenge)
    expect(await (await bring(theirs, token)).json()).toMatchObject({ code: 'invalid_code' })
    expect([await isLoggedIn(theirs.browser), own.sim.count(tokenCalls.token)]).toEqual([false, 0])
    expect((await bring(mine, token)).status).toBe(200)
  })

  test('of a stranger is not won by the token that a foreign app had my phone sign for it', async () => {
    const own = await app()
    const theirs = await begin(own)
    own.sim.behaviour.deviceAudience = 'https://evil.example'
    const token = await own.sim.phone(number).token(theirs.challenge)
    expect(await (await bring(theirs, token)).json()).toMatchObject({ code: 'invalid_code' })
    expect(own.sim.count(tokenCalls.token)).toBe(0)
  })

  test('is not won twice by one token', async () => {
    const own = await app()
    const login = await begin(own)
    const token = await own.sim.phone(number).token(login.challenge)
    await bring(login, token)
    for (const who of [login, await begin(own)]) expect((await bring(who, token)).status).toBe(401)
    expect([own.verified.count, own.sim.count(tokenCalls.token)]).toEqual([1, 1])
  })

  test('is not won by the token of another SIM', async () => {
    const own = await app()
    const login = await begin(own)
    const answer = await bring(login, await own.sim.phone('+12025550144').token(login.challenge))
    expect(await answer.json()).toMatchObject({ code: 'mismatch' })
  })
})

test('a stranger whose language the aggregator refuses keeps nobody from the rung', async () => {
  const own = await app()
  for (let starts = 0; starts < 6; starts++) {
    own.sim.fault({ match: tokenCalls.credentials, times: 1, status: 400, body: { error: 'invalid_request' } })
    const theirs = await new Browser(own.url).post('/login/phone', { phone_number: number, locale: 'tlh' })
    expect(theirs.status).toBe(201)
  }
  expect((await begin(own)).challenge).toMatchObject({ type: 'get_token' })
  expect(own.events.map(({ type }) => type)).not.toContain('provider_misconfigured')
})

describe('an answer of the device is sent nowhere', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  interface Answer {
    protocol: string
    data: { vp_token: Record<string, string[]> }
  }
  /** Of an answer with one token, in parts. */
  const taken = (code: string) => {
    const answer: Answer = JSON.parse(code)
    const [[id, [token = '']] = ['', []]] = Object.entries(answer.data.vp_token)
    const [issued = '', binding = ''] = token.split('~')
    return { id, token, issued, binding }
  }
  const answer = (id: string, presentations: unknown, protocol = 'openid4vp-v1-unsigned') =>
    JSON.stringify({ protocol, data: { vp_token: { [id]: presentations } } })
  const withClaims = (binding: string, change: (claims: Record<string, unknown>) => object) => {
    const [head, payload = '', signature] = binding.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return [head, part(change(claims)), signature].join('.')
  }

  test.each<[string, (parts: ReturnType<typeof taken>) => string]>([
    [
      'without a nonce',
      ({ id, issued, binding }) => answer(id, [`${issued}~${withClaims(binding, ({ nonce: _, ...rest }) => rest)}`]),
    ],
    [
      'with the nonce in a list',
      ({ id, issued, binding }) =>
        answer(id, [`${issued}~${withClaims(binding, (claims) => ({ ...claims, nonce: [claims['nonce']] }))}`]),
    ],
    [
      'with its audience in a list',
      ({ id, issued, binding }) =>
        answer(id, [`${issued}~${withClaims(binding, (claims) => ({ ...claims, aud: [claims['aud']] }))}`]),
    ],
    [
      'without an audience',
      ({ id, issued, binding }) => answer(id, [`${issued}~${withClaims(binding, ({ aud: _, ...rest }) => rest)}`]),
    ],
    [
      'with the claims of its Binding JWT in a list',
      ({ id, issued, binding }) => answer(id, [`${issued}~${withClaims(binding, (claims) => [claims])}`]),
    ],
    ['without a Binding JWT', ({ id, issued }) => answer(id, [`${issued}~`])],
    ['that is a Binding JWT alone', ({ id, binding }) => answer(id, [binding])],
    [
      'with a second Binding JWT behind that of another',
      ({ id, token, binding }) => answer(id, [`${token}~${binding}`]),
    ],
    ['with disclosures', ({ id, issued, binding }) => answer(id, [`${issued}~WyJhIl0~${binding}`])],
    ['with two presentations', ({ id, token }) => answer(id, [token, token])],
    ['with none', ({ id }) => answer(id, [])],
    ['with a text for a list', ({ id, token }) => answer(id, token)],
    [
      'with two credentials',
      ({ id, token }) =>
        JSON.stringify({ protocol: 'openid4vp-v1-unsigned', data: { vp_token: { [id]: [token], other: [token] } } }),
    ],
    ['for another credential', ({ token }) => answer('other', [token])],
    ['of another protocol', ({ id, token }) => answer(id, [token], 'openid4vp-v1-signed')],
    ['without its wrapping', ({ token }) => `{"vp_token":"${token}"}`],
    ['that is the token alone', ({ token }) => token],
    ['with blanks around it', ({ id, token }) => ` ${answer(id, [token])}\n`],
    ['that is no JSON', () => '{"protocol":}'],
    ['that is null', () => 'null'],
  ])('%s', async (_name, make) => {
    const { sim, start, bring, redeem } = await tokens()
    const started = await start()
    const code = make(taken(await bring(started)))
    expect(await redeem(started.check, code)).toEqual(invalid)
    expect(sim.count(tokenCalls.token)).toBe(0)
  })

  test.each(['nonce', 'phoneNumber', 'credentialId'])('for a check without its %s', async (name) => {
    const { sim, start, bring, redeem } = await tokens()
    const started = await start()
    const { [name]: _, ...state } = started.check.state as Record<string, unknown>
    const code = await bring(started)
    for (const check of [{ ...started.check, state }, { id: started.check.id }])
      expect(await redeem(check, code)).toEqual({ outcome: 'unable', reason: 'other' })
    expect(sim.count(tokenCalls.token)).toBe(0)
  })

  test('by a nonce of another check: no two have one', async () => {
    const { start } = await tokens()
    const checks = await Promise.all(Array.from({ length: 20 }, () => start()))
    const nonces = checks.map(({ check }) => (check.state as { nonce: string }).nonce)
    expect(new Set(nonces).size).toBe(20)
  })
})

describe('what the device changed', () => {
  test('in a right token is the aggregator’s to refuse, and it does', async () => {
    const { sim, start, bring, redeem } = await tokens()
    const [mine, theirs] = [await start(), await start()]
    const [token, other] = [await bring(mine), await bring(theirs)]
    const [, binding = ''] = /~([^"]+)"/.exec(token) ?? []
    // The carrier's JWT of one login before the device's of another, and a nonce put in without the device's key.
    const nonce = (theirs.check.state as { nonce: string }).nonce
    const [head, payload = '', signature] = binding.split('.')
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), nonce }
    const forged = [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
    expect(await redeem(theirs.check, token.replace(binding, forged))).toEqual(invalid)
    expect(await redeem(theirs.check, other)).toEqual({ outcome: 'verified' })
    expect(sim.count(tokenCalls.token)).toBe(2)
  })
})
