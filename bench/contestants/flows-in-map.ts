import { randomBytes } from 'node:crypto'

interface PendingFlow {
  number: string
  checkId: string
  until: number
}

const lifetimeMs = 120_000

/** Flows with the least effort: by a random handle, each good once and for two minutes. */
export class FlowsInMap {
  readonly #flows = new Map<string, PendingFlow>()

  begin(number: string, checkId: string): string {
    const handle = randomBytes(32).toString('base64url')
    this.#flows.set(handle, { number, checkId, until: Date.now() + lifetimeMs })
    return handle
  }

  /** The flow, for whoever asks first. */
  take(handle: unknown): PendingFlow | undefined {
    const flow = this.#flows.get(String(handle))
    this.#flows.delete(String(handle))
    return flow && flow.until >= Date.now() ? flow : undefined
  }
}

export function isNumber(text: unknown): text is string {
  return typeof text === 'string' && /^\+[1-9]\d{6,14}$/.test(text)
}
