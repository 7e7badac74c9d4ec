import type { Action, Problem } from './types.js'

const byCode = {
  __proto__: null,
  invalid_request: 'stop',
  user_refused: 'stop',
  pending: 'retry',
  in_progress: 'retry',
  too_early: 'wait',
  invalid_code: 'fallback',
  mismatch: 'fallback',
  rung_unable: 'fallback',
} as unknown as Readonly<Record<string, Action>>

/**
 * What may be offered. Where the code does not say, the status does: that holds for the codes of
 * later versions and of the app's own routes too.
 * @param status 0 when the problem came without an answer; the present way is then of no use
 */
export function problemOf(code: string, status = 0, more: Partial<Problem> = {}): Problem {
  // A browser that keeps no cookie here will keep none of the next login either.
  return { code, action: more.reason === 'no_cookie' ? 'stop' : (byCode[code] ?? byStatus(status)), ...more }
}

function byStatus(status: number): Action {
  if (!status) return 'fallback'
  if (status >= 500) return 'retry'
  if (status === 429) return 'wait'
  return [403, 413, 415].includes(status) ? 'stop' : 'restart'
}

export function mayPass({ action }: Problem): boolean {
  return action === 'retry' || action === 'wait'
}

/** Offers only what can be done: nothing can be repeated without `again`, and there may be no other way. */
export function feasible(problem: Problem, again: unknown, fallback: readonly string[]): Problem {
  let { action } = problem
  if (mayPass(problem) && !again) action = 'fallback'
  if (action === 'fallback' && !fallback.length) action = 'restart'
  return { ...problem, action }
}

/** @throws TypeError for a defect of the app's */
export function demand(holds: unknown, sentence: string): asserts holds {
  if (!holds) throw new TypeError(`phoneLogin: ${sentence}`)
}
