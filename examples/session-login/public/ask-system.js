// @ts-check
import { handIn } from './hand-in.js'
import { withoutToken } from './messages.js'
import { showProgress } from './status.js'

/** @import { Step, Welcome } from './api.js' */
/** @import { Context, GetToken } from './challenges.js' */

/**
 * The silent way by the phone's own system, which signs whose number its SIM has, on Wi-Fi too. The
 * server judges the token.
 *
 * @param {Step} step
 * @param {GetToken} challenge
 * @param {Context} context
 * @returns {Promise<Welcome | Step>}
 */
export async function askSystem(step, { kind, request }, { device, signal }) {
  showProgress('Your phone is confirming the number of its SIM…')
  const answer = (await device?.token?.({ kind, request })) ?? { error: 'NotSupportedError' }
  signal.throwIfAborted()
  return handIn(step, 'token' in answer ? { code: answer.token } : answer, withoutToken)
}
