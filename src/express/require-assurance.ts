import { type Assurance, strength } from '../contracts/identity.js'
import { asError, callApplication, isPromise } from '../lib/application.js'
import { systemClock, wallTime } from '../lib/clock.js'
import { PhoneCheckError } from '../lib/errors.js'
import { knownOptions } from '../lib/options.js'
import type { Handler, OfRequest } from './http-types.js'
import { sendProblem } from './problem-json.js'

/**
 * What the application kept of an identity, in its session (`assurance`, `verifiedAt`) or in a
 * token (`acr`, `auth_time`).
 */
export interface KeptProof {
  assurance?: unknown
  verifiedAt?: unknown
  acr?: unknown
  /** Seconds since the epoch. */
  auth_time?: unknown
}

export interface RequireAssuranceOptions {
  /**
   * Where the application keeps what a login proved, or a promise of it; undefined when nobody is
   * signed in. What it throws goes to your error handler.
   */
  from: OfRequest<[], KeptProof | null | undefined | Promise<KeptProof | null | undefined>>
  /** How old the proof may be. Seconds. Default: as old as the session. */
  maxAgeSeconds?: number
}

/**
 * Lets a request pass only if its user's login was proven at least this strongly. Else 403
 * `step_up_required`, with `required` saying what would do: start another flow, best with
 * `phone.purpose()`.
 * @throws TypeError for options that cannot be right
 */
export function requireAssurance(level: Assurance, options: RequireAssuranceOptions): Handler {
  const { from, maxAgeSeconds } = options ?? {}
  knownOptions('requireAssurance', options ?? {}, ['from', 'maxAgeSeconds'])
  if (!Object.hasOwn(strength, level)) throw new TypeError("requireAssurance: level must be 'low', 'medium' or 'high'")
  if (typeof from !== 'function')
    throw new TypeError('requireAssurance: from must say where you keep what a login proved')
  if (maxAgeSeconds !== undefined && !(maxAgeSeconds > 0))
    throw new TypeError('requireAssurance: maxAgeSeconds must be above 0')

  return function requireAssurance(req, res, next) {
    const answer = (problem: PhoneCheckError | undefined) => (problem ? sendProblem(res, problem) : next())
    const fail = (thrown: unknown) => next(asError(thrown, name))
    let problem: PhoneCheckError | undefined
    try {
      const proof = from(req)
      // Most keep it in a session, and need not wait for the next turn.
      if (isPromise(proof))
        return void callApplication(name, () => proof)
          .then(judge)
          .then(answer, fail)
      problem = judge(proof)
    } catch (thrown) {
      return fail(thrown)
    }
    // Not in the `try`: what the handlers behind us throw is no fault of `from`.
    answer(problem)
  }

  function judge(proof: KeptProof | null | undefined): PhoneCheckError | undefined {
    const { level: kept, provenAt } = read(proof)
    const strongEnough =
      typeof kept === 'string' && Object.hasOwn(strength, kept) && strength[kept as Assurance] >= strength[level]
    const ageMs = wallTime(systemClock) - provenAt
    // Written so that NaN, an unreadable time, is refused.
    const freshEnough = maxAgeSeconds === undefined || (ageMs >= -60_000 && ageMs <= maxAgeSeconds * 1000)
    if (strongEnough && freshEnough) return undefined
    return new PhoneCheckError('step_up_required', {
      required: { assurance: level, ...(maxAgeSeconds !== undefined && { max_age: maxAgeSeconds }) },
    })
  }
}

const name = '`from` of requireAssurance'

/**
 * Level and time of one proof, the session's or the token's: never of both, nor the level of one
 * and the time of the other. `provenAt` in milliseconds since the epoch.
 */
function read(proof: KeptProof | null | undefined): { level: unknown; provenAt: number } {
  const { assurance, verifiedAt, acr, auth_time } = proof ?? {}
  // Both at once are no proof of ours: one of them is somebody else's field.
  if (acr !== undefined && assurance !== undefined) return { level: undefined, provenAt: Number.NaN }
  if (assurance === undefined)
    return { level: acr, provenAt: typeof auth_time === 'number' ? auth_time * 1000 : Number.NaN }
  // A session store turns a Date into text.
  const isTime = verifiedAt instanceof Date || typeof verifiedAt === 'string'
  return { level: assurance, provenAt: isTime ? new Date(verifiedAt).getTime() : Number.NaN }
}
