import { setTimeout as wait } from 'node:timers/promises'

/** The time a simulator lives by. Inject your own to let tokens and checks expire without waiting. */
export interface SimulatorClock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Resolves after `ms` milliseconds of this clock; may reject when `signal` aborts. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: SimulatorClock = {
  now: () => Date.now(),
  delay: async (ms, signal) => {
    await wait(ms, undefined, signal ? { signal } : {})
  },
}
