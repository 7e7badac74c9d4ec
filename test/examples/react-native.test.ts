import type { WaitingForSms } from 'passport-phonecheck/client'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { viaSdk } from '../../examples/react-native/mobile-data.ts'
import { createSession } from '../../examples/react-native/session.ts'
import { simulatedPhone } from '../../examples/react-native/simulated-phone.ts'
import { reach } from '../support/client/client.js'
import { storage as place } from '../support/client/fake-page.js'
import {
  boxOf,
  codeIn,
  type Device,
  device,
  number,
  type Server,
  startServer,
} from '../support/examples/react-native.js'

const question = 'GET /public/coverage/v0.1/device_ip'
const checkUrl = 'GET /phone_check/v0.2/checks/*/redirect'

async function signedIn(server: Server): Promise<Device> {
  const made = device(server)
  expect((await made.login.start(number)).state).toBe('done')
  await expect.poll(made.session.signedIn).toBe(true)
  return made
}

const me = async ({ session }: Device) => (await session.request('/me')).json()

/** Sends the text of that step, and lets the time pass until the app asks again. */
async function sendText({ sim, clock }: Server, { to, body }: WaitingForSms): Promise<void> {
  expect(await sim.phone(number).send(to, body)).toBe('delivered')
  await sim.settled()
  await clock.advance(3_000)
}

async function atTheText(server: Server, ownClock = server.clock): Promise<{ made: Device; step: WaitingForSms }> {
  server.sim.phone(number).mobileData = false
  const made = device(server, { ownClock })
  const step = await made.login.start(number)
  if (step.state !== 'waiting_for_sms') throw new Error(`not at the text but ${step.state}`)
  return { made, step }
}

describe('the silent way', () => {
  test('asks whether the phone can be recognised, opens the check URL, and the tokens are kept', async () => {
    const server = await startServer()
    const made = await signedIn(server)
    expect(server.sim.requests.filter(({ from }) => from === 'device').map(({ path }) => path)[0]).toBe(
      question.slice(4),
    )
    expect([server.sim.count(question), server.sim.count(checkUrl)]).toEqual([1, 1])
    expect(made.obstacle()).toBeUndefined()
    expect(await me(made)).toMatchObject({ phone: '+1********00', proven: 'high', by: ['phonecheck'] })
  })

  test.each([
    ['not_mobile_ip', { status: 412, body: {} }],
    ['mno_not_supported', { status: 400, body: { type: 'https://tru.id/docs/api-errors#mno_not_supported' } }],
    [
      'mno_not_supported',
      { status: 200, body: { products: [{ product_id: 'SUK', product_name: 'Subscriber Check' }] } },
    ],
  ])('opens no check URL after the answer %s', async (reason, answer) => {
    const server = await startServer()
    server.sim.fault({ match: question, ...answer })
    const made = device(server)
    expect(await made.login.start(number)).toMatchObject({ state: 'waiting_for_sms', method: 'mocheck' })
    expect(made.obstacle()).toBe(reason)
    expect(server.sim.count(checkUrl)).toBe(0)
    expect(server.events).toContainEqual(expect.objectContaining({ type: 'rung_spent', reason }))
  })

  test.each([
    ['is gone', { status: 404 }],
    ['is asked too often', { status: 429 }],
    ['is out of order', { reset: 'before' as const }],
    ['lists no products', { status: 200, body: {} }],
    ['writes their ids small', { status: 200, body: { products: [{ product_id: 'pck' }] } }],
  ])('leaves it to the check when the question %s', async (_, answer) => {
    const server = await startServer()
    server.sim.fault({ match: question, ...answer })
    expect((await device(server).login.start(number)).state).toBe('done')
  })

  test('an SDK that rejects the question may still open the check URL', async () => {
    const server = await startServer()
    const open = simulatedPhone(server.sim.url, number)
    const openWithDataCellular = (url: string) =>
      url.includes('coverage') ? Promise.reject(new Error('native')) : open(url)
    const made = device(server, {
      open: viaSdk({ openWithDataCellular: openWithDataCellular as <T>(url: string) => Promise<T> }),
    })
    expect((await made.login.start(number)).state).toBe('done')
  })

  test('opens nothing more once the user has left', async () => {
    const server = await startServer()
    const opened: string[] = []
    const made = device(server, {
      async open(url) {
        opened.push(url)
        made.login.cancel()
        return {}
      },
    })
    await made.login.start(number)
    await new Promise(setImmediate)
    expect(opened).toEqual([expect.stringContaining('coverage')])
  })

  test('what came of a login that was given up says nothing about the next one', async () => {
    const server = await startServer()
    const late: (() => void)[] = []
    const made = device(server, {
      async open(url) {
        if (url.includes('coverage')) return { http_status: 200 }
        return new Promise((resolve) => late.push(() => resolve({ error: 'sdk_no_data_connectivity' })))
      },
    })
    void made.login.start(number)
    await expect.poll(() => late.length).toBe(1)
    made.login.cancel()
    late[0]?.()
    await new Promise(setImmediate)
    expect(made.obstacle()).toBeUndefined()
  })

  test('another SIM gets a text to send, and no tokens', async () => {
    const server = await startServer()
    server.sim.phone(number).sim = '+12025550188'
    const made = device(server)
    expect((await made.login.start(number)).state).toBe('waiting_for_sms')
    expect([made.box.secret, made.session.signedIn()]).toEqual([null, undefined])
    expect(made.obstacle()).toBeUndefined()
    expect(server.events).toContainEqual(expect.objectContaining({ type: 'rung_spent', reason: 'mismatch' }))
  })
})

describe('without mobile data', () => {
  test('nothing is opened, and a text signs in', async () => {
    const server = await startServer()
    const { made, step } = await atTheText(server)
    expect(made.obstacle()).toBe('sdk_no_data_connectivity')
    expect(server.sim.requests.filter(({ from }) => from === 'device')).toEqual([])
    // The question was tried, the check URL was not.
    expect(server.sim.phone(number).seen).toMatchObject([{ kind: 'open', error: 'sdk_no_data_connectivity' }])
    await sendText(server, step)
    expect((await reach(made.login, 'done')).state).toBe('done')
    expect(await me(made)).toMatchObject({ proven: 'medium', by: ['mocheck'] })
  })

  test('an app that slept while the text was written asks when it wakes', async () => {
    const server = await startServer()
    const ownClock = fakeClock()
    const { made, step } = await atTheText(server, ownClock)
    await sendText(server, step)
    await server.clock.advance(60_000)
    expect(made.login.progress.state).toBe('waiting_for_sms')
    await ownClock.advance(63_000)
    await reach(made.login, 'done')
    expect(await me(made)).toMatchObject({ proven: 'medium' })
  })

  test('a code signs in, after a wrong one', async () => {
    const server = await startServer()
    // A clock of its own: no poll is in the server's hands when fallback comes, which would then
    // wait a second that nobody lets pass.
    const { made } = await atTheText(server, fakeClock())
    await server.clock.advance(20_000)
    expect(await made.login.fallback()).toMatchObject({ state: 'waiting_for_code', length: 4 })
    const code = codeIn(server.sim)
    expect(await made.login.submitCode(code === '0000' ? '0001' : '0000')).toMatchObject({
      attemptsLeft: 2,
      problem: { code: 'invalid_code' },
    })
    expect((await made.login.submitCode(code)).state).toBe('done')
    expect(await me(made)).toMatchObject({ proven: 'low' })
  })

  test('once it is on again, a new start is silent', async () => {
    const server = await startServer()
    const { made } = await atTheText(server)
    server.sim.phone(number).mobileData = true
    expect((await made.login.start(number)).state).toBe('done')
    expect(made.obstacle()).toBeUndefined()
  })
})

describe('an app that the system ended while the user wrote the text', () => {
  test('goes on with the login that it kept, and keeps nothing of it afterwards but that the server knows the device', async () => {
    const server = await startServer()
    server.sim.phone(number).mobileData = false
    const before = place()
    const ended = device(server, { storage: before })
    const step = await ended.login.start(number)
    if (step.state !== 'waiting_for_sms') throw new Error(`not at the text but ${step.state}`)
    // What the system left on the device. The app that it ended asks for nothing more.
    const storage = place({ ...before.content })
    ended.login.cancel()
    const next = device(server, { storage })
    expect(await next.login.resume()).toMatchObject({ state: 'waiting_for_sms', to: step.to, body: step.body })
    await sendText(server, step)
    await expect.poll(next.session.signedIn, { timeout: 10_000 }).toBe(true)
    const [[name = ''] = [], ...rest] = Object.entries(storage.content)
    expect([name, rest]).toEqual([expect.stringMatching(/ device$/), []])
  })
})

describe('the session', () => {
  const tenMinutes = 600_000

  test('refreshes once for all requests that wait, and the box has the new token', async () => {
    const server = await startServer()
    const made = await signedIn(server)
    const first = made.box.secret
    await server.clock.advance(tenMinutes)
    const answers = await Promise.all([1, 2, 3].map(() => made.session.request('/me')))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(server.count('/token/refresh')).toBe(1)
    expect(made.box.secret).not.toBe(first)
  })

  test('survives the app: a new one finds it in the box', async () => {
    const server = await startServer()
    const { box } = await signedIn(server)
    const next = device(server, { box })
    expect(next.session.signedIn()).toBeUndefined()
    await next.session.restore()
    expect(next.session.signedIn()).toBe(true)
    expect(await me(next)).toMatchObject({ proven: 'high' })
  })

  test('an outage signs nobody out', async () => {
    const server = await startServer()
    const made = await signedIn(server)
    await server.clock.advance(tenMinutes)
    server.before = (path) => (path === '/token/refresh' ? 503 : undefined)
    await expect(made.session.request('/me')).rejects.toThrow('503')
    server.before = () => undefined
    expect(await me(made)).toMatchObject({ proven: 'high' })
  })

  test('that was ended elsewhere ends here', async () => {
    const server = await startServer()
    const made = await signedIn(server)
    const heard: unknown[] = []
    made.session.subscribe(() => heard.push(made.session.signedIn()))
    expect((await made.session.request('/me/logout-everywhere', { method: 'POST' })).status).toBe(204)
    expect((await made.session.request('/me')).status).toBe(401)
    expect([heard, made.box.secret]).toEqual([[false], null])
  })

  test('signing out ends it on the server too, and a refresh under way does not bring it back', async () => {
    const server = await startServer()
    const made = await signedIn(server)
    const stolen = boxOf(made.box.secret)
    await server.clock.advance(tenMinutes)
    const request = made.session.request('/me')
    await made.session.signOut()
    await request
    expect([made.session.signedIn(), made.box.secret]).toEqual([false, null])
    expect((await made.session.request('/me')).status).toBe(401)
    const thief = device(server, { box: stolen })
    await thief.session.restore()
    expect((await thief.session.request('/me')).status).toBe(401)
  })

  test('without network, signing out ends it on the phone', async () => {
    const server = await startServer()
    const made = await signedIn(server)
    const { fetch } = globalThis
    onTestFinished(() => void Object.assign(globalThis, { fetch }))
    globalThis.fetch = () => Promise.reject(new TypeError('offline'))
    await made.session.signOut()
    expect([made.session.signedIn(), made.box.secret]).toEqual([false, null])
  })

  test('a box that cannot be written keeps no used-up token', async () => {
    const server = await startServer()
    const made = await signedIn(server)
    made.box.write = () => Promise.reject(new Error('locked'))
    await server.clock.advance(tenMinutes)
    expect(await me(made)).toMatchObject({ proven: 'high' })
    expect(made.box.secret).toBeNull()
  })

  test('a box that cannot be cleared is emptied, so that a sign-out without network holds', async () => {
    const server = await startServer()
    const { box, session } = await signedIn(server)
    box.clear = () => Promise.reject(new Error('locked'))
    server.before = () => 503
    await session.signOut()
    const next = device(server, { box })
    await next.session.restore()
    expect([box.secret, next.session.signedIn()]).toEqual(['', false])
  })

  test('a box that cannot be opened just now is left as it is', async () => {
    const server = await startServer()
    const { box } = await signedIn(server)
    const closed = { ...box, read: () => Promise.reject(new Error('locked')) }
    const next = device(server, { box: closed })
    await next.session.restore()
    expect([next.session.signedIn(), closed.secret]).toEqual([false, box.secret])
    expect(box.secret).not.toBeNull()
  })

  test('an answer without tokens is none', async () => {
    const session = createSession({ api: 'http://127.0.0.1', box: boxOf() })
    await expect(session.keep({ access_token: 'a', expires_in: 1, refresh_token: '' })).rejects.toThrow(
      'without tokens',
    )
    expect(session.signedIn()).toBeUndefined()
  })
})
