import type { Provider } from 'passport-phonecheck'
import { type ProviderSubject, providerContract } from 'passport-phonecheck/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createApp } from '../../examples/own-sms/app.js'
import { plivoSms } from '../../examples/verify-service/plivo.js'
import { preludeSms } from '../../examples/verify-service/prelude.js'
import { sinchSms } from '../../examples/verify-service/sinch.js'
import { type Stub, stubs } from '../../examples/verify-service/stubs.js'
import { Browser } from '../support/browser.js'
import { runExample } from '../support/examples/demo-process.js'
import { ownServer } from '../support/examples/own-server.js'
import { callContext } from '../support/rung.js'

const secret = 'the-secret-of-the-account-of-32-bytes'
const rungs: Record<keyof typeof stubs, (baseUrl: string) => Provider> = {
  prelude: (baseUrl) => preludeSms({ apiKey: secret, baseUrl }),
  plivo: (baseUrl) => plivoSms({ authId: 'MA1', authToken: secret, appUuid: 'app', baseUrl }),
  sinch: (baseUrl) => sinchSms({ applicationKey: 'key', applicationSecret: secret, baseUrl }),
}
const next = (code: string) => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))

const noise = [
  () => new Response('<!doctype html><title>Sign in to the hotel Wi-Fi</title>'),
  () => new Response('{}'),
  () => new Response('[]'),
  () => new Response('{"status":true,"message":"ok","id":1}'),
  () => new Response('{"status":"success","session_uuid":1,"id":1}', { status: 202 }),
  () => new Response('{"status":"retry","id":["a"]}'),
  () => new Response('', { status: 202 }),
  () => new Response('{"status":"SUCCESSFUL"}', { status: 500 }),
]

describe.each(Object.keys(rungs) as (keyof typeof stubs)[])('%s', (name) => {
  const outbox: { to: string; code: string }[] = []
  let stub: Stub
  beforeAll(async () => {
    stub = await stubs[name]((message) => outbox.push(message))
  })
  afterAll(() => {
    stub.server.closeAllConnections()
    stub.server.close()
  })

  test('logs in with the code of its message, and not with another one', async () => {
    const { server, url } = await ownServer()
    server.on('request', createApp({ rung: rungs[name](stub.url), secret, secure: false }))
    const browser = new Browser(url)
    const { flow, challenge } = await (await browser.post('/login/phone', { phone_number: '+12025550100' })).json()
    const code = outbox.at(-1)?.code ?? ''
    expect(challenge).toMatchObject({ type: 'enter_code', length: code.length })
    const wrong = await browser.post('/login/phone/verify', { flow, code: next(code) })
    expect([wrong.status, (await wrong.json()).code]).toEqual([401, 'invalid_code'])
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
  })

  test('says of a check that its service knows no more that it is expired', async () => {
    const check = { id: 'gone', state: '+12025550199' }
    const outcome = await rungs[name](stub.url).redeem?.(check, '1234', callContext())
    expect(outcome).toEqual({ outcome: 'unable', reason: 'expired' })
  })

  describe('keeps what every rung must keep:', () => {
    let cases = 0
    const subject: ProviderSubject<Response> = {
      create(call) {
        cases += 1
        const real = globalThis.fetch
        vi.spyOn(globalThis, 'fetch').mockImplementation((...request) => call(() => real(...request)))
        onTestFinished(() => void vi.restoreAllMocks())
        return rungs[name](stub.url)
      },
      phoneNumber: (login) => `+1202555${String(1000 + cases * 20 + login)}`,
      answer: () => outbox.at(-1)?.code,
      wrong: next,
      malformed: noise,
      secrets: [secret],
    }
    for (const { name: title, run } of providerContract(subject)) test(title, run)
  })
})

test('the command of its README runs it', async () => {
  const run = runExample('verify-service/server.ts', { SERVICE: 'sinch' })
  expect((await fetch(await run.address)).status).toBe(200)
  run.kill('SIGTERM')
  await run.ended
})
