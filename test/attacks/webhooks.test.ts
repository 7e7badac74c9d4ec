import express from 'express'
import { MemoryStore, moCheck } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.js'
import { calls, ladderApp, Visitor } from '../support/ladder.js'
import { deliver, edit, isHinted, signed, waiting } from '../support/webhooks.js'

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
      const respelt = edit(message, 'authorization', (value) =>
        value.replace(/signature="([^"]*)"/, `signature="$1${padding}"`),
      )
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
    const message = await app.sim.signCallback({
      url: `${app.url}/webhooks/phone`,
      product: 'mo_check',
      body: { check_id: 'x' },
    })
    expect((await deliver(app, { headers: { ...message.headers }, body: String(message.body) })).status).toBe(200)
  })

  test('about an unknown check, or of PhoneCheck, is acknowledged and dropped', async () => {
    const { app, visitor } = await waiting()
    expect((await deliver(app, await signed(app, { check_id: 'c69bc0e6-a429-11ea-bb37-0242ac130002' }))).status).toBe(
      200,
    )
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

  test.each(['base64', 'hex', 'base64-of-hex'] as const)(
    'is understood with its digest in %s',
    async (digestEncoding) => {
      const app = await ladderApp('cookie + body', ['mocheck'], {
        webhook: true,
        simulator: { behaviour: { digestEncoding } },
      })
      const visitor = new Visitor(app)
      await visitor.start()
      expect((await deliver(app, await signed(app))).status).toBe(200)
      expect(await isHinted(app, visitor)).toBe(true)
    },
  )

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
    expect(
      (await deliver(app, { ...message, headers: { ...message.headers, 'content-type': 'text/plain' } })).status,
    ).toBe(415)
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
