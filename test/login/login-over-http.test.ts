import { expect, test } from 'vitest'
import { number, startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'

test('a silent login: start, the phone opens the URL, verify gives a session', async () => {
  const { url, sim, events } = await startApp()
  const browser = new Browser(url)

  const start = await browser.post('/login/phone', { phone_number: number })
  expect(start.status).toBe(201)
  const flow = await start.json()
  expect(flow).toMatchObject({ method: 'phonecheck', challenge: { type: 'open_url' }, expires_in: 120, fallback: [] })

  const seen = await sim.phone(number).open(flow.challenge.url)
  if (!('body' in seen)) throw new Error('the phone could not open the URL')
  const verify = await browser.post('/login/phone/verify', { flow: flow.flow, ...(seen.body as object) })
  expect(await verify.json()).toEqual({ user: { id: `user-of-${number}` }, method: 'phonecheck' })
  expect(verify.status).toBe(200)

  expect(await (await browser.request('/me')).json()).toEqual({ user: { id: `user-of-${number}` } })
  expect(events.map((event) => event.type)).toEqual(['flow_started', 'identity_verified'])
  expect(
    sim.requests.filter((request) => request.from === 'server').map((request) => `${request.method} ${request.status}`),
  ).toEqual(['POST 200', 'POST 201', 'PATCH 200'])
})

test('a login in a browser by redirect: the provider sends it back to the return leg', async () => {
  const { url, sim } = await startApp({ redirect: true })
  const browser = new Browser(url)
  const { challenge } = await (await browser.post('/login/phone', { phone_number: number })).json()

  const end = await sim.phone(number).browse(challenge.url)
  if (!('location' in end) || !end.location) throw new Error('not sent back')
  const back = await browser.navigate(end.location)

  expect(back.status).toBe(302)
  expect(back.headers.get('location')).toBe('/')
  expect(await (await browser.request('/me')).json()).toEqual({ user: { id: `user-of-${number}` } })
  expect([...browser.cookies.keys()]).toEqual(['phonecheck-device', 'connect.sid'])
})
