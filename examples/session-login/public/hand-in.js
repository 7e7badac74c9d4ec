// @ts-check
import { ProblemError, verify } from './api.js'
import { messageFor } from './messages.js'
import { showNote, showProgress } from './status.js'
import { nextStep } from './ways.js'

/** @import { Problem, Step, Welcome } from './api.js' */
/** @import { Result } from './challenges.js' */
/** @import { Message } from './messages.js' */

/**
 * Hands in what the device brought. Where its way cannot work, the next one follows without asking.
 *
 * @param {Step} step
 * @param {Result} result
 * @param {(problem: Problem) => Message} [say] Why the next way follows
 * @returns {Promise<Welcome | Step>}
 */
export async function handIn(step, result, say = messageFor) {
  showProgress('Signing you in…')
  try {
    return await verify(step.flow, result)
  } catch (error) {
    if (!(error instanceof ProblemError) || !goesOn(error.problem)) throw error
    const next = await nextStep(step)
    showNote(say(error.problem))
    return next
  }
}

/**
 * Whether the next way is taken without asking. Not when the silent one is likely to work if it is
 * tried again, or with another number.
 *
 * @param {Problem} problem
 */
function goesOn({ code, reason, fallback = [] }) {
  return code === 'rung_unable' && reason !== 'expired' && fallback.length > 0
}
