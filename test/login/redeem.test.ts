import { describe, expect, test } from 'vitest'
import { withoutCheck } from '../../src/flow/repository.js'
import { redeem } from '../../src/login/redeem.js'
import { content } from '../support/flows.js'
import { stepsSetup } from '../support/steps.js'

const yes = async () => ({ id: 'user-1' })
const no = () => Promise.reject(new Error('the provider was asked'))

describe('a proof that is on record', () => {
  test('is redeemed without another word of the provider, and dates from when it said yes', async () => {
    const { login, begin, script, pass, clock } = stepsSetup()
    const verifiedAt = clock.now()
    script.redeem = no
    const { request, stored } = await begin({ state: 'proven', provenUntil: 60_000 }, { ...content, verifiedAt })
    await pass(59)
    const { identity } = await redeem(login, request, yes)
    expect(identity).toMatchObject({ method: 'link', verifiedAt: new Date(verifiedAt) })
    expect(await stored()).toMatchObject({ state: 'consumed', outcome: 'accepted' })
  })

  test('is redeemed once: of two requests at the same moment one is told that the other is at it', async () => {
    const { login, begin } = stepsSetup()
    const { request } = await begin({ state: 'proven', provenUntil: 60_000 }, { ...content, verifiedAt: 1 })
    const answers = await Promise.allSettled([redeem(login, request, yes), redeem(login, request, yes)])
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = answers.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect(lost.reason).toMatchObject({ code: 'in_progress' })
  })
})

describe('what the device brings', () => {
  test('is exchanged for the user of the application, at the time of the yes', async () => {
    const { login, begin, clock, pass } = stepsSetup()
    const { request } = await begin()
    await pass(5)
    const { user, identity } = await redeem(login, { ...request, code: 'abc' }, yes)
    expect([user, identity.verifiedAt.getTime()]).toEqual([{ id: 'user-1' }, clock.now()])
  })

  test('is a report in place of a code: the provider is not asked', async () => {
    const { login, begin, script } = stepsSetup()
    const { request, stored } = await begin()
    script.redeem = no
    const asked = redeem(login, { ...request, error: 'mno_timeout', code: 'abc' }, yes)
    await expect(asked).rejects.toMatchObject({ code: 'rung_unable', details: { reason: 'mno_timeout' } })
    expect(await stored()).toMatchObject({ spent: true, reason: 'mno_timeout' })
  })

  test('that the provider does not take logs nobody in', async () => {
    const { login, begin, script } = stepsSetup()
    script.redeem = async () => ({ outcome: 'mismatch' })
    const { request } = await begin()
    await expect(redeem(login, { ...request, code: 'abc' }, yes)).rejects.toMatchObject({ code: 'mismatch' })
  })

  test.each([
    ['mismatch', { spent: true, reason: 'mismatch' }, 'mismatch'],
    ['wrong codes', { spent: true, reason: 'tries' }, 'tries'],
    ['a check that was lost', { check: undefined }, 'other'],
  ])('on a rung that ended by %s is told why, and the provider is not asked', async (_name, changes, reason) => {
    const { login, begin, script } = stepsSetup()
    script.redeem = no
    const { request } = await begin(changes, 'spent' in changes ? content : withoutCheck(content))
    const asked = redeem(login, { ...request, code: 'abc' }, yes)
    await expect(asked).rejects.toMatchObject({ code: 'rung_unable', details: { reason } })
  })
})
