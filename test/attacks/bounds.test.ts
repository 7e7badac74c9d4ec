import { readFile } from 'node:fs/promises'
import { type Hit, MemoryStore } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { guessesInAYear as computed } from '../../src/limits/login-limits.js'
import { limits } from '../../src/limits/numbers.js'

const day = 86_400_000

describe('the bound in the documentation', () => {
  /**
   * Guesses in a year for whoever fills `locks` locks as soon as they can, adds `more` guesses,
   * rests for some days, and begins again.
   */
  async function guessesInAYear(
    locks: number,
    more: number,
    restDays: number,
    rule: Omit<Hit, 'key'> = limits.guesses,
  ): Promise<number> {
    let now = 0
    const store = new MemoryStore({ clock: { now: () => now, delay: () => new Promise(() => {}) } })
    const hit = { ...rule, key: 'guess' }
    for (let guesses = 0; ; ) {
      for (let left = locks * hit.limit + more; left > 0; ) {
        const verdict = await store.count([hit])
        if (!verdict.allowed) now += verdict.retryAfterSeconds * 1000
        if (now >= 365 * day) return guesses
        if (!verdict.allowed) continue
        guesses++
        left--
      }
      now += restDays * day
    }
  }

  test('is what the best of many plans gets, by what the code enforces', async () => {
    let most = 0
    let mostByDevices = 0
    for (let locks = 0; locks <= 8; locks++) {
      for (const more of [1, 5, 9, 10, 19]) {
        for (const restDays of [1, 7, 30, 31, 60, 90, 180]) {
          most = Math.max(most, await guessesInAYear(locks, more, restDays))
          mostByDevices = Math.max(mostByDevices, await guessesInAYear(locks, more, restDays, limits.guessesByDevices))
        }
      }
    }
    const greedy = await guessesInAYear(100, 0, 0)
    const byDevices = await guessesInAYear(100, 0, 0, limits.guessesByDevices)
    expect(most).toBeLessThanOrEqual(greedy)
    // What phone.describe() says.
    expect([computed(limits.guesses.limit), 2 * computed(limits.guesses.limit)]).toEqual([greedy, byDevices])
    expect(limits.guessesByDevices.limit).toBe(2 * limits.guesses.limit)
    expect(mostByDevices).toBeLessThanOrEqual(byDevices)
    for (const file of ['SECURITY.md', 'docs/security-model.md']) {
      const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
      expect(text).toContain(`${greedy} guesses in a year`)
      expect(text).toContain(`${byDevices} guesses by known devices`)
      expect(text).toContain(`${((greedy / 10_000) * 100).toFixed(1)} %`)
    }
  })

  test('and so is what strangers and known devices have together', async () => {
    const all = (await guessesInAYear(100, 0, 0)) + (await guessesInAYear(100, 0, 0, limits.guessesByDevices))
    const text = await readFile(new URL('../../docs/security-model.md', import.meta.url), 'utf8')
    expect(text).toContain(`with those of strangers ${all}, which is ${((all / 10_000) * 100).toFixed(1)} %`)
  })

  test('and so is what one number can be sent in a day', async () => {
    let now = 0
    let sent = 0
    const store = new MemoryStore({ clock: { now: () => now, delay: () => new Promise(() => {}) } })
    while (now < day) {
      const verdict = await store.count([{ ...limits.sendsPerNumber, key: 'send' }])
      if (verdict.allowed) sent += 1
      else now += verdict.retryAfterSeconds * 1000
    }
    const sentence = `at most ${sent} messages in a day from strangers and ${limits.perDayByDevices.sends} from known devices`
    for (const file of ['SECURITY.md', 'docs/security-model.md', 'docs/reference/limits.md'])
      expect(await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')).toContain(sentence)
  })
})
