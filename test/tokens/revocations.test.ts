import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/fake-clock.js'
import { epochsOfClaim, noEpochs, Revocations, revClaim } from '../../src/tokens/revocations.js'

const secret = 'a-test-secret-of-at-least-32-bytes'
const issuer = 'https://app.example'
const lifeSeconds = 1_000
/** A login's life, its last access token's 15 minutes and 30 s for clocks that differ. */
const held = 1_930

function setup() {
  const clock = fakeClock()
  const store = new MemoryStore({ clock })
  const on = (life: number) => new Revocations(store, secret, issuer, life)
  const pass = (seconds: number) => clock.advance(seconds * 1000)
  return { clock, store, on, revocations: on(lifeSeconds), pass }
}

describe('a revocation', () => {
  test('holds as long as the last token of a login before it, whenever the one before was', async () => {
    const moments = Array.from({ length: 45 }, (_, index) => index * 90)
    for (const gap of [...moments, held - 1, held, held + 1, 2 * held - 1, 2 * held, 2 * held + 1]) {
      const { revocations, pass } = setup()
      await revocations.revoke('user')
      await pass(gap)
      const since = await revocations.epochs('user')
      await revocations.revoke('user')
      await pass(held - 0.001)
      expect([gap, await revocations.isRevoked('user', since)]).toEqual([gap, true])
    }
  })

  test.each([
    [1, 1.5 * held],
    [held / 2, held + 1],
    [held + 1, 1],
    [held + 1, held],
    [held - 1, held - 1],
    [1.5 * held, 1.5 * held],
    [2 * held + 1, held + 1],
  ])('holds as long after two others, %d s and %d s apart', async (first, second) => {
    const { revocations, pass } = setup()
    await revocations.revoke('user')
    await pass(first)
    await revocations.revoke('user')
    await pass(second)
    const since = await revocations.epochs('user')
    await revocations.revoke('user')
    await pass(held - 0.001)
    expect(await revocations.isRevoked('user', since)).toBe(true)
  })

  test('ends no login that was made after it, not even when it is forgotten', async () => {
    const { revocations, pass } = setup()
    await revocations.revoke('user')
    await pass(held + 1)
    await revocations.revoke('user')
    const since = await revocations.epochs('user')
    for (let seconds = 0; seconds < 3 * held; seconds += 100) {
      expect(await revocations.isRevoked('user', since)).toBe(false)
      await pass(100)
    }
    expect(await revocations.epochs('user')).toEqual(noEpochs)
  })

  test('is of that user at that issuer alone', async () => {
    const { revocations, store, pass } = setup()
    const other = new Revocations(store, secret, 'https://other.example', lifeSeconds)
    // Twice, so that both of its places are taken.
    await revocations.revoke('user')
    await pass(held + 1)
    await revocations.revoke('user')
    expect(await revocations.isRevoked('user', noEpochs)).toBe(true)
    expect(await revocations.isRevoked('user 2', noEpochs)).toBe(false)
    expect(await other.isRevoked('user', noEpochs)).toBe(false)
  })

  test.each([
    ['the later place', [held - 900 + 1], held - 900 + 929],
    ['the earlier place', [held - 900 + 1, held - 900 + 9], held - 900 + 929],
  ])(
    'of longer logins than before takes %s, which lives longest, where neither lives long enough',
    async (_name, gaps) => {
      const { on, pass } = setup()
      const short = on(100)
      await short.revoke('user')
      for (const gap of gaps) {
        await pass(gap)
        await short.revoke('user')
      }
      const long = on(100_000)
      const since = await long.epochs('user')
      await long.revoke('user')
      // The last one of the short ones was for 2 * 1030 s.
      await pass(2_059)
      expect(await long.isRevoked('user', since)).toBe(true)
    },
  )
})

test('what stands for a user in the store stays the same: an update of the library must lose no revocation', () => {
  expect(setup().revocations.hashSubject('user-1')).toBe('1sDFGK0zhymiaGPqVXISJ5')
})

describe('what a login saw of revocations', () => {
  test('is nothing where there was none', async () => {
    expect(await setup().revocations.epochs('user')).toEqual(noEpochs)
    expect(revClaim(noEpochs)).toBeUndefined()
    expect(epochsOfClaim(undefined)).toEqual(noEpochs)
  })

  test('is brief in a token, and reads back', async () => {
    const { revocations } = setup()
    await revocations.revoke('user')
    const claim = revClaim(await revocations.epochs('user'))
    expect(claim).toMatch(/^[\w-]{11}\.$/)
    expect(epochsOfClaim(claim)).toEqual(await revocations.epochs('user'))
    for (const epochs of [
      ['a', ''],
      ['', 'b'],
      ['a', 'b'],
    ] as const)
      expect(epochsOfClaim(revClaim(epochs))).toEqual(epochs)
    expect(epochsOfClaim('')).toEqual(noEpochs)
  })
})
