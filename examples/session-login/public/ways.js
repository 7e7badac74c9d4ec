// @ts-check
import { fallback, ProblemError, problemOf } from './api.js'
import { countdownOn } from './countdown.js'
import { isOver, messageFor, skippedWay } from './messages.js'
import { element } from './panels.js'
import { clearStatus, showNote, showProblem, showProgress } from './status.js'

/** @import { Problem, Step } from './api.js' */

const ways = element('ways', HTMLElement)
const button = element('another-way', HTMLButtonElement)
const name = element('another-way-name', HTMLElement)

/** @type {Record<string, string>} */
const names = { mocheck: 'Text us instead', 'twilio-call': 'Call me with a code instead' }

/**
 * Offers the next way, as soon as the present one has had its chance.
 *
 * @typedef {object} Offer
 * @property {Promise<Step>} taken Settles once the user wanted it and the server agreed, or said
 * that this login is over
 * @property {(fallback: string[]) => boolean} openNow The present way is known to lead nowhere.
 * Whether there is a next one
 *
 * @param {Step} step
 * @param {AbortSignal} signal
 * @returns {Offer}
 */
export function offerNextWay(step, signal) {
  const countdown = countdownOn(button, signal)
  let busy = false
  showWay(step.fallback)
  countdown.wait((step.fallback_in ?? 0) - (Date.now() - step.at) / 1000)
  signal.addEventListener('abort', () => {
    ways.hidden = true
  })

  const taken = new Promise((resolve, reject) => {
    async function take() {
      if (busy || countdown.isWaiting) return
      busy = true
      showProgress('One moment…')
      try {
        const next = await nextStep(step)
        clearStatus()
        showSkipped(next)
        resolve(next)
      } catch (error) {
        const problem = problemOf(error)
        // An earlier login's message is still open, and no other way was left: this login ends with it.
        if (isOver(problem) || problem.code === 'cooldown') return reject(error)
        showProblem(messageFor(problem))
        countdown.wait(problem.retry_after ?? 0)
      } finally {
        busy = false
      }
    }
    button.addEventListener('click', () => void take(), { signal })
  })
  return {
    taken,
    openNow(methods) {
      showWay(methods)
      countdown.wait(0)
      return methods.length > 0
    },
  }
}

/**
 * Says why another way than the first one is asked for.
 *
 * @param {Step} step
 */
export function showSkipped({ skipped = [] }) {
  const [way] = skipped
  if (way) showNote(skippedWay(way))
}

/** @param {string[]} methods */
function showWay([method]) {
  ways.hidden = false
  button.hidden = method === undefined
  const other = method?.endsWith('-sms') ? 'Send me a code instead' : 'Try another way'
  name.textContent = names[method ?? ''] ?? other
}

/**
 * @param {Step} step
 * @returns {Promise<Step>}
 */
export async function nextStep(step) {
  try {
    return await fallback(step.flow)
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== 'delivery_unknown') throw error
    // The login did go on, but nobody knows whether its code was sent: only another one can help.
    return withoutCode(step, error.problem)
  }
}

/**
 * @param {Step} step
 * @param {Problem} problem
 * @returns {Step}
 */
function withoutCode({ flow, fallback }, { retry_after = 125 }) {
  const [method = '', ...rest] = fallback
  return {
    flow,
    method,
    challenge: { type: 'enter_code', length: method === 'idenfy-sms' ? 4 : 6, resend_in: retry_after },
    expires_in: 0,
    fallback: rest,
    fallback_in: 60,
    at: Date.now(),
  }
}
