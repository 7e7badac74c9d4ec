import { type Answer, fieldsOf, instant, type Step } from './api.js'
import { visible } from './platform.js'
import { mayPass, problemOf } from './problem.js'
import type { Clock, Problem, Signal } from './types.js'

const everyMs = 3000
const mostMs = 30000

/**
 * Asks how far a login is until there is something to do about it: at the server's pace, more
 * seldom while it has trouble, never while nobody looks at the page, and a last time when the way
 * expires.
 * @param onTrouble hears of a problem that may pass, and that it has passed
 * @returns the answer that ends the wait; undefined when it was aborted
 */
export async function watch(
  { expiresAt, id }: Pick<Step, 'expiresAt' | 'id'>,
  clock: Clock,
  signal: Signal,
  ask: () => Promise<Answer>,
  onTrouble: (problem: Problem | undefined) => void,
): Promise<Answer | undefined> {
  let failures = 0
  let askAt = clock.now() + everyMs
  for (;;) {
    await clock.delay(Math.min(askAt, expiresAt) - clock.now(), signal)
    await visible(signal)
    if (signal.aborted) return undefined
    const isLast = clock.now() >= expiresAt
    const answer = await ask()
    if (signal.aborted) return undefined
    const { problem } = answer
    if (problem ? !mayPass(problem) : !isOpen(answer)) return answer
    if (isLast) return { problem: problemOf('expired') }
    if (problem || failures) onTrouble(problem)
    failures = problem ? failures + 1 : 0
    const now = clock.now()
    askAt = Math.max(
      now + leastMs(failures, id),
      problem ? (problem.retryAt ?? 0) : (instant(fieldsOf(answer.body)['retry_after'], now) ?? now + everyMs),
    )
  }
}

/** Whether `status` says that the present way can still be won. */
export function isOpen({ body }: Answer): boolean {
  const { state, rung } = fieldsOf(body)
  return state === 'pending' && rung !== 'spent'
}

/**
 * 1.5 s at any rate; after failures 3 s, 6 s, 12 s, … at most 30 s; each a quarter more or less.
 * @param id random: spreads the devices that an outage sent away at the same time
 */
function leastMs(failures: number, id: string): number {
  return Math.min(mostMs, everyMs * 2 ** (failures - 1)) * (0.75 + (id.charCodeAt(failures % 16) & 7) / 14)
}
