import express from 'express'
import type { Strategy } from 'passport'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { ladderApp } from '../support/ladder.js'
import { beginWithCode } from '../support/login.js'
import { deliver, signed } from '../support/webhooks.js'

/** What stands between the wire and a route: parsers, and what adapters of serverless hosts leave in `req.body`. */
const readAs = (make: (bytes: Buffer) => unknown): express.RequestHandler => {
  return (req, _res, next) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      req.body = make(Buffer.concat(chunks))
      next()
    })
  }
}

const before: [string, express.RequestHandler][] = [
  ['nothing', (_req, _res, next) => next()],
  ['express.json()', express.json()],
  ['an adapter that leaves a Buffer', readAs((bytes) => bytes)],
  ['an adapter that leaves a Uint8Array', readAs((bytes) => new Uint8Array(bytes))],
  ['an adapter that leaves text', readAs((bytes) => bytes.toString())],
  ['express.raw()', express.raw({ type: '*/*' })],
  ['express.text()', express.text({ type: '*/*' })],
  ['express.urlencoded()', express.urlencoded({ extended: false })],
  [
    'a parser of Express 4 that found nothing of its own',
    (req, _res, next) => {
      req.body = {}
      next()
    },
  ],
]

/** Those that leave the reading to us. */
const unparsed = before.filter(([name]) => name !== 'express.json()')

test.each(before)('behind %s every route that takes JSON reads it', async (_name, parser) => {
  const app = await startApp({ before: (server) => server.use(parser) })
  const { browser, flow, code } = await beginWithCode(app)
  expect((await browser.post('/login/phone/status', { flow })).status).toBe(200)
  expect((await browser.post('/login/phone/fallback', { flow })).status).toBe(422)
  expect((await browser.post('/login/phone/resend', { flow })).status).toBe(403)
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
})

test.each(unparsed)('behind %s a body that is too large is 413, and one that is no JSON 400', async (_name, parser) => {
  const app = await startApp({ before: (server) => server.use(parser) })
  const browser = new Browser(app.url)
  const large = await browser.post('/login/phone', { phone_number: '+12025550100', filler: 'x'.repeat(5000) })
  expect(large.status).toBe(413)
  expect((await browser.post('/login/phone', '{"phone_number":')).status).toBe(400)
  expect(app.sim.requests).toEqual([])
})

test('an empty object that a parser found in the body is one: the field is missing', async () => {
  const app = await startApp({ before: (server) => server.use(express.json()) })
  const response = await new Browser(app.url).post('/login/phone/status', {})
  expect([response.status, (await response.json()).detail]).toEqual([400, expect.stringContaining('flow is missing')])
})

test.each(unparsed)('behind %s a webhook has the bytes that were signed', async (_name, parser) => {
  const app = await ladderApp('cookie + body', ['mocheck'], { webhook: true, before: (server) => server.use(parser) })
  expect((await deliver(app, await signed(app, {}))).status).toBe(200)
})

test.each<[string, (bytes: Buffer) => unknown]>([
  ['Buffer', (bytes) => bytes],
  ['Uint8Array', (bytes) => new Uint8Array(bytes)],
  ['string', (bytes) => bytes.toString()],
])('a webhook takes the raw body that a parser kept as a %s', async (_name, keep) => {
  const parser = express.json({
    verify: (req, _res, bytes) => {
      Object.assign(req, { rawBody: keep(bytes) })
    },
  })
  const app = await ladderApp('cookie + body', ['mocheck'], { webhook: true, before: (server) => server.use(parser) })
  expect((await deliver(app, await signed(app, {}))).status).toBe(200)
})

test('two strategies that are alternatives of one authentication read one body', async () => {
  const links: Strategy[] = []
  const app = await startApp({
    after: (server, phone) => {
      links.push(phone.purpose('link', { subject: () => 'u1' }, async () => ({ id: 'u1' })) as unknown as Strategy)
      const either: express.RequestHandler = (req, res, next) =>
        app.passport.authenticate(['phonecheck-link', 'phonecheck'], { session: false })(req, res, next)
      server.post('/either', either, (req, res) => {
        res.json(req.user)
      })
    },
  })
  for (const link of links) app.passport.use(link)
  const { browser, flow, code } = await beginWithCode(app)
  expect((await browser.post('/either', { flow, code })).status).toBe(200)
})
