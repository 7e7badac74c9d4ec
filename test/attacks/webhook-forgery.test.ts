import { describe, expect, test } from 'vitest'
import type { LadderApp } from '../support/ladder.js'
import { deliver, edit, isHinted, jwks, type Message, signed, waiting, without } from '../support/webhooks.js'

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
    [
      'with another date',
      (message) => edit(message, 'date', (date) => new Date(Date.parse(date) + 1000).toUTCString()),
    ],
    ['with a date that is none', (_message, app) => signed(app, {}, { date: 'zzz' })],
    [
      'with a fresh, unsigned x-date',
      (message) => ({ ...message, headers: { ...message.headers, 'x-date': new Date().toUTCString() } }),
    ],
    ['with garbage as x-date', (message) => ({ ...message, headers: { ...message.headers, 'x-date': 'zzz' } })],
    [
      'with a second signature header',
      (message) => ({ ...message, headers: { ...message.headers, signature: 'sig1=:x:' } }),
    ],
    [
      'with a flipped signature',
      (message) =>
        edit(message, 'authorization', (value) =>
          value.replace(/signature="(.)/, (_, first) => `signature="${first === 'A' ? 'B' : 'A'}`),
        ),
    ],
    [
      'with an empty signature',
      (message) => edit(message, 'authorization', (value) => value.replace(/signature="[^"]*"/, 'signature=""')),
    ],
    [
      'with algorithm hmac-sha256',
      (message) => edit(message, 'authorization', (value) => value.replace('rsa-sha256', 'hmac-sha256')),
    ],
    [
      'with algorithm none',
      (message) => edit(message, 'authorization', (value) => value.replace('rsa-sha256', 'none')),
    ],
    [
      'with algorithm RSA-SHA256',
      (message) => edit(message, 'authorization', (value) => value.replace('rsa-sha256', 'RSA-SHA256')),
    ],
    ['with headers= twice', (message) => edit(message, 'authorization', (value) => `${value},headers="date"`)],
    [
      'with another list of headers',
      (message) => edit(message, 'authorization', (value) => value.replace(/headers="[^"]*"/, 'headers="date"')),
    ],
    [
      'with a URL as key id',
      (message) =>
        edit(message, 'authorization', (value) => value.replace(/keyId="[^"]*"/, 'keyId="https://evil.example/jwks"')),
    ],
    [
      'with an unknown key id',
      (message) => edit(message, 'authorization', (value) => value.replace(/keyId="[^"]*"/, 'keyId="unknown"')),
    ],
    ['signed for another path', async (_message, app) => signed(app, {}, { url: `${app.url}/webhooks/other` })],
    ['signed for another host', async (_message, app) => signed(app, {}, { url: 'http://127.0.0.1:1/webhooks/phone' })],
    ['with Basic instead of Signature', (message) => edit(message, 'authorization', () => 'Basic eDp5')],
  ]

  test.each(forgeries)('%s', async (_name, forge) => {
    const { app, visitor } = await waiting()
    const result = await deliver(app, await forge(await signed(app), app))
    expect(result).toEqual({ status: 401, code: 'flow_invalid' })
    expect(await isHinted(app, visitor)).toBe(false)
    expect(app.events).toContainEqual(
      expect.objectContaining({
        type: 'webhook_refused',
        method: 'mocheck',
        message: expect.stringContaining('clock is right'),
      }),
    )
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
