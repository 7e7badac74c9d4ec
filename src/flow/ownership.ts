import type { Emit } from '../contracts/events.js'
import { fingerprint, isSecret, matches } from '../lib/crypto.js'
import { inProgress, PhoneCheckError } from '../lib/errors.js'
import type { LoginLimiter } from '../limits/login-limiter.js'
import { limits } from '../limits/numbers.js'
import type { FlowRecord } from './record.js'
import { flowKey } from './record.js'
import type { FlowRepository, StoredFlow, UnsealedFlow } from './repository.js'
import type { FlowRequest, RedeemRequest } from './requests.js'

/** What telling a flow's starter from others needs of a login. */
export interface OwnershipContext {
  readonly settings: {
    readonly strategyName: string
    readonly countries?: readonly string[] | undefined
    readonly emit: Emit
  }
  readonly flows: FlowRepository
  readonly limiter: Pick<LoginLimiter, 'hashSubject'>
}

/**
 * Finds the flow that a request names and makes sure that the requester is its starter. A stranger
 * learns nothing, not even that there is such a flow, and costs the owner nothing.
 * @throws PhoneCheckError `flow_invalid`, `store_unavailable`
 */
export async function authenticateRequester(context: OwnershipContext, request: FlowRequest): Promise<UnsealedFlow> {
  const { handle, proof } = request
  if (!isSecret(handle)) throw new PhoneCheckError('flow_invalid')
  const stored = await context.flows.find(flowKey(handle))
  if (!stored || stored.ageMs >= limits.flowTtlSeconds * 1000) throw flowOver()
  const secret = proof.binding === 'cookie' ? proof.secret : handle
  if (proof.binding !== stored.record.binding || !matches(secret, stored.record.owner))
    throw foreignBinding(context, stored, request)
  if (!isForThis(context, stored.record, request)) throw foreignFlow(context, stored.id, 'purpose')
  const flow = context.flows.unseal(stored, secret)
  // The countries bind the whole flow, also one that was begun under other settings.
  if (!flow || context.settings.countries?.includes(flow.content.number.country) === false) throw flowOver()
  return flow
}

/** Whether the flow was begun by this strategy, for what it is named for now, and for the same user. */
function isForThis(
  { settings, limiter }: OwnershipContext,
  record: FlowRecord,
  { purpose, subject }: FlowRequest,
): boolean {
  const hash = subject === undefined ? undefined : limiter.hashSubject(subject)
  return record.strategy === settings.strategyName && record.purpose === purpose && record.subject === hash
}

/**
 * The same, for requests that take a step: the flow must not be over, and nobody may be taking one.
 * @throws also `in_progress`
 */
export async function requireIdleFlow(context: OwnershipContext, request: RedeemRequest): Promise<UnsealedFlow> {
  const flow = await authenticateRequester(context, request)
  const { state, check } = flow.record
  if (state === 'consumed' || state === 'failed' || flow.isProofStale) throw flowOver()
  if (request.checkId !== undefined && check !== fingerprint(request.checkId))
    throw foreignFlow(context, flow.id, 'check')
  if (flow.isClaimed) throw inProgress()
  return flow
}

const noCookieText =
  "The login is bound to a cookie, and none came with the request. Pages of another origin need credentials: 'include'; in a frame of another site browsers may send none."

function foreignBinding(
  context: OwnershipContext,
  { id, record }: StoredFlow,
  { proof }: FlowRequest,
): PhoneCheckError {
  // Of a flow that is over, its own starter has no cookie any more; asking once again is no attack.
  if (record.state === 'consumed' || record.state === 'failed') return flowOver()
  const error = foreignFlow(context, id, 'binding')
  // Whoever names the handle of a live login has it. A browser that got it and no cookie learns why
  // no other login will do better.
  const hasNoCookie = record.binding === 'cookie' && proof.binding === 'handle'
  return hasNoCookie ? new PhoneCheckError('flow_invalid', { reason: 'no_cookie', message: noCookieText }) : error
}

function flowOver(): PhoneCheckError {
  return new PhoneCheckError('flow_invalid', { ended: true })
}

function foreignFlow(
  { settings }: OwnershipContext,
  id: string,
  reason: 'binding' | 'purpose' | 'check',
): PhoneCheckError {
  settings.emit({ type: 'foreign_verify', flowId: id, reason })
  return new PhoneCheckError('flow_invalid')
}
