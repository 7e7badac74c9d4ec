// @ts-check
import { ProblemError } from './api.js'
import { askOperator } from './ask-operator.js'
import { askSystem } from './ask-system.js'
import { enterCode } from './enter-code.js'
import { textUs } from './text-us.js'

/** @import { Step, Welcome } from './api.js' */
/** @import { Device } from './device.js' */

/**
 * What the device must do, as `POST start` says it.
 *
 * @typedef {{ type: 'open_url', url: string }} OpenUrl
 * @typedef {{ type: 'send_sms', to: string, body: string, href: string }} SendSms
 * @typedef {{ type: 'enter_code', length: number, resend_in: number }} EnterCode
 * @typedef {{ type: 'get_token', kind: string, request: unknown }} GetToken
 * @typedef {OpenUrl | SendSms | EnterCode | GetToken} Challenge
 *
 * What the device brings back for `POST verify`.
 *
 * @typedef {{ code?: string, check_id?: string, error?: string, error_description?: string }} Result
 *
 * `device` is null when the browser itself is to open the check URL. `signal` ends what a challenge has begun.
 *
 * @typedef {{ device: Device | null, signal: AbortSignal }} Context
 */

/**
 * Has the user and the device do what one step asks for.
 *
 * @param {Step} step
 * @param {Context} context
 * @returns {Promise<Welcome | Step>} A welcome, or the next step of the ladder
 */
function solve(step, context) {
  const { challenge } = step
  switch (challenge.type) {
    case 'open_url':
      return askOperator(step, challenge, context)
    case 'get_token':
      return askSystem(step, challenge, context)
    case 'send_sms':
      return textUs(step, challenge, context)
    case 'enter_code':
      return enterCode(step, challenge, context)
    default:
      throw new ProblemError({ code: 'ladder_exhausted' })
  }
}

/** A login ended on this step. */
export class LoginError extends Error {
  /**
   * @param {unknown} cause
   * @param {Step} step
   */
  constructor(cause, step) {
    super('The login did not succeed', { cause })
    this.step = step
  }
}

/**
 * Walks the ladder from `first` on, until the user is signed in.
 *
 * @param {Step} first
 * @param {Context} context
 * @returns {Promise<Welcome>} Never settles once `context.signal` was aborted in front of a panel
 * @throws {LoginError}
 */
export async function climb(first, context) {
  let step = first
  for (;;) {
    try {
      const outcome = await solve(step, context)
      if ('next' in outcome) return outcome
      step = outcome
    } catch (error) {
      throw new LoginError(error, step)
    }
  }
}
