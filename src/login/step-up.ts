import { strength } from '../contracts/identity.js'
import type { Provider } from '../contracts/provider.js'
import { type UnsealedFlow, withoutCheck } from '../flow/repository.js'
import { hasTimeForMore } from '../flow/timing.js'
import { inProgress, type PhoneCheckError } from '../lib/errors.js'
import type { LoginContext } from './context.js'
import { isAtLeast } from './ladder.js'
import { rejection } from './record-outcome.js'
import { StepUp } from './types.js'

/**
 * What an answer comes to that asks for a stepped-up flow, or that is given in one: the user, or why
 * the user is refused.
 * @throws PhoneCheckError for a flow that was left open for a stronger rung
 */
export async function weigh<User>(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  answer: User | StepUp | false | undefined,
): Promise<{ user: User | false | undefined; refusal?: typeof noStrongerRung }> {
  if (answer instanceof StepUp) {
    const goesOn = await stepUp(login, flow, rung, answer)
    if (goesOn) throw goesOn
    return { user: false, refusal: noStrongerRung }
  }
  // No step of the ladder leads to one below the floor. Looked at once more, as here somebody is logged in.
  if (!isAtLeast(rung, flow.content.floor)) return { user: false, refusal: noStrongerRung }
  return { user: answer }
}

/**
 * Leaves a proven flow open for a stronger rung. `flow` must be claimed.
 *
 * The flow goes from `claimed` to `pending`, by the version that this request wrote when it claimed
 * it. So of all requests that brought the proof, one gets here, as in `redeem`: it alone asked
 * the application, and if its lease ran out and another request took the flow over, this write fails,
 * the answer is dropped, and nobody was logged in. Nothing of the weak proof is left behind: its rung
 * is written off with its check, so neither its code nor another message of that rung can win, and no
 * proof is kept that a repeat could hand to the application again. The floor is sealed into the flow
 * with the number: what follows may only be as strong, on every step, and `completeLogin` looks
 * once more. Tries, messages and limits of the flow stay as they were: a step up gives no attacker
 * more of them. The application is asked again for the stronger proof, and may refuse it. As rungs are
 * used once and the floor only rises, this ends.
 * @returns what to tell the requester; undefined when no stronger rung can follow, which refuses the user
 */
async function stepUp(
  login: LoginContext,
  flow: UnsealedFlow,
  rung: Provider,
  { assurance: floor }: StepUp,
): Promise<PhoneCheckError | undefined> {
  const isStronger = strength[floor] > strength[rung.assurance]
  const hasTries = flow.record.flowTries < login.limits.triesPerFlow
  if (!isStronger || !hasTries || !hasTimeForMore(flow.ageMs) || !login.ladder.next(rung.name, floor)) return undefined
  const changes = { spent: true, reason: 'step_up', leaseUntil: undefined, provenUntil: undefined }
  if (!(await flow.write('pending', changes, { ...withoutCheck(flow.content), floor }))) return inProgress()
  login.settings.emit({ type: 'rung_spent', reason: 'step_up', ...flow.facts })
  return rejection(login, flow, 'rung_unable', { reason: 'step_up' })
}

const noStrongerRung = {
  reason: 'no_stronger_rung',
  message:
    'A verify callback wanted a stronger proof, and no rung after this one gives it in this login, which refuses the user. Order the ladder so that a stronger rung follows.',
} as const
