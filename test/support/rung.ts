import type { CallContext, PhoneCheckEvent, StartInput } from 'passport-phonecheck'
import { keyedHash } from '../../src/lib/crypto.js'
import { number, secret } from './app.js'

/** What a rung is given at the first start of a login, for tests of a rung alone. */
export const startInput = (input: Partial<StartInput> = {}): StartInput => ({
  phoneNumber: number,
  flowId: '9f86d081884c7d65',
  purpose: 'login',
  resends: 0,
  delivery: 'body',
  ...input,
})

/** A request's context, and the events that it collects. */
export function callContext(leftMs: () => number = () => 10_000): CallContext & { events: PhoneCheckEvent[] } {
  const events: PhoneCheckEvent[] = []
  return { events, deadline: { leftMs }, emit: (event) => events.push(event), keyedHash: keyedHash(secret, 'rung') }
}
