import type { Emit } from '../../contracts/events.js'
import type { Outcome } from '../../contracts/provider.js'
import { PhoneCheckError } from '../../lib/errors.js'
import type { VendorResponse } from './client.js'
import { type Attempt, outcomeUnknown } from './retry.js'
import { TransportError } from './transport.js'

/** Longer waits are of no use to a person who logs in. Seconds. */
const maxWaitSeconds = 3600

/** Which call failed. */
export interface FailedCall {
  /** Name of the rung. */
  method: string
  /** What was asked for, such as `create`. */
  operation: string
  /** The options that say where the vendor is, for the operator to check. Default: `baseUrl`. */
  options?: string
  /** Whether the vendor certainly did nothing, where that is known whatever it answered. */
  untried?: boolean | undefined
}

/** What an adapter knows of an answer that is no verdict. */
export interface FaultFacts {
  /** Whether the vendor refused our credentials, balance or rights. */
  ours: boolean
  /** Whether the vendor's quota or rate limit is used up. */
  quota: boolean
  /** Whether the vendor certainly did nothing. */
  untried: boolean
  /** The vendor's own word for it, such as `bad_request`. Dropped unless it looks like one. */
  error?: string | undefined
  /** Where `ours`: what the operator can do. A sentence without its full stop. */
  cure?: string | undefined
}

/**
 * Tells the operator what went wrong at a vendor, with what to do about it, and makes the outage
 * that the core works with. `reason` says what kind it is, and `untried` whether the ladder may go
 * on after a rung that sends messages.
 */
export function vendorFault(
  answer: Attempt,
  { method, operation, options = '`baseUrl`', ...call }: FailedCall,
  factsOf: (answer: VendorResponse) => FaultFacts,
  { emit }: { emit: Emit },
): PhoneCheckError {
  if (answer instanceof TransportError) {
    const message = `${method}: ${operation} ${lostTexts[answer.kind].replace('{options}', options)}`
    emit({ type: 'provider_outage', method, operation, kind: answer.kind, message })
    const untried = call.untried ?? !answer.sent
    return new PhoneCheckError('provider_unavailable', { cause: answer, reason: 'provider_down', untried })
  }
  const { status, retryAfterSeconds } = answer
  const facts = factsOf(answer)
  const { ours, quota } = facts
  const untried = call.untried ?? facts.untried
  const error = wordOf(facts.error)
  const said = `HTTP ${status}${error === undefined ? '' : ` (${error})`}`
  const common = { method, operation, ...(error !== undefined && { error }) }
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds: Math.min(retryAfterSeconds, maxWaitSeconds) }
  if (ours) {
    const { cure = 'check its credentials, scopes, balance and rights' } = facts
    const message = `${method} refused ${operation} with ${said}: ${cure}. Nobody can log in by it until then.`
    emit({ type: 'provider_misconfigured', ...common, status, message })
    return new PhoneCheckError('provider_unavailable', { ...wait, reason: 'misconfigured', untried })
  }
  if (quota) {
    const until = retryAfterSeconds === undefined ? '' : `, for ${retryAfterSeconds} s by its own word`
    const message = `${method} answered ${operation} with ${said}: its rate limit or quota is used up${until}. Ask the vendor for a larger one, or lower your own \`limits\`.`
    emit({
      type: 'quota_exceeded',
      method,
      operation,
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      message,
    })
    return new PhoneCheckError('provider_unavailable', { ...wait, reason: 'quota_exceeded', untried })
  }
  const isMalformed = status >= 200 && status < 300
  const message = isMalformed
    ? `${method} answered ${operation} with something that is not its documented form. Check ${options}, and what stands between you and the vendor.`
    : `${method} answered ${operation} with ${said}.`
  emit({ type: 'provider_outage', ...common, kind: isMalformed ? 'malformed' : 'status', status, message })
  return new PhoneCheckError('provider_unavailable', { ...wait, reason: 'provider_down', untried })
}

const lostTexts: Record<TransportError['kind'], string> = {
  connect: 'found no connection. Check the network, DNS, a proxy or firewall, and {options}.',
  timeout: 'got no answer in time.',
  reset: 'lost its connection before the answer was whole.',
  overload: 'was not made: too many calls wait for this vendor already.',
  too_large: 'got an answer larger than 64 KiB, which no documented one is.',
}

/**
 * What to throw when a message was asked for and the answer is neither a check nor a refusal that is
 * a verdict.
 */
export function sendFault(problem: PhoneCheckError, retryAfterSeconds: number): PhoneCheckError {
  return problem.details.untried
    ? problem
    : new PhoneCheckError('delivery_unknown', { retryAfterSeconds, cause: problem })
}

/**
 * What a code came to that the vendor gave no verdict on. Where it may have been used up, asking
 * again would read as a wrong one: only another message goes on from here.
 * @throws the problem, where the code was not used
 */
export function codeFault(answer: Attempt, problem: PhoneCheckError): Outcome {
  if (outcomeUnknown(answer)) return { outcome: 'unable', reason: 'other', lost: true }
  throw problem
}

/** Only what looks like a vendor's constant: an event must carry nothing that a vendor wrote freely. */
function wordOf(error: unknown): string | undefined {
  return typeof error === 'string' && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(error) ? error : undefined
}
