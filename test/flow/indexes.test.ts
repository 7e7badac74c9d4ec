import { describe, expect, test } from 'vitest'
import { CheckIndex } from '../../src/flow/check-index.js'
import { OpenSends } from '../../src/flow/open-sends.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/fake-clock.js'

function setup() {
  const clock = fakeClock()
  const store = new MemoryStore({ clock })
  return { clock, index: new CheckIndex(store), sends: new OpenSends(store) }
}

describe("a provider's check leads to its flow", () => {
  test('once for each announcement: a replay leads nowhere', async () => {
    const { index } = setup()
    await index.add('phonecheck', 'check', 'flow key', 120)
    expect(await index.resolveOnce('phonecheck', 'check', 'nonce 1')).toBe('flow key')
    expect(await index.resolveOnce('phonecheck', 'check', 'nonce 1')).toBeUndefined()
    expect(await index.resolveOnce('phonecheck', 'check', 'nonce 2')).toBe('flow key')
  })

  test('and to no other one: not of another check, nor of another method with the same id', async () => {
    const { index } = setup()
    await index.add('phonecheck', 'check', 'flow key', 120)
    expect(await index.resolveOnce('phonecheck', 'check 2', '1')).toBeUndefined()
    expect(await index.resolveOnce('mocheck', 'check', '2')).toBeUndefined()
  })

  test('as long as it can be won', async () => {
    const { index, clock } = setup()
    await index.add('phonecheck', 'check', 'flow key', 120)
    await clock.advance(119_999)
    expect(await index.resolveOnce('phonecheck', 'check', '1')).toBe('flow key')
    await clock.advance(1)
    expect(await index.resolveOnce('phonecheck', 'check', '2')).toBeUndefined()
  })

  test('a replay is known for longer than the ten minutes in which its date is accepted', async () => {
    const { index, clock } = setup()
    await index.add('phonecheck', 'check', 'flow key', 3_600)
    await index.resolveOnce('phonecheck', 'check', 'nonce')
    await clock.advance(600_001)
    expect(await index.resolveOnce('phonecheck', 'check', 'nonce')).toBeUndefined()
  })
})

describe('a message that went out', () => {
  test('is remembered as long as its code is good, in whole seconds that are never too short', async () => {
    const { sends, clock } = setup()
    expect(await sends.secondsLeft('sms', 'number')).toBeUndefined()
    await sends.add('sms', 'number', 300)
    expect(await sends.secondsLeft('sms', 'number')).toBe(300)
    await clock.advance(1)
    expect(await sends.secondsLeft('sms', 'number')).toBe(300)
    await clock.advance(298_999)
    expect(await sends.secondsLeft('sms', 'number')).toBe(1)
    await clock.advance(1_000)
    expect(await sends.secondsLeft('sms', 'number')).toBeUndefined()
  })

  test("is that number's and that method's", async () => {
    const { sends } = setup()
    await sends.add('sms', 'number', 300)
    expect(await sends.secondsLeft('sms', 'number 2')).toBeUndefined()
    expect(await sends.secondsLeft('voice', 'number')).toBeUndefined()
  })

  test('begins anew with the next one', async () => {
    const { sends, clock } = setup()
    await sends.add('sms', 'number', 300)
    await clock.advance(200_000)
    await sends.add('sms', 'number', 300)
    expect(await sends.secondsLeft('sms', 'number')).toBe(300)
  })
})
