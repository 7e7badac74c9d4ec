import {
  MemoryStore,
  type Outcome,
  type PhoneCheckEvent,
  type Provider,
  type Started,
  type Store,
  type Unable,
} from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import type { RedeemRequest } from '../../src/flow/requests.js'
import type { LoginServiceSettings } from '../../src/login/context.js'
import { LoginService } from '../../src/login/login-service.js'
import type { StartedFlow } from '../../src/login/types.js'
import { number, secret } from './app.js'
import { bare } from './events.js'

/** A provider that does as it is told, for the flow's own rules. */
export interface ScriptedProvider extends Provider {
  starts: number
  redeems: number
  onStart: () => Promise<Started | Unable>
  onRedeem: (code: string) => Promise<Outcome>
}

export function scripted(name = 'phonecheck'): ScriptedProvider {
  const provider: ScriptedProvider = {
    name,
    vendor: 'scripted',
    assurance: 'high',
    ttlSeconds: 120,
    dwellSeconds: 10,
    codeGrammar: /^[a-z0-9]+$/,
    starts: 0,
    redeems: 0,
    onStart: async () => ({
      challenge: { type: 'open_url', url: 'https://x.example/' },
      check: { id: `${name}-check` },
      expiresInSeconds: 120,
    }),
    onRedeem: async (code) => (code === 'right' ? { outcome: 'verified' } : { outcome: 'invalid_code' }),
    start() {
      provider.starts += 1
      return provider.onStart()
    },
    redeem(_check, code) {
      provider.redeems += 1
      return provider.onRedeem(code)
    },
  }
  return provider
}

/**
 * The five operations that every store has, with a say before each: a store of somebody else,
 * without `insertCharged`.
 */
export function interceptedStore(inner: Store, before: (operation: keyof Store) => void): Store {
  const after = <T>(operation: keyof Store, call: () => Promise<T>): Promise<T> => {
    try {
      before(operation)
    } catch (error) {
      return Promise.reject(error)
    }
    return call()
  }
  return {
    insert: (...args) => after('insert', () => inner.insert(...args)),
    find: (...args) => after('find', () => inner.find(...args)),
    replace: (...args) => after('replace', () => inner.replace(...args)),
    remove: (...args) => after('remove', () => inner.remove(...args)),
    count: (...args) => after('count', () => inner.count(...args)),
  }
}

/** The same with `insertCharged`, as our stores have it. */
export function interceptedWhole(inner: MemoryStore, before: (operation: keyof Store) => void): Store {
  return {
    ...interceptedStore(inner, before),
    insertCharged: async (...args) => {
      before('insertCharged')
      return inner.insertCharged(...args)
    },
  }
}

export function flowSetup(settings: Partial<LoginServiceSettings> = {}) {
  const clock = fakeClock()
  const provider = scripted()
  const events: PhoneCheckEvent[] = []
  const store = settings.store ?? new MemoryStore({ clock })
  const flow = new LoginService({
    strategyName: 'phonecheck',
    ladder: [provider],
    secret,
    clock,
    emit: (event) => events.push(bare(event)),
    ...settings,
    store,
  })
  return { clock, provider, events, store, flow }
}

/** A requester from nowhere in particular. */
export const requester = { address: '192.0.2.1' }

export const begin = (flow: LoginService): Promise<StartedFlow> =>
  flow.start({ phoneNumber: number, purpose: 'login', binding: 'handle', delivery: 'body', requester })

export const redeeming = (started: StartedFlow, code = 'right'): RedeemRequest => ({
  handle: started.handle,
  proof: { binding: 'handle' },
  purpose: 'login',
  requester,
  code,
})

export const anyone = async (identity: { phoneNumber: string }) => ({ id: identity.phoneNumber })

/** The code of the error that a promise rejects with. */
export const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  )
