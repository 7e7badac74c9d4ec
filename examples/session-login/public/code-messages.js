// @ts-check
import { messageFor } from './messages.js'

/** @import { Problem } from './api.js' */
/** @import { Message } from './messages.js' */

/** @type {Message} */
export const newCode = { title: 'Another code is on its way', text: 'Only the newest one works now.' }

/**
 * A text that won nothing.
 *
 * @param {string} [reason]
 * @returns {Message}
 */
export function spentText(reason) {
  if (reason !== 'mismatch')
    return { title: 'That took too long', text: 'Your text did not arrive in time. Go on with a code, or start over.' }
  return {
    title: 'That text came from another number',
    text: 'It was not sent by the SIM with your number. Go on with a code, or start over.',
  }
}

/** @param {number} length */
export function shortCode(length) {
  return { title: `The code has ${length} digits`, text: 'Type all of them.' }
}

/** @param {number} attempts */
export function triesLeft(attempts) {
  return {
    title: 'That is not the code',
    text: `Look at the newest text from us. You have ${attempts === 1 ? 'one try' : `${attempts} tries`} left.`,
  }
}

/**
 * Why no code can be typed now.
 *
 * @param {Problem} problem
 * @returns {Message}
 */
export function lockedCode(problem) {
  if (problem.code === 'delivery_unknown') return messageFor({ ...problem, retry_after: undefined })
  if (problem.reason === 'expired') return { title: 'This code has expired', text: 'Ask for another one.' }
  if (problem.code === 'invalid_code') {
    return {
      title: 'That was the last try for this code',
      text: 'To protect your number it is void now. Ask for another one, or start over.',
    }
  }
  return { title: 'This code cannot be used any more', text: 'Ask for another one, or start over.' }
}
