import type { Challenge, Provider } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { Ladder, undeclared } from '../../src/login/ladder.js'
import { begin, flowSetup, refusal, scripted } from '../support/flow.js'

const code = { sends: true, guessable: true, codeGrammar: /^[0-9]{4}$/ }
const polled = { redeem: undefined, poll: async () => ({ outcome: 'verified' }) }

describe('a rung whose description could not be safe is refused when the strategy is made', () => {
  test.each([
    [{ name: 'A B' }, /'A B' is no name/],
    [{ name: '' }, /'' is no name/],
    [{ name: '1own' }, /'1own' is no name/],
    [{ name: 'own!' }, /'own!' is no name/],
    [{ name: 'review' }, /belongs to reviewNumbers/],
    [{ name: 'first' }, /two providers are called 'first'/],
    [{ redeem: undefined }, /must have redeem or poll/],
    [{ ttlSeconds: 0 }, /ttlSeconds above 0 and at most 600/],
    [{ ttlSeconds: 601 }, /ttlSeconds above 0 and at most 600/],
    [{ ttlSeconds: Number.NaN }, /ttlSeconds above 0/],
    [{ dwellSeconds: -1 }, /dwellSeconds from 0 to 600/],
    [{ dwellSeconds: 601 }, /dwellSeconds from 0 to 600/],
    [{ dwellSeconds: undefined }, /dwellSeconds from 0 to 600/],
    [{ resendAfterSeconds: 0 }, /resendAfterSeconds above 0/],
    [{ codeGrammar: undefined }, /what its codes look like/],
    [{ codeGrammar: '[0-9]+' }, /what its codes look like/],
    [{ ...code, guessable: undefined }, /say whether they are short enough to be guessed/],
    [{ ...code, guessable: false, codeLength: 6 }, /codes of 6 digits, which can be guessed/],
    [{ codeLength: 10 }, /codes of 10 digits, which can be guessed/],
    [polled, /only polled.*`ownCheck: true`/],
  ])('%j', (changes, sentence) => {
    const rung = { ...scripted('own'), ...changes } as unknown as Provider
    expect(() => new Ladder([scripted('first'), rung])).toThrow(sentence)
  })

  test.each([
    [{ ttlSeconds: 600, dwellSeconds: 0 }],
    [{ dwellSeconds: 600 }],
    [{ ...code, poll: polled.poll }],
    [{ ...code, codeLength: 4, resendAfterSeconds: 1 }],
    [{ codeLength: 11 }],
    [{ ...polled, codeGrammar: undefined, ownCheck: true }],
  ])('and this one is not: %j', (changes) => {
    const rung = { ...scripted('own'), ...changes } as unknown as Provider
    expect(new Ladder([rung]).rungs).toEqual([rung])
  })
})

test('a ladder of which the floor leaves nothing is refused', () => {
  expect(() => new Ladder([{ ...scripted(), assurance: 'low' }], 'high')).toThrow(/at least one provider.*'high'/)
})

test('a ladder lets go of the connections of its rungs, of those that have some', async () => {
  let closed = 0
  const close = async () => void closed++
  await new Ladder([{ ...scripted('one'), close }, scripted('two'), { ...scripted('three'), close }]).close()
  expect(closed).toBe(2)
})

test('only rungs with a webhook are asked whose announcement it is', () => {
  const webhook = async () => undefined
  const ladder = new Ladder([scripted('one'), { ...scripted('two'), webhook }])
  expect(ladder.withWebhook().map(({ name }) => name)).toEqual(['two'])
})

describe('a challenge says what its rung left out', () => {
  const enter = (length: number): Challenge => ({ type: 'enter_code', length })
  test.each([
    [{}, enter(6), /`sends`/],
    [{ sends: true }, enter(10), /`guessable: true`/],
    [{ sends: false }, enter(6), /`guessable: true`/],
    [{ sends: true, guessable: true }, enter(6), undefined],
    [{ sends: true }, enter(11), undefined],
    [{}, { type: 'open_url', url: 'https://x.example' } as const, undefined],
  ])('%j that answers %j', (declared, challenge, missing) => {
    const said = undeclared({ ...scripted(), ...declared }, challenge)
    if (missing === undefined) expect(said).toBeUndefined()
    else expect(said).toMatch(missing)
  })

  test('and is no step of a login: the operator hears of a defect, and the next rung answers', async () => {
    const careless: Provider = {
      ...scripted('careless'),
      start: async () => ({ challenge: enter(6), check: { id: 'x' }, expiresInSeconds: 60 }),
    }
    const { flow, events } = flowSetup({ ladder: [careless, scripted('next')] })
    expect(await begin(flow)).toMatchObject({
      method: 'next',
      skipped: [{ method: 'careless', reason: 'provider_down' }],
    })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'provider_outage', kind: 'defect', method: 'careless' }),
    )
    const { flow: alone } = flowSetup({ ladder: [careless] })
    expect(await refusal(begin(alone))).toBe('provider_unavailable')
  })
})
