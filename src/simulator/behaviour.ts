/**
 * What the vendor's documents leave open, one switch each. A library has to survive every value, so tests turn them one by one;
 * the defaults are the likeliest readings. `sim.behaviour` may be changed while the simulator runs.
 */
export interface Behaviour {
  /** Seconds from create until an unfinished check is EXPIRED; covers the exchange too. Read at create. Default 120. */
  ttlSeconds: number
  /** How 400, 409, 412 and 501 of the check URL arrive: as a problem response, or as `error` (JSON, or on the redirect URL). Default 'problem'. */
  firstHopErrors: 'problem' | 'redirect'
  /** Where an operator's failure shows: as `error` at the end of the chain, or as a code whose exchange answers 200 with status ERROR. Default 'redirect'. */
  errorDelivery: 'redirect' | 'exchange'
  /** A check URL that is opened again before the exchange: starts over and kills the earlier code, or is 404. Default 'restart'. */
  checkUrlReuse: 'restart' | 'refuse'
  /** Operator hops between the check URL and the answer, the answering one included; 1 to 20. Cookies need at least 2. Default 2. */
  operatorHops: number
  /** Milliseconds that the operator 'slow' takes on its first hop. Default 4000. */
  slowOperatorMs: number
  /** PATCH before the device has finished the chain. Default 404. */
  notVisited: 404 | 400
  /** PATCH with a code that is not this check's. Default 404. */
  wrongCode: 404 | 400
  /** PATCH with a code that was exchanged already; 200 repeats the first answer. Default 404. */
  reusedCode: 404 | 400 | 200
  /** PATCH after the TTL; 200 answers status EXPIRED without a match. Default 404. */
  expiredCheck: 404 | 400 | 200
  /** Bearer calls per client and clock hour before 429. Default 1,000,000. */
  rateLimitPerHour: number
}

export const defaultBehaviour: Readonly<Behaviour> = {
  ttlSeconds: 120,
  firstHopErrors: 'problem',
  errorDelivery: 'redirect',
  checkUrlReuse: 'restart',
  operatorHops: 2,
  slowOperatorMs: 4000,
  notVisited: 404,
  wrongCode: 404,
  reusedCode: 404,
  expiredCheck: 404,
  rateLimitPerHour: 1_000_000,
}

/**
 * The defaults with `changes` over them.
 * @throws TypeError that names an unknown switch.
 */
export function behaviourWith(changes: Partial<Behaviour> = {}): Behaviour {
  const unknown = Object.keys(changes).find((name) => !Object.hasOwn(defaultBehaviour, name))
  if (unknown !== undefined)
    throw new TypeError(`behaviour.${unknown} is not a switch of the simulator; there are: ${Object.keys(defaultBehaviour).join(', ')}`)
  return { ...defaultBehaviour, ...changes }
}
