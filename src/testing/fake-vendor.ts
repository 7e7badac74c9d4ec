import { randomUUID } from 'node:crypto'
import type { Outcome, Provider, Started, StartInput, Unable } from '../contracts/provider.js'
import { PhoneCheckError } from '../lib/errors.js'
import { knownOptions } from '../lib/options.js'

/** The code of {@link fakeVendor} and {@link loginAs} where none is given. */
export const fakeCode = '123456'

export interface FakeVendorOptions {
  /** Name of the rung. Default `fake`. */
  name?: string
  /** The code that is right, 4 to 10 digits. Default `123456`. */
  code?: string
  /** Default `high`. */
  assurance?: Provider['assurance']
}

/** A rung that calls nobody and does what it is told. */
export interface FakeVendor extends Provider {
  /** What it was asked to start, the oldest first. */
  readonly started: readonly StartInput[]
  /** What it does from now on. `verified` says yes to its code alone; `down` is an outage. Default `verified`. */
  next: 'verified' | 'mismatch' | 'unable' | 'down'
}

/**
 * A vendor without HTTP, for unit tests of your own routes: every phone is asked for a code, and one
 * code is right.
 * @throws TypeError in production: whoever knows the code could log in as anybody
 * @example `new PhoneCheckStrategy({ ladder: [fakeVendor()], store: new MemoryStore(), secret }, verify)`
 */
export function fakeVendor(options: FakeVendorOptions = {}): FakeVendor {
  knownOptions('fakeVendor', options, ['name', 'code', 'assurance'])
  const { name = 'fake', code = fakeCode, assurance = 'high' } = options
  if (process.env['NODE_ENV'] === 'production')
    throw new TypeError('fakeVendor: not in production, where anybody could log in by its code')
  if (!/^[0-9]{4,10}$/.test(code)) throw new TypeError('fakeVendor: code must be a string of 4 to 10 digits')
  const started: StartInput[] = []
  const requireUp = () => {
    if (vendor.next === 'down') throw new PhoneCheckError('provider_unavailable', { reason: 'provider_down' })
  }
  const vendor: FakeVendor = {
    name,
    vendor: 'fake',
    assurance,
    ttlSeconds: 300,
    dwellSeconds: 10,
    sends: false,
    guessable: true,
    codeLength: code.length,
    codeGrammar: /^[0-9]{4,10}$/,
    started,
    next: 'verified',
    async start(input): Promise<Started | Unable> {
      requireUp()
      if (vendor.next === 'unable') return { unable: 'mno_not_supported' }
      started.push(input)
      return {
        challenge: { type: 'enter_code', length: code.length },
        check: { id: randomUUID() },
        expiresInSeconds: 300,
      }
    },
    async redeem(_check, given): Promise<Outcome> {
      requireUp()
      if (vendor.next === 'unable') return { outcome: 'unable', reason: 'other' }
      if (vendor.next === 'mismatch') return { outcome: 'mismatch' }
      return given === code ? { outcome: 'verified' } : { outcome: 'invalid_code' }
    },
  }
  return vendor
}
