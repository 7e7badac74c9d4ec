import type { Provider } from '../contracts/provider.js'
import { flowId, flowKey } from '../flow/record.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { createSecret, fingerprint } from '../lib/crypto.js'
import { asOutage, isOutage, PhoneCheckError } from '../lib/errors.js'
import { maskPhoneNumber, type PhoneNumber, parsePhoneNumber } from '../lib/phone-number.js'
import { channels, traced } from '../lib/telemetry.js'
import type { KnownDevice } from '../limits/known-devices.js'
import { limits } from '../limits/numbers.js'
import { createRequestContext, deviceIpFor, elapsedMs, type LoginContext, type RequestContext } from './context.js'
import { closesOneRung } from './failure-policy.js'
import { issueCheck } from './issue-check.js'
import type { Skipped, StartedFlow, StartRequest } from './types.js'

/**
 * Begins a login: creates a check on the first rung that does not refuse this device at once.
 * @throws PhoneCheckError 400 for the number, 403 and 429 for limits, `ladder_exhausted` when every rung refuses, 503
 */
export async function startLogin(login: LoginContext, request: StartRequest): Promise<StartedFlow> {
  const number = parsePhoneNumber(request.phoneNumber, login.settings)
  const context = createRequestContext(login, request, deviceIpFor(login, request.deviceAddress))
  const handle = createSecret()
  const secret = request.binding === 'cookie' ? createSecret() : handle
  const ids = { secret, owner: fingerprint(secret), key: flowKey(handle) }
  const begin = () => beginLogin(login, request, number, context, handle, ids)
  if (!channels.start.hasSubscribers) return begin()
  const { vendor } = login.ladder.firstFor(number)
  const told = { flowId: flowId(ids.key), purpose: request.purpose, country: number.country, vendor }
  return traced(channels.start, login.settings.clock, told, begin, ({ method }) => ({
    outcome: 'started',
    method,
    vendor: login.ladder.find(method)?.vendor ?? vendor,
  }))
}

async function beginLogin(
  login: LoginContext,
  request: StartRequest,
  number: PhoneNumber,
  context: RequestContext,
  handle: string,
  ids: FlowIds,
): Promise<StartedFlow> {
  const { emit } = login.settings
  const rejected = rejectionOfStart(login, ids.key, request, number, context)
  const { flow, rung, skipped } = await beginOnOpenRung(login, request, number, ids).catch(rejected)
  try {
    for (const { method, reason } of skipped) emit({ type: 'rung_skipped', reason, ...flow.facts, method })
    const step = await issueCheck(login, flow, rung, context, { isCharged: true })
    emit({ type: 'flow_started', ...flow.facts })
    return { handle, secret: ids.secret, id: flow.id, ...step, skipped: [...skipped, ...step.skipped] }
  } catch (error) {
    // Nobody was told its handle. If this fails too, the record just ages away.
    await login.flows.remove(ids.key).catch(() => {})
    return rejected(error)
  }
}

/** What names a new flow, and what proves who began it. */
interface FlowIds {
  secret: string
  /** Fingerprint of the secret. */
  owner: string
  key: string
}

/**
 * Begins a flow on the first rung that no limit of its own closes. A refused rung has charged nothing.
 * @throws PhoneCheckError 403 and 429 of the last rung that was tried, `store_unavailable`
 */
async function beginOnOpenRung(
  login: LoginContext,
  request: StartRequest,
  number: PhoneNumber,
  ids: FlowIds,
): Promise<{ flow: UnsealedFlow; rung: Provider; skipped: Skipped[] }> {
  const skipped: Skipped[] = []
  let rung = login.ladder.firstFor(number)
  const numberHash = login.limiter.hashNumber(number.e164)
  for (;;) {
    try {
      await login.limiter.runBeforeSend(rung, number, request.purpose, request.requester)
      return { flow: await beginFlow(login, request, { number, numberHash }, rung, ids), rung, skipped }
    } catch (error) {
      const next = closesOneRung(error) ? login.ladder.next(rung.name) : undefined
      if (!next) throw error
      skipped.push({ method: rung.name, reason: 'limit_reached' })
      rung = next
    }
  }
}

/**
 * Charges and writes a new flow, before any provider is asked: what was charged is then on record
 * even if this process dies now. A request that a limit refuses writes nothing.
 * @throws PhoneCheckError 429, `store_unavailable`
 */
async function beginFlow(
  login: LoginContext,
  request: StartRequest,
  { number, numberHash }: { number: PhoneNumber; numberHash: string },
  rung: Provider,
  { key, secret, owner }: FlowIds,
): Promise<UnsealedFlow> {
  const { settings, flows, limiter } = login
  const draft = {
    state: 'claimed',
    leaseUntil: limits.leaseMs,
    strategy: settings.strategyName,
    purpose: request.purpose,
    subject: request.subject === undefined ? undefined : limiter.hashSubject(request.subject),
    binding: request.binding,
    owner,
    consent: request.consent,
    number: numberHash,
    delivery: request.delivery,
    rung: rung.name,
    rungSince: 0,
    tries: 0,
    flowTries: 0,
  } as const
  const content = { number, ...(request.locale !== undefined && { locale: request.locale }) }
  const insert = async (device: KnownDevice | undefined): Promise<UnsealedFlow | undefined> => {
    const { record, inserted } = flows.create(key, { ...draft, device: device?.id }, content, secret)
    const end = await limiter.consumeStart(rung, number, { number: numberHash, device }, request.requester, {
      key,
      record,
      ttlSeconds: limits.flowTtlSeconds,
    })
    if (end === 'taken') throw new PhoneCheckError('store_unavailable', { message: keyTaken })
    return end === 'kept' ? inserted() : undefined
  }
  try {
    const { devices = [] } = request.requester
    const known = devices.length === 0 ? undefined : limiter.devices.recognise(devices, numberHash)
    // A device that was forgotten is a stranger. It is asked for in the same step as the limits, so
    // only such a one costs a second.
    const flow = (await insert(known)) ?? (await insert(undefined))
    if (!flow) throw new Error('The limiter forgot a device that it was not asked for.')
    return flow
  } catch (error) {
    // Nobody was told its handle. If this fails too, the record just ages away.
    if (isOutage(error)) await flows.remove(key).catch(() => {})
    throw error
  }
}

/** Two equal 256-bit handles mean a broken random source; carrying on would join two logins. */
const keyTaken = 'The store says that a new flow exists already.'

/** Tells the operator of a login that could not begin, and rejects with why. */
function rejectionOfStart(
  { settings, ladder }: LoginContext,
  key: string,
  { purpose }: StartRequest,
  number: PhoneNumber,
  context: RequestContext,
): (error: unknown) => never {
  return (error) => {
    const { e164, country } = number
    const method = ladder.firstFor(number).name
    const durationMs = elapsedMs(context)
    const facts = { flowId: flowId(key), purpose, method, country, number: maskPhoneNumber(e164, country), durationMs }
    settings.emit({ type: 'step_refused', step: 'start', code: asOutage(error).code, ...facts })
    throw error
  }
}
