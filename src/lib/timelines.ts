import type { ToldEvent } from '../contracts/events.js'

/** Events kept of one login: a login has a dozen; whoever asks for its status for ever must not fill the memory. */
const eventsEach = 100

/** What happened to the latest logins of this process. The oldest is forgotten for a new one. */
export class Timelines {
  readonly #most: number
  readonly #flows = new Map<string, ToldEvent[]>()

  /** @param most logins that are remembered */
  constructor(most: number) {
    this.#most = most
  }

  add(event: ToldEvent): void {
    if (!('flowId' in event)) return
    const { flowId } = event
    const known = this.#flows.get(flowId)
    if (known) {
      if (known.length < eventsEach) known.push(event)
      return
    }
    const [oldest] = this.#flows.size < this.#most ? [] : this.#flows.keys()
    if (oldest !== undefined) this.#flows.delete(oldest)
    this.#flows.set(flowId, [event])
  }

  of(flowId: string): ToldEvent[] {
    return [...(this.#flows.get(flowId) ?? [])]
  }
}
