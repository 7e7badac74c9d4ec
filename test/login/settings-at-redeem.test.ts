import { MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { expect, test } from 'vitest'
import { anyone, begin, flowSetup, redeeming, refusal } from '../support/flow.js'

test('countries bind the whole flow: one that was begun under other settings is not finished under these', async () => {
  const store = new MemoryStore()
  const lax = flowSetup({ store })
  const strict = flowSetup({ store, countries: ['DE'] })
  const started = await begin(lax.flow)
  expect(await refusal(strict.flow.redeem(redeeming(started), anyone))).toBe('flow_invalid')
  expect(strict.provider.redeems).toBe(0)
  expect(await refusal(lax.flow.redeem(redeeming(started), anyone))).toBe('no error')
})

test('an identity says when it was verified by the time of day, which a clock that never runs back may not show', async () => {
  const clock = { ...fakeClock(), wall: () => Date.UTC(2030, 0, 1) }
  const { flow } = flowSetup({ clock })
  const { identity } = await flow.redeem(redeeming(await begin(flow)), anyone)
  expect(identity.verifiedAt).toEqual(new Date(Date.UTC(2030, 0, 1)))
})
