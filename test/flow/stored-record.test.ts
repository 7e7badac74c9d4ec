import { describe, expect, test } from 'vitest'

import { decodeFlow, encodeFlow, type FlowRecord, sealContext, transitions } from '../../src/flow/record.js'

/** With every field that a record can have. */
const whole: Required<FlowRecord> = {
  state: 'pending',
  strategy: 'phonecheck',
  purpose: 'login',
  subject: 'subject',
  binding: 'cookie',
  owner: 'owner',
  number: 'number',
  consent: true,
  device: 'device',
  delivery: 'body',
  rung: 'phonecheck',
  rungSince: 1_000,
  rungUntil: 120_000,
  spent: true,
  reason: 'other',
  check: 'check',
  tries: 1,
  flowTries: 2,
  sentAt: 1_000,
  resends: 1,
  polledAt: 2_000,
  resultAnnounced: false,
  stepAfter: 3_000,
  leaseUntil: 20_000,
  provenUntil: 60_000,
  outcome: 'accepted',
  sealed: 'sealed',
}

type Field = keyof FlowRecord

const texts = ['strategy', 'purpose', 'owner', 'number', 'rung', 'sealed'] as const
const optionalTexts = ['subject', 'device', 'reason', 'check'] as const
const optionalInstants = ['rungUntil', 'sentAt', 'polledAt', 'stepAfter', 'leaseUntil', 'provenUntil'] as const
const flags = ['consent', 'spent', 'resultAnnounced'] as const
const optional: readonly Field[] = [...optionalTexts, ...optionalInstants, ...flags, 'resends', 'outcome']

const each = (fields: readonly Field[], values: readonly unknown[]) =>
  fields.flatMap((field) => values.map((value) => [field, value] as const))

const stored = (changes: Record<string, unknown>) => encodeFlow({ ...whole, ...changes } as FlowRecord)

describe('a stored record', () => {
  test('with every field reads back as it was written', () => {
    expect(decodeFlow(encodeFlow(whole))).toEqual(whole)
  })

  test.each([
    ...each(['state'], Object.keys(transitions)),
    ...each(['binding'], ['cookie', 'handle']),
    ...each(['delivery'], ['redirect', 'body']),
    ...each(['outcome'], ['accepted', 'refused']),
    ...each(flags, [true, false]),
    ...each(['tries', 'flowTries', 'resends'], [0]),
    ...each(['rungSince', 'sentAt'], [0, 0.5]),
    ...each(optional, [undefined]),
  ])('may have %s %j', (field, value) => {
    expect(decodeFlow(stored({ [field]: value }))).toEqual({ ...whole, [field]: value })
  })

  // What a hand in the database, or a version with other fields, may leave. Nothing may be believed of it.
  test.each([
    ...each([...texts, ...optionalTexts], [1, true, null, {}, ['x']]),
    ...each(['tries', 'flowTries', 'resends'], [-1, 1.5, '1', null]),
    ...each(['rungSince', ...optionalInstants], ['1', true, null]),
    ...each(flags, ['true', 0, null]),
    ...each(['state'], ['', 'open', 'constructor', 'toString', 1, null, ['pending']]),
    ...each(['binding', 'delivery', 'outcome'], ['', 'x', 1, null]),
    ...each(
      (Object.keys(whole) as Field[]).filter((field) => !optional.includes(field)),
      [undefined],
    ),
  ])('is a dead flow with %s %j', (field, value) => {
    expect(decodeFlow(stored({ [field]: value }))).toBeUndefined()
  })

  test('is a dead flow with an instant that never comes', () => {
    for (const field of ['rungSince', ...optionalInstants] as const) {
      const endless = stored({ [field]: 12_345_678 }).replace('12345678', '1e999')
      expect([field, decodeFlow(endless)]).toEqual([field, undefined])
    }
  })
})

test('what was sealed for one flow, strategy, purpose or rung opens in no other: each has a context of its own', () => {
  const place = { strategy: 'a', purpose: 'b', rung: 'c' }
  const contexts = [
    sealContext('key', place),
    sealContext('key 2', place),
    sealContext('key', { ...place, strategy: 'x' }),
    sealContext('key', { ...place, purpose: 'x' }),
    sealContext('key', { ...place, rung: 'x' }),
    // No two places may run into one text.
    sealContext('key', { strategy: 'a","b', purpose: 'c', rung: 'd' }),
    sealContext('key', { strategy: 'a', purpose: 'b","c', rung: 'd' }),
  ]
  expect(new Set(contexts).size).toBe(contexts.length)
})
