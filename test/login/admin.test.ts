import { describe, expect, test } from 'vitest'
import { wallTime } from '../../src/lib/clock.js'
import { cancelFlow, eraseNumber, listFlows } from '../../src/login/admin.js'
import { content } from '../support/flows.js'
import { stepsSetup, told } from '../support/steps.js'

const { number } = content

/** A search that finds what it is told, as a store's does that looks at keys and texts loosely. */
function finding(steps: ReturnType<typeof stepsSetup>, keys: () => string[]) {
  const { login } = steps
  return { ...login, search: async () => keys() }
}

describe('the logins of a number', () => {
  test('are those of the number alone that still live, the oldest first, whatever the store finds', async () => {
    const steps = stepsSetup()
    const old = await steps.begin({ number: steps.login.limiter.hashNumber(number.e164), purpose: 'old' })
    await steps.pass(300)
    const foreign = await steps.begin({ number: 'another number' })
    const young = await steps.begin({ consent: true })
    await steps.pass(299)
    const began = wallTime(steps.clock) - 299_000
    const found = finding(steps, () => [young.key, foreign.key, `x${old.key}`, `${old.key}x`, 'device/x', old.key])
    expect(await listFlows(found, number)).toEqual([
      {
        flowId: old.flow.id,
        strategy: 'phonecheck',
        purpose: 'old',
        method: 'link',
        state: 'pending',
        startedAt: new Date(began - 300_000),
      },
      {
        flowId: young.flow.id,
        strategy: 'phonecheck',
        purpose: 'login',
        method: 'link',
        state: 'pending',
        startedAt: new Date(began),
        consent: true,
      },
    ])
    await steps.pass(1)
    expect((await listFlows(found, number)).map(({ flowId }) => flowId)).toEqual([young.flow.id])
  })

  test('a key that is gone meanwhile is none', async () => {
    const steps = stepsSetup()
    expect(
      await listFlows(
        finding(steps, () => ['0'.repeat(64)]),
        number,
      ),
    ).toEqual([])
  })
})

describe('cancel', () => {
  test.each(['', 'x', '0'.repeat(15), '0'.repeat(17), `${'0'.repeat(15)}G`])(
    'refuses what is no id: %j',
    async (id) => {
      const { login } = stepsSetup()
      await expect(cancelFlow(login, id)).rejects.toMatchObject({
        code: 'invalid_request',
        message: 'cancel: pass the public id of a login, 16 hex digits.',
      })
    },
  )

  test('ends the login of that id, whatever else the store finds, and tells the operator', async () => {
    const steps = stepsSetup()
    const [mine, other] = [await steps.begin({ state: 'claimed', leaseUntil: 20_000 }), await steps.begin()]
    const found = finding(steps, () => [`x${mine.key}`, other.key, `device/${mine.flow.id}`, mine.key])
    expect(await cancelFlow(found, mine.flow.id)).toBe(true)
    expect(await mine.stored()).toMatchObject({ state: 'failed' })
    expect(await mine.stored()).not.toHaveProperty('leaseUntil')
    expect(await other.stored()).toMatchObject({ state: 'pending' })
    expect(told(steps.events)).toEqual([{ type: 'flow_cancelled' }])
    expect(await cancelFlow(found, mine.flow.id)).toBe(false)
  })

  test('tries again after another request, five times, and then says so', async () => {
    const steps = stepsSetup()
    const { flow, key, overtake } = await steps.begin()
    const { find } = steps.login.flows
    let looks = 0
    steps.login.flows.find = async (asked) => {
      looks += 1
      const held = await find.call(steps.login.flows, asked)
      steps.login.flows.find = find
      await overtake()
      steps.login.flows.find = overtaken
      return held
    }
    const overtaken = steps.login.flows.find
    const found = finding(steps, () => [key])
    await expect(cancelFlow(found, flow.id)).rejects.toMatchObject({
      code: 'in_progress',
      details: { retryAfterSeconds: 1 },
    })
    expect(looks).toBe(5)
  })
})

describe('erase', () => {
  test('removes what is found until nothing is, and keeps what makes strangers of devices', async () => {
    const steps = stepsSetup()
    const { key } = await steps.begin()
    const kept = ['device/generation/x', 'device/forgotten/x']
    let looks = 0
    const found = finding(steps, () => {
      looks += 1
      return looks > 2 ? kept : [key, key, `guess/${looks}`, ...kept]
    })
    const removed: string[] = []
    const { remove } = steps.login.flows
    steps.login.flows.remove = async (one) => {
      removed.push(one)
      await remove.call(steps.login.flows, one)
    }
    expect(await eraseNumber(found, number)).toBe(4)
    expect(removed).toEqual([key, 'guess/1', key, 'guess/2'])
    expect(looks).toBe(3)
    expect(told(steps.events)).toEqual([{ type: 'number_erased', erased: 4 }])
  })

  test('does not go on for ever while logins are begun', async () => {
    const steps = stepsSetup()
    let looks = 0
    const found = finding(steps, () => [`guess/${looks++}`])
    expect(await eraseNumber(found, number)).toBe(100)
  })
})
