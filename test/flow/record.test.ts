import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeFlow,
  encodeFlow,
  type FlowRecord,
  type FlowState,
  transition,
  transitions,
} from '../../src/flow/record.js'

const record: FlowRecord = {
  state: 'pending',
  strategy: 'phonecheck',
  purpose: 'login',
  binding: 'cookie',
  owner: 'owner',
  number: 'number',
  delivery: 'body',
  rung: 'phonecheck',
  rungSince: 0,
  rungUntil: 120_000,
  check: 'check',
  tries: 0,
  flowTries: 0,
  sealed: 'sealed',
}
const states = Object.keys(transitions) as FlowState[]

describe('transitions', () => {
  test('nothing leads out of failed, and out of consumed only the way back to proven, for a session that could not be kept', () => {
    expect(transitions.consumed).toEqual(['proven'])
    expect(transitions.failed).toEqual([])
  })

  test('a flow is consumed and proven only out of a claim', () => {
    for (const state of states) {
      if (state === 'claimed') continue
      expect(transitions[state]).not.toContain('consumed')
      if (state !== 'consumed') expect(transitions[state]).not.toContain('proven')
    }
  })

  test.each(states.flatMap((from) => states.map((to) => [from, to] as const)))(
    '%s to %s is as the table says',
    (from, to) => {
      const step = () => transition({ ...record, state: from }, to, {})
      if (transitions[from].includes(to)) expect(step().state).toBe(to)
      else expect(step).toThrow('illegal transition')
    },
  )
})

describe('a stored record', () => {
  test('reads back as it was written', () => {
    expect(decodeFlow(encodeFlow(record))).toEqual(record)
  })

  test('of another version is a dead flow', () => {
    const { v, ...rest } = JSON.parse(encodeFlow(record))
    for (const version of [0, v + 1, String(v), undefined])
      expect(decodeFlow(JSON.stringify({ ...rest, v: version }))).toBeUndefined()
  })

  test.each(['', 'null', '[]', '{}', 'x', '1'])('%o is a dead flow', (text) => {
    expect(decodeFlow(text)).toBeUndefined()
  })

  test('property: damage to any field is a dead flow or no damage, never a fault', () => {
    const damage = fc.oneof(fc.constantFrom<unknown>(null, -1, 'NaN', 1.5, {}, [], '', true), fc.jsonValue())
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(record)), damage, (field, value) => {
        const damaged = decodeFlow(JSON.stringify({ v: 1, ...record, [field]: value }))
        if (!damaged) return
        expect(states).toContain(damaged.state)
        expect(damaged.tries).toBeGreaterThanOrEqual(0)
        expect(Number.isInteger(damaged.flowTries)).toBe(true)
      }),
    )
  })
})
