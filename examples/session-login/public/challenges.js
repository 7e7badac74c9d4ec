// @ts-check
/** @import { Device, DeviceAnswer, DeviceError } from './device.js' */

/**
 * What the device must do, as `POST start` says it, and what it brings back for `POST verify`.
 *
 * @typedef {{ type: string, url: string }} Challenge
 * @typedef {{ code?: string, check_id?: string, error?: string, error_description?: string }} Result
 * @typedef {(challenge: Challenge, device: Device) => Promise<Result>} Solve
 */

/**
 * One entry for each type of challenge; a ladder with more rungs adds its own here.
 *
 * @type {Record<string, Solve>}
 */
export const challenges = {
  open_url: async ({ url }, device) => fromDevice(await device.open(url)),
}

/**
 * The part of the SDK's answer that the server wants.
 *
 * @param {DeviceAnswer | DeviceError} answer
 * @returns {Result}
 */
function fromDevice(answer) {
  if ('error' in answer) return answer
  const { check_id, code, error, error_description, type } = /** @type {Record<string, string | undefined>} */ (answer.response_body ?? {})
  if (code) return { check_id, code }
  if (error) return { check_id, error, error_description }
  // The vendor refused before the operator was asked. Its problem is named by the fragment of its type.
  return { error: type?.split('#')[1] ?? 'sdk_error', error_description: `HTTP ${answer.http_status}` }
}
