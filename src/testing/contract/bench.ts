import { AssertionError } from 'node:assert'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../../contracts/store.js'

/** How the contract gets at the store under test. */
export interface StoreSubject {
  /**
   * A store that is ready to use. Called once for each case; its data may be shared with other
   * cases and other runs.
   */
  create(): Store | Promise<Store>
  /** Moves the store's time on. Without it the cases really wait: up to ten seconds each, so run them side by side. */
  advance?(ms: number): void | Promise<void>
  /**
   * Another view of the data of the store that was created last, as a second process would have it.
   * Without it those cases are left out.
   */
  another?(): Store | Promise<Store>
  /** A store of its own that holds `maxRecords` records at most. Without it the cases about being full are left out. */
  createBounded?(maxRecords: number): Store | Promise<Store>
  /** Called after each case with every store it used, whether it passed or failed. */
  cleanup?(store: Store): void | Promise<void>
}

/**
 * `required`: without it somebody may log in who should not, or guessing is not bounded; do not use such a store.
 * `recommended`: logins fail, or limits bite in the wrong place. `optional`: worth having.
 */
export type StoreCaseLevel = 'required' | 'recommended' | 'optional'

/** What a case works with. */
export interface Bench {
  readonly store: Store
  /** A second view of the same data; the same store where the subject has none. */
  readonly other: Store
  /** A key that no other case and no other run uses. */
  key(label?: string): string
  /**
   * Lets `ms` milliseconds of the store's time pass; a little more when it really waits, so that
   * what was due is over.
   */
  pass(ms: number): Promise<void>
  /** Whether `pass` is exact to the millisecond. */
  readonly exact: boolean
}

/** Which part of the subject a case cannot do without. */
export type Need = 'another' | 'createBounded'

/** One promise of the contract, before it meets a subject. */
export interface Promised {
  name: string
  level: StoreCaseLevel
  why: string
  needs?: Need
  check(bench: Bench): Promise<void>
}

/** How many records the store of a case that needs `createBounded` takes. */
export const boundedTo = 3

const slackMs = 120
/** A case that measures time may fail without the store's fault on a machine that stood still for this long. */
const stallMs = 300
const turns = 3

/**
 * @throws AssertionError when the promise is broken; a case that waits is repeated, as often as
 * `turns`, if time was lost in it beside the waiting.
 */
export async function runOn(subject: StoreSubject, promised: Promised): Promise<void> {
  for (let turn = 1; ; turn++) {
    const begun = performance.now()
    let waitedMs = 0
    const pass = async (ms: number) => {
      if (subject.advance) return subject.advance(ms)
      waitedMs += ms + slackMs
      await sleep(ms + slackMs)
    }
    try {
      return await runOnce(subject, promised, pass)
    } catch (error) {
      const stalled = waitedMs > 0 && performance.now() - begun - waitedMs > stallMs
      if (stalled && turn < turns) continue
      if (error instanceof AssertionError) error.message += `\n(${promised.level}) ${promised.why}`
      throw error
    }
  }
}

async function runOnce(subject: StoreSubject, promised: Promised, pass: Bench['pass']): Promise<void> {
  const opened: Store[] = []
  const open = async (store: Store | Promise<Store>) => {
    const ready = await store
    if (!opened.includes(ready)) opened.push(ready)
    return ready
  }
  try {
    const bounded = promised.needs === 'createBounded' && subject.createBounded
    const store = await open(bounded ? bounded.call(subject, boundedTo) : subject.create())
    const other = promised.needs === 'another' && subject.another ? await open(subject.another()) : store
    const key = (label = 'key') => `contract:${label}:${randomUUID()}`
    await promised.check({ store, other, key, pass, exact: subject.advance !== undefined })
  } finally {
    for (const store of opened) await subject.cleanup?.(store)
  }
}

/** `times` calls that are all under way at once. */
export function atOnce<Result>(times: number, call: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => call(index)))
}
