import type { Store } from '../contracts/store.js'
import { fingerprint } from '../lib/crypto.js'

/** Longer than the whole window of accepted dates, 300 s before and 300 s after now. */
const replayTtlSeconds = 900

/**
 * Leads from a provider's check to the flow behind it, for webhooks: they know the check, and
 * neither the handle nor the flow's key.
 */
export class CheckIndex {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Remembers whose check this is, as long as it can be won. */
  async add(method: string, checkId: string, flowKey: string, ttlSeconds: number): Promise<void> {
    await this.#store.insert(aliasKey(method, checkId), flowKey, ttlSeconds)
  }

  /** @returns the flow's key, once for each `nonce`; undefined for a replay and for a check that is nobody's */
  async resolveOnce(method: string, checkId: string, nonce: string): Promise<string | undefined> {
    const [isNew, alias] = await Promise.all([
      this.#store.insert(`replay/${fingerprint(nonce)}`, '', replayTtlSeconds),
      this.#store.find(aliasKey(method, checkId)),
    ])
    return isNew ? alias?.record : undefined
  }
}

function aliasKey(method: string, checkId: string): string {
  return `alias/${fingerprint(JSON.stringify([method, checkId]))}`
}
