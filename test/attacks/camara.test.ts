import { type CamaraNumberVerificationOptions, camaraNumberVerification, type Provider } from 'passport-phonecheck'
import { type Simulator, type SimulatorOptions, startSimulator } from 'passport-phonecheck/simulator'
import { describe, expect, onTestFinished, test } from 'vitest'
import { number, startApp, type TestApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { calls, camara, camaraClients, camaraOptions } from '../support/camara.js'
import { isLoggedIn } from '../support/login.js'

const other = '+12025550144'

function rungOf(sim: Pick<Simulator, 'url'>, more: Partial<CamaraNumberVerificationOptions> = {}): Provider {
  return camaraNumberVerification(camaraOptions(sim, more))
}

function app(more: Partial<CamaraNumberVerificationOptions> = {}, simulator: SimulatorOptions = {}): Promise<TestApp> {
  return startApp({
    redirect: true,
    simulator: { camaraClients: camaraClients ?? {}, ...simulator },
    ladder: (sim) => [rungOf(sim, more)],
  })
}

/** A browser on the phone of this number that has begun a login. */
async function begin(own: TestApp, phoneNumber = number): Promise<{ browser: Browser; url: string }> {
  const browser = new Browser(own.url)
  const answer = await browser.post('/login/phone', { phone_number: phoneNumber })
  return { browser, url: (await answer.json()).challenge.url }
}

/** Where the operator sends the phone of this number, as the browser's address. */
async function back(sim: Simulator, url: string, phoneNumber = number): Promise<string> {
  const { location } = await sim.phone(phoneNumber).browse(url)
  const { pathname, search } = new URL(location ?? '')
  return pathname + search
}

describe('a login through the operator', () => {
  test('by redirect ends in the browser that began it', async () => {
    const own = await app()
    const { browser, url } = await begin(own)
    expect((await browser.navigate(await back(own.sim, url))).headers.get('location')).toBe('/')
    expect(await (await browser.request('/me')).json()).toEqual({ user: { id: `user-of-${number}` } })
    expect(JSON.stringify(own.events)).not.toContain(number.slice(1))
  })

  test.each(['cookie', 'handle'] as const)(
    'by an app’s opener that reports the final URL, with a %s',
    async (binding) => {
      const own = await startApp({
        start: { binding, delivery: 'body' },
        simulator: { camaraClients: camaraClients ?? {} },
        ladder: (sim) => [rungOf(sim, { issuer: sim.url })],
      })
      const browser = new Browser(own.url)
      const { flow, challenge } = await (await browser.post('/login/phone', { phone_number: number })).json()
      const query = Object.fromEntries(new URLSearchParams((await back(own.sim, challenge.url)).split('?')[1]))
      const body = { flow, check_id: query['state'], code: query['code'], iss: query['iss'] }
      const answer = await browser.post('/login/phone/verify', body)
      expect([answer.status, await answer.json()]).toEqual([
        200,
        { user: { id: `user-of-${number}` }, method: 'number-verification' },
      ])
    },
  )

  test('on Wi-Fi goes on to the next rung, or says so', async () => {
    const own = await app()
    const { browser, url } = await begin(own)
    own.sim.phone(number).mobileData = false
    const answer = await browser.navigate(await back(own.sim, url))
    expect(answer.headers.get('location')).toMatch(/phonecheck=rung_unable&reason=not_mobile_ip$/)
    expect(await isLoggedIn(browser)).toBe(false)
  })
})

describe('the number', () => {
  test('is never in state, nor anything else that two logins share', async () => {
    const { start } = await camara()
    const states = await Promise.all(Array.from({ length: 50 }, async () => (await start()).check.id))
    expect(new Set(states).size).toBe(50)
    for (const state of states) expect(Buffer.from(state, 'base64url')).toHaveLength(32)
    expect(states.join()).not.toContain(number.slice(1))
  })
})

describe('a stranger', () => {
  test('who begins a login with my number and has me open its URL gets nothing: the code lands with me', async () => {
    const own = await app()
    const attacker = await begin(own)
    const link = await back(own.sim, attacker.url)
    const me = new Browser(own.url)
    expect((await me.navigate(link)).headers.get('location')).toMatch(/phonecheck=flow_invalid$/)
    expect([await isLoggedIn(me), await isLoggedIn(attacker.browser)]).toEqual([false, false])
    expect(own.sim.count(calls.token)).toBe(0)
  })

  test('with another SIM does not match', async () => {
    const own = await app()
    const attacker = await begin(own)
    const answer = await attacker.browser.navigate(await back(own.sim, attacker.url, other))
    expect(answer.headers.get('location')).toMatch(/phonecheck=mismatch/)
    expect(await isLoggedIn(attacker.browser)).toBe(false)
  })

  test('who sends me the return link of its own login logs me in nowhere (login CSRF), and loses nothing by it', async () => {
    const own = await app()
    const attacker = await begin(own, other)
    const link = await back(own.sim, attacker.url, other)
    const me = await begin(own)
    expect((await me.browser.navigate(link)).headers.get('location')).toMatch(/phonecheck=flow_invalid$/)
    expect([await isLoggedIn(me.browser), own.sim.count(calls.token)]).toEqual([false, 0])
    expect((await attacker.browser.navigate(link)).headers.get('location')).toBe('/')
  })

  test('who puts a code of mine into its own login is refused by PKCE', async () => {
    const own = await app()
    const mine = await begin(own)
    const code = new URLSearchParams((await back(own.sim, mine.url)).split('?')[1]).get('code')
    const attacker = await begin(own)
    const state = new URL(attacker.url).searchParams.get('state')
    const answer = await attacker.browser.navigate(`/login/phone/return?code=${code}&state=${state}`)
    expect(answer.headers.get('location')).toMatch(/phonecheck=invalid_code$/)
    expect([await isLoggedIn(attacker.browser), own.sim.count(calls.verify)]).toEqual([false, 0])
  })

  test('is refused by the id_token’s nonce where the operator ignores PKCE', async () => {
    const own = await app({}, { behaviour: { camaraPkce: 'ignored' } })
    const mine = await begin(own)
    const code = new URLSearchParams((await back(own.sim, mine.url)).split('?')[1]).get('code')
    const attacker = await begin(own)
    const state = new URL(attacker.url).searchParams.get('state')
    const answer = await attacker.browser.navigate(`/login/phone/return?code=${code}&state=${state}`)
    expect(answer.headers.get('location')).toMatch(/phonecheck=invalid_code$/)
    expect([await isLoggedIn(attacker.browser), own.sim.count(calls.verify)]).toEqual([false, 0])
  })
})

describe('a replay', () => {
  test('of a return link logs nobody in, and asks nobody', async () => {
    const own = await app()
    const { browser, url } = await begin(own)
    const link = await back(own.sim, url)
    await browser.navigate(link)
    for (const who of [browser, new Browser(own.url)])
      expect((await who.navigate(link)).headers.get('location')).toMatch(/phonecheck=flow_invalid$/)
    expect([own.sim.count(calls.token), own.verified.count]).toEqual([1, 1])
  })

  test('of a code is invalid_code, and ends what its first use got', async () => {
    const { sim, coded, redeem } = await camara()
    const { check, code } = await coded()
    expect(await redeem(check, code)).toEqual({ outcome: 'verified' })
    expect(await redeem(check, code)).toEqual({ outcome: 'invalid_code' })
    expect(sim.count(calls.verify)).toBe(1)
  })

  test('of an access token is no verdict', async () => {
    const { sim, coded, redeem } = await camara()
    let token: unknown
    sim.fault({
      match: calls.token,
      patchBody: (body) => {
        token ??= body['access_token']
        return { ...body, access_token: token }
      },
    })
    const [first, second] = [await coded(), await coded()]
    expect(await redeem(first.check, first.code)).toEqual({ outcome: 'verified' })
    expect(await redeem(second.check, second.code)).toEqual({ outcome: 'unable', reason: 'other' })
  })

  test('of an id_token is somebody else’s nonce', async () => {
    const { sim, coded, redeem } = await camara()
    let idToken: unknown
    sim.fault({
      match: calls.token,
      patchBody: (body) => {
        idToken ??= body['id_token']
        return { ...body, id_token: idToken }
      },
    })
    const [first, second] = [await coded(), await coded()]
    expect(await redeem(first.check, first.code)).toEqual({ outcome: 'verified' })
    expect(await redeem(second.check, second.code)).toEqual({ outcome: 'invalid_code' })
    expect(sim.count(calls.verify)).toBe(1)
  })
})

describe('an id_token', () => {
  const lost = { outcome: 'unable', reason: 'other', lost: true }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  type Claims = Record<string, unknown>
  const changes: [string, (claims: Claims) => Claims | string | number, object][] = [
    ['without a nonce', ({ nonce: _, ...claims }) => claims, { outcome: 'invalid_code' }],
    [
      'with a nonce of another type',
      (claims) => ({ ...claims, nonce: [claims['nonce']] }),
      { outcome: 'invalid_code' },
    ],
    ['for another client', (claims) => ({ ...claims, aud: 'other' }), lost],
    ['for two, and meant for the other', (claims) => ({ ...claims, aud: ['app', 'x'], azp: 'x' }), lost],
    ['of another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' }), lost],
    ['that is over', (claims) => ({ ...claims, exp: (claims['iat'] as number) - 61 }), lost],
    ['without an end', ({ exp: _, ...claims }) => claims, lost],
    ['that is no JWT', () => 'x', lost],
    ['that is no text', () => 5, lost],
  ]
  test.each(changes)('%s ends the rung before the number is asked for', async (_name, change, outcome) => {
    const { coded, redeem } = await withChangedClaims()
    const { check, code } = await coded(change, part)
    expect(await redeem(check, code)).toEqual(outcome)
  })

  async function withChangedClaims() {
    const sim = await startSimulator({ camaraClients: camaraClients ?? {} })
    onTestFinished(() => sim.close())
    const own = await camara({
      ...camaraOptions(sim),
      issuer: sim.url,
      clock: (await import('../../src/lib/clock.js')).systemClock,
    })
    return {
      redeem: own.redeem,
      async coded(change: (claims: Claims) => Claims | string | number, encode: typeof part) {
        sim.fault({
          match: calls.token,
          patchBody: (body) => {
            const claims = JSON.parse(Buffer.from(String(body['id_token']).split('.')[1] ?? '', 'base64url').toString())
            const changed = change(claims)
            return { ...body, id_token: typeof changed === 'object' ? `${encode({})}.${encode(changed)}.x` : changed }
          },
        })
        const { check, url } = await own.start()
        const { location } = await sim.phone(number).browse(String(url))
        return { check, code: new URL(location ?? '').searchParams.get('code') ?? '' }
      },
    }
  }
})

describe('PKCE', () => {
  test('taken out of the request on its way (downgrade) ends in a refusal', async () => {
    const own = await app()
    const { browser, url } = await begin(own)
    const stripped = new URL(url)
    stripped.searchParams.delete('code_challenge')
    stripped.searchParams.delete('code_challenge_method')
    const answer = await browser.navigate(await back(own.sim, stripped.href))
    expect(answer.headers.get('location')).toMatch(/phonecheck=invalid_code$/)
    expect(await isLoggedIn(browser)).toBe(false)
  })

  test.each(['codeVerifier', 'nonce', 'phoneNumber', 'redirectUri'])(
    'a check without its %s redeems nothing',
    async (name) => {
      const { sim, coded, redeem } = await camara()
      const { check, code } = await coded()
      const { [name]: _, ...state } = check.state as Record<string, unknown>
      expect(await redeem({ ...check, state }, code)).toEqual({ outcome: 'unable', reason: 'other' })
      expect(await redeem({ id: check.id }, code)).toEqual({ outcome: 'unable', reason: 'other' })
      expect(sim.count(calls.token)).toBe(0)
    },
  )

  test('that is switched off makes the id_token with our nonce compulsory', async () => {
    const { sim, coded, redeem } = await camara({ pkce: false })
    const first = await coded()
    expect(await redeem(first.check, first.code)).toEqual({ outcome: 'verified' })
    sim.behaviour.camaraIdToken = false
    const second = await coded()
    expect(await redeem(second.check, second.code)).toEqual({ outcome: 'unable', reason: 'other', lost: true })
    expect(sim.count(calls.verify)).toBe(1)
  })
})

describe('two operators on one ladder (mix-up)', () => {
  /** The first operator is the attacker's: it sends the phone on to the second one, with its own login's state. */
  async function mixedUp(withIssuer: boolean) {
    const honest = await startSimulator({ camaraClients: camaraClients ?? {} })
    onTestFinished(() => honest.close())
    const own = await startApp({
      redirect: true,
      simulator: { camaraClients: camaraClients ?? {} },
      ladder: (evil) => [
        rungOf(evil, { name: 'evil', ...(withIssuer && { issuer: evil.url }) }),
        rungOf(honest, { name: 'honest', issuer: honest.url }),
      ],
    })
    const { browser, url } = await begin(own)
    const sentOn = url.replace(own.sim.url, honest.url)
    return { own, browser, link: await back(honest, sentOn) }
  }

  test('are told apart by `iss`: a code of one is never shown to the other', async () => {
    const { own, browser, link } = await mixedUp(true)
    expect((await browser.navigate(link)).headers.get('location')).toMatch(/phonecheck=rung_unable&reason=other$/)
    expect([own.sim.count(calls.token), await isLoggedIn(browser)]).toEqual([0, false])
  })

  test('without `issuer` the code is shown to the login’s own operator, and logs nobody in', async () => {
    const { own, browser, link } = await mixedUp(false)
    expect((await browser.navigate(link)).headers.get('location')).toMatch(/phonecheck=invalid_code$/)
    expect([own.sim.count(calls.token), await isLoggedIn(browser)]).toEqual([1, false])
  })

  test('are told apart in an app’s own answer too', async () => {
    const own = await startApp({
      start: { binding: 'handle', delivery: 'body' },
      simulator: { camaraClients: camaraClients ?? {} },
      ladder: (sim) => [rungOf(sim, { issuer: sim.url })],
    })
    const browser = new Browser(own.url)
    const { flow } = await (await browser.post('/login/phone', { phone_number: number })).json()
    const answer = await browser.post('/login/phone/verify', { flow, code: 'x', iss: 'https://other.example' })
    expect(await answer.json()).toMatchObject({ code: 'rung_unable', reason: 'other' })
    expect(own.sim.count(calls.token)).toBe(0)
  })

  test('an `iss` of any length or form is compared and nothing more', async () => {
    const { sim, coded, redeem } = await camara({ issuer: 'https://operator.example' })
    for (const issuer of ['', 'https://operator.example/', 'x'.repeat(256), 'https://operator.example\u0000'])
      expect(await redeem((await coded()).check, 'code', { issuer })).toEqual({ outcome: 'unable', reason: 'other' })
    expect(sim.count(calls.token)).toBe(0)
  })
})
