import { MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { beginWithCode, creates, patches } from '../support/login.js'

async function clockedApp() {
  const clock = fakeClock()
  // The vendor is patient here, so that what ends a login is our own rule.
  const simulator = { clock, behaviour: { ttlSeconds: 86_400 } }
  return {
    clock,
    app: await startApp({ simulator, strategy: { clock, store: new MemoryStore({ clock }) }, provider: { clock } }),
  }
}

test('a check is redeemed up to its last second, and not at its end, whatever the vendor would still accept', async () => {
  const { clock, app } = await clockedApp()
  const intime = await beginWithCode(app)
  const late = await beginWithCode(app)
  await clock.advance(119_000)
  expect((await intime.browser.post('/login/phone/verify', { flow: intime.flow, code: intime.code })).status).toBe(200)
  await clock.advance(1_000)
  const response = await late.browser.post('/login/phone/verify', { flow: late.flow, code: late.code })
  expect(response.status).toBe(422)
  expect(await response.json()).toMatchObject({ code: 'rung_unable', reason: 'expired', fallback: [] })
  expect(patches(app)).toBe(1)
  expect((await late.browser.post('/login/phone/verify', { flow: late.flow, code: late.code })).status).toBe(401)
})

test('a flow is gone after ten minutes', async () => {
  const { clock, app } = await clockedApp()
  const { browser, flow, code } = await beginWithCode(app)
  await clock.advance(600_000)
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
  expect(patches(app)).toBe(0)
})

test('a vendor that says less than two minutes is believed', async () => {
  const clock = fakeClock()
  const app = await startApp({
    simulator: { clock, behaviour: { ttlSeconds: 30 } },
    strategy: { clock, store: new MemoryStore({ clock }) },
    provider: { clock },
  })
  const { browser, flow, code } = await beginWithCode(app)
  await clock.advance(30_000)
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(422)
  expect(patches(app)).toBe(0)
  expect(creates(app)).toBe(1)
})

test('a check that expires while its redeem is under way is not over for those who ask', async () => {
  const { clock, app } = await clockedApp()
  const { browser, flow, code } = await beginWithCode(app)
  const status = async () => (await browser.post('/login/phone/status', { flow })).json()
  await clock.advance(119_000)
  const slow = app.sim.fault({ match: 'PATCH /phone_check/v0.2/checks/*', delayMs: 2_000 })
  const redeem = browser.post('/login/phone/verify', { flow, code })
  await expect.poll(() => slow.hits, { interval: 5 }).toBe(1)
  await clock.advance(1_500)
  expect(await status()).toEqual({ state: 'pending', rung: 'spent', fallback: [], retry_after: 3 })
  await clock.advance(500)
  expect((await redeem).status).toBe(200)
})

test('what the device reports instead of a code ends the rung', async () => {
  const { app } = await clockedApp()
  const { browser, flow, code, checkId } = await beginWithCode(app)
  const report = { flow, check_id: checkId, error: 'sdk_no_data_connectivity', error_description: 'No mobile data' }
  const response = await browser.post('/login/phone/verify', report)
  expect(response.status).toBe(422)
  expect(await response.json()).toMatchObject({ code: 'rung_unable', reason: 'sdk_no_data_connectivity' })
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(401)
  expect(patches(app)).toBe(0)
})
