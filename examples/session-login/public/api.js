// @ts-check
/** @import { Challenge, Result } from './challenges.js' */

/**
 * A refusal of the server: an RFC 9457 problem whose `code` is stable.
 *
 * @typedef {{ code: string, reason?: string, detail?: string, attempts_left?: number, fallback?: string[] }} Problem
 * @typedef {{ flow: string, method: string, challenge: Challenge, expires_in: number, fallback: string[] }} Flow
 */

export class ProblemError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail ?? problem.code)
    this.problem = problem
  }
}

/**
 * Begins a login. The answer says what the device must do now.
 *
 * @param {string} number
 * @param {'device' | 'browser'} way
 * @returns {Promise<Flow>}
 */
export function start(number, way) {
  return post(way === 'browser' ? '/login/phone/browser' : '/login/phone', { phone_number: number })
}

/**
 * Hands the server what the device brought. Success sets the session cookie.
 *
 * @param {string} flow
 * @param {Result} result
 * @returns {Promise<{ next: string }>}
 */
export function verify(flow, result) {
  return post('/login/phone/verify', { flow, ...result })
}

/**
 * @param {string} path
 * @param {object} body
 */
async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new ProblemError({ code: 'offline' })
  })
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new ProblemError({ code: 'unexpected', ...answer })
  return answer
}
