import { inspect } from 'node:util'
import { MemoryStore, type Store } from 'passport-phonecheck'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { calls, ladderApp, Visitor } from '../support/ladder.js'
import { returnUrl } from '../support/login.js'
import { listen } from '../support/telemetry.js'
import { tokenApp } from '../support/tokens/tokens.js'

const number = '+12025550142'
const digits = number.slice(2)
const clientSecret = 'canary-client-secret'
const numberSecret = 'canary-number-secret-0123456789-abcdef'

/** Everything that reached a console or a stream. */
const written: string[] = []

beforeEach(() => {
  written.length = 0
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...args) => {
      written.push(inspect(args))
    })
  }
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    written.push(inspect(warning))
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** A store that lets us see every text that was ever given to it. */
function recordingStore(clock?: FakeClock): { store: Store; dump: string[] } {
  const inner = new MemoryStore(clock && { clock })
  const dump: string[] = []
  const store: Store = {
    insert: (key, record, ttl) => {
      dump.push(key, record)
      return inner.insert(key, record, ttl)
    },
    find: (key) => inner.find(key),
    replace: (key, version, record) => {
      dump.push(key, record)
      return inner.replace(key, version, record)
    },
    remove: (key) => inner.remove(key),
    insertCharged: (key, record, ttl, hits) => {
      dump.push(key, record, JSON.stringify(hits))
      return inner.insertCharged(key, record, ttl, hits)
    },
    count: (hits) => {
      dump.push(JSON.stringify(hits))
      return inner.count(hits)
    },
  }
  return { store, dump }
}

test('no number, code, handle, secret, token or check URL is in any log line, event, trace, error, inspect() or store dump', async () => {
  const published = listen()
  const { store, dump } = recordingStore()
  const answers: string[] = []
  const errors: string[] = []
  const app = await startApp({
    redirect: true,
    strategy: { store, secret: numberSecret },
    provider: { clientSecret },
    start: { delivery: 'redirect' },
    after: (express, phone) => {
      express.post('/login/body', phone.start({ delivery: 'body' }))
      express.use(((error, _req, _res, next) => {
        errors.push(inspect(error, { depth: 9, showHidden: true }))
        next(error)
      }) as import('express').ErrorRequestHandler)
    },
  })
  const secrets = new Set([clientSecret, numberSecret, Buffer.from(`client:${clientSecret}`).toString('base64')])
  const note = (...values: string[]) => {
    for (const value of values) secrets.add(value)
  }
  app.sim.fault({
    match: 'POST /oauth2/v1/token',
    times: 1,
    patchBody: (body) => {
      note(String(body['access_token']))
      return body
    },
  })

  // A success in each delivery, and each way to fail.
  const login = async (browser: Browser) => {
    const start = await (await browser.post('/login/body', { phone_number: number })).json()
    const opened = await app.sim.phone(number).open(start.challenge.url)
    const code = String(opened.body?.['code'])
    note(
      start.flow,
      code,
      start.challenge.url,
      ...[...browser.cookies.values()].flatMap((value) => value.split('.').slice(0, 2)),
    )
    return { flow: start.flow as string, code }
  }
  const good = new Browser(app.url)
  const done = await login(good)
  answers.push(await (await good.post('/login/phone/verify', done)).text())
  answers.push(await (await good.post('/login/phone/verify', done)).text())
  answers.push(await (await new Browser(app.url).post('/login/phone/verify', await login(new Browser(app.url)))).text())

  const back = new Browser(app.url)
  const start = await (await back.post('/login/phone', { phone_number: number })).json()
  const link = await returnUrl(app, start.challenge.url, number)
  note(start.flow, start.challenge.url, new URL(link).searchParams.get('code') ?? '')
  const returned = await back.navigate(link)
  answers.push(await returned.text(), returned.headers.get('location') ?? '')

  for (const fault of [
    { status: 500 },
    { status: 402 },
    { reset: 'after' },
    { status: 200, body: { match: true } },
    { truncate: true },
  ] as const) {
    const browser = new Browser(app.url)
    const bad = await login(browser)
    const handle = app.sim.fault({ match: 'PATCH /phone_check/v0.2/checks/*', ...fault })
    answers.push(await (await browser.post('/login/phone/verify', bad)).text())
    handle.remove()
  }
  app.sim.phone(number).sim = '+12025550177'
  const wrongSim = new Browser(app.url)
  answers.push(await (await wrongSim.post('/login/phone/verify', await login(wrongSim))).text())
  answers.push(await (await good.post('/login/body', { phone_number: `${number}99999` })).text())

  expect(secrets.size).toBeGreaterThan(20)
  const outputs: Record<string, string> = {
    logs: written.join('\n'),
    events: JSON.stringify(app.events),
    published: published.text(),
    errors: errors.join('\n'),
    strategy: inspect(app.phone, { depth: 12, showHidden: true }) + JSON.stringify(app.phone),
    'store dump': dump.join('\n'),
  }
  for (const [where, text] of Object.entries(outputs)) {
    for (const secret of secrets) expect(text.includes(secret), `${where} holds ${secret.slice(0, 4)}…`).toBe(false)
    expect(text.includes(digits), `${where} holds the number`).toBe(false)
    expect(text.includes('/redirect'), `${where} holds a check URL`).toBe(false)
  }
  // Problems go to the requester, who typed the number and knows the handle; the session's user is
  // the application's own answer.
  for (const answer of answers.filter((text) => text.includes('"code"'))) {
    for (const secret of secrets) expect(answer.includes(secret)).toBe(false)
    expect(answer.includes(digits)).toBe(false)
  }
  expect(app.events.length).toBeGreaterThan(10)
})

test('nor any text, code or number of the other rungs', async () => {
  const published = listen()
  const clock = fakeClock()
  const { store, dump } = recordingStore(clock)
  const app = await ladderApp(
    'cookie + body',
    undefined,
    { webhook: true, strategy: { store, secret: numberSecret } },
    clock,
  )
  const visitor = new Visitor(app, number)
  const answers: string[] = []
  const secrets = new Set<string>([numberSecret])
  const note = (answer: { body: object }) => answers.push(JSON.stringify(answer.body))
  secrets.add((await visitor.start()).body.flow)
  note(await visitor.verify({ error: 'sdk_error' }))
  const { challenge } = (await visitor.fallback()).body
  secrets.add(challenge.body)
  app.sim.fault({ match: calls.moRead, status: 500, times: 3 })
  await app.clock.advance(20_000)
  note(await visitor.status())
  const coded = await visitor.fallback()
  expect(coded.status, JSON.stringify(coded.body)).toBe(201)
  secrets.add(visitor.code())
  // Too late: its webhook is about a check that the flow has left behind.
  await visitor.phone.send(challenge.to, challenge.body)
  await app.sim.settled()
  note(await visitor.verify({ code: visitor.code() === '0000' ? '1111' : '0000' }))
  note(await visitor.resend())
  const done = await visitor.verify({ code: visitor.code() })
  expect(done.status).toBe(200)

  const outputs = {
    logs: written.join('\n'),
    events: JSON.stringify(app.events),
    published: published.text(),
    'store dump': dump.join('\n'),
    answers: answers.join('\n'),
  }
  for (const [where, text] of Object.entries(outputs)) {
    for (const secret of secrets)
      expect(new RegExp(`\\b${secret}\\b`).test(text), `${where} holds ${secret.slice(0, 2)}…`).toBe(false)
    expect(text.includes(digits), `${where} holds the number`).toBe(false)
  }
  expect(app.events.length).toBeGreaterThan(6)
})

test('nor any token in what is published of a refresh', async () => {
  const published = listen()
  const app = await tokenApp()
  const first = (await app.login()).body
  const second = (await app.refresh(first.refresh_token)).body
  await app.refresh(first.refresh_token)
  expect(published.ended.filter(({ step }) => step === 'refresh')).toHaveLength(2)
  const tokens = [first, second].flatMap(({ access_token, refresh_token }) => [access_token, refresh_token])
  for (const token of tokens) {
    expect(token).toBeTypeOf('string')
    for (const part of token.split('.')) expect(published.text()).not.toContain(part)
  }
})

test('errors hide their secrets from inspect(), JSON and their causes', async () => {
  const app = await startApp({ provider: { clientSecret } })
  app.sim.fault({ match: 'POST /oauth2/v1/token', reset: 'before' })
  const error = await app.phone.context.logins
    .start({
      phoneNumber: number,
      purpose: 'login',
      binding: 'handle',
      delivery: 'body',
      requester: { address: undefined },
    })
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  const text = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)
  expect(text).toContain('provider_unavailable')
  expect(text).not.toContain(clientSecret)
  expect(text).not.toContain(Buffer.from(`client:${clientSecret}`).toString('base64'))
  expect(text).not.toContain(digits)
})
