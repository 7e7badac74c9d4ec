import { describe, expect, test } from 'vitest'
import { authenticateRequester, requireIdleFlow } from '../../src/flow/ownership.js'
import { encodeFlow, flowId } from '../../src/flow/record.js'
import type { RedeemRequest } from '../../src/flow/requests.js'
import { createSecret } from '../../src/lib/crypto.js'
import { PhoneCheckError } from '../../src/lib/errors.js'
import { type BegunFlow, content, flowsSetup } from '../support/flows.js'

const requester = { address: '192.0.2.1' }

const byCookie = ({ handle, secret }: BegunFlow, changes: Partial<RedeemRequest> = {}): RedeemRequest => ({
  handle,
  proof: { binding: 'cookie', secret },
  purpose: 'login',
  requester,
  ...changes,
})

const byHandle = ({ handle }: BegunFlow, changes: Partial<RedeemRequest> = {}): RedeemRequest => ({
  handle,
  proof: { binding: 'handle' },
  purpose: 'login',
  requester,
  ...changes,
})

/** What the requester is told: the code, and whether it is worth asking again. */
async function answer(asked: Promise<unknown>) {
  const error: unknown = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error === undefined) return 'let in'
  if (!(error instanceof PhoneCheckError)) throw error
  const { ended, reason, retryAfterSeconds } = error.details
  return [error.code, ...(ended ? ['over'] : []), ...(reason ? [reason] : []), ...(retryAfterSeconds ? ['later'] : [])]
}

const unknown = ['flow_invalid']
const over = ['flow_invalid', 'over']

describe('the starter', () => {
  test('is let in by the cookie, and reads what the store cannot', async () => {
    const { context, begin } = flowsSetup()
    expect((await authenticateRequester(context, byCookie(await begin()))).content).toEqual(content)
  })

  test('is let in by the handle, where the flow was begun so', async () => {
    const { context, begin, events } = flowsSetup()
    const flow = await authenticateRequester(context, byHandle(await begin({ binding: 'handle' })))
    expect(flow.content).toEqual(content)
    expect(events).toEqual([])
  })

  test('is let in for ten minutes and not a millisecond longer, though the store keeps the record', async () => {
    const { context, begin, clock } = flowsSetup()
    const begun = await begin()
    await clock.advance(599_999)
    expect(await answer(authenticateRequester(context, byCookie(begun)))).toBe('let in')
    await clock.advance(1)
    expect(await answer(authenticateRequester(context, byCookie(begun)))).toEqual(over)
  })

  test.each([
    [undefined, 'let in'],
    [['US', 'DE'], 'let in'],
    [['DE'], over],
  ])('of a number of the US, where the countries are now %j: %s', async (countries, expected) => {
    const { context, begin, events } = flowsSetup({ countries })
    expect(await answer(authenticateRequester(context, byCookie(await begin())))).toEqual(expected)
    expect(events).toEqual([])
  })
})

describe('a stranger', () => {
  test.each([[undefined], [7], [''], ['x'.repeat(42)], [`${'x'.repeat(43)}\n`], [['x'.repeat(43)]]])(
    'with the handle %j learns nothing',
    async (handle) => {
      const { context, begin, events } = flowsSetup()
      const begun = await begin()
      expect(await answer(authenticateRequester(context, byCookie(begun, { handle })))).toEqual(unknown)
      expect(events).toEqual([])
    },
  )

  test('with a handle of nothing is told that it is over', async () => {
    const { context, begin } = flowsSetup()
    const begun = await begin()
    expect(await answer(authenticateRequester(context, byCookie(begun, { handle: createSecret() })))).toEqual(over)
  })

  test('with the handle and another cookie is turned away, and the operator told', async () => {
    const { context, begin, events } = flowsSetup()
    const begun = await begin()
    const proof = { binding: 'cookie', secret: createSecret() } as const
    expect(await answer(authenticateRequester(context, byCookie(begun, { proof })))).toEqual(unknown)
    expect(events).toEqual([{ type: 'foreign_verify', flowId: flowId(begun.key), reason: 'binding' }])
  })

  test('with the handle and no cookie is told what is missing, and the operator told', async () => {
    const { context, begin, events } = flowsSetup()
    expect(await answer(authenticateRequester(context, byHandle(await begin())))).toEqual(['flow_invalid', 'no_cookie'])
    expect(events).toMatchObject([{ type: 'foreign_verify', reason: 'binding' }])
  })

  test('with the handle of a flow that is bound to none, and a cookie, is turned away', async () => {
    const { context, begin, events } = flowsSetup()
    const begun = await begin({ binding: 'handle' })
    // Even one that holds the very handle.
    for (const secret of [createSecret(), begun.handle]) {
      const proof = { binding: 'cookie', secret } as const
      expect(await answer(authenticateRequester(context, byCookie(begun, { proof })))).toEqual(unknown)
    }
    expect(events.length).toBe(2)
  })

  test.each(['consumed', 'failed'] as const)(
    'of a flow that is %s is told that it is over, and nobody is alarmed: its own starter lost the cookie',
    async (state) => {
      const { context, begin, events } = flowsSetup()
      expect(await answer(authenticateRequester(context, byHandle(await begin({ state }))))).toEqual(over)
      expect(events).toEqual([])
    },
  )

  test('who moved the sealed content of one flow into another finds it closed', async () => {
    const { context, begin, store } = flowsSetup()
    const [mine, other] = [await begin(), await begin()]
    const record = { ...mine.flow.record, sealed: other.flow.record.sealed }
    await store.replace(mine.key, 1, encodeFlow(record))
    expect(await answer(authenticateRequester(context, byCookie(mine)))).toEqual(over)
  })
})

describe('a flow is good only for what it was begun for', () => {
  test.each([
    ['another strategy', { strategy: 'stepup' }, {}],
    ['another purpose', { purpose: 'link' }, {}],
    ['a user, and none is signed in', { subject: 'hash of user-1' }, {}],
    ['nobody, and a user is signed in', {}, { subject: 'user-1' }],
    ['another user', { subject: 'hash of user-1' }, { subject: 'user-2' }],
  ])('begun for %s', async (_name, changes, request) => {
    const { context, begin, events } = flowsSetup()
    const begun = await begin(changes)
    expect(await answer(authenticateRequester(context, byCookie(begun, request)))).toEqual(unknown)
    expect(events).toEqual([{ type: 'foreign_verify', flowId: flowId(begun.key), reason: 'purpose' }])
  })

  test('begun for the same user', async () => {
    const { context, begin } = flowsSetup()
    const begun = await begin({ subject: 'hash of user-1' })
    expect(await answer(authenticateRequester(context, byCookie(begun, { subject: 'user-1' })))).toBe('let in')
  })
})

describe('a step is taken', () => {
  test.each([
    ['pending', {}, 'let in'],
    ['consumed', {}, over],
    ['failed', {}, over],
    ['proven', { provenUntil: 60_000 }, 'let in'],
    ['proven', { provenUntil: 1_000 }, over],
    ['claimed', { leaseUntil: 1_001 }, ['in_progress', 'later']],
    ['claimed', { leaseUntil: 1_000 }, 'let in'],
  ] as const)('of a flow that is %s %j: %s', async (state, changes, expected) => {
    const { context, begin, clock } = flowsSetup()
    const begun = await begin({ state, ...changes })
    await clock.advance(1_000)
    expect(await answer(requireIdleFlow(context, byCookie(begun)))).toEqual(expected)
  })

  test('with the result of the check that it waits for alone', async () => {
    const { context, begin, events } = flowsSetup()
    const begun = await begin()
    expect(await answer(requireIdleFlow(context, byCookie(begun, { checkId: 'check-1' })))).toBe('let in')
    expect(await answer(requireIdleFlow(context, byCookie(begun, { checkId: 'check-2' })))).toEqual(unknown)
    expect(events).toEqual([{ type: 'foreign_verify', flowId: flowId(begun.key), reason: 'check' }])
  })
})
