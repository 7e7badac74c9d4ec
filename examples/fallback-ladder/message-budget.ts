import type { Clock } from 'passport-phonecheck'

/**
 * A stand-in for your budget: counts messages a day, in this process only, and forgets on restart. A real one counts money, in a place that all processes
 * share, and wakes somebody up before it is spent.
 */
export class MessageBudget {
  readonly #perDay: Readonly<Record<string, number>>
  readonly #clock: Pick<Clock, 'now'>
  #day = 0
  readonly #spent = new Map<string, number>()

  /** @param perDay messages a day, by region of the number; a region that is not named gets none */
  constructor(perDay: Readonly<Record<string, number>>, clock: Pick<Clock, 'now'> = Date) {
    this.#perDay = perDay
    this.#clock = clock
  }

  /** Whether another message may go to this region. Spends nothing: the library may ask for messages that its own limits then refuse. */
  allows(country: string): boolean {
    this.#turnDay()
    return (this.#spent.get(country) ?? 0) < (this.#perDay[country] ?? 0)
  }

  /** A message was sent. */
  spend(country: string): void {
    this.#turnDay()
    this.#spent.set(country, (this.#spent.get(country) ?? 0) + 1)
  }

  #turnDay(): void {
    const day = Math.floor(this.#clock.now() / 86_400_000)
    if (day !== this.#day) this.#spent.clear()
    this.#day = day
  }
}
