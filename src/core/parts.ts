import type { CallContext } from '../providers/provider.js'
import { Breakers, graceMs } from './breaker.js'
import { deadlineIn } from './clock.js'
import { Gate } from './gate.js'
import { FlowBook } from './held-flow.js'
import { Hints } from './hints.js'
import { Ladder } from './ladder.js'
import { limits } from './limits.js'
import type { LoginFlowSettings } from './login-requests.js'
import { OpenSends } from './open-sends.js'
import { ReviewNumbers } from './review.js'
import { safeStore } from './safe-store.js'

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
