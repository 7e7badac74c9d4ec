// @ts-check
import { ProblemError, status, verify } from './api.js'
import { spentText } from './code-messages.js'
import { remember } from './memory.js'
import { isPassing, messageFor } from './messages.js'
import { element, showPanel } from './panels.js'
import { showProblem, showProgress } from './status.js'
import { offerNextWay } from './ways.js'

/** @import { Problem, Step, Welcome } from './api.js' */
/** @import { Context, SendSms } from './challenges.js' */
/** @import { Offer } from './ways.js' */

const panel = element('text-us', HTMLElement)
const title = element('text-us-title', HTMLElement)
const receiver = element('text-to', HTMLElement)
const text = element('text-body', HTMLElement)
const link = element('text-link', HTMLAnchorElement)

/**
 * The user sends a text, and the operator says from which SIM it came. The page asks for the
 * result; the server asks the vendor.
 *
 * @param {Step} step
 * @param {SendSms} challenge
 * @param {Context} context
 * @returns {Promise<Welcome | Step>}
 */
export async function textUs(step, { to, body, href }, { signal }) {
  remember(step)
  receiver.textContent = to
  text.textContent = body
  link.href = href
  delete panel.dataset.locked
  showPanel('text-us')
  title.focus()

  const done = new AbortController()
  const here = AbortSignal.any([signal, done.signal])
  link.addEventListener('click', () => showProgress('Waiting for your text to arrive…'), { signal: here })
  const offer = offerNextWay(step, here)
  try {
    return await Promise.race([arrival(step, offer, here), offer.taken])
  } finally {
    done.abort()
  }
}

/**
 * Asks at the server's pace until there is a result, and only while somebody looks at the page.
 *
 * @param {Step} step
 * @param {Offer} offer
 * @param {AbortSignal} signal
 * @returns {Promise<Welcome>}
 */
async function arrival({ flow }, offer, signal) {
  let seconds = 3
  for (;;) {
    await pause(seconds, signal)
    try {
      const { state, rung, fallback, reason, retry_after = 3 } = await status(flow)
      signal.throwIfAborted()
      if (state === 'verified') {
        showProgress('Signing you in…')
        return await verify(flow, {})
      }
      if (state !== 'pending')
        throw new ProblemError({ code: state === 'failed' ? 'ladder_exhausted' : 'flow_invalid' })
      if (rung === 'spent') {
        if (!offer.openNow(fallback)) throw new ProblemError({ code: 'ladder_exhausted' })
        panel.dataset.locked = ''
        showProblem(spentText(reason))
        return new Promise(() => {})
      }
      seconds = retry_after
    } catch (error) {
      if (!(error instanceof ProblemError) || !isPassing(error.problem)) throw error
      if (error.problem.code !== 'pending') showProblem(messageFor(error.problem))
      seconds = error.problem.retry_after ?? 5
    }
  }
}

/**
 * Ends early when the user comes back to the page, most likely from the app that sent the text.
 *
 * @param {number} seconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(seconds, signal) {
  return new Promise((resolve) => {
    const wake = () => {
      if (document.visibilityState === 'hidden') return
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', wake)
      resolve()
    }
    const timer = setTimeout(wake, seconds * 1000)
    document.addEventListener('visibilitychange', wake, { signal })
    signal.addEventListener('abort', () => clearTimeout(timer))
  })
}
