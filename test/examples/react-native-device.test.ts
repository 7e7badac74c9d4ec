import { fakeClock } from 'passport-phonecheck/testing'
import { expect, test } from 'vitest'
import { storage as place } from '../support/client/fake-page.js'
import { codeIn, type Device, device, number, startServer } from '../support/examples/react-native.js'

test('a device that signed in before gets a code while strangers have used up the messages of its number', async () => {
  const server = await startServer()
  const storage = place()
  expect((await device(server, { storage, ownClock: fakeClock() }).login.start(number)).state).toBe('done')

  server.sim.phone(number).mobileData = false
  const atTheCode = async (login: Device['login']) => {
    await login.start(number)
    await server.clock.advance(20_000)
    return login.fallback()
  }
  // Clocks of their own: no poll is in the server's hands when fallback comes, which would then
  // wait a second that nobody lets pass.
  const stranger = () => device(server, { ownClock: fakeClock() }).login
  for (let count = 0; count < 3; count++) {
    const login = stranger()
    expect((await atTheCode(login)).state).toBe('waiting_for_code')
    const wrong = codeIn(server.sim) === '0000' ? '0001' : '0000'
    for (let tries = 0; tries < 3; tries++) await login.submitCode(wrong)
  }
  expect(await atTheCode(stranger())).toMatchObject({ state: 'waiting_for_sms', problem: { code: 'number_limit' } })

  const { login } = device(server, { storage, ownClock: fakeClock() })
  expect((await atTheCode(login)).state).toBe('waiting_for_code')
  expect((await login.submitCode(codeIn(server.sim))).state).toBe('done')
})
