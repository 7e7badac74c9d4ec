import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.js'
import { deviceAnswer, patches } from '../support/login.js'

const verify = '/login/phone/verify'
const others = ['/login/phone/status', '/login/phone/fallback', '/login/phone/resend']
const [victim, attacker] = ['+12025550122', '+12025550144']

interface HeldLogin {
  flow: string
  id: string
  check_id: string
  code: string
}

/** An app for native clients: no cookie, the handle is all that names a login. */
const nativeApp = () => startApp({ start: { binding: 'handle' } })

function post(app: TestApp, path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(app.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

/** A login up to the code, by a phone that has the SIM of this number. */
async function held(app: TestApp, number: string): Promise<HeldLogin> {
  const { flow, id, challenge } = await (await post(app, '/login/phone', { phone_number: number })).json()
  return { flow, id, ...(await deviceAnswer(app, challenge.url, number)) }
}

/** Refused, and nothing came out: no session, no user, no question to the provider or to the app. */
async function expectNothing(app: TestApp, answer: Response, status: number, code: string): Promise<void> {
  expect(answer.headers.getSetCookie()).toEqual([])
  expect([answer.status, (await answer.json()).code]).toEqual([status, code])
  expect([patches(app), app.verified.count]).toEqual([0, 0])
}

async function expectLogin(app: TestApp, { flow, code }: HeldLogin, number: string): Promise<void> {
  const answer = await post(app, verify, { flow, code })
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { user: { id: `user-of-${number}` }, method: 'phonecheck' },
  ])
}

describe("somebody else's check", () => {
  test('its id and code are refused in the attacker’s own login, cost no try, and leave both logins as they were', async () => {
    const app = await nativeApp()
    const theirs = await held(app, victim)
    const own = await held(app, attacker)
    for (let attempt = 0; attempt < 6; attempt++) {
      const answer = await post(app, verify, { flow: own.flow, check_id: theirs.check_id, code: theirs.code })
      await expectNothing(app, answer, 401, 'flow_invalid')
    }
    expect(app.events).toContainEqual({ type: 'foreign_verify', flowId: own.id, reason: 'check' })
    await expectLogin(app, theirs, victim)
    await expectLogin(app, own, attacker)
  })

  test('its code alone, in the attacker’s own login, is a wrong code', async () => {
    const app = await nativeApp()
    const theirs = await held(app, victim)
    const own = await held(app, attacker)
    const answer = await post(app, verify, { flow: own.flow, code: theirs.code })
    expect([answer.status, (await answer.json()).code]).toEqual([401, 'invalid_code'])
    expect(app.verified.count).toBe(0)
    await expectLogin(app, theirs, victim)
  })

  test('the number of the one who is to be logged in cannot come with the code', async () => {
    const app = await nativeApp()
    const own = await held(app, attacker)
    const withNumber = { flow: own.flow, code: own.code, phone_number: victim }
    await expectNothing(app, await post(app, verify, withNumber), 400, 'invalid_request')
    // Members of a vendor's answer that we do not know are ignored: the login stays its starter's.
    const answer = await post(app, verify, { flow: own.flow, code: own.code, user: victim, id: victim })
    expect(await answer.json()).toEqual({ user: { id: `user-of-${attacker}` }, method: 'phonecheck' })
  })
})

describe('a replayed code', () => {
  test('finishes its own login once', async () => {
    const app = await nativeApp()
    const login = await held(app, victim)
    await expectLogin(app, login, victim)
    for (const body of [{ code: login.code }, { code: login.code, check_id: login.check_id }]) {
      const replay = await post(app, verify, { flow: login.flow, ...body })
      expect([replay.status, (await replay.json()).code]).toEqual([401, 'flow_invalid'])
      expect(replay.headers.getSetCookie()).toEqual([])
    }
    expect([patches(app), app.verified.count]).toEqual([1, 1])
  })

  test('finishes no other login of the same number', async () => {
    const app = await nativeApp()
    const first = await held(app, victim)
    await expectLogin(app, first, victim)
    const second = await (await post(app, '/login/phone', { phone_number: victim })).json()
    const replay = await post(app, verify, { flow: second.flow, code: first.code })
    expect([replay.status, (await replay.json()).code]).toEqual([401, 'invalid_code'])
    expect(app.verified.count).toBe(1)
  })
})

describe('without a prior start', () => {
  test('a check id and its code, all that the vendor’s tutorial asks for, are not enough', async () => {
    const app = await nativeApp()
    const { check_id, code } = await held(app, victim)
    await expectNothing(app, await post(app, verify, { check_id, code, reference_id: null }), 400, 'invalid_request')
  })

  test('a handle that was never given out is unknown on every route', async () => {
    const app = await nativeApp()
    const { code } = await held(app, victim)
    const made = randomBytes(32).toString('base64url')
    await expectNothing(app, await post(app, verify, { flow: made, code }), 401, 'flow_invalid')
    for (const route of others) await expectNothing(app, await post(app, route, { flow: made }), 401, 'flow_invalid')
  })
})

test.each([
  ['the public id', ({ id }: HeldLogin) => id],
  ['the check id', ({ check_id }: HeldLogin) => check_id],
  [
    'the hash under which the store knows the login',
    ({ flow }: HeldLogin) => createHash('sha256').update(flow).digest('hex'),
  ],
  ['the handle without its last character', ({ flow }: HeldLogin) => flow.slice(0, -1)],
])('a stolen login: %s in place of the handle opens no route, and the owner notices nothing', async (_name, stolen) => {
  const app = await nativeApp()
  const login = await held(app, victim)
  const flow = stolen(login)
  await expectNothing(app, await post(app, verify, { flow, code: login.code }), 401, 'flow_invalid')
  for (const route of others) await expectNothing(app, await post(app, route, { flow }), 401, 'flow_invalid')
  await expectLogin(app, login, victim)
})

describe('a handle in a page of another origin', () => {
  test.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'https://sub.app.example' },
  ])('with %o is refused on every route and still its owner’s', async (headers: Record<string, string>) => {
    const app = await nativeApp()
    const login = await held(app, victim)
    await expectNothing(
      app,
      await post(app, verify, { flow: login.flow, code: login.code }, headers),
      403,
      'cross_site',
    )
    for (const route of others)
      await expectNothing(app, await post(app, route, { flow: login.flow }, headers), 403, 'cross_site')
    await expectLogin(app, login, victim)
  })
})
