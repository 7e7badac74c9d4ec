import { type OwnMessage, ownSms } from 'passport-phonecheck'
import { expect, test } from 'vitest'
import { createApp } from '../../examples/own-sms/app.js'
import { Browser } from '../support/browser.js'
import { runExample } from '../support/examples/demo-process.js'
import { ownServer } from '../support/examples/own-server.js'

async function startCopy() {
  const outbox: OwnMessage[] = []
  const { server, url } = await ownServer()
  server.on(
    'request',
    createApp({
      rung: ownSms({ brand: 'Acme', send: (message) => void outbox.push(message) }),
      secret: 'a-test-secret-of-at-least-32-bytes',
      secure: false,
    }),
  )
  return { outbox, url }
}

test('the code of the message logs in, a wrong one does not', async () => {
  const { outbox, url } = await startCopy()
  const browser = new Browser(url)
  const { flow, challenge } = await (await browser.post('/login/phone', { phone_number: '+12025550100' })).json()
  expect(challenge).toEqual({ type: 'enter_code', length: 6, resend_in: 60 })
  const code = outbox[0]?.code ?? ''
  const wrong = code === '000000' ? '000001' : '000000'
  expect((await browser.post('/login/phone/verify', { flow, code: wrong })).status).toBe(401)
  const answer = await browser.post('/login/phone/verify', { flow, code })
  expect(await answer.json()).toEqual({ id: expect.any(String) })
})

test('its page and the client that it loads are served', async () => {
  const { url } = await startCopy()
  const page = await (await fetch(url)).text()
  expect(page).toContain("from '/client/index.js'")
  expect((await fetch(`${url}/client/index.js`)).headers.get('content-type')).toContain('javascript')
})

test('the command of its README runs it', async () => {
  const run = runExample('own-sms/server.ts')
  expect((await fetch(await run.address)).status).toBe(200)
  run.kill('SIGTERM')
  await run.ended
})
