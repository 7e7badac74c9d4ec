import type { Provider } from '../contracts/provider.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { fingerprint } from '../lib/crypto.js'
import { isOutage, PhoneCheckError } from '../lib/errors.js'
import type { PhoneNumber } from '../lib/phone-number.js'
import type { KnownDevice } from '../limits/known-devices.js'
import { limits } from '../limits/numbers.js'
import type { LoginContext } from './context.js'
import { closesOneRung } from './issue-check.js'
import type { Skipped, StartRequest } from './types.js'

/**
 * Begins a flow on the first rung that no limit of its own closes. A refused rung has charged nothing.
 * @throws PhoneCheckError 403 and 429 of the last rung that was tried, `store_unavailable`
 */
export async function beginOnOpenRung(
  parts: LoginContext,
  request: StartRequest,
  number: PhoneNumber,
  ids: { key: string; secret: string },
): Promise<{ flow: UnsealedFlow; rung: Provider; skipped: Skipped[] }> {
  const skipped: Skipped[] = []
  for (let rung = parts.ladder.firstFor(number); ; ) {
    try {
      await parts.limiter.runBeforeSend(rung, number, request.purpose, request.requester)
      return { flow: await beginFlow(parts, request, number, rung, ids), rung, skipped }
    } catch (error) {
      const next = error instanceof PhoneCheckError && closesOneRung(error) ? parts.ladder.next(rung.name) : undefined
      if (!next) throw error
      skipped.push({ method: rung.name, reason: 'limit_reached' })
      rung = next
    }
  }
}

/**
 * Charges and writes a new flow, before any provider is asked: what was charged is then on record even if this process dies now. A request that a limit
 * refuses writes nothing.
 * @throws PhoneCheckError 429, `store_unavailable`
 */
async function beginFlow(
  parts: LoginContext,
  request: StartRequest,
  number: PhoneNumber,
  rung: Provider,
  { key, secret }: { key: string; secret: string },
): Promise<UnsealedFlow> {
  const { settings, flows, limiter } = parts
  const numberHash = limiter.hashNumber(number.e164)
  const draft = {
    state: 'claimed',
    leaseUntil: limits.leaseMs,
    strategy: settings.strategyName,
    purpose: request.purpose,
    subject: request.subject === undefined ? undefined : limiter.hashSubject(request.subject),
    binding: request.binding,
    owner: fingerprint(secret),
    number: numberHash,
    delivery: request.delivery,
    rung: rung.name,
    rungSince: 0,
    tries: 0,
    flowTries: 0,
  } as const
  const insert = async (device: KnownDevice | undefined): Promise<UnsealedFlow | 'forgotten'> => {
    let isForgotten = false
    const flow = await flows.insert(key, { ...draft, device: device?.id }, { number }, secret, async (record) => {
      const end = await limiter.consumeStart(rung, number, request.requester, { key, record, ttlSeconds: limits.flowTtlSeconds }, device)
      isForgotten = end === 'forgotten'
      return end !== 'taken'
    })
    return isForgotten ? 'forgotten' : flow
  }
  try {
    const known = limiter.devices.recognise(request.requester.devices ?? [], numberHash)
    const flow = await insert(known)
    // A device that was forgotten is a stranger. It is asked for in the same step as the limits, so only such a one costs a second.
    if (flow !== 'forgotten') return flow
    return (await insert(undefined)) as UnsealedFlow
  } catch (error) {
    // Nobody was told its handle. If this fails too, the record just ages away.
    if (isOutage(error)) await flows.remove(key).catch(() => {})
    throw error
  }
}
