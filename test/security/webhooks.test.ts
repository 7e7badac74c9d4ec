import express from 'express'
import { MemoryStore, moCheck } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/core/clock.js'
import { calls, type LadderApp, ladderApp, Visitor } from '../support/ladder.js'

const jwks = 'GET /.well-known/jwks.json'

interface Message {
  headers: Record<string, string>
  body: string
}

async function waiting() {
  const app = await ladderApp('cookie + body', ['mocheck', 'idenfy-sms'], { webhook: true })
  const visitor = new Visitor(app)
  const { challenge } = (await visitor.start()).body
  const check = app.sim.checks.length
  return { app, visitor, challenge, check }
}

/** An authentic message about the only check there is. */
async function signed(app: LadderApp, body: object = {}, draft: object = {}): Promise<Message> {
  const [check] = app.sim.moChecks
  const message = await app.sim.signCallback({
    url: `${app.url}/webhooks/phone`,
    product: 'mo_check',
    body: { check_id: check?.checkId, status: 'COMPLETED', verified: true, ...body },
    ...draft,
  })
  return { headers: { ...message.headers }, body: String(message.body) }
}

async function deliver(app: LadderApp, { headers, body }: Message, path = '/webhooks/phone'): Promise<{ status: number; code?: string }> {
  const { Host: _, host: __, ...rest } = headers
  const response = await fetch(app.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...rest }, body })
  return { status: response.status, code: (await response.json().catch(() => ({}))).code }
}

/** Whether the next status asks the provider although its pace would not let it yet. */
async function isHinted(app: LadderApp, visitor: Visitor): Promise<boolean> {
  const before = app.sim.count(calls.moRead)
  await visitor.status()
  return app.sim.count(calls.moRead) > before
}

/** A header by any spelling. */
function named(headers: Record<string, string>, name: string): string {
  return Object.keys(headers).find((key) => key.toLowerCase() === name) ?? name
}
const edit = (message: Message, name: string, change: (value: string) => string): Message => {
  const key = named(message.headers, name)
  return { ...message, headers: { ...message.headers, [key]: change(message.headers[key] ?? '') } }
}
const without = (message: Message, name: string): Message => {
  const { [named(message.headers, name)]: _, ...headers } = message.headers
  return { ...message, headers }
}

describe('an authentic webhook', () => {
  test('makes the next question due at once, and is answered with exactly 200', async () => {
    const { app, visitor, challenge } = await waiting()
    expect(await isHinted(app, visitor)).toBe(false)
    await visitor.phone.send(challenge.to, challenge.body)
    await app.sim.settled()
    expect(app.sim.callbacks.map((callback) => callback.status)).toEqual([200])
    expect((await visitor.status()).body).toMatchObject({ state: 'verified' })
    expect((await visitor.verify()).status).toBe(200)
    expect(app.sim.count(calls.moRead)).toBe(1)
  })

  test('that comes in while its result is being asked for does not spoil the answer', async () => {
    const { app, visitor, challenge } = await waiting()
    await visitor.phone.send(challenge.to, challenge.body)
    await app.sim.settled()
    await app.clock.advance(3_000)
    const fault = app.sim.fault({ match: calls.moRead, delayMs: 100 })
    const asking = visitor.verify()
    while (fault.hits === 0) await new Promise((resolve) => setImmediate(resolve))
    const message = await signed(app)
    expect((await deliver(app, message)).status).toBe(200)
    await app.clock.advance(100)
    expect((await asking).status).toBe(200)
  })

  test('that says true while the provider’s own answer says no changes nothing', async () => {
    const { app, visitor } = await waiting()
    expect((await deliver(app, await signed(app))).status).toBe(200)
    expect((await visitor.verify()).status).toBe(409)
    expect(app.sim.count(calls.moRead)).toBe(1)
    expect((await visitor.verify()).status).toBe(409)
    expect(app.sim.count(calls.moRead)).toBe(1)
    expect(await visitor.isLoggedIn()).toBe(false)
  })

  test('is used once: a replay has no effect and is 200 too', async () => {
    const { app, visitor } = await waiting()
    const message = await signed(app)
    expect((await deliver(app, message)).status).toBe(200)
    expect(await isHinted(app, visitor)).toBe(true)
    expect((await deliver(app, message)).status).toBe(200)
    expect(await isHinted(app, visitor)).toBe(false)
  })

  test('is the same message however its signature is spelt', async () => {
    const { app, visitor } = await waiting()
    const message = await signed(app)
    expect((await deliver(app, message)).status).toBe(200)
    expect(await isHinted(app, visitor)).toBe(true)
    for (const padding of ['=', '==', '===']) {
      const respelt = edit(message, 'authorization', (value) => value.replace(/signature="([^"]*)"/, `signature="$1${padding}"`))
      await deliver(app, respelt)
      expect(await isHinted(app, visitor)).toBe(false)
    }
  })

  test('of the second of two providers is taken', async () => {
    const other = await startSimulator()
    onTestFinished(() => other.close())
    const app = await ladderApp('cookie + body', ['mocheck'], {
      webhook: true,
      ladder: (sim) => [
        moCheck({ baseUrl: other.url, clientId: 'c', clientSecret: 's', name: 'first' }),
        moCheck({ baseUrl: sim.url, clientId: 'c', clientSecret: 's', name: 'second' }),
      ],
      strategy: { clock: systemClock, store: new MemoryStore() },
      simulator: { clock: systemClock },
    })
    const message = await app.sim.signCallback({ url: `${app.url}/webhooks/phone`, product: 'mo_check', body: { check_id: 'x' } })
    expect((await deliver(app, { headers: { ...message.headers }, body: String(message.body) })).status).toBe(200)
  })

  test('about an unknown check, or of PhoneCheck, is acknowledged and dropped', async () => {
    const { app, visitor } = await waiting()
    expect((await deliver(app, await signed(app, { check_id: 'c69bc0e6-a429-11ea-bb37-0242ac130002' }))).status).toBe(200)
    expect((await deliver(app, await signed(app, {}, { product: 'phone_check' }))).status).toBe(200)
    expect((await deliver(app, await signed(app, { check_id: undefined }))).status).toBe(200)
    expect(await isHinted(app, visitor)).toBe(false)
  })

  test('never completes a PhoneCheck', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck', 'mocheck'], { webhook: true })
    const visitor = new Visitor(app)
    const { challenge } = (await visitor.start()).body
    await visitor.phone.open(challenge.url)
    const check_id = app.sim.checks[0]?.checkId
    const message = await app.sim.signCallback({
      url: `${app.url}/webhooks/phone`,
      product: 'phone_check',
      body: { check_id, status: 'COMPLETED', match: true },
    })
    expect((await deliver(app, { headers: { ...message.headers }, body: String(message.body) })).status).toBe(200)
    expect((await visitor.status()).body).toMatchObject({ state: 'pending' })
    expect(app.sim.count(calls.patch)).toBe(0)
    expect(await visitor.isLoggedIn()).toBe(false)
  })

  test.each(['base64', 'hex', 'base64-of-hex'] as const)('is understood with its digest in %s', async (digestEncoding) => {
    const app = await ladderApp('cookie + body', ['mocheck'], { webhook: true, simulator: { behaviour: { digestEncoding } } })
    const visitor = new Visitor(app)
    await visitor.start()
    expect((await deliver(app, await signed(app))).status).toBe(200)
    expect(await isHinted(app, visitor)).toBe(true)
  })

  test('is understood behind a mount path and with a raw body that a parser kept', async () => {
    const app = await ladderApp('cookie + body', ['mocheck'], {
      webhook: true,
      before: (server) =>
        server.use(
          express.json({
            verify: (req, _res, buffer) => {
              Object.assign(req, { rawBody: buffer })
            },
          }),
        ),
    })
    const visitor = new Visitor(app)
    await visitor.start()
    expect((await deliver(app, await signed(app))).status).toBe(200)
    expect(await isHinted(app, visitor)).toBe(true)
  })

  test('within 299 s of its date is taken, at 301 s it is not', async () => {
    for (const [seconds, status] of [
      [299, 200],
      [-299, 200],
      [301, 401],
      [-301, 401],
    ] as const) {
      const { app } = await waiting()
      const date = new Date(app.clock.now() + seconds * 1000)
      expect([seconds, (await deliver(app, await signed(app, {}, { date }))).status]).toEqual([seconds, status])
    }
  })
})

describe('a forged webhook is refused, and hints at nothing', () => {
  const components = ['(request-target)', 'host', 'date', 'x-tru-callback', 'digest']
  const forgeries: [string, (message: Message, app: LadderApp) => Message | Promise<Message>][] = [
    ...components.map((name): [string, (message: Message, app: LadderApp) => Promise<Message>] => [
      `whose signature does not cover ${name}`,
      (_message, app) => signed(app, {}, { signed: components.filter((other) => other !== name) }),
    ]),
    ['with another body', (message) => ({ ...message, body: message.body.replace('COMPLETED', 'COMPLETEd') })],
    ['with a re-indented body', (message) => ({ ...message, body: JSON.stringify(JSON.parse(message.body), null, 1) })],
    ['with a byte order mark', (message) => ({ ...message, body: `\ufeff${message.body}` })],
    ['with an empty body', (message) => ({ ...message, body: '' })],
    ['without Authorization', (message) => without(message, 'authorization')],
    ['without Digest', (message) => without(message, 'digest')],
    ['without Date', (message) => without(message, 'date')],
    ['without x-tru-callback', (message) => without(message, 'x-tru-callback')],
    ['of another product', (message) => edit(message, 'x-tru-callback', () => 'phone_check')],
    ['with another date', (message) => edit(message, 'date', (date) => new Date(Date.parse(date) + 1000).toUTCString())],
    ['with a date that is none', (_message, app) => signed(app, {}, { date: 'zzz' })],
    ['with a fresh, unsigned x-date', (message) => ({ ...message, headers: { ...message.headers, 'x-date': new Date().toUTCString() } })],
    ['with garbage as x-date', (message) => ({ ...message, headers: { ...message.headers, 'x-date': 'zzz' } })],
    ['with a second signature header', (message) => ({ ...message, headers: { ...message.headers, signature: 'sig1=:x:' } })],
    [
      'with a flipped signature',
      (message) =>
        edit(message, 'authorization', (value) => value.replace(/signature="(.)/, (_, first) => `signature="${first === 'A' ? 'B' : 'A'}`)),
    ],
    ['with an empty signature', (message) => edit(message, 'authorization', (value) => value.replace(/signature="[^"]*"/, 'signature=""'))],
    ['with algorithm hmac-sha256', (message) => edit(message, 'authorization', (value) => value.replace('rsa-sha256', 'hmac-sha256'))],
    ['with algorithm none', (message) => edit(message, 'authorization', (value) => value.replace('rsa-sha256', 'none'))],
    ['with algorithm RSA-SHA256', (message) => edit(message, 'authorization', (value) => value.replace('rsa-sha256', 'RSA-SHA256'))],
    ['with headers= twice', (message) => edit(message, 'authorization', (value) => `${value},headers="date"`)],
    [
      'with another list of headers',
      (message) => edit(message, 'authorization', (value) => value.replace(/headers="[^"]*"/, 'headers="date"')),
    ],
    [
      'with a URL as key id',
      (message) => edit(message, 'authorization', (value) => value.replace(/keyId="[^"]*"/, 'keyId="https://evil.example/jwks"')),
    ],
    ['with an unknown key id', (message) => edit(message, 'authorization', (value) => value.replace(/keyId="[^"]*"/, 'keyId="unknown"'))],
    ['signed for another path', async (_message, app) => signed(app, {}, { url: `${app.url}/webhooks/other` })],
    ['signed for another host', async (_message, app) => signed(app, {}, { url: 'http://127.0.0.1:1/webhooks/phone' })],
    ['with Basic instead of Signature', (message) => edit(message, 'authorization', () => 'Basic eDp5')],
  ]

  test.each(forgeries)('%s', async (_name, forge) => {
    const { app, visitor } = await waiting()
    const result = await deliver(app, await forge(await signed(app), app))
    expect(result).toEqual({ status: 401, code: 'flow_invalid' })
    expect(await isHinted(app, visitor)).toBe(false)
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'webhook_refused', provider: 'mocheck' }))
  })

  test('captured yesterday', async () => {
    const { app } = await waiting()
    const message = await signed(app)
    await app.clock.advance(86_400_000)
    expect((await deliver(app, message)).status).toBe(401)
  })

  test('with unknown keys 1,000 times costs one JWKS fetch', async () => {
    const { app } = await waiting()
    const message = await signed(app)
    const statuses = new Set<number>()
    for (let batch = 0; batch < 20; batch++) {
      const forged = Array.from({ length: 50 }, (_, index) =>
        deliver(
          app,
          edit(message, 'authorization', (value) => value.replace(/keyId="[^"]*"/, `keyId="k${batch}-${index}"`)),
        ),
      )
      for (const { status } of await Promise.all(forged)) statuses.add(status)
    }
    expect([...statuses]).toEqual([401])
    expect(app.sim.count(jwks)).toBe(1)
  })

  test('cannot be told while the JWKS is down: 503, never taken, and the vendor is not flooded', async () => {
    const { app, visitor } = await waiting()
    const fault = app.sim.fault({ match: jwks, status: 500 })
    const message = await signed(app)
    for (let index = 0; index < 10; index++) expect((await deliver(app, message)).status).toBe(503)
    expect(app.sim.count(jwks)).toBe(1)
    expect(await isHinted(app, visitor)).toBe(false)
    fault.remove()
    await app.clock.advance(30_000)
    expect((await deliver(app, await signed(app))).status).toBe(200)
  })
})

describe('the webhook route', () => {
  test('after a parser that ate the raw body is a 500 that names the parser to move', async () => {
    const seen: unknown[] = []
    const app = await ladderApp('cookie + body', ['mocheck'], {
      webhook: true,
      before: (server) => server.use(express.json()),
      after: (server) =>
        server.use(((error, _req, _res, next) => {
          seen.push(error)
          next(error)
        }) as express.ErrorRequestHandler),
    })
    await new Visitor(app).start()
    expect((await deliver(app, await signed(app))).status).toBe(500)
    expect(String(seen[0])).toContain('express.json()')
  })

  test('takes at most 16 KiB of JSON', async () => {
    const { app } = await waiting()
    const message = await signed(app)
    expect((await deliver(app, { ...message, body: `"${'x'.repeat(17_000)}"` })).status).toBe(413)
    expect((await deliver(app, { ...message, headers: { ...message.headers, 'content-type': 'text/plain' } })).status).toBe(415)
  })

  test('without a callbackUrl, or without a rung that calls back, is an error at construction', async () => {
    const app = await ladderApp('cookie + body', ['mocheck'])
    expect(() => app.phone.webhook()).toThrow(/callbackUrl/)
    await expect(ladderApp('cookie + body', ['phonecheck'], { webhook: true })).rejects.toThrow(/webhook/)
  })

  test('is told to the vendor only for rungs that have one', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck', 'mocheck'], { webhook: true })
    const visitor = new Visitor(app)
    await visitor.start()
    await visitor.verify({ error: 'sdk_error' })
    await visitor.fallback()
    expect(app.sim.checks.map((check) => check.callbackUrl)).toEqual([null])
    expect(app.sim.moChecks.map((check) => check.callbackUrl)).toEqual([`${app.url}/webhooks/phone`])
  })
})
