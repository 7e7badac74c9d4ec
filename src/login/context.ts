import type { CallContext } from '../contracts/provider.js'
import { Hints } from '../flow/check-index.js'
import { OpenSends } from '../flow/open-sends.js'
import { FlowBook } from '../flow/repository.js'
import { Breakers, graceMs } from '../lib/circuit-breaker.js'
import { deadlineIn } from '../lib/clock.js'
import { Gate } from '../limits/login-limiter.js'
import { limits } from '../limits/numbers.js'
import { safeStore } from '../stores/guard.js'
import { Ladder } from './ladder.js'
import { ReviewNumbers } from './review-provider.js'
import type { LoginFlowSettings } from './types.js'

/** What the pieces of one login flow share. */
export interface Parts {
  readonly settings: LoginFlowSettings
  readonly ladder: Ladder
  readonly book: FlowBook
  readonly gate: Gate
  readonly breakers: Breakers
  readonly hints: Hints
  readonly openSends: OpenSends
  /** For the provider calls of one HTTP request. Made once for it and handed down, so that all of them share one deadline. */
  callContext(): CallContext
}

/** @throws TypeError that names the option and the cure */
export function assemble(settings: LoginFlowSettings): Parts {
  const { clock, emit, secret, floor } = settings
  const store = safeStore(settings.store, emit)
  if (settings.reviewNumbers?.length && floor !== undefined && floor !== 'low') {
    throw new TypeError(`reviewNumbers: their assurance is low, which is below the floor '${floor}'`)
  }
  return {
    settings,
    ladder: new Ladder(settings.ladder, floor, new ReviewNumbers(settings.reviewNumbers ?? [], clock)),
    book: new FlowBook(store, clock),
    gate: new Gate({ store, clock, secret, emit, ...(settings.limits && { limits: settings.limits }) }),
    breakers: new Breakers(clock, emit),
    hints: new Hints(store),
    openSends: new OpenSends(store),
    // The last call may be given its grace, and the request ends in its time all the same.
    callContext: () => ({ deadline: deadlineIn(limits.requestDeadlineMs - graceMs, clock), emit }),
  }
}
