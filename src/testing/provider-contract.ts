import { openBench, type ProviderSubject } from './provider-contract/bench.js'
import { promisedOfProviders } from './provider-contract/promises.js'

export type { ProviderSubject, VendorCall } from './provider-contract/bench.js'

/** One thing that every rung keeps, ready to be registered with any test runner. */
export interface ProviderCase {
  name: string
  /** What a failure means for logins. */
  why: string
  /** Rejects with an AssertionError when it is broken. Takes no longer than the rung. */
  run(): Promise<void>
}

/**
 * Everything that a rung must keep whatever its vendor does, as cases that need no particular test
 * runner: no yes but an explicit one, nothing repeated that may have sent a message, no secret in an
 * error, no proof of one login in another.
 * @param subject the rung with a vendor that can be played: a simulator, or a function
 * @example
 * ```ts
 * for (const { name, run } of providerContract({ create: (call) => myRung(call), … })) test(name, run)
 * ```
 */
export function providerContract<Answer>(subject: ProviderSubject<Answer>): ProviderCase[] {
  return promisedOfProviders.map(({ name, why, holdsFor, check }) => ({
    name,
    why,
    async run() {
      const bench = await openBench(subject as unknown as ProviderSubject<unknown>)
      try {
        if (holdsFor?.(bench.rung, bench.subject) ?? true) await check(bench)
      } finally {
        await bench.rung.close?.()
      }
    },
  }))
}
