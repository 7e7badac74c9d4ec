// @ts-check
import { handIn } from './hand-in.js'
import { remember } from './memory.js'
import { showProgress } from './status.js'

/** @import { Step, Welcome } from './api.js' */
/** @import { Context, OpenUrl, Result } from './challenges.js' */
/** @import { DeviceAnswer, DeviceError } from './device.js' */

/**
 * The silent way: the device opens the check URL over mobile data and brings a code back, which
 * proves nothing by itself; the server judges it.
 *
 * @param {Step} step
 * @param {OpenUrl} challenge
 * @param {Context} context
 * @returns {Promise<Welcome | Step>}
 */
export async function askOperator(step, { url }, { device, signal }) {
  if (!device) {
    remember(step)
    location.assign(url)
    return new Promise(() => {})
  }
  showProgress('Your phone is asking its operator…')
  const result = fromDevice(await device.open(url))
  signal.throwIfAborted()
  return handIn(step, result)
}

/**
 * The part of the SDK's answer that the server wants.
 *
 * @param {DeviceAnswer | DeviceError} answer
 * @returns {Result}
 */
function fromDevice(answer) {
  if ('error' in answer) return answer
  const {
    request_id,
    check_id = request_id,
    code,
    error,
    error_description,
    type,
  } = /** @type {Record<string, string | undefined>} */ (answer.response_body ?? {})
  if (code) return { check_id, code }
  if (error) return { check_id, error, error_description }
  // The vendor refused before the operator was asked. Its problem is named by the fragment of its type.
  return {
    error: type?.split('#')[1] ?? 'sdk_error',
    error_description: error_description ?? `HTTP ${answer.http_status}`,
  }
}
