import { fail } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/contracts/store.js'
import { systemClock } from '../../src/lib/clock.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { type Bench, runOn } from '../../src/testing/contract/bench.js'
import { fakeClock, type StoreCase, storeContract } from '../../src/testing/index.js'
import { brokenCounters } from '../support/stores/broken-counters.js'
import { brokenInserts } from '../support/stores/broken-inserts.js'
import { brokenRecords } from '../support/stores/broken-records.js'
import { NaiveStore } from '../support/stores/naive-store.js'

const brokenStores = { ...brokenRecords, ...brokenCounters, ...brokenInserts }

async function failures(cases: StoreCase[]): Promise<StoreCase[]> {
  const verdicts = await Promise.all(cases.map(async (one) => ({ one, failed: await failed(one) })))
  return verdicts.flatMap((verdict) => (verdict.failed ? [verdict.one] : []))
}

async function failed({ run }: StoreCase): Promise<boolean> {
  try {
    await run()
    return false
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_ASSERTION' })
    return true
  }
}

function contractFor(create: (clock: ReturnType<typeof fakeClock>) => Store): StoreCase[] {
  const clock = fakeClock()
  return storeContract({ create: () => create(clock), advance: (ms) => clock.advance(ms) })
}

async function failuresInTurn(cases: StoreCase[]): Promise<StoreCase[]> {
  const broken: StoreCase[] = []
  for (const one of cases) if (await failed(one)) broken.push(one)
  return broken
}

describe('the contract', () => {
  test('is kept by a store that is as plain as can be', async () => {
    expect(await failuresInTurn(contractFor((clock) => new NaiveStore(clock)))).toEqual([])
  })

  test.each(Object.entries(brokenStores))('is broken by %s, in a required case', async (_, Broken) => {
    const broken = await failuresInTurn(contractFor((clock) => new Broken(clock)))
    expect(broken.filter(({ level }) => level === 'required').map(({ name }) => name)).not.toEqual([])
  })

  test('no required case is without a broken store that fails it', async () => {
    const caught = new Set<string>()
    for (const Broken of Object.values(brokenStores)) {
      for (const { name } of await failuresInTurn(contractFor((clock) => new Broken(clock)))) caught.add(name)
    }
    const required = contractFor((clock) => new NaiveStore(clock)).filter(({ level }) => level === 'required')
    expect(required.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([])
  })

  test('has different names, and says of each case what a failure means', () => {
    const cases = contractFor((clock) => new NaiveStore(clock))
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
    for (const { why } of cases) expect(why).toMatch(/^[A-Z].*\.$/)
  })
})

describe('the subject', () => {
  test('really waits when the time cannot be moved', async () => {
    const subjects = [{ create: () => new NaiveStore(systemClock) }, { create: () => new MemoryStore() }]
    expect(await failures(subjects.flatMap(storeContract))).toEqual([])
  })

  describe('a machine that stands still', () => {
    /** A case that fails as often as told, after losing time or without. */
    function shaky(failures: number, lostMs: number, waits: boolean) {
      let runs = 0
      const check = async ({ pass }: Bench) => {
        if (waits) await pass(1)
        if (runs++ >= failures) return
        await sleep(lostMs)
        fail('too late')
      }
      return { runs: () => runs, promised: { name: 'shaky', level: 'required' as const, why: 'None.', check } }
    }
    const subject = { create: () => new NaiveStore(systemClock) }

    test('does not fail a store: a case that waits is repeated when time was lost in it', async () => {
      const { promised, runs } = shaky(2, 400, true)
      await runOn(subject, promised)
      expect(runs()).toBe(3)
    })

    test.each([
      ['a store that fails every time', shaky(9, 400, true), 3],
      ['a failure without lost time', shaky(9, 0, true), 1],
      ['a case that measures no time', shaky(9, 400, false), 1],
    ])('does not help %s', async (_, { promised, runs }, expected) => {
      await expect(runOn(subject, promised)).rejects.toThrow('too late\n(required) None.')
      expect(runs()).toBe(expected)
    })
  })

  test('brings cases about a second process only with another view', async () => {
    const clock = fakeClock()
    let shared: Store = new NaiveStore(clock)
    const cases = storeContract({
      create: () => {
        shared = new NaiveStore(clock)
        return shared
      },
      another: () => shared,
      advance: (ms) => clock.advance(ms),
    })
    expect(await failuresInTurn(cases)).toEqual([])
    const apart = storeContract({
      create: () => new NaiveStore(clock),
      another: () => new NaiveStore(clock),
      advance: (ms) => clock.advance(ms),
    })
    const broken = await failuresInTurn(apart)
    expect(broken.length).toBe(apart.length - contractFor((own) => new NaiveStore(own)).length)
  })

  test('gets every store back, also after a failure', async () => {
    const open = new Set<Store>()
    const clock = fakeClock()
    const subject = {
      create: () => {
        const store = new brokenStores.Lossy(clock)
        open.add(store)
        return store
      },
      advance: (ms: number) => clock.advance(ms),
      cleanup: (store: Store) => {
        open.delete(store)
      },
    }
    await failuresInTurn(storeContract(subject))
    expect(open.size).toBe(0)
  })
})
