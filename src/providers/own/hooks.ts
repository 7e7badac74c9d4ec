import type { Clock } from '../../contracts/clock.js'
import type { CallContext } from '../../contracts/provider.js'
import { startTimer } from '../../lib/clock.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { isObject } from '../../lib/json.js'

/** Runs an application's function with a signal that aborts when the request's time is over. */
export async function callHook<T>(
  clock: Clock,
  { deadline }: CallContext,
  call: (signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  const controller = new AbortController()
  const stop = startTimer(clock, deadline.leftMs(), () => controller.abort())
  try {
    return await call(controller.signal)
  } finally {
    stop()
  }
}

/**
 * Tells the operator of an application's function that failed, and makes the outage that it is. The
 * event names the kind of failure alone, as its text may hold anything.
 *
 * Only a failure that says `untried: true` certainly did nothing. `retryAfterSeconds` of such a one
 * is passed on.
 * @param nothingSent where the function could not have done anything anyway
 */
export function hookFault(
  { emit }: CallContext,
  method: string,
  operation: string,
  thrown: unknown,
  nothingSent = false,
): PhoneCheckError {
  const { name, untried, retryAfterSeconds, isOwn } = lookAt(thrown)
  const message = `${method}: your own ${operation}() failed with ${name}. It counts as an outage.`
  emit({ type: 'provider_outage', method, operation, kind: 'application', message })
  if (!nothingSent && isOwn) return thrown as PhoneCheckError
  const isWait = typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0
  return new PhoneCheckError('provider_unavailable', {
    cause: thrown,
    reason: 'provider_down',
    untried: nothingSent || untried === true,
    ...(isWait && { retryAfterSeconds: Math.min(retryAfterSeconds, maxWaitSeconds) }),
  })
}

/** Longer waits are of no use to a person who logs in. */
const maxWaitSeconds = 3600

/** What is thrown may be a Proxy, or have getters, that throw themselves. */
function lookAt(thrown: unknown) {
  try {
    const name = thrown instanceof Error && /^[A-Za-z]{1,64}$/.test(thrown.name) ? thrown.name : typeof thrown
    const { untried, retryAfterSeconds } = isObject(thrown) ? thrown : {}
    const isOwn = thrown instanceof PhoneCheckError && thrown.code === 'provider_unavailable'
    return { name, untried, retryAfterSeconds, isOwn }
  } catch {
    return { name: 'something that cannot be looked at', isOwn: false }
  }
}
