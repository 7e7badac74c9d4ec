import { expect, test } from 'vitest'
import { flowKey } from '../../src/flow/record.js'
import { limits } from '../../src/limits/numbers.js'
import { again, dieAt, leasesEnd, twoProcesses } from '../support/chaos/dying.js'
import { freshNumber, kinds } from '../support/chaos/fleet.js'
import { beginCode, codeOf } from '../support/chaos/logins.js'
import { describeWith } from '../support/services.js'

/**
 * Points of a resend: what has been sent when the process dies, what asking again gets at once, and
 * what a code is worth after the lease.
 */
const points = [
  ['before claimed', 1, 201, 'new'],
  ['after claimed', 1, 409, 'old'],
  ['before count', 1, 409, 'old'],
  ['after count', 1, 409, 'old'],
  ['before create', 1, 409, 'old'],
  // Sent, and its request is nowhere on record: the old code is dead at the provider, and the new
  // one says nothing to us.
  ['after create', 2, 409, 'none'],
  ['before pending', 2, 409, 'none'],
  ['after pending', 2, 429, 'new'],
] as const

const cooldownMs = limits.resendAfterSeconds * 1000

for (const kind of kinds) {
  const describeStore = await describeWith(kind)
  describeStore.concurrent(`a process on ${kind} that is killed during a resend`, () => {
    const processes = twoProcesses(kind, { idenfySecondSend: 'accept' })

    test('never sends its message twice, and a code wins in the end, once', async () => {
      const { sim, place, victim, survivor } = processes
      const sent = (number: string) => sim.phone(number).inbox.length
      const begin = async ([parkAt, sentAtDeath, , good]: (typeof points)[number]) => {
        const { flow, number, path: verify } = await beginCode(sim, survivor, freshNumber())
        await place.age(flowKey(flow), cooldownMs)
        return { path: '/code/resend', body: { flow }, flow, number, parkAt, sentAtDeath, good, verify }
      }
      const resends = await Promise.all(points.map(begin))
      const flows = resends.map(({ flow }) => flow)

      await dieAt(victim, resends)
      const killedAt = performance.now()
      for (const { number, parkAt, sentAtDeath } of resends) expect(sent(number), parkAt).toBe(sentAtDeath)

      const atOnce = await again(survivor, resends)
      expect(atOnce.map(({ status }) => status)).toEqual(points.map(([, , status]) => status))
      const messages = resends.map(({ number }) => sent(number))
      expect(messages).toEqual(points.map(([point, count]) => (point === 'before claimed' ? 2 : count)))

      await leasesEnd(place, flows, killedAt)
      // The charge is on record, whether or not its message went out.
      for (const later of await again(survivor, resends)) {
        expect(later).toMatchObject({ status: 429, body: { code: 'cooldown' } })
        expect(later.retryAfter).toBeLessThanOrEqual(2 * limits.resendAfterSeconds)
      }
      expect(resends.map(({ number }) => sent(number))).toEqual(messages)

      const verifies = () =>
        resends.map(({ verify, flow, number }) => ({ path: verify, body: { flow, code: codeOf(sim, number) } }))
      const verified = await again(survivor, verifies())
      expect(verified.map(({ status }) => status)).toEqual(points.map(([, , , good]) => (good === 'none' ? 401 : 200)))

      const stuck = resends.filter(({ good }) => good === 'none')
      for (const { flow } of stuck) await place.age(flowKey(flow), 2 * cooldownMs)
      expect((await again(survivor, stuck)).map(({ status }) => status)).toEqual(stuck.map(() => 201))
      expect(stuck.map(({ number }) => sent(number))).toEqual(stuck.map(() => 3))
      const last = await again(survivor, verifies())
      expect(last.map(({ status }) => status)).toEqual(points.map(([, , , good]) => (good === 'none' ? 200 : 401)))
    })
  })
}
