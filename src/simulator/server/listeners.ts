/** Those who want to hear of something. */
export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>()

  emit(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch {
        // A broken listener must not look like a broken vendor.
      }
    }
  }

  /** Returns the unsubscriber. */
  add(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
