import { expect, test } from 'vitest'
import { flowKey } from '../../src/flow/record.js'
import { again, type Doomed, dieAt, leasesEnd, twoProcesses } from '../support/chaos/dying.js'
import { freshNumber, kinds, scaled, seeded } from '../support/chaos/fleet.js'
import { beginText } from '../support/chaos/logins.js'
import { describeWith } from '../support/services.js'

/**
 * Points of a verify that asks whether the text has come, and what another process answers to the
 * same: at once, and when the lease is over.
 */
const verifyPoints = [
  ['before claimed', 200, 401],
  ['after claimed', 409, 200],
  ['before poll', 409, 200],
  ['after poll', 409, 200],
  ['verify', 409, 200],
  ['before consumed', 409, 200],
  ['after consumed', 401, 401],
] as const

/** Points of a status that asks, and what another process then says. */
const statusPoints = [
  ['before claimed', 'verified'],
  ['after claimed', 'pending'],
  ['before poll', 'pending'],
  ['after poll', 'pending'],
  ['before proven', 'pending'],
  ['after proven', 'verified'],
] as const

for (const kind of kinds) {
  const describeStore = await describeWith(kind)
  describeStore.concurrent(`a process on ${kind} that is killed on the MOCheck rung`, () => {
    const processes = twoProcesses(kind)

    /** A login whose text has arrived, and whose provider may be asked now. */
    async function arrived() {
      const { sim, place, survivor } = processes
      const login = await beginText(sim, survivor, freshNumber())
      await place.age(flowKey(login.flow), 3000)
      return login
    }

    test('at any point of verify or status: never two logins, and after the lease the text still counts', async () => {
      const { place, victim, survivor } = processes
      const random = seeded(2)
      const verifies = []
      for (const [parkAt, atOnce, later] of verifyPoints) verifies.push({ ...(await arrived()), parkAt, atOnce, later })
      const statuses = []
      for (const [parkAt, atOnce] of statusPoints)
        statuses.push({ ...(await arrived()), path: '/mo/status', parkAt, atOnce })
      const randoms: (Doomed & { flow: string })[] = []
      for (let count = scaled(100); count > 0; count--) {
        const step = random(2) === 0 ? 'verify' : 'status'
        randoms.push({ ...(await arrived()), path: `/mo/${step}`, parkAt: `#${1 + random(10)}` })
      }
      const all = [...verifies, ...statuses, ...randoms]

      const answers = await dieAt(victim, all)
      const killedAt = performance.now()
      const atOnce = await again(survivor, verifies)
      expect(atOnce.map(({ status }) => status)).toEqual(verifyPoints.map(([, status]) => status))
      const said = await again(survivor, statuses)
      expect(said.map(({ body }) => body['state'])).toEqual(statusPoints.map(([, state]) => state))
      const lost = await Promise.all(
        all.map(async ({ flow }, index) => {
          const held = JSON.parse((await place.store.find(flowKey(flow)))?.record ?? '{}')
          return held.state === 'consumed' && answers[index]?.status !== 200 && atOnce[index]?.status !== 200
        }),
      )

      await leasesEnd(
        place,
        all.map(({ flow }) => flow),
        killedAt,
      )
      const later = await Promise.all(
        all.map(({ flow }) => {
          const verify = { path: '/mo/verify', body: { flow } }
          return again(survivor, [verify, verify, verify])
        }),
      )
      for (const [index, { path, parkAt }] of all.entries()) {
        const at = `${path} killed at ${parkAt}`
        const winners = (later[index] ?? []).filter(({ status }) => status === 200).length
        const before =
          path === '/mo/verify' ? [answers[index], atOnce[index]].filter((answer) => answer?.status === 200).length : 0
        // Whoever proved to have the SIM gets in, unless the one answer that said so died with its process.
        expect(winners + before + (lost[index] ? 1 : 0), at).toBe(1)
      }
      const firstLater = later.slice(0, verifies.length).map((three) => Math.min(...three.map(({ status }) => status)))
      expect(firstLater).toEqual(verifyPoints.map(([, , status]) => status))
    })
  })
}
