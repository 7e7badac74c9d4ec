import { type PhoneIdentity, phoneCheck, type StartInput } from 'passport-phonecheck'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { deviceAnswer } from '../support/login.js'

const phone_number = '+12025550100'

test('what the device says of consent goes to the provider, is kept with the login, and is in the identity', async () => {
  const inputs: StartInput[] = []
  let proven: PhoneIdentity | undefined
  const app = await startApp({
    ladder: (sim) => {
      const rung = phoneCheck({ baseUrl: sim.url, clientId: 'client', clientSecret: 'client-secret' })
      const start: typeof rung.start = (input, context) => {
        inputs.push(input)
        return rung.start(input, context)
      }
      return [{ ...rung, start }]
    },
    verify: (identity) => {
      proven = identity
      return { id: 'x' }
    },
  })
  for (const consent of [true, false, undefined]) {
    const browser = new Browser(app.url)
    const { flow, id, challenge } = await (await browser.post('/login/phone', { phone_number, consent })).json()
    expect(inputs.at(-1)?.consent).toBe(consent)
    expect((await app.phone.flows(phone_number)).find(({ flowId }) => flowId === id)?.consent).toBe(consent)
    const { code } = await deviceAnswer(app, challenge.url)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
    expect(proven?.consent).toBe(consent)
  }
})

test('where it is required, only true is consent, and nothing is sent or charged without', async () => {
  const app = await startApp({ start: { delivery: 'body', consent: 'required' } })
  const browser = new Browser(app.url)
  for (const consent of [undefined, false, 'true', 1, null]) {
    const answer = await browser.post('/login/phone', { phone_number, consent })
    expect([consent, answer.status, (await answer.json()).detail]).toEqual([
      consent,
      400,
      expect.stringContaining('consent'),
    ])
  }
  expect(app.sim.count('POST /phone_check/v0.2/checks')).toBe(0)
  expect((await browser.post('/login/phone', { phone_number, consent: true })).status).toBe(201)
  expect(() => app.phone.start({ consent: true as never })).toThrow("start: consent must be 'optional' or 'required'")
})
