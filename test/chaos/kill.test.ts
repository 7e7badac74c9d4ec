import { expect, test } from 'vitest'
import { flowKey } from '../../src/flow/record.js'
import { again, type Doomed, dieAt, leasesEnd, twoProcesses } from '../support/chaos/dying.js'
import { freshNumber, kinds, scaled, seeded } from '../support/chaos/fleet.js'
import { began, beginCode, beginSilent, codeOf } from '../support/chaos/logins.js'
import { describeWith } from '../support/services.js'

/** Points of a redeem, and what the same request gets from another process: at once, and when the lease is over. */
const redeemPoints = [
  ['before claimed', 200, 401],
  ['after claimed', 409, 200],
  ['before redeem', 409, 200],
  // The simulator repeats its yes, so that nothing but the flow's record stands between the phone and a second login.
  ['after redeem', 409, 200],
  ['verify', 409, 200],
  ['before consumed', 409, 200],
  ['after consumed', 401, 401],
] as const

/** Points of a fallback that sends a message, and what has been sent when the process dies. */
const sendPoints = [
  ['before claimed', 0],
  ['after claimed', 0],
  ['before count', 0],
  ['after count', 0],
  ['before create', 0],
  ['after create', 1],
  ['before pending', 1],
] as const

for (const kind of kinds) {
  const describeStore = await describeWith(kind)
  describeStore.concurrent(`a process on ${kind} that is killed`, () => {
    const processes = twoProcesses(kind, { reusedCode: 200 })

    test('at any point of a redeem or of a send: never two logins, never two messages, and after the lease it goes on', async () => {
      const { sim, place, victim, survivor } = processes
      const random = seeded(1)
      const redeems = []
      for (const [parkAt, atOnce, later] of redeemPoints) {
        redeems.push({ ...(await beginSilent(sim, survivor, freshNumber())), parkAt, atOnce, later })
      }
      const randoms: ((typeof redeems)[number] | (Doomed & { flow: string; atOnce?: undefined; later?: undefined }))[] =
        []
      for (let count = scaled(200); count > 0; count--) {
        const begin = random(2) === 0 ? beginSilent : beginCode
        randoms.push({ ...(await begin(sim, survivor, freshNumber())), parkAt: `#${1 + random(14)}` })
      }
      const sends = []
      for (const [parkAt, sent] of sendPoints) {
        const number = freshNumber()
        const { flow } = began(await survivor.post('/both', { phone_number: number }))
        const spent = await survivor.post('/both/verify', { flow, error: 'sdk_no_data_connectivity' })
        expect(spent).toMatchObject({ status: 422, body: { code: 'rung_unable' } })
        sends.push({ path: '/both/fallback', body: { flow }, parkAt, number, flow, sent })
      }
      const logins = [...redeems, ...randoms]

      const answers = await dieAt(victim, [...logins, ...sends])
      const killedAt = performance.now()
      for (const { number, sent } of sends) expect(sim.phone(number).inbox).toHaveLength(sent)

      const records = await Promise.all(logins.map(({ flow }) => place.store.find(flowKey(flow))))
      const spentAtDeath = records.map((found) => JSON.parse(found?.record ?? '{}').state === 'consumed')
      expect(spentAtDeath.slice(0, redeems.length)).toEqual(redeemPoints.map(([point]) => point === 'after consumed'))

      const atOnce = await again(survivor, logins)
      expect(atOnce.slice(0, redeems.length).map(({ status }) => status)).toEqual(
        redeemPoints.map(([, status]) => status),
      )
      for (const { status } of atOnce) expect([200, 401, 409]).toContain(status)
      const sentAtOnce = await again(survivor, sends)
      expect(sentAtOnce.map(({ status }) => status)).toEqual([201, 409, 409, 409, 409, 409, 409])

      await leasesEnd(
        place,
        [...logins, ...sends].map(({ flow }) => flow),
        killedAt,
      )
      const later = await again(survivor, logins)
      expect(later.slice(0, redeems.length).map(({ status }) => status)).toEqual(
        redeemPoints.map(([, , status]) => status),
      )
      const latest = await again(survivor, logins)
      for (const [index, login] of logins.entries()) {
        const all = [answers[index], atOnce[index], later[index], latest[index]]
        // The process died with the answer in its hands: for the flow that was the login.
        const lost = spentAtDeath[index] && answers[index]?.status !== 200 ? 1 : 0
        const won = all.filter((answer) => answer?.status === 200).length
        expect(won + lost, `${login.path} killed at ${login.parkAt}`).toBeLessThanOrEqual(1)
        // Nobody holds it any more: it has ended, or says how to go on.
        expect(later[index]?.body.code, `${login.path} killed at ${login.parkAt}`).not.toBe('in_progress')
        expect([200, 401]).toContain(later[index]?.status)
      }

      await again(survivor, sends)
      await again(
        survivor,
        sends.map(({ flow }) => ({ path: '/both/resend', body: { flow } })),
      )
      for (const { number, parkAt } of sends) {
        expect(sim.phone(number).inbox, parkAt).toHaveLength(
          parkAt === 'before claimed' ? 1 : (sends.find((one) => one.number === number)?.sent ?? 0),
        )
      }
      const begunAgain = sends[0]
      if (begunAgain) {
        const { flow, number } = begunAgain
        expect((await survivor.post('/both/verify', { flow, code: codeOf(sim, number) })).status).toBe(200)
      }
    })
  })
}
