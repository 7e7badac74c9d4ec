// @ts-check
/** @import { Challenge, Result } from './challenges.js' */

/**
 * A refusal of the server: an RFC 9457 problem whose `code` is stable. `retry_after` is in seconds.
 *
 * @typedef {{ code: string, reason?: string, detail?: string, attempts_left?: number, fallback?:
 * string[], retry_after?: number }} Problem
 *
 * A way that the server has passed over, and why.
 *
 * @typedef {{ method: string, reason: string }} Skipped
 *
 * What the device must do now, and since when (`at`, milliseconds since the epoch). `fallback` are
 * the ways that are still to come, the first of them in `fallback_in` seconds.
 *
 * @typedef {{ flow: string, method: string, challenge: Challenge, expires_in: number, fallback:
 * string[], fallback_in?: number, skipped?: Skipped[], at: number }} Step
 * @typedef {{ state: 'pending' | 'verified' | 'failed' | 'expired', rung: 'live' | 'spent',
 * fallback: string[], reason?: string, retry_after?: number }} Report
 * @typedef {{ next: string }} Welcome Where a signed-in user goes
 */

export class ProblemError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail ?? problem.code)
    this.problem = problem
  }
}

/**
 * @param {unknown} error
 * @returns {Problem}
 */
export function problemOf(error) {
  return error instanceof ProblemError ? error.problem : { code: 'unexpected' }
}

/**
 * Begins a login.
 *
 * @param {string} number
 * @param {'device' | 'browser'} way
 * @returns {Promise<Step>}
 */
export function start(number, way) {
  return step(way === 'browser' ? '/login/phone/browser' : '/login/phone', { phone_number: number })
}

/**
 * Goes to the next way of the ladder, which the server chooses.
 *
 * @param {string} flow
 * @returns {Promise<Step>}
 */
export function fallback(flow) {
  return step('/login/phone/fallback', { flow })
}

/**
 * Asks for another message.
 *
 * @param {string} flow
 * @returns {Promise<Step>}
 */
export function resend(flow) {
  return step('/login/phone/resend', { flow })
}

/**
 * How far the login is. Signs nobody in.
 *
 * @param {string} flow
 * @returns {Promise<Report>}
 */
export function status(flow) {
  return post('/login/phone/status', { flow })
}

/**
 * Hands the server what the device brought. Success sets the session cookie.
 *
 * @param {string} flow
 * @param {Result} result
 * @returns {Promise<Welcome>}
 */
export function verify(flow, result) {
  return post('/login/phone/verify', { flow, ...result })
}

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<Step>}
 */
async function step(path, body) {
  return { ...(await post(path, body)), at: Date.now() }
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
  if (response.ok) return answer
  throw new ProblemError({ code: 'unexpected', ...answer })
}
