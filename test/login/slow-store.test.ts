import type { Store } from 'passport-phonecheck'
import type { FakeClock } from 'passport-phonecheck/testing'
import { expect, test } from 'vitest'
import { anyone, begin, flowSetup, redeeming, refusal, scripted } from '../support/flow.js'

type Waits = Partial<Record<'find' | 'replace' | 'count', number>>

/** The same store, far away: its operations take a while to arrive, and their answers a while to come back. */
function slowStore(inner: Store, clock: FakeClock, { before, after }: { before: Waits; after: Waits }): Store {
  const slowly = async <T>(name: keyof Waits, call: () => Promise<T>): Promise<T> => {
    if (before[name]) await clock.delay(before[name])
    const answer = await call()
    if (after[name]) await clock.delay(after[name])
    return answer
  }
  return {
    insert: (...args) => inner.insert(...args),
    find: (...args) => slowly('find', () => inner.find(...args)),
    replace: (...args) => slowly('replace', () => inner.replace(...args)),
    remove: (...args) => inner.remove(...args),
    count: (...args) => slowly('count', () => inner.count(...args)),
  }
}

// Milliseconds that the first request waits for its store, before and after each operation has had its effect.
test.each([
  { before: { find: 0, replace: 21_000, count: 0 }, after: {} },
  { before: { find: 0, replace: 0, count: 21_000 }, after: {} },
  { before: {}, after: { find: 15_000 } },
  { before: {}, after: { replace: 19_000 } },
  { before: {}, after: { find: 8_000, replace: 8_000, count: 8_000 } },
  { before: { find: 3_000, count: 11_000 }, after: { find: 9_000, replace: 11_900 } },
] as { before: Waits; after: Waits }[])(
  'a claim is the only one to ask the provider, however slow the store: $before $after',
  async (waits) => {
    for (const offset of [0, 5_000, 12_000, 18_000, 20_000, 22_000, 30_000]) {
      const { clock, store, provider, flow } = flowSetup({ ladder: [scripted()] })
      const slow = flowSetup({ ladder: [provider], store: slowStore(store, clock, waits), clock })
      const fast = flowSetup({ ladder: [provider], store, clock })
      let [now, most] = [0, 0]
      provider.onRedeem = async () => {
        now += 1
        most = Math.max(most, now)
        await clock.delay(11_400)
        now -= 1
        return { outcome: 'verified' }
      }
      const started = await begin(flow)
      const results = [refusal(slow.flow.redeem(redeeming(started), anyone))]
      await clock.advance(offset)
      results.push(refusal(fast.flow.redeem(redeeming(started), anyone)))
      for (let seconds = 0; seconds < 90; seconds++) await clock.advance(1_000)
      expect(most, `second request after ${offset} ms`).toBeLessThanOrEqual(1)
      expect((await Promise.all(results)).filter((code) => code === 'no error').length).toBeLessThanOrEqual(1)
    }
  },
)
