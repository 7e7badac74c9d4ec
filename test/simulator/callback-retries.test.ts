import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.js'
import { fakeClock as steppingClock } from '../../src/testing/index.js'
import { isSignedBy, jwksOf, Receiver } from '../support/simulator/receiver.js'
import { type Answer, AppServer, at, eventually, number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
let hook: Receiver
const start = async (options: SimulatorOptions = {}) => {
  const world = await setUp(options)
  sim = world.sim
  return world
}
beforeEach(async () => {
  hook = await Receiver.open()
})
afterEach(async () => {
  await sim.close()
  hook.close()
})

const sms = (created: Answer) => sim.phone(number).send(at(created.body, 'mo_receiver'), at(created.body, 'mo_body'))
const attempts = () => sim.callbacks.map(({ attempt, status }) => [attempt, status])

describe('a callback that is not answered 200', () => {
  it('is repeated after 10, 20, 30, 40, 50 and 60 s, and then given up', async () => {
    const { app, clock } = await start()
    hook.status = 503
    await sms(await app.createMo(number, { callback_url: hook.url }))
    await sim.settled()
    for (const [index, seconds] of [10, 20, 30, 40, 50, 60].entries()) {
      clock.advance(seconds * 1000 - 1)
      await sim.settled()
      expect(hook.received).toHaveLength(index + 1)
      clock.advance(1)
      await sim.settled()
      expect(hook.received).toHaveLength(index + 2)
    }
    clock.advance(10_000_000)
    await sim.settled()
    expect(attempts()).toEqual([1, 2, 3, 4, 5, 6, 7].map((attempt) => [attempt, 503]))
    expect(sim.callbacks.map((record) => (record.at - Date.UTC(2026, 0, 1)) / 1000)).toEqual([
      0, 10, 30, 60, 100, 150, 210,
    ])
    expect(clock.sleepers).toBe(0)
  })

  it.each([201, 202, 204, 302, 400, 500])(
    'is repeated after %i, with the same bytes under a new date and signature',
    async (status) => {
      const { app, clock } = await start()
      hook.status = status
      hook.headers = status === 302 ? { location: '/elsewhere' } : {}
      await sms(await app.createMo(number, { callback_url: hook.url }))
      await sim.settled()
      hook.status = 200
      clock.advance(10_000)
      await eventually(() => hook.received.length === 2)
      await sim.settled()
      clock.advance(1_000_000)
      await sim.settled()
      expect(attempts()).toEqual([
        [1, status],
        [2, 200],
      ])
      const [first, second] = hook.received
      expect(second?.target).toBe(first?.target)
      expect(second?.body).toEqual(first?.body)
      expect(second?.headers['date']).toBe('Thu, 01 Jan 2026 00:00:10 GMT')
      const keys = await jwksOf(sim.url)
      expect(hook.received.every(({ target, headers, body }) => isSignedBy(keys, target, headers, body))).toBe(true)
    },
  )

  it('is repeated when nobody is there', async () => {
    const { app, clock } = await start()
    const url = hook.url
    hook.close()
    await sms(await app.createMo(number, { callback_url: url }))
    await sim.settled()
    clock.advance(10_000)
    await sim.settled()
    expect(sim.callbacks).toMatchObject([
      { attempt: 1, status: null, error: 'ECONNREFUSED' },
      { attempt: 2, status: null, error: 'ECONNREFUSED' },
    ])
  })

  it('is repeated when the receiver hangs, from the attempt on', async () => {
    const { app, clock } = await start()
    hook.status = null
    await sms(await app.createMo(number, { callback_url: hook.url }))
    await eventually(() => hook.received.length === 1)
    clock.advance(5000)
    await sim.settled()
    expect(sim.callbacks).toMatchObject([{ status: null, error: 'no answer in time' }])
    await eventually(() => hook.abandoned === 1)
    hook.status = 200
    clock.advance(5000)
    await sim.settled()
    expect(attempts()).toEqual([
      [1, null],
      [2, 200],
    ])
  })

  it('catches up when the clock jumps', async () => {
    const { app, clock } = await start()
    hook.status = 500
    await sms(await app.createMo(number, { callback_url: hook.url }))
    await sim.settled()
    clock.advance(100_000)
    await sim.settled()
    expect(attempts()).toHaveLength(5)
  })

  it('lives on a clock that steps, and whose delays end early without an error', async () => {
    const clock = steppingClock()
    sim = await startSimulator({ clock })
    const app = new AppServer(sim)
    await app.authorize('mo_check')
    hook.status = 500
    await app.createMo(number, { callback_url: hook.url })
    await clock.advance(300_000)
    await sim.settled()
    await clock.advance(10_000)
    await sim.settled()
    expect(attempts()).toEqual([
      [1, 500],
      [2, 500],
    ])
  })
})
