import type { Clock, Deadline } from '../contracts/clock.js'

/** For comparing with dates that another machine wrote. */
export function wallTime(clock: Clock): number {
  return clock.wall?.() ?? clock.now()
}

/** Whether it has what every clock must have. */
export function isClock(value: unknown): value is Clock {
  const { now, delay } = (value ?? {}) as Partial<Clock>
  return typeof now === 'function' && typeof delay === 'function'
}

export const systemClock: Clock = {
  // performance.now() is monotonic: an adjusted system clock must not end a lease early or revive a token.
  // Fake timers of @sinonjs 13 and older replace the origin by a function; their Date tells the time that they pretend.
  now: () => (typeof performance.timeOrigin === 'number' ? performance.timeOrigin + performance.now() : Date.now()),
  wall: () => Date.now(),
  timer(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
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

/** `answer`, or what `late` makes of it when it takes longer than `ms` milliseconds. Leaves no timer behind. */
export function withTimeout<T>(clock: Clock, ms: number, answer: Promise<T>, late: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = startTimer(clock, ms, () => {
      try {
        resolve(late())
      } catch (error) {
        reject(error)
      }
    })
    answer.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}

/** Calls `run` once after `ms` milliseconds, unless the function that it returns is called first. */
export function startTimer(clock: Clock, ms: number, run: () => void): () => void {
  if (clock.timer) return clock.timer(ms, run)
  const stop = new AbortController()
  void clock.delay(ms, stop.signal).then(() => stop.signal.aborted || run())
  return () => stop.abort()
}

/**
 * The part of a deadline that one of several calls may use, so that those after it have time too.
 * @param callsLeft how many calls share what is left, this one included
 */
export function shareOf(deadline: Deadline, callsLeft: number): Deadline {
  const leftMs = deadline.leftMs()
  const keptMs = leftMs - leftMs / Math.max(1, callsLeft)
  return { leftMs: () => Math.max(0, deadline.leftMs() - keptMs) }
}

export function deadlineIn(ms: number, clock: Clock): Deadline {
  const end = clock.now() + ms
  return { leftMs: () => Math.max(0, end - clock.now()) }
}
