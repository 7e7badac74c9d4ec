import { type FlowState, flowId, transition } from '../flow/record.js'
import type { StoredFlow } from '../flow/repository.js'
import { wallTime } from '../lib/clock.js'
import { PhoneCheckError } from '../lib/errors.js'
import { maskPhoneNumber, type PhoneNumber } from '../lib/phone-number.js'
import { limits } from '../limits/numbers.js'
import type { LoginContext } from './context.js'

/** A login of a number, as its operator may see it. */
export interface FlowInfo {
  flowId: string
  /** Name of the strategy that began it. */
  strategy: string
  purpose: string
  /** Name of the rung in use. */
  method: string
  /** `pending` and `claimed` wait for the device or a provider, `proven` for your app; the others are over. */
  state: FlowState
  startedAt: Date
  /** What the device said of the user's consent, where it said something. */
  consent?: boolean
}

/** Keys that are looked at in one go. */
const most = 1000
/** A login that goes on while it is cancelled changes a few times at most. */
const rounds = 5
/** Of erasing a thousand: somebody who begins logins without end must not keep it going. */
const manyRounds = 100

const flowKeyGrammar = /^[0-9a-f]{64}$/

/** The logins of a number that the store still has, those of all strategies, the oldest first. */
export async function listFlows(login: LoginContext, { e164 }: PhoneNumber): Promise<FlowInfo[]> {
  const number = login.limiter.hashNumber(e164)
  const keys = (await login.search(number, most)).filter((key) => flowKeyGrammar.test(key))
  const found = await Promise.all(keys.map((key) => login.flows.find(key)))
  const now = wallTime(login.settings.clock)
  return found
    .filter((flow) => flow?.record.number === number && flow.ageMs < limits.flowTtlSeconds * 1000)
    .map((flow) => flow as StoredFlow)
    .toSorted((one, other) => other.ageMs - one.ageMs)
    .map(({ id, ageMs, record: { strategy, purpose, rung, state, consent } }) => ({
      flowId: id,
      strategy,
      purpose,
      method: rung,
      state,
      startedAt: new Date(now - ageMs),
      ...(consent !== undefined && { consent }),
    }))
}

/**
 * Ends a login that is under way.
 *
 * A login yields a user only after a `replace` by version made it `consumed` (see `redeem`). This
 * writes `failed` by version as well, so of the two one comes first and the other names a version
 * that is gone. True therefore means that nobody was logged in by it, and nobody will be; false,
 * that it is over or unknown, perhaps because it was just won.
 * @throws PhoneCheckError `store_unavailable`: it may have been ended or not; repeat it
 */
export async function cancelFlow(login: LoginContext, id: string): Promise<boolean> {
  if (!/^[0-9a-f]{16}$/.test(id))
    throw new PhoneCheckError('invalid_request', { message: 'cancel: pass the public id of a login, 16 hex digits.' })
  const keys = await login.search(id, most)
  const key = keys.find((key) => flowKeyGrammar.test(key) && flowId(key) === id)
  if (key === undefined) return false
  for (let round = 0; round < rounds; round++) {
    const stored = await login.flows.find(key)
    if (!stored || stored.record.state === 'failed' || stored.record.state === 'consumed') return false
    const next = transition(stored.record, 'failed', { leaseUntil: undefined })
    if (!(await login.flows.replace(stored, next))) continue
    const { purpose, rung } = stored.record
    login.settings.emit({ type: 'flow_cancelled', flowId: id, purpose, method: rung })
    return true
  }
  throw new PhoneCheckError('in_progress', { retryAfterSeconds: 1 })
}

/**
 * Forgets what the store has of a number: its logins, its counters with their locks, its open
 * messages. Its devices become strangers first, and what says so stays: without it, values that
 * browsers still hold would be known again. That is a random text under the number's keyed hash.
 *
 * A login under way finds its record gone and ends. One that begins meanwhile may stay.
 * @returns how many records and counters were forgotten
 * @throws PhoneCheckError `store_unavailable`: something may be left; repeat it
 */
export async function eraseNumber(login: LoginContext, { e164, country }: PhoneNumber): Promise<number> {
  const number = login.limiter.hashNumber(e164)
  await login.limiter.devices.forget(number)
  const isTombstone = (key: string) => key.startsWith('device/generation/') || key.startsWith('device/forgotten/')
  let erased = 0
  for (let round = 0; round < manyRounds; round++) {
    const found = await login.search(number, most)
    const keys = [...new Set(found)].filter((key) => !isTombstone(key))
    await Promise.all(keys.map((key) => login.flows.remove(key)))
    erased += keys.length
    if (keys.length === 0) break
  }
  login.settings.emit({ type: 'number_erased', country, number: maskPhoneNumber(e164, country), erased })
  return erased
}
