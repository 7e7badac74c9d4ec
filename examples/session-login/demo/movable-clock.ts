import type { Clock } from 'passport-phonecheck'

interface Sleeper {
  until: number
  timer: NodeJS.Timeout
  wake: () => void
}

/**
 * The system's time plus what the demo let pass. One for simulator, library and store, so that all
 * of them age alike.
 */
export class MovableClock implements Clock {
  #ahead = 0
  readonly #sleepers = new Set<Sleeper>()

  now(): number {
    return performance.timeOrigin + performance.now() + this.#ahead
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const wake = () => {
        clearTimeout(sleeper.timer)
        signal?.removeEventListener('abort', wake)
        this.#sleepers.delete(sleeper)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      timer.unref()
      const sleeper: Sleeper = { until: this.now() + ms, timer, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  /** Lets time pass at once, and wakes whoever slept less than that. */
  advance(ms: number): void {
    this.#ahead += ms
    const now = this.now()
    for (const sleeper of [...this.#sleepers]) if (sleeper.until <= now) sleeper.wake()
  }
}
