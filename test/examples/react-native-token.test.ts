import { expect, test } from 'vitest'
import { simulatedToken } from '../../examples/react-native/simulated-phone.ts'
import { viaSystem } from '../../examples/react-native/system-token.ts'
import { cureOf } from '../../examples/react-native/words.ts'
import { device, number, type Server, startServer } from '../support/examples/react-native.js'

/** As the module of an app: given the nonce alone, it has the phone's system sign it. */
const moduleOf = ({ sim }: Server, nonces: string[] = []) => ({
  firebasePnv(nonce: string) {
    nonces.push(nonce)
    return sim.phone(number).token({ kind: 'firebase_pnv', request: { nonce } })
  },
})

const rejecting = (code: string) => ({
  firebasePnv: () => Promise.reject(Object.assign(new Error('native'), { code })),
})

const opened = ({ sim }: Server) => sim.requests.filter(({ from }) => from === 'device')

test('Android’s own token signs in on Wi-Fi, and no URL is opened', async () => {
  const server = await startServer({ pnv: true })
  server.sim.phone(number).mobileData = false
  const nonces: string[] = []
  const made = device(server, { token: viaSystem(moduleOf(server, nonces)) })
  expect((await made.login.start(number)).state).toBe('done')
  await expect.poll(made.session.signedIn).toBe(true)
  expect(await (await made.session.request('/me')).json()).toMatchObject({ proven: 'high', by: ['firebase-pnv'] })
  expect(nonces).toEqual([expect.stringMatching(/^[\w-]{43}$/)])
  expect(opened(server)).toEqual([])
  expect(made.obstacle()).toBeUndefined()
})

test('a token of another login is refused', async () => {
  const server = await startServer({ pnv: true })
  const nonces: string[] = []
  const system = moduleOf(server, nonces)
  let first = ''
  const token = viaSystem({ firebasePnv: async (nonce) => (first ||= await system.firebasePnv(nonce)) })
  expect((await device(server, { token }).login.start(number)).state).toBe('done')
  expect(await device(server, { token }).login.start(number)).toMatchObject({ problem: { code: 'invalid_code' } })
})

test('a phone of development, without a SIM of its own, has the tokens of the simulator', async () => {
  const server = await startServer({ pnv: true })
  const token = simulatedToken(server.sim.url, number)
  expect((await device(server, { token }).login.start(number)).state).toBe('done')
  server.sim.phone(number).operator = 'unsupported'
  await device(server, { token }).login.start(number)
  expect(server.events).toContainEqual(
    expect.objectContaining({ type: 'rung_spent', method: 'firebase-pnv', reason: 'mno_not_supported' }),
  )
})

test.each([
  ['pnv/carrier-not-supported', 'mno_not_supported', undefined],
  ['pnv/credential-manager-error', 'declined', expect.stringContaining('share its number')],
  ['GetCredentialCancellationException', 'declined', expect.stringContaining('share its number')],
])('after %s the silent way follows, and the user hears what would help', async (code, reason, cure) => {
  const server = await startServer({ pnv: true })
  const made = device(server, { token: viaSystem(rejecting(code)) })
  expect((await made.login.start(number)).state).toBe('done')
  expect(server.events).toContainEqual(expect.objectContaining({ type: 'rung_spent', method: 'firebase-pnv', reason }))
  expect(opened(server)).not.toEqual([])
  expect(made.obstacle()).toBe(code)
  expect(cureOf(code)).toEqual(cure)
})

test('a login that was given up while Android asked says nothing about the next one', async () => {
  const server = await startServer({ pnv: true })
  const made = device(server, {
    token: () => {
      made.login.cancel()
      return rejecting('GetCredentialCancellationException').firebasePnv()
    },
  })
  await made.login.start(number)
  await new Promise(setImmediate)
  expect(made.obstacle()).toBeUndefined()
})

test.each([null, undefined])('without the module (%s), as on iOS, the way is passed over', async (module) => {
  const server = await startServer({ pnv: true })
  const token = viaSystem(module)
  expect(token).toBeUndefined()
  const made = device(server, { token })
  expect((await made.login.start(number)).state).toBe('done')
  expect(opened(server)).not.toEqual([])
})

test.each([
  ['digital_credential', { nonce: 'nonce' }],
  ['firebase_pnv', {}],
  ['firebase_pnv', null],
])('the module is not asked for %s with %j', async (kind, request) => {
  const token = viaSystem({ firebasePnv: () => Promise.reject(new Error('asked')) })
  await expect(token?.({ kind, request }, { signal: new AbortController().signal })).rejects.toMatchObject({
    code: 'NotSupportedError',
  })
})
