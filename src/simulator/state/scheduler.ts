import type { SimulatorClock } from './clock.js'

interface Entry {
  readonly dueAt: number
  readonly run: () => void
}

// setTimeout takes a longer one for no time at all.
const longestDelayMs = 2 ** 31 - 1

/**
 * What the vendors do later by themselves. Runs what is due, in time order, when its timer wakes or
 * when somebody looks.
 */
export class Scheduler {
  readonly #clock: SimulatorClock
  #entries: Entry[] = []
  #timer: AbortController | undefined
  #wakesAt: number | undefined
  #closed = false

  constructor(clock: SimulatorClock) {
    this.#clock = clock
  }

  at(dueAt: number, run: () => void): void {
    if (this.#closed) return
    // Most come last, because most wait equally long.
    this.#entries.splice(this.#entries.findLastIndex((other) => other.dueAt <= dueAt) + 1, 0, { dueAt, run })
    this.#arm()
  }

  /** Catches up with the clock, however far it jumped; no need to wait for the timer. */
  sync(): void {
    for (;;) {
      const next = this.#entries[0]
      if (next === undefined || next.dueAt > this.#clock.now()) break
      this.#entries.shift()
      next.run()
    }
    this.#arm()
  }

  close(): void {
    this.#closed = true
    this.#entries = []
    this.#arm()
  }

  #arm(): void {
    const dueAt = this.#entries[0]?.dueAt
    if (dueAt === this.#wakesAt) return
    this.#timer?.abort()
    this.#timer = undefined
    this.#wakesAt = dueAt
    if (dueAt === undefined) return
    const timer = new AbortController()
    this.#timer = timer
    const ms = Math.min(dueAt - this.#clock.now(), longestDelayMs)
    // A clock that stands still would never end an empty delay.
    const pause = ms > 0 ? this.#clock.delay(ms, timer.signal) : Promise.resolve()
    pause.then(
      () => {
        if (timer.signal.aborted) return
        this.#wakesAt = undefined
        this.sync()
      },
      () => undefined,
    )
  }
}
