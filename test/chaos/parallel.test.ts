import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flowKey } from '../../src/flow/record.js'
import {
  type AppProcess,
  freshNumber,
  kinds,
  type OwnPlace,
  ownPlace,
  scaled,
  startProcess,
} from '../support/chaos/fleet.js'
import { beginCode, beginSilent, beginText } from '../support/chaos/logins.js'
import { calls } from '../support/ladder.js'
import { describeWith } from '../support/services.js'

const rounds = scaled(200)

for (const kind of kinds) {
  const describeStore = await describeWith(kind)
  describeStore(`four processes on ${kind}`, () => {
    let sim: Simulator
    let place: OwnPlace
    let processes: AppProcess[] = []

    beforeAll(async () => {
      sim = await startSimulator()
      place = await ownPlace(kind)
      processes = await Promise.all([1, 2, 3, 4].map(() => startProcess(place, sim.url)))
    })
    afterAll(async () => {
      await Promise.all(processes.map((one) => one.kill()))
      await place?.drop()
      await sim?.close()
    })

    test.each([
      ['silent', beginSilent, calls.patch],
      ['MOCheck', beginText, calls.moRead],
      ['code', beginCode, calls.verify],
    ] as const)(
      `50 parallel redeems on the ${'%s'} rung, ${rounds} times: one login and one question to the provider each`,
      async (_, begin, question) => {
        for (let round = 0; round < rounds; round++) {
          const asked = sim.count(question)
          const [first = expect.unreachable()] = processes.slice(round % 4)
          const { path, body, flow } = await begin(sim, first, freshNumber())
          // On MOCheck's rung the provider is asked every three seconds; the other two do not mind.
          await place.age(flowKey(flow), 3000)
          const answers = await Promise.all(
            Array.from({ length: 50 }, (_, index) => (processes[index % 4] ?? expect.unreachable()).post(path, body)),
          )
          const statuses = answers.map(({ status }) => status)
          expect(statuses.filter((status) => status === 200)).toHaveLength(1)
          expect(statuses.filter((status) => ![200, 401, 409].includes(status))).toEqual([])
          expect(sim.count(question) - asked).toBe(1)
        }
      },
      rounds * 60_000,
    )
  })
}
