import { setTimeout as sleep } from 'node:timers/promises'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flowKey } from '../../src/flow/record.js'
import { Customer } from '../support/chaos/customer.js'
import { leasesEnd } from '../support/chaos/dying.js'
import {
  type AppProcess,
  kinds,
  type OwnPlace,
  ownPlace,
  scaled,
  seeded,
  startProcess,
} from '../support/chaos/fleet.js'
import { calls } from '../support/ladder.js'
import { describeWith } from '../support/services.js'

const rounds = scaled(30)
const customersPerRound = 24

for (const kind of kinds) {
  const describeStore = await describeWith(kind)
  describeStore.concurrent(`processes on ${kind} that are killed under traffic and replaced`, () => {
    let sim: Simulator
    let place: OwnPlace
    let up: AppProcess[] = []
    const all: AppProcess[] = []
    const begin = async () => {
      const app = await startProcess(place, sim.url)
      all.push(app)
      return app
    }

    beforeAll(async () => {
      // The vendor's own call, two minutes after a message, would look like a second one.
      sim = await startSimulator({ behaviour: { reusedCode: 200, idenfyCalls: false } })
      // So that there is something to be cut at each step.
      for (const match of [calls.create, calls.patch, calls.moRead, calls.send, calls.verify])
        sim.fault({ match, delayMs: 15 })
      place = await ownPlace(kind)
      up = await Promise.all([begin(), begin()])
    })
    afterAll(async () => {
      await Promise.all(all.map((app) => app.kill()))
      await place?.drop()
      await sim?.close()
    })

    test(`at ${rounds} random instants: never two logins, never two messages, and whoever has the SIM gets to an end`, async () => {
      const random = seeded(kind === 'redis' ? 3 : 4)
      const customers: Customer[] = []
      const world = (ms: number) => ({
        sim,
        place,
        app: () => up[random(up.length)] ?? expect.unreachable(),
        until: performance.now() + ms,
      })
      for (let round = 0; round < rounds; round++) {
        const heir = await begin()
        const some = Array.from({ length: customersPerRound }, () => new Customer(random))
        const earlier = customers.filter(({ isOver }) => !isOver)
        customers.push(...some)
        const now = world(1000)
        const visits = [...some, ...earlier].map(async (customer) => {
          await sleep(random(250))
          await customer.run(now)
        })
        await sleep(30 + random(300))
        const [victim] = up
        // The balancer learns of it a little later.
        await victim?.kill()
        await sleep(random(30))
        up = [...up.slice(1), heir]
        await Promise.all(visits)
      }
      const killedAt = performance.now()
      const cut = customers.reduce((sum, customer) => sum + customer.cut, 0)
      expect(cut).toBeGreaterThan(rounds * 3)

      const waiting = customers.filter(({ isOver }) => !isOver)
      await leasesEnd(
        place,
        waiting.flatMap(({ flow }) => flow ?? []),
        killedAt,
      )
      const rest = world(120_000)
      await Promise.all(waiting.map((customer) => customer.run(rest)))

      let lost = 0
      for (const { flow, ladder, number, logins, isOver } of customers) {
        const at = `${ladder} ${number}`
        const found = flow === undefined ? undefined : await place.store.find(flowKey(flow))
        const state = JSON.parse(found?.record ?? '{}').state
        expect(isOver, at).toBe(true)
        expect(logins, at).toBeLessThanOrEqual(1)
        expect(sim.phone(number).inbox.length, at).toBeLessThanOrEqual(1)
        if (logins === 1) expect(state, at).toBe('consumed')
        // Repeating is always safe on these two, so nobody may be left outside but for an answer
        // that died after `redeemed`.
        else if (ladder !== 'both') expect(state, at).toBe('consumed')
        if (logins === 0 && state === 'consumed') lost += 1
      }
      expect(lost).toBeLessThan(cut)
      expect(customers.filter(({ logins }) => logins === 1).length).toBeGreaterThan(customers.length / 2)
    })
  })
}
