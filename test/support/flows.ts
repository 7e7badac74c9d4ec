import type { PhoneCheckEvent } from '../../src/contracts/events.js'
import type { OwnershipContext } from '../../src/flow/ownership.js'
import { type FlowRecord, flowKey } from '../../src/flow/record.js'
import { FlowRepository, type SealedContent, type UnsealedFlow } from '../../src/flow/repository.js'
import { createSecret, fingerprint } from '../../src/lib/crypto.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/fake-clock.js'
import { bare } from './events.js'

export const content: SealedContent = {
  number: { e164: '+12025550100', country: 'US' },
  check: { id: 'check-1' },
}

export const draft: Omit<FlowRecord, 'sealed'> = {
  state: 'pending',
  strategy: 'phonecheck',
  purpose: 'login',
  binding: 'cookie',
  owner: 'set when it is begun',
  number: 'hash of the number',
  delivery: 'body',
  rung: 'phonecheck',
  rungSince: 0,
  rungUntil: 120_000,
  check: fingerprint('check-1'),
  tries: 0,
  flowTries: 0,
}

export interface BegunFlow {
  handle: string
  secret: string
  key: string
  flow: UnsealedFlow
}

/** Flows alone: no ladder, no limits, no HTTP. */
export function flowsSetup(settings: Partial<OwnershipContext['settings']> = {}) {
  const clock = fakeClock()
  const store = new MemoryStore({ clock })
  const flows = new FlowRepository(store, clock)
  const events: PhoneCheckEvent[] = []
  const context: OwnershipContext = {
    settings: { strategyName: 'phonecheck', emit: (event) => events.push(bare(event)), ...settings },
    flows,
    limiter: { hashSubject: (id) => `hash of ${id}` },
  }
  /** @param ttlSeconds longer than a flow lives, as in a store that forgets late */
  async function begin(changes: Partial<FlowRecord> = {}, sealed = content, ttlSeconds = 900): Promise<BegunFlow> {
    const handle = createSecret()
    const key = flowKey(handle)
    const binding = changes.binding ?? draft.binding
    const secret = binding === 'cookie' ? createSecret() : handle
    const record = { ...draft, owner: fingerprint(secret), ...changes }
    const created = flows.create(key, record, sealed, secret)
    await store.insert(key, created.record, ttlSeconds)
    return { handle, secret, key, flow: created.inserted() }
  }
  return { clock, store, flows, events, context, begin }
}
