import { hash } from 'node:crypto'
import type { Delivery } from '../contracts/provider.js'
import { limits } from '../limits/numbers.js'

/** The store's key of a flow: SHA-256 of its handle in hex, so that a dump of the store yields no handle. */
export function flowKey(handle: string): string {
  return hash('sha256', handle, 'hex')
}

/** The public name of a flow: 16 hex digits, safe in logs, in answers and as the vendor's `reference_id`. */
export function flowId(key: string): string {
  return key.slice(0, 16)
}

/**
 * pending:  waits for the device, or (when `spent`) for the next rung
 * claimed:  one request holds it until `leaseUntil`: a check is being created or consumed
 * proven:   the provider said yes, the verify callback failed; the same requester may repeat until `provenUntil`
 * consumed: used. failed: nothing left to try
 */
export type FlowState = 'pending' | 'claimed' | 'proven' | 'consumed' | 'failed'

/** Every change a record can go through. Expiry is not among them: a flow expires by its age, not by a write. */
export const transitions: Readonly<Record<FlowState, readonly FlowState[]>> = {
  // A spent rung or an announced result changes a pending flow without a claim.
  pending: ['claimed', 'pending', 'failed'],
  // To `claimed` again when the lease of a crashed owner ran out, or when its owner goes on to the next rung.
  claimed: ['claimed', 'pending', 'proven', 'consumed', 'failed'],
  proven: ['claimed', 'failed'],
  // Only by the request that wrote it, when the session could not be established: nobody was logged in.
  consumed: ['proven'],
  failed: [],
}

export type BindingMode = 'cookie' | 'handle'

/**
 * One login attempt as the store sees it. Instants are milliseconds since the record was inserted,
 * by the store's clock.
 */
export interface FlowRecord {
  state: FlowState
  /** Name of the strategy that began it: no strategy finishes what another one began under its own rules. */
  strategy: string
  /** What it was begun for, such as `login`. */
  purpose: string
  /** Fingerprint of the signed-in user it was begun for; only for purposes that have one. */
  subject?: string | undefined
  binding: BindingMode
  /** Fingerprint of the cookie's secret or of the handle. */
  owner: string
  /** What the requester said of the user's consent to checks with the operator. */
  consent?: boolean | undefined
  /** Keyed hash of the number, for counters. */
  number: string
  /** Random id of the requester's device, if it is known by the number: whose counters are charged. */
  device?: string | undefined
  delivery: Delivery
  /** Name of the rung in use. */
  rung: string
  rungSince: number
  /** When the rung's check expires; absent as long as no check is known. */
  rungUntil?: number | undefined
  /** Whether this rung can no longer win, and why: a word of a closed list. */
  spent?: boolean | undefined
  reason?: string | undefined
  /** Fingerprint of the check's id. */
  check?: string | undefined
  /** Tries charged to the present code, and to the flow. */
  tries: number
  flowTries: number
  /**
   * When the last message was sent on this rung, and how many times the requester asked for another
   * one in this flow, on any rung.
   */
  sentAt?: number | undefined
  resends?: number | undefined
  /** When the provider was last asked for a result, and whether a webhook said since that there is one. */
  polledAt?: number | undefined
  resultAnnounced?: boolean | undefined
  /** Before it no step is taken that asks a provider for another check: its quota refused the last one. */
  stepAfter?: number | undefined
  leaseUntil?: number | undefined
  provenUntil?: number | undefined
  /** What the application said of the proven identity; only once `consumed` was written. */
  outcome?: 'accepted' | 'refused' | undefined
  /** Number, check and, once proven, identity: readable only with the requester's secret. */
  sealed: string
}

/** The record after one legal transition. @throws Error on an illegal one, which is a defect of this library. */
export function transition(record: FlowRecord, state: FlowState, changes: Partial<FlowRecord>): FlowRecord {
  if (!transitions[record.state].includes(state)) throw new Error(`illegal transition from ${record.state} to ${state}`)
  return { ...record, ...changes, state }
}

/** What a record may carry of one rung, all of it absent. */
const withoutRung = {
  rungUntil: undefined,
  check: undefined,
  spent: undefined,
  reason: undefined,
  sentAt: undefined,
  polledAt: undefined,
  resultAnnounced: undefined,
  stepAfter: undefined,
} satisfies Partial<FlowRecord>

/** To be spread below an earlier record that a flow goes back to, so that nothing of the later one stays. */
export const emptyRecord = { ...withoutRung, resends: undefined } satisfies Partial<FlowRecord>

/**
 * A flow that goes to another rung leaves everything of the old one behind, and is claimed for the
 * new one. `resends` stays: they are counted for the whole flow.
 */
export function enterRung(name: string, { ageMs }: { ageMs: number }) {
  return {
    ...withoutRung,
    rung: name,
    rungSince: ageMs,
    tries: 0,
    leaseUntil: ageMs + limits.leaseMs,
  } satisfies Partial<FlowRecord>
}

/**
 * Grows with each incompatible change. A record of another version is a dead flow, so that old and
 * new processes can run side by side.
 */
export const schemaVersion = 3

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

const text = (value: unknown) => typeof value === 'string'

const counter = (value: unknown) => Number.isInteger(value) && (value as number) >= 0

const instant = (value: unknown) => typeof value === 'number' && Number.isFinite(value)

const optional = (check: (value: unknown) => boolean) => (value: unknown) => value === undefined || check(value)

export const shape: Record<keyof FlowRecord, (value: unknown) => boolean> = {
  state: (value) => typeof value === 'string' && Object.hasOwn(transitions, value),
  strategy: text,
  purpose: text,
  subject: optional(text),
  binding: (value) => value === 'cookie' || value === 'handle',
  owner: text,
  consent: optional((value) => typeof value === 'boolean'),
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

const fields = Object.entries(shape)

function isFlowRecord(value: Record<string, unknown>): value is Record<string, unknown> & FlowRecord {
  return fields.every(([name, isValid]) => isValid(value[name]))
}
