import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ladders as known } from '../../examples/session-login/demo/ladders.js'
import type { LogEntry } from '../../examples/session-login/demo/protocol-log.js'
import { Browser } from '../support/browser.js'
import { type Demo, startDemo, stopDemo } from '../support/examples/demo-process.js'

let demo: Demo
let numbers = 10

beforeAll(async () => {
  demo = await startDemo()
})
afterAll(() => stopDemo(demo))

async function remote(method: string, path: string, body: object = {}) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(demo.url + path, { method, headers, body: JSON.stringify(body) })
  return { status: response.status, body: await response.json().catch(() => undefined) }
}

interface Shown {
  ladders: { chosen: string; ways: string; scenarios: string[] }
  history: LogEntry[]
  phone: { messages: { text: string }[] }
}

/** What a page that comes now is told. */
async function shown(): Promise<Shown> {
  const stop = new AbortController()
  const { body } = await fetch(`${demo.url}/demo/events`, { signal: stop.signal })
  let text = ''
  for await (const chunk of body ?? []) {
    text += Buffer.from(chunk).toString()
    if (/^event: phone\n.*\n\n/m.test(text)) break
  }
  stop.abort()
  const events = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)]
  return Object.fromEntries(events.map(([, name, data = '']) => [name, JSON.parse(data)])) as unknown as Shown
}

/** A visitor whose phone has a number of its own, on that ladder. */
async function arrive(ladder: string, phone: object = {}) {
  numbers += 1
  const number = `+120255501${numbers}`
  expect((await remote('PUT', '/demo/ladder', { name: ladder })).status).toBe(200)
  await remote('PATCH', '/demo/phone', { sim: number, mobileData: true, supported: true, ...phone })
  const browser = new Browser(demo.url)
  const post = async (path: string, body: object) => {
    const answer = await browser.post(path, body)
    return { status: answer.status, body: await answer.json() }
  }
  const home = async () => (await browser.request('/')).text()
  return { number, post, home }
}

const codeIn = (text = '') => /\b(\d{4}|\d{6})\b/.exec(text)?.[1] ?? ''

test('a newcomer finds the ladder of IDlayr, and buttons for five others', async () => {
  const { ladders } = await shown()
  expect(ladders).toMatchObject({ chosen: 'idlayr', scenarios: expect.arrayContaining(['text', 'code']) })
  const page = await (await fetch(`${demo.url}/login`)).text()
  const buttons = [...page.matchAll(/<button type="button" value="(\w+)">([^<]*)</g)].map(([, id, name]) => [id, name])
  expect(buttons).toEqual(Object.entries(known).map(([id, { name }]) => [id, name]))
})

test.each([undefined, 'constructor', 'nobody', 7])('a ladder called %j is refused', async (name) => {
  expect(await remote('PUT', '/demo/ladder', { name })).toEqual({
    status: 400,
    body: { error: 'There is no ladder of that name.' },
  })
})

describe.each([
  ['idlayr', 'phonecheck'],
  ['vonage', 'vonage-silent'],
  ['camara', 'number-verification'],
])('the ladder %s', (ladder, method) => {
  test('signs in silently, and the log names who was asked', async () => {
    const { number, post, home } = await arrive(ladder)
    const start = await post('/login/phone', { phone_number: number })
    expect(start).toMatchObject({ status: 201, body: { method, challenge: { type: 'open_url' } } })
    const { body: sdk } = await remote('POST', '/demo/phone/open', { url: start.body.challenge.url })
    const { flow } = start.body
    const { code } = sdk.response_body
    expect(await post('/login/phone/verify', { flow, code })).toEqual({ status: 200, body: { next: '/' } })
    expect(await home()).toContain('Signed in by your SIM, silently')
    const { history } = await shown()
    expect(history.filter(({ kind, note }) => kind === 'request' && note === '')).toEqual([])
    expect(JSON.stringify(history)).not.toContain(code)
  })
})

describe.each([
  ['vonage', 'vonage-sms', 'Vonage'],
  ['camara', 'camara-otp-sms', 'Operator'],
  ['twilio', 'twilio-sms', 'Twilio'],
  ['own', 'own-sms', 'Gateway'],
])('the ladder %s', (ladder, method, sender) => {
  test('signs in by the code that reaches the phone, and the log names its sender', async () => {
    const { number, post, home } = await arrive(ladder, { supported: false })
    let step = await post('/login/phone', { phone_number: number })
    if (step.body.challenge.type === 'open_url') {
      const { body: sdk } = await remote('POST', '/demo/phone/open', { url: step.body.challenge.url })
      const told = { flow: step.body.flow, ...sdk.response_body }
      expect((await post('/login/phone/verify', told)).status).toBe(422)
      step = await post('/login/phone/fallback', { flow: step.body.flow })
    }
    expect(step).toMatchObject({ status: 201, body: { method, challenge: { type: 'enter_code', length: 6 } } })
    const { phone } = await shown()
    const code = codeIn(phone.messages.at(-1)?.text)
    expect((await post('/login/phone/verify', { flow: step.body.flow, code })).status).toBe(200)
    expect(await home()).toContain('Signed in by a code sent to your phone')
    const { history } = await shown()
    expect(history).toContainEqual(expect.objectContaining({ from: sender, to: 'Phone', what: 'SMS' }))
    expect(history.filter(({ kind, note }) => kind === 'request' && note === '')).toEqual([])
    expect(JSON.stringify(history)).not.toContain(code)
  })
})

describe('the ladder of Firebase PNV', () => {
  async function begin(phone: object = {}) {
    const visit = await arrive('pnv', phone)
    const { status, body } = await visit.post('/login/phone', { phone_number: visit.number })
    expect({ status, ...body }).toMatchObject({ status: 201, method: 'firebase-pnv', challenge: { type: 'get_token' } })
    const { type: _, ...wanted } = body.challenge
    return { ...visit, flow: body.flow, wanted }
  }
  const ask = async (wanted: object) => (await remote('POST', '/demo/phone/token', wanted)).body

  test.each([true, false])('signs in by the token of the phone (mobile data: %s)', async (mobileData) => {
    const { post, home, flow, wanted } = await begin({ mobileData })
    const { token } = await ask(wanted)
    expect(await post('/login/phone/verify', { flow, code: token })).toEqual({ status: 200, body: { next: '/' } })
    expect(await home()).toContain('Signed in by your SIM, silently')
    const { history } = await shown()
    expect(history).toContainEqual(
      expect.objectContaining({ from: 'Page', to: 'Phone', what: 'get token', status: 'signed' }),
    )
    expect(history.filter(({ kind, note }) => kind === 'request' && note === '')).toEqual([])
    expect(JSON.stringify(history)).not.toContain(token)
    expect(JSON.stringify(history)).not.toContain(wanted.request.nonce)
  })

  test.each([
    ['of another operator', { supported: false }, 'pnv/carrier-not-supported'],
    ['without a SIM', { sim: null }, 'pnv/unsupported-operation'],
  ])('goes on with a code for a phone %s', async (_, phone, error) => {
    const { number, post, home, flow, wanted } = await begin(phone)
    const told = await ask(wanted)
    expect(told).toMatchObject({ error })
    expect(await post('/login/phone/verify', { flow, ...told })).toMatchObject({
      status: 422,
      body: { code: 'rung_unable', reason: 'mno_not_supported', fallback: ['own-sms'] },
    })
    await remote('PATCH', '/demo/phone', { sim: number })
    expect(await post('/login/phone/fallback', { flow })).toMatchObject({ status: 201, body: { method: 'own-sms' } })
    const { phone: screen } = await shown()
    const code = codeIn(screen.messages.at(-1)?.text)
    expect((await post('/login/phone/verify', { flow, code })).status).toBe(200)
    expect(await home()).toContain('Signed in by a code sent to your phone')
  })

  test('a phone with another SIM signs nobody in', async () => {
    const { post, home, flow, wanted } = await begin({ sim: '+12025550142' })
    const { token } = await ask(wanted)
    expect(await post('/login/phone/verify', { flow, code: token })).toMatchObject({
      status: 401,
      body: { code: 'mismatch' },
    })
    expect(await home()).not.toContain('Signed in as')
  })

  test('the token of one login is none of another', async () => {
    const { number, post, home, wanted } = await begin()
    const { token } = await ask(wanted)
    const { body } = await post('/login/phone', { phone_number: number })
    expect(await post('/login/phone/verify', { flow: body.flow, code: token })).toMatchObject({
      status: 401,
      body: { code: 'invalid_code' },
    })
    expect(await home()).not.toContain('Signed in as')
  })

  test.each([undefined, 'digital_credential'])('the phone gives no token of the kind %j', async (kind) => {
    expect((await remote('POST', '/demo/phone/token', { kind, request: {} })).status).toBe(400)
  })
})

test('on Wi-Fi the ladder of IDlayr begins with a text, as the app sees where the phone is', async () => {
  const { number, post } = await arrive('idlayr', { mobileData: false })
  expect(await post('/login/phone', { phone_number: number })).toMatchObject({
    status: 201,
    body: { method: 'mocheck', skipped: [{ method: 'phonecheck', reason: 'not_mobile_ip' }] },
  })
})

test('on Wi-Fi the ladder of Vonage, which keeps the number for a while, ends with the gateway of the app', async () => {
  const { number, post } = await arrive('vonage', { mobileData: false })
  const { body } = await post('/login/phone', { phone_number: number })
  const { body: sdk } = await remote('POST', '/demo/phone/open', { url: body.challenge.url })
  await post('/login/phone/verify', { flow: body.flow, error: sdk.error })
  expect(await post('/login/phone/fallback', { flow: body.flow })).toMatchObject({
    status: 201,
    body: { method: 'own-sms', skipped: [{ method: 'vonage-sms', reason: 'busy' }] },
  })
})

test('whoever is signed in through one vendor is not through another', async () => {
  const { number, post, home } = await arrive('twilio')
  const { body } = await post('/login/phone', { phone_number: number })
  const { phone } = await shown()
  await post('/login/phone/verify', { flow: body.flow, code: codeIn(phone.messages.at(-1)?.text) })
  expect(await home()).toContain('Signed in as')
  await remote('PUT', '/demo/ladder', { name: 'idlayr' })
  expect(await home()).not.toContain('Signed in as')
})
