import { createHash } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import type { CallbackDraft, Simulator } from '../../src/simulator/index.js'
import { isSignedBy, jwksOf } from '../support/simulator/receiver.js'
import { setUp } from '../support/simulator/simulator.js'

let sim: Simulator
const start = async () => {
  const world = await setUp()
  sim = world.sim
  return world
}
afterEach(() => sim.close())

const target = 'POST /hook?a=1'
const draft: CallbackDraft = {
  url: 'https://app.example:8443/hook?a=1',
  product: 'mo_check',
  body: { check_id: 'c', verified: true },
}

it('signs what the vendor would send', async () => {
  const { clock } = await start()
  clock.advance(1000)
  const signed = await sim.signCallback(draft)
  expect(signed).toMatchObject({ url: draft.url, method: 'POST', body: '{"check_id":"c","verified":true}' })
  expect(signed.headers).toMatchObject({
    host: 'app.example:8443',
    date: 'Thu, 01 Jan 2026 00:00:01 GMT',
    'content-type': 'application/json',
    'x-tru-callback': 'mo_check',
  })
  expect(isSignedBy(await jwksOf(sim.url), target, signed.headers, signed.body)).toBe(true)
  expect(sim.callbacks).toEqual([])
})

it('publishes public keys and nothing else', async () => {
  await start()
  const [key, ...others] = await jwksOf(sim.url)
  expect(others).toEqual([])
  expect(key).toEqual({
    kty: 'RSA',
    n: expect.any(String),
    e: 'AQAB',
    kid: expect.any(String),
    use: 'sig',
    alg: 'RS256',
  })
  expect(Buffer.from(key?.n ?? '', 'base64url')).toHaveLength(256)
})

it('signs with a new key after a rotation, and lets the one before linger', async () => {
  await start()
  const verifies = async (signed: Awaited<ReturnType<Simulator['signCallback']>>) =>
    isSignedBy(await jwksOf(sim.url), target, signed.headers, signed.body)
  const first = await sim.signCallback(draft)
  sim.rotateCallbackKey()
  const second = await sim.signCallback(draft)
  expect(new Set((await jwksOf(sim.url)).map(({ kid }) => kid)).size).toBe(2)
  expect([await verifies(first), await verifies(second)]).toEqual([true, true])
  sim.rotateCallbackKey({ keepPrevious: false })
  expect([await verifies(first), await verifies(second), await verifies(await sim.signCallback(draft))]).toEqual([
    false,
    false,
    true,
  ])
  expect(await jwksOf(sim.url)).toHaveLength(1)
})

it.each([
  ['base64', (body: string) => createHash('sha256').update(body).digest('base64')],
  ['hex', (body: string) => createHash('sha256').update(body).digest('hex')],
  ['base64-of-hex', (body: string) => Buffer.from(createHash('sha256').update(body).digest('hex')).toString('base64')],
] as const)('writes the digest as %s', async (digestEncoding, expected) => {
  await start()
  expect((await sim.signCallback({ ...draft, digestEncoding })).headers['digest']).toBe(
    `SHA-256=${expected('{"check_id":"c","verified":true}')}`,
  )
  sim.behaviour.digestEncoding = digestEncoding
  expect((await sim.signCallback(draft)).headers['digest']).toBe(
    `SHA-256=${expected('{"check_id":"c","verified":true}')}`,
  )
})

it('gets one thing wrong on request', async () => {
  await start()
  const keys = await jwksOf(sim.url)
  const authorization = async (changes: Partial<CallbackDraft>) =>
    (await sim.signCallback({ ...draft, ...changes })).headers['authorization']
  expect(await authorization({ keyId: '../other' })).toContain('keyId="../other"')
  expect(await authorization({ algorithm: 'none' })).toContain('algorithm="none"')
  expect(await authorization({ signed: ['host', 'date'] })).toContain('headers="host date"')
  let text = ''
  const sign = (signingText: string) => {
    text = signingText
    return 'Zm9v'
  }
  expect(
    await authorization({ sign, signed: ['(request-target)', 'x-date', 'missing'], headers: { 'X-Date': 'zzz' } }),
  ).toContain('signature="Zm9v"')
  expect(text).toBe('(request-target): post /hook?a=1\nx-date: zzz\nmissing: ')

  const lies = await sim.signCallback({
    ...draft,
    body: ' {"a":1}',
    date: 'zzz',
    headers: { 'X-Tru-Callback': 'other' },
  })
  expect(lies).toMatchObject({ body: ' {"a":1}', headers: { date: 'zzz', 'x-tru-callback': 'other' } })
  expect(isSignedBy(keys, target, lies.headers, lies.body)).toBe(true)
  expect((await sim.signCallback({ ...draft, date: 0 })).headers['date']).toBe('Thu, 01 Jan 1970 00:00:00 GMT')
})

it('is served as a vendor’s route: counted and spoilable', async () => {
  await start()
  sim.fault({ match: 'GET /.well-known/jwks.json', times: 1, status: 503 })
  expect((await fetch(`${sim.url}/.well-known/jwks.json`)).status).toBe(503)
  await jwksOf(sim.url)
  expect(sim.count('GET /.well-known/jwks.json')).toBe(2)
})
