/**
 * Time inside one process: token lifetimes, deadlines, leases held by this process.
 *
 * What several processes must agree on (expiry, locks, cooldowns) never comes from here but from the store, as the age of a record.
 */
export interface Clock {
  /** Milliseconds since the epoch; never runs backwards. */
  now(): number
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Does not keep the process alive on its own. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
  /** The time of day, for instants that were set by others. May jump. Default: `now()`. */
  wall?(): number
}

/** For comparing with dates that another machine wrote. */
export function wallTime(clock: Clock): number {
  return clock.wall?.() ?? clock.now()
}

export const systemClock: Clock = {
  // performance.now() is monotonic: an adjusted system clock must not end a lease early or revive a token.
  now: () => performance.timeOrigin + performance.now(),
  wall: () => Date.now(),
  delay: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const finish = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, ms)
      timer.unref()
      signal?.addEventListener('abort', finish, { once: true })
    }),
}

/** A point in time that everything done for one request must respect. */
export interface Deadline {
  /** Milliseconds left, never negative. */
  leftMs(): number
}

export function deadlineIn(ms: number, clock: Clock): Deadline {
  const end = clock.now() + ms
  return { leftMs: () => Math.max(0, end - clock.now()) }
}
