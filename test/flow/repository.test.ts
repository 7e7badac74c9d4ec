import { describe, expect, test } from 'vitest'
import { flowId, flowKey } from '../../src/flow/record.js'
import { withoutCheck } from '../../src/flow/repository.js'
import { createSecret } from '../../src/lib/crypto.js'
import { type BegunFlow, content, flowsSetup } from '../support/flows.js'

type Setup = ReturnType<typeof flowsSetup>

async function reopened({ flows }: Setup, { key, secret }: BegunFlow) {
  const held = await flows.find(key)
  return held && flows.unseal(held, secret)
}

describe('a new flow', () => {
  test('is found by its key, and opens with its secret alone', async () => {
    const setup = flowsSetup()
    const begun = await setup.begin()
    const held = await setup.flows.find(begun.key)
    expect(held).toMatchObject({ key: begun.key, version: 1, record: { state: 'pending', rung: 'phonecheck' } })
    expect(held && setup.flows.unseal(held, begun.secret)?.content).toEqual(content)
    expect(held && setup.flows.unseal(held, createSecret())).toBeUndefined()
    await setup.flows.remove(begun.key)
    expect(await setup.flows.find(begun.key)).toBeUndefined()
  })

  test('is named by a part of its key, and the key yields no handle', async () => {
    const { begin } = flowsSetup()
    const { flow, handle, key } = await begin()
    expect(key).toBe(flowKey(handle))
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect(flow.id).toBe(key.slice(0, 16))
    expect(flow.id).toBe(flowId(key))
    expect(flow.facts).toEqual({
      flowId: flow.id,
      purpose: 'login',
      method: 'phonecheck',
      country: 'US',
      number: '+1********00',
      durationMs: 0,
    })
  })

  test('that was damaged in the store is none', async () => {
    const { begin, flows, store } = flowsSetup()
    const { key } = await begin()
    await store.replace(key, 1, 'x')
    expect(await flows.find(key)).toBeUndefined()
  })
})

test('the age of a flow is what the store says and what has passed here since, in whole milliseconds', async () => {
  const setup = flowsSetup()
  const begun = await setup.begin()
  await setup.clock.advance(1_000)
  const flow = await reopened(setup, begun)
  expect(flow?.ageMs).toBe(1_000)
  await setup.clock.advance(500.75)
  expect(flow?.ageMs).toBe(1_500)
})

describe('at its last millisecond', () => {
  test.each([
    ['a lease ends', { state: 'claimed', leaseUntil: 5_000 }, 'isClaimed', [true, false]],
    ['a claim without a lease is none', { state: 'claimed' }, 'isClaimed', [false, false]],
    ['what is not claimed has no lease', { state: 'pending', leaseUntil: 5_000 }, 'isClaimed', [false, false]],
    ['a rung is spent', { rungUntil: 5_000 }, 'isSpent', [false, true]],
    ['a rung that was written off is spent already', { rungUntil: 5_000, spent: true }, 'isSpent', [true, true]],
    ['a rung without an end is spent', { rungUntil: undefined }, 'isSpent', [true, true]],
    ['a proof lapses', { state: 'proven', provenUntil: 5_000 }, 'isProofStale', [false, true]],
    ['no proof lapses where there is none', {}, 'isProofStale', [false, false]],
  ] as const)('%s', async (_name, changes, property, expected) => {
    const { begin, clock } = flowsSetup()
    const { flow } = await begin(changes)
    await clock.advance(4_999)
    const before = flow[property]
    await clock.advance(1)
    expect([before, flow[property]]).toEqual(expected)
  })

  test('a rung without a check is spent from the start', async () => {
    const { begin } = flowsSetup()
    expect((await begin({}, withoutCheck(content))).flow.isSpent).toBe(true)
  })
})

describe('of two requests that read the same version', () => {
  test('one writes; the other learns so, keeps what it read and can write nothing more', async () => {
    const setup = flowsSetup()
    const begun = await setup.begin()
    const [first, second] = [await reopened(setup, begun), await reopened(setup, begun)]
    expect(await first?.write('claimed', { leaseUntil: 20_000 })).toBe(true)
    expect(await second?.write('claimed', { leaseUntil: 30_000 }, { ...content, verifiedAt: 1 })).toBe(false)
    expect(second?.record).toMatchObject({ state: 'pending' })
    expect(second?.content).toEqual(content)
    expect(await second?.write('claimed', {})).toBe(false)
    // The winner goes on by the version that it wrote.
    expect(await first?.write('consumed', { leaseUntil: undefined })).toBe(true)
    expect(first?.record.state).toBe('consumed')
    expect((await setup.flows.find(begun.key))?.version).toBe(3)
  })
})

test('who is not the starter writes by version too', async () => {
  const setup = flowsSetup()
  const begun = await setup.begin()
  const held = await setup.flows.find(begun.key)
  if (!held) throw new Error('the flow is gone')
  const announced = { ...held.record, resultAnnounced: true }
  expect(await setup.flows.replace(held, announced)).toBe(true)
  expect(await setup.flows.replace(held, announced)).toBe(false)
  expect((await reopened(setup, begun))?.record.resultAnnounced).toBe(true)
})

describe('what is sealed', () => {
  test('is sealed anew with other content, and reads back', async () => {
    const setup = flowsSetup()
    const begun = await setup.begin({ state: 'claimed' })
    const proven = { ...content, verifiedAt: 1_767_225_600_000 }
    await begun.flow.write('proven', { provenUntil: 60_000 }, proven)
    expect(begun.flow.content).toEqual(proven)
    expect((await reopened(setup, begun))?.content).toEqual(proven)
  })

  test('is sealed anew for another rung, and opens there', async () => {
    const setup = flowsSetup()
    const begun = await setup.begin()
    await begun.flow.write('claimed', { rung: 'idenfy-sms' })
    expect(begun.flow.content).toEqual(content)
    expect((await reopened(setup, begun))?.content).toEqual(content)
  })

  test('stays as it is when nothing of it changes', async () => {
    const { begin, flows } = flowsSetup()
    const { flow, key } = await begin()
    const { sealed } = flow.record
    await flow.write('claimed', { leaseUntil: 20_000 })
    expect((await flows.find(key))?.record.sealed).toBe(sealed)
  })

  test('loses its check when the flow goes to another rung, and nothing else', () => {
    expect(withoutCheck({ ...content, locale: 'de-CH', verifiedAt: 1 })).toEqual({
      number: content.number,
      locale: 'de-CH',
    })
    expect(withoutCheck(content)).toStrictEqual({ number: content.number })
  })
})
