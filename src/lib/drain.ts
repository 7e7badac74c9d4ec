import type { Clock } from '../contracts/clock.js'
import { withTimeout } from './clock.js'
import { PhoneCheckError } from './errors.js'

/** Lets work that has begun come to its end, and no new work begin. */
export class Drain {
  #running = 0
  #closing: Promise<void> | undefined
  #idle: () => void = () => {}

  /** @throws PhoneCheckError `provider_unavailable` once closing has begun */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.isClosing)
      throw new PhoneCheckError('provider_unavailable', {
        message: 'The server is shutting down.',
        retryAfterSeconds: 1,
      })
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#running -= 1
      if (this.#running === 0) this.#idle()
    }
  }

  /** Waits for what is running, at most `ms`, and then does `after`. The same promise for every caller. */
  close(clock: Clock, ms: number, after: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#drain(clock, ms).then(after)
    return this.#closing
  }

  get isClosing(): boolean {
    return this.#closing !== undefined
  }

  async #drain(clock: Clock, ms: number): Promise<void> {
    if (this.#running === 0) return
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    await withTimeout(clock, ms, idle, () => {})
  }
}
