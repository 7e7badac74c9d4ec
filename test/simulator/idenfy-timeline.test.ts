import { afterEach, beforeEach, expect, it } from 'vitest'
import type { MessageRecord, Simulator } from '../../src/simulator/index.js'
import { eventually, type FakeClock, IdenfyClient, number, setUp } from '../support/simulator/simulator.js'

const [A, B] = ['1234', '0678']
const t0 = Date.UTC(2026, 0, 1)

let sim: Simulator
let clock: FakeClock
let idenfy: IdenfyClient
beforeEach(async () => {
  let draws = 0
  const world = await setUp({ codes: () => (draws++ % 2 === 0 ? A : B) })
  sim = world.sim
  clock = world.clock
  idenfy = new IdenfyClient(sim)
})
afterEach(() => sim.close())

const contacts = () =>
  sim.phone(number).inbox.map(({ kind, text, at }) => [(at - t0) / 1000, kind, /\b\d{4}\b/.exec(text)?.[0]])
const sms = [0, 'sms', A]
const firstCall = [120, 'call', A]
const secondCall = [300, 'call', B]

it.each([
  [0, [sms], A, B],
  [119, [sms], A, B],
  [120, [sms, firstCall], A, B],
  [299, [sms, firstCall], A, B],
  [300, [sms, firstCall, secondCall], B, A],
  [599, [sms, firstCall, secondCall], B, A],
] as const)('after %i s', async (seconds, reached, good, dead) => {
  const id = await idenfy.sent()
  clock.advance(seconds * 1000)
  expect(contacts()).toEqual(reached)
  expect((await idenfy.send()).status).toBe(400)
  expect(await idenfy.verify(id, dead)).toBe(false)
  expect(await idenfy.verify(id, good)).toBe(true)
})

it.each([
  [120_000, [sms]],
  [300_000, [sms, firstCall]],
])('changes at %i ms and not before', async (ms, before) => {
  await idenfy.sent()
  clock.advance(ms - 1)
  expect(contacts()).toEqual(before)
  clock.advance(1)
  expect(contacts()).toHaveLength(before.length + 1)
})

it('is over after 600 s', async () => {
  const id = await idenfy.sent()
  clock.advance(600_000)
  expect(contacts()).toEqual([sms, firstCall, secondCall])
  for (const code of [A, B]) expect(await idenfy.verify(id, code)).toBe(false)
  sim.behaviour.idenfyUnknownRequest = 400
  expect(await idenfy.verify(id, B)).toBeUndefined()
  expect((await idenfy.send()).status).toBe(200)
})

it('ends with a success', async () => {
  const id = await idenfy.sent()
  clock.advance(119_000)
  expect(await idenfy.verify(id, A)).toBe(true)
  clock.advance(1_000_000)
  expect(contacts()).toEqual([sms])
  expect(clock.sleepers).toBe(0)
})

it('counts wrong codes over both codes', async () => {
  const id = await idenfy.sent()
  for (const code of ['9999', '9998']) await idenfy.verify(id, code)
  clock.advance(300_000)
  expect(await idenfy.verify(id, A)).toBe(false)
  expect(await idenfy.verify(id, B)).toBe(false)
})

it('calls by itself, and rings whoever has the SIM by then', async () => {
  const heard: MessageRecord[] = []
  sim.onMessage((message) => heard.push(message))
  await idenfy.sent()
  sim.phone(number).sim = null
  sim.phone('+12025550102').sim = number
  clock.advance(120_000)
  await eventually(() => heard.length === 2)
  sim.phone('+12025550102').sim = null
  clock.advance(180_000)
  await eventually(() => heard.length === 3)
  expect(heard.map(({ kind, at, ...rest }) => [kind, (at - t0) / 1000, 'delivered' in rest && rest.delivered])).toEqual(
    [
      ['sms', 0, true],
      ['call', 120, true],
      ['call', 300, false],
    ],
  )
  expect(sim.phone('+12025550102').inbox.map(({ kind }) => kind)).toEqual(['call'])
})

it('has happened when somebody asks, though no timer ever ended', async () => {
  let now = t0
  const still = await setUp({ clock: { now: () => now, delay: () => new Promise(() => undefined) }, codes: () => A })
  const id = await new IdenfyClient(still.sim).sent()
  now += 130_000
  expect(await new IdenfyClient(still.sim).verify(id, A)).toBe(true)
  expect(still.sim.phone(number).inbox.map(({ kind }) => kind)).toEqual(['sms', 'call'])
  await still.sim.close()
})

it('stays with the SMS when calls are switched off', async () => {
  sim.behaviour.idenfyCalls = false
  const id = await idenfy.sent()
  clock.advance(299_999)
  expect(await idenfy.verify(id, B)).toBe(false)
  expect((await idenfy.send()).status).toBe(400)
  clock.advance(1)
  for (const code of [A, B]) expect(await idenfy.verify(id, code)).toBe(false)
  expect(contacts()).toEqual([sms])
  expect((await idenfy.send()).status).toBe(200)
})
