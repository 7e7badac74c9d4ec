// @ts-check
import { problemOf, resend, verify } from './api.js'
import { lockedCode, newCode, shortCode, triesLeft } from './code-messages.js'
import { countdownOn } from './countdown.js'
import { remember } from './memory.js'
import { isOver, messageFor } from './messages.js'
import { element, showPanel } from './panels.js'
import { showNote, showProblem, showProgress } from './status.js'
import { offerNextWay } from './ways.js'

/** @import { Problem, Step, Welcome } from './api.js' */
/** @import { Context, EnterCode } from './challenges.js' */

const form = element('enter-code', HTMLFormElement)
const field = element('code', HTMLInputElement)
const resendButton = element('resend', HTMLButtonElement)

/**
 * The user types the code of a text that was sent to them.
 *
 * @param {Step} step
 * @param {EnterCode} challenge
 * @param {Context} context
 * @returns {Promise<Welcome | Step>}
 */
export async function enterCode(step, { length, resend_in }, { signal }) {
  remember(step)
  field.maxLength = length
  field.pattern = `[0-9]{${length}}`
  showPanel('enter-code')

  const done = new AbortController()
  const here = AbortSignal.any([signal, done.signal])
  const offer = offerNextWay(step, here)
  try {
    return await Promise.race([accepted(step, length, resend_in, here), offer.taken])
  } finally {
    done.abort()
    empty()
  }
}

/**
 * @param {Step} step
 * @param {number} length
 * @param {number} resendIn
 * @param {AbortSignal} signal
 * @returns {Promise<Welcome>}
 */
function accepted(step, length, resendIn, signal) {
  return new Promise((resolve, reject) => {
    const cooldown = countdownOn(resendButton, signal)
    let busy = false
    resendButton.hidden = false
    cooldown.wait(resendIn - (Date.now() - step.at) / 1000)
    if (step.expires_in > 0) unlock()
    else lock({ code: 'delivery_unknown' })

    /**
     * One question at a time.
     *
     * @param {() => Promise<void>} ask
     * @param {(problem: Problem) => void} explain
     */
    async function exchange(ask, explain) {
      if (busy) return
      busy = true
      try {
        await ask()
      } catch (error) {
        const problem = problemOf(error)
        if (isOver(problem)) reject(error)
        else if (!signal.aborted) explain(problem)
      } finally {
        busy = false
      }
    }

    async function submit() {
      if ('locked' in form.dataset) return
      // A wrong code was cleared: what was said of it is to stay.
      if (field.value === '') return field.focus()
      if (field.value.length !== length) return complain(shortCode(length))
      showProgress('Checking the code…')
      resolve(await verify(step.flow, { code: field.value }))
    }

    /** @param {Problem} problem */
    function explainRefusal(problem) {
      const { code, attempts_left = 0 } = problem
      if (code === 'invalid_code' && attempts_left > 0) complain(triesLeft(attempts_left))
      else if (code === 'invalid_code' || code === 'rung_unable') lock(problem)
      else showProblem(messageFor(problem))
    }

    async function sendAnother() {
      if (cooldown.isWaiting) return
      showProgress('Sending another code…')
      const next = await resend(step.flow)
      remember(next)
      if (next.challenge.type === 'enter_code') cooldown.wait(next.challenge.resend_in)
      unlock()
      showNote(newCode)
    }

    /** @param {Problem} problem */
    function explainNoCode(problem) {
      const isRefused = problem.code === 'send_refused'
      const show = isRefused ? showNote : showProblem
      show(messageFor(problem, 'resend'))
      resendButton.hidden = isRefused
      cooldown.wait(problem.retry_after ?? 0)
      field.focus()
    }

    field.addEventListener(
      'input',
      () => {
        field.value = field.value.replace(/\D/g, '')
        field.removeAttribute('aria-invalid')
        if (field.value.length === length) form.requestSubmit()
      },
      { signal },
    )
    form.addEventListener(
      'submit',
      (event) => {
        event.preventDefault()
        void exchange(submit, explainRefusal)
      },
      { signal },
    )
    resendButton.addEventListener('click', () => void exchange(sendAnother, explainNoCode), { signal })
  })
}

/** @param {import('./messages.js').Message} message */
function complain(message) {
  showProblem(message)
  empty()
  field.setAttribute('aria-invalid', 'true')
  field.focus()
}

/**
 * No code can win any more; only another one goes on from here.
 *
 * @param {Problem} problem
 */
function lock(problem) {
  showProblem(lockedCode(problem))
  empty()
  form.dataset.locked = ''
  resendButton.focus()
}

function unlock() {
  empty()
  delete form.dataset.locked
  field.focus()
}

function empty() {
  field.value = ''
  field.removeAttribute('aria-invalid')
}
