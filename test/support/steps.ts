import type { PhoneCheckEvent } from '../../src/contracts/events.js'
import type { Outcome, Provider } from '../../src/contracts/provider.js'
import { type FlowRecord, flowKey } from '../../src/flow/record.js'
import type { SealedContent } from '../../src/flow/repository.js'
import { createSecret, fingerprint } from '../../src/lib/crypto.js'
import { createLoginContext, createRequestContext, type LoginServiceSettings } from '../../src/login/context.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/fake-clock.js'
import { bare } from './events.js'
import { content, draft } from './flows.js'

export const requester = { address: '192.0.2.1' }

const rung = (name: string, more: Partial<Provider>): Provider => ({
  name,
  vendor: 'scripted',
  assurance: 'high',
  ttlSeconds: 120,
  dwellSeconds: 10,
  start: async () => ({
    challenge: { type: 'open_url', url: 'https://x.example/' },
    check: { id: `check of ${name}` },
    expiresInSeconds: 120,
  }),
  ...more,
})

/** What the providers say; a test may change it. */
export interface Script {
  poll: () => Promise<Outcome>
  redeem: () => Promise<Outcome>
}

/**
 * The steps of a login on a flow in whatever state: a ladder of `link` (a code that the device
 * carries), `poll` (asked for its result) and `sms` (a short code).
 */
export function stepsSetup(settings: Partial<LoginServiceSettings> = {}) {
  const clock = fakeClock()
  const store = settings.store ?? new MemoryStore({ clock })
  const events: PhoneCheckEvent[] = []
  const script: Script = {
    poll: async () => ({ outcome: 'pending', retryAfterSeconds: 3 }),
    redeem: async () => ({ outcome: 'verified' }),
  }
  const redeem = () => script.redeem()
  const ladder = [
    rung('link', { redeem, codeGrammar: /^[a-z]+$/ }),
    rung('poll', { poll: () => script.poll(), ownCheck: true }),
    rung('sms', { redeem, codeGrammar: /^[0-9]{4}$/, sends: true, guessable: true, assurance: 'low' }),
  ]
  const login = createLoginContext({
    strategyName: 'phonecheck',
    ladder,
    secret: 'a-test-secret-of-at-least-32-bytes',
    clock,
    emit: (event) => events.push(bare(event)),
    ...settings,
    store,
  })
  async function begin(changes: Partial<FlowRecord> = {}, sealed: SealedContent = content) {
    const handle = createSecret()
    const key = flowKey(handle)
    const record = {
      ...draft,
      rung: 'link',
      binding: 'handle' as const,
      owner: fingerprint(handle),
      number: login.limiter.hashNumber(content.number.e164),
      ...changes,
    }
    const created = login.flows.create(key, record, sealed, handle)
    await store.insert(key, created.record, 900)
    const flow = created.inserted()
    const request = { handle, proof: { binding: 'handle' as const }, purpose: 'login', requester }
    /** The record as the store has it now, without what is sealed and without what is absent. */
    async function stored(): Promise<Partial<FlowRecord>> {
      const { sealed: _, ...now } = (await login.flows.find(key))?.record ?? flow.record
      return now
    }
    /** Somebody else takes a step. */
    const overtake = async () => {
      const held = await login.flows.find(key)
      if (held) await login.flows.replace(held, held.record)
    }
    return { flow, key, request, stored, overtake }
  }
  const pass = (seconds: number) => clock.advance(seconds * 1000)
  return { login, clock, store, events, script, begin, pass, context: () => createRequestContext(login, { requester }) }
}

/** Their types, and what beside the flow they tell. */
export const told = (events: readonly PhoneCheckEvent[]) =>
  events.map((event) => {
    const facts = ['flowId', 'purpose', 'country', 'number', 'method', 'message']
    return Object.fromEntries(Object.entries(event).filter(([name]) => !facts.includes(name)))
  })
