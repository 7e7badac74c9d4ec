import { fingerprint, flowId, flowKey, isSecret, matches } from '../lib/crypto.js'
import { PhoneCheckError } from '../lib/errors.js'
import { limits } from '../limits/numbers.js'
import type { Parts } from '../login/context.js'
import type { FlowRequest, RedeemRequest } from '../login/types.js'
import { recordedPurpose } from './record.js'
import { type OpenFlow, openFlow } from './repository.js'

/**
 * Finds the flow that a request names and makes sure that the requester is its starter. A stranger learns nothing, not even that there is such a flow, and
 * costs the owner nothing.
 * @throws PhoneCheckError `flow_invalid`, `store_unavailable`
 */
export async function findOwnFlow(parts: Parts, request: FlowRequest): Promise<OpenFlow> {
  if (!isSecret(request.handle)) throw new PhoneCheckError('flow_invalid')
  const held = await parts.book.find(flowKey(request.handle))
  if (!held || held.age() >= limits.flowTtlSeconds * 1000) throw gone()
  const { record, key } = held
  const secret = request.proof.binding === 'cookie' ? request.proof.secret : request.handle
  const subject = request.subject === undefined ? undefined : parts.gate.hashSubject(request.subject)
  const purpose = recordedPurpose(parts.settings.realm, request.purpose)
  const isOver = record.state === 'redeemed' || record.state === 'failed'
  if (request.proof.binding !== record.binding || !matches(secret, record.owner)) {
    // Of a flow that is over, its own starter has no cookie any more; asking once again is no attack.
    if (isOver) throw gone()
    const error = foreign(parts, key, 'binding')
    // Whoever names the handle of a live login has it. A browser that got it and no cookie learns why no other login will do better.
    const noCookie = record.binding === 'cookie' && request.proof.binding === 'handle'
    throw noCookie ? new PhoneCheckError('flow_invalid', { reason: 'no_cookie', message: noCookieText }) : error
  }
  if (purpose !== record.purpose || subject !== record.subject) throw foreign(parts, key, 'purpose')
  const flow = openFlow(held, secret)
  // The countries bind the whole flow, also one that was begun under other settings.
  if (!flow || parts.settings.countries?.includes(flow.content.number.country) === false) throw gone()
  return flow
}

/** The same, for requests that take a step: the flow must not be over, and nobody may be taking one. @throws also `in_progress` */
export async function openOwnFlow(parts: Parts, request: RedeemRequest): Promise<OpenFlow> {
  const flow = await findOwnFlow(parts, request)
  const { state, check } = flow.record
  if (state === 'redeemed' || state === 'failed' || flow.isProofStale) throw gone()
  if (request.checkId !== undefined && check !== fingerprint(request.checkId)) throw foreign(parts, flow.key, 'check')
  if (flow.isClaimed) throw new PhoneCheckError('in_progress', { retryAfterSeconds: 1 })
  return flow
}

const noCookieText =
  "The login is bound to a cookie, and none came with the request. Pages of another origin need credentials: 'include'; in a frame of another site browsers may send none."

function gone(): PhoneCheckError {
  return new PhoneCheckError('flow_invalid', { ended: true })
}

function foreign({ settings }: Parts, key: string, reason: 'binding' | 'purpose' | 'check'): PhoneCheckError {
  settings.emit({ type: 'foreign_redeem', flowId: flowId(key), reason })
  return new PhoneCheckError('flow_invalid')
}
