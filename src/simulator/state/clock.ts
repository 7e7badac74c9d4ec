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
    // The server keeps the process alive; what it waits for must not, once it is closed.
    await wait(ms, undefined, { ref: false, ...(signal ? { signal } : {}) })
  },
}
