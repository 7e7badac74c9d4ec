import { ownSms, phoneCheck } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../examples/risk-hook/app.js'
import { simSwap } from '../../examples/risk-hook/sim-swap.js'
import { number } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { ownServer } from '../support/examples/own-server.js'

async function startCopy() {
  const sim = await startSimulator()
  onTestFinished(() => sim.close())
  let code = ''
  let sent = 0
  const { server, url } = await ownServer()
  const simSwapped = simSwap({
    tokenUrl: `${sim.url}/camara/token`,
    apiRoot: sim.url,
    clientId: 'app',
    clientSecret: 'secret',
  })
  const send = (message: { code: string }) => {
    sent += 1
    code = message.code
  }
  server.on(
    'request',
    createApp({
      ladder: [
        ownSms({ brand: 'Acme', send }),
        phoneCheck({ baseUrl: sim.url, clientId: 'client', clientSecret: 'secret' }),
      ],
      simSwapped,
      secret: 'a-test-secret-of-at-least-32-bytes',
      secure: false,
      onEvent: () => {},
    }),
  )
  const browser = new Browser(url)
  const post = async (path: string, body: object) => {
    const answer = await browser.post(path, body)
    return { status: answer.status, body: await answer.json() }
  }
  return { sim, post, code: () => code, sent: () => sent, simSwapped }
}

describe('the code', () => {
  test('logs in where the SIM is old', async () => {
    const { post, code } = await startCopy()
    const { body } = await post('/login/phone', { phone_number: number })
    const answer = await post('/login/phone/verify', { flow: body.flow, code: code() })
    expect(answer).toEqual({ status: 200, body: { id: number, method: 'own-sms', assurance: 'low' } })
  })

  test.each<[string, (sim: Awaited<ReturnType<typeof startCopy>>['sim']) => void]>([
    ['was swapped a few days ago', (sim) => sim.override(number, { camara: { swappedHoursAgo: 100 } })],
    ['cannot be judged, as the operator is down', (sim) => void sim.fault({ match: 'POST /sim-swap/**', status: 503 })],
  ])('leads to the stronger way where the SIM %s', async (_name, change) => {
    const { sim, post, code } = await startCopy()
    change(sim)
    const { body } = await post('/login/phone', { phone_number: number })
    const refused = await post('/login/phone/verify', { flow: body.flow, code: code() })
    expect(refused).toMatchObject({ status: 422, body: { reason: 'step_up', fallback: ['phonecheck'] } })
    const next = await post('/login/phone/fallback', { flow: body.flow })
    const opened = await sim.phone(number).open(next.body.challenge.url)
    const answer = await post('/login/phone/verify', { flow: body.flow, ...opened.body })
    expect(answer).toEqual({ status: 200, body: { id: number, method: 'phonecheck', assurance: 'high' } })
  })

  test('is not sent to a SIM that was swapped since yesterday', async () => {
    const { sim, post, sent } = await startCopy()
    sim.override(number, { camara: { swappedHoursAgo: 2 } })
    expect(await post('/login/phone', { phone_number: number })).toMatchObject({
      status: 403,
      body: { code: 'send_refused' },
    })
    expect(sent()).toBe(0)
  })
})

describe('the simulated operator', () => {
  test('says whether a SIM was swapped in the time that was asked about, to whom the scope allows it', async () => {
    const { sim, simSwapped } = await startCopy()
    expect(await simSwapped(number, 240)).toBe(false)
    sim.override(number, { camara: { swappedHoursAgo: 100 } })
    expect([await simSwapped(number, 99), await simSwapped(number, 100)]).toEqual([false, true])
    expect(await simSwapped(number, 2_401)).toBeUndefined()
    const without = await fetch(`${sim.url}/sim-swap/v2/check`, { method: 'POST' })
    expect(without.status).toBe(401)
  })
})
