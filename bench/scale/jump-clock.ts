import type { Clock } from 'passport-phonecheck'

/**
 * Real time that can be moved on at once. Its delays are real timers, so that whoever uses them to
 * let other work run does so.
 */
export class JumpClock implements Clock {
  #ahead = 0
  readonly #waits = new Set<{ dueAt: number; end: () => void }>()

  /** How many delays have begun and not ended. */
  get pending(): number {
    return this.#waits.size
  }

  now(): number {
    return performance.timeOrigin + performance.now() + this.#ahead
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#waits.delete(wait)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const wait = { dueAt: this.now() + ms, end }
      const timer = setTimeout(end, ms)
      this.#waits.add(wait)
      signal?.addEventListener('abort', end, { once: true })
    })
  }

  jump(ms: number): void {
    this.#ahead += ms
    for (const { dueAt, end } of [...this.#waits]) if (dueAt <= this.now()) end()
  }
}
