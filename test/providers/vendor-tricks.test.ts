import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { deadlineIn, systemClock } from '../../src/lib/clock.js'
import { httpClient } from '../../src/providers/http/client.js'
import type { FetchLike } from '../../src/providers/http/fetch.js'
import { maxBodyBytes } from '../../src/providers/http/transport.js'
import { close, number, startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { beginWithCode, creates, isLoggedIn } from '../support/login.js'

const token = 'POST /oauth2/v1/token'
const create = 'POST /phone_check/v0.2/checks'
const patch = 'PATCH /phone_check/v0.2/checks/*'

describe('a vendor that redirects an injected fetch', () => {
  /** Somebody else's server, which says yes to everything. */
  async function elsewhere(body: object = {}) {
    const heard: string[] = []
    const server = createServer((req, res) => {
      heard.push(`${req.method} ${req.url}`)
      res.setHeader('content-type', 'application/json')
      res.end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => close(server))
    const address = server.address()
    return { heard, url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/` }
  }

  test.each([301, 302, 303, 307, 308])(
    'with %i at the redeem: the other server hears nothing, and its yes is no login',
    async (status) => {
      const app = await startApp({ provider: { fetch } })
      const { browser, flow, code, checkId } = await beginWithCode(app)
      const other = await elsewhere({ check_id: checkId, status: 'COMPLETED', match: true })
      const redirect = app.sim.fault({ match: patch, status, headers: { location: other.url }, body: '' })

      const response = await browser.post('/login/phone/verify', { flow, code })

      expect([response.status, (await response.json()).code]).toEqual([503, 'provider_unavailable'])
      expect(redirect.hits).toBe(1)
      expect(other.heard).toEqual([])
      expect(await isLoggedIn(browser)).toBe(false)
      expect(app.verified.count).toBe(0)
    },
  )

  test.each([
    [token, 302],
    [token, 307],
    [create, 302],
    [create, 307],
  ])('at %s with %i: the other server learns neither credentials nor numbers', async (match, status) => {
    const app = await startApp({ provider: { fetch } })
    const other = await elsewhere({ access_token: 'theirs', expires_in: 3600 })
    app.sim.fault({ match, status, headers: { location: other.url }, body: '' })
    expect((await new Browser(app.url).post('/login/phone', { phone_number: number })).status).toBe(503)
    expect(other.heard).toEqual([])
  })
})

describe('an injected fetch whose answer has no stream', () => {
  const answering = (text: string): FetchLike => {
    return async () => ({ status: 200, headers: { get: () => null }, text: async () => text })
  }
  const ask = (fetch: FetchLike) =>
    httpClient('https://vendor.example', systemClock, fetch).request({
      method: 'GET',
      path: '/',
      headers: {},
      timeoutMs: 1000,
      deadline: deadlineIn(12_000, systemClock),
    })
  const jsonOf = (length: number) => JSON.stringify({ x: 'x'.repeat(length - '{"x":""}'.length) })

  test('is believed up to the length that any answer may have', async () => {
    expect(await ask(answering(jsonOf(maxBodyBytes)))).toMatchObject({
      status: 200,
      body: { x: 'x'.repeat(maxBodyBytes - 8) },
    })
  })

  test.each([maxBodyBytes + 1, 10_000_000])('is an outage with %i characters', async (length) => {
    await expect(ask(answering(jsonOf(length)))).rejects.toMatchObject({ kind: 'too_large', sent: true })
  })
})

describe('a token that would not be one word of a header', () => {
  const tokens = [
    'a b',
    ' a',
    'a ',
    'a\r\nx-forged: 1',
    'a\nb',
    'a\rb',
    'a\tb',
    'a\u0000b',
    'a\u007f',
    'a\u00e9',
    'a\u0430',
    '',
  ]

  test.each(tokens)('%j is 503 without a call to the vendor that carries it', async (value) => {
    const app = await startApp()
    app.sim.fault({ match: token, patchBody: (body) => ({ ...body, access_token: value }) })
    const response = await new Browser(app.url).post('/login/phone', { phone_number: number })
    expect([response.status, (await response.json()).code]).toEqual([503, 'provider_unavailable'])
    expect(creates(app)).toBe(0)
    expect(app.events).toContainEqual(
      expect.objectContaining({ type: 'provider_outage', method: 'phonecheck', operation: 'token' }),
    )
  })

  test.each(tokens)('%j is not handed to an injected fetch, which may write headers as they come', async (value) => {
    const asked: string[] = []
    const careless: FetchLike = (url, init) => {
      asked.push(`${init.method} ${new URL(url).pathname}`)
      return fetch(url, init)
    }
    const app = await startApp({ provider: { fetch: careless } })
    app.sim.fault({ match: token, patchBody: (body) => ({ ...body, access_token: value }) })
    expect((await new Browser(app.url).post('/login/phone', { phone_number: number })).status).toBe(503)
    expect(asked).toEqual([token])
  })
})
