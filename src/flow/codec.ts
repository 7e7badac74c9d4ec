import { type FlowRecord, transitions } from './record.js'

/**
 * Grows with each incompatible change. A record of another version is a dead flow, so that old and
 * new processes can run side by side.
 */
export const schemaVersion = 2

export function encodeFlow(record: FlowRecord): string {
  return JSON.stringify({ v: schemaVersion, ...record })
}

/** @returns undefined for a record of another version or a damaged one: a dead flow, not a fault. */
export function decodeFlow(text: string): FlowRecord | undefined {
  try {
    const { v, ...record } = JSON.parse(text)
    return v === schemaVersion && isFlowRecord(record) ? record : undefined
  } catch {
    return undefined
  }
}

/** What the seal authenticates beside its key: a sealed text opens only in the place it was made for. */
export function sealContext(key: string, record: Pick<FlowRecord, 'strategy' | 'purpose' | 'rung'>): string {
  return JSON.stringify([key, schemaVersion, record.strategy, record.purpose, record.rung])
}

export const text = (value: unknown) => typeof value === 'string'

export const counter = (value: unknown) => Number.isInteger(value) && (value as number) >= 0

export const instant = (value: unknown) => typeof value === 'number' && Number.isFinite(value)

export const optional = (check: (value: unknown) => boolean) => (value: unknown) => value === undefined || check(value)

export const shape: Record<keyof FlowRecord, (value: unknown) => boolean> = {
  state: (value) => typeof value === 'string' && Object.hasOwn(transitions, value),
  strategy: text,
  purpose: text,
  subject: optional(text),
  binding: (value) => value === 'cookie' || value === 'handle',
  owner: text,
  number: text,
  device: optional(text),
  delivery: (value) => value === 'redirect' || value === 'body',
  rung: text,
  rungSince: instant,
  rungUntil: optional(instant),
  spent: optional((value) => typeof value === 'boolean'),
  reason: optional(text),
  check: optional(text),
  tries: counter,
  flowTries: counter,
  sentAt: optional(instant),
  resends: optional(counter),
  polledAt: optional(instant),
  resultAnnounced: optional((value) => typeof value === 'boolean'),
  stepAfter: optional(instant),
  leaseUntil: optional(instant),
  provenUntil: optional(instant),
  outcome: optional((value) => value === 'accepted' || value === 'refused'),
  sealed: text,
}

export const fields = Object.entries(shape)

export function isFlowRecord(value: Record<string, unknown>): value is Record<string, unknown> & FlowRecord {
  return fields.every(([name, isValid]) => isValid(value[name]))
}
