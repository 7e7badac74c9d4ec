import type { Outcome, Provider, Started, Unable } from '../contracts/provider.js'
import { unableReason } from '../contracts/unable-reason.js'
import { isObject } from '../lib/json.js'
import { limits } from '../limits/numbers.js'
import { undeclared } from './ladder.js'

// A rung may be anybody's, and TypeScript does not see what it answers. What is none of the forms of
// the contract is a defect of the rung, thrown inside its call: then the operator hears of it and the
// flow is given back.

/** @throws TypeError for what is neither a check nor a reason, or was not declared: a defect, and no answer */
export function readStart(rung: Provider, answer: unknown): Started | Unable {
  if (isObject(answer) && 'unable' in answer) {
    const { unable, stop, retryAfterSeconds: wait } = answer
    const isWait = typeof wait === 'number' && !Number.isNaN(wait)
    return { unable: unableReason(unable), ...(stop === true && { stop }), ...(isWait && { retryAfterSeconds: wait }) }
  }
  const started = startedOf(rung, answer)
  const missing = undeclared(rung, started.challenge)
  if (missing !== undefined)
    throw new TypeError(`the provider '${rung.name}' asks for a code and must declare ${missing}`)
  return started
}

function startedOf({ name }: Provider, answer: unknown): Started {
  const { challenge, check, expiresInSeconds } = isObject(answer) ? answer : {}
  if (!isObject(challenge) || !isObject(check))
    throw new TypeError('start() of a provider must answer with a challenge and a check, or with `unable`')
  if (typeof challenge['type'] !== 'string' || typeof check['id'] !== 'string' || check['id'] === '')
    throw new TypeError(
      `the provider '${name}' must answer with a challenge that has a type, and a check that has an id`,
    )
  if (typeof expiresInSeconds !== 'number' || Number.isNaN(expiresInSeconds))
    throw new TypeError(`the provider '${name}' must say for how many seconds its check lives (expiresInSeconds)`)
  return answer as unknown as Started
}

/** @throws TypeError for what is no outcome: a defect, and no verdict */
export function readOutcome({ name }: Provider, answer: unknown): Outcome {
  const { outcome, operator, reason, spent, stop, lost, retryAfterSeconds } = isObject(answer) ? answer : {}
  switch (outcome) {
    case 'verified':
    case 'mismatch':
      return { outcome, ...(typeof operator === 'string' && { operator }) }
    case 'invalid_code':
      return { outcome, ...(spent === true && { spent }) }
    case 'unable':
      return { outcome, reason: unableReason(reason), ...(stop === true && { stop }), ...(lost === true && { lost }) }
    case 'pending':
      return { outcome, retryAfterSeconds: waitOf(retryAfterSeconds) }
    default:
      throw new TypeError(`the provider '${name}' must answer with an outcome`)
  }
}

function waitOf(seconds: unknown): number {
  const { first } = limits.pollEverySeconds
  return typeof seconds === 'number' && Number.isFinite(seconds) ? Math.min(Math.max(1, seconds), 3600) : first
}
