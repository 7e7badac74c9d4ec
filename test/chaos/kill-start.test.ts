import { expect, test } from 'vitest'
import { limits } from '../../src/limits/numbers.js'
import { dieAt, twoProcesses } from '../support/chaos/dying.js'
import { type Answer, freshNumber, kinds } from '../support/chaos/fleet.js'
import { codeOf } from '../support/chaos/logins.js'
import { describeWith } from '../support/services.js'

/** Points of a start that sends a code, and what has been sent and what is certainly charged when the process dies. */
const points = [
  // Flow and charge are one step.
  ['before insertCharged', 0, 0],
  ['after insertCharged', 0, 1],
  ['before create', 0, 1],
  ['after create', 1, 1],
  ['before pending', 1, 1],
  ['after pending', 1, 1],
] as const

const { limit: messagesPerNumber } = limits.sendsPerNumber

for (const kind of kinds) {
  const describeStore = await describeWith(kind)
  describeStore.concurrent(`a process on ${kind} that is killed during a start that sends a code`, () => {
    const processes = twoProcesses(kind, { idenfySecondSend: 'accept' })

    test('sends at most once, gives no message away for free, and its number can begin again at once', async () => {
      const { sim, victim, survivor } = processes
      const starts = points.map(([parkAt, sent, charged]) => {
        const number = freshNumber()
        return { path: '/code', body: { phone_number: number }, parkAt, number, sent, charged }
      })
      await dieAt(victim, starts)
      const inboxes = () => starts.map(({ number }) => sim.phone(number).inbox.length)
      expect(inboxes()).toEqual(starts.map(({ sent }) => sent))

      const logins = starts.map(async ({ path, body, number, parkAt, sent, charged }) => {
        const answers: Answer[] = []
        for (let tries = 0; tries <= messagesPerNumber; tries++) answers.push(await survivor.post(path, body))
        const [first] = answers
        const allowed = answers.filter(({ status }) => status === 201)
        expect(first?.status, parkAt).toBe(201)
        expect(allowed.length, parkAt).toBeLessThanOrEqual(messagesPerNumber - charged)
        // A charge without its message costs the number one of three, and no more than that.
        expect(allowed.length, parkAt).toBeGreaterThanOrEqual(messagesPerNumber - 1)
        expect(answers.at(-1), parkAt).toMatchObject({ status: 429, body: { code: 'number_limit' } })
        const { inbox } = sim.phone(number)
        expect(inbox.length, parkAt).toBe(sent + allowed.length)
        expect(inbox.length, parkAt).toBeLessThanOrEqual(messagesPerNumber)

        const verify = { flow: allowed.at(-1)?.body.flow, code: codeOf(sim, number) }
        const verified = await Promise.all([1, 2, 3].map(() => survivor.post('/code/verify', verify)))
        expect(verified.filter(({ status }) => status === 200)).toHaveLength(1)
      })
      await Promise.all(logins)
    })
  })
}
