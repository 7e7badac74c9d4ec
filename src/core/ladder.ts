import type { CallContext, Challenge, Provider, StartInput } from '../providers/provider.js'
import { asOutage, PhoneCheckError } from './errors.js'
import { factsOf } from './events.js'
import { fingerprint, flowId } from './handle.js'
import type { OpenFlow } from './held-flow.js'
import { limits } from './limits.js'

/** What the device must do on the rung that was reached. */
export interface Step {
  method: string
  challenge: Challenge
  checkId: string
  expiresInSeconds: number
  /** Names of the rungs that are still to come. */
  fallback: string[]
}

/** The ordered providers of a strategy. The server alone moves along it, only forward, and each rung is used once. */
export class Ladder {
  readonly first: Provider
  readonly #rungs: readonly Provider[]

  /** @throws TypeError when it is empty or two providers share a name. */
  constructor(rungs: readonly Provider[]) {
    const [first] = rungs
    if (!first) throw new TypeError('ladder: name at least one provider, such as phoneCheck({ … })')
    const names = rungs.map((rung) => rung.name)
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice) throw new TypeError(`ladder: two providers are called '${twice}'; give one of them another \`name\``)
    this.first = first
    this.#rungs = [...rungs]
  }

  /** @returns undefined when the ladder has no such rung, as after a deployment that removed it. */
  find(name: string): Provider | undefined {
    return this.#rungs.find((rung) => rung.name === name)
  }

  next(name: string): Provider | undefined {
    return this.#rungs[this.#rungs.findIndex((rung) => rung.name === name) + 1]
  }

  /** Names of the rungs that are still to come. */
  namesAfter(name: string): string[] {
    return this.#rungs.slice(this.#rungs.findIndex((rung) => rung.name === name) + 1).map((rung) => rung.name)
  }

  /**
   * Asks the rungs for a check, one after the other, until one can be tried by this device. `flow` must be claimed, with `from` as its rung.
   * @throws PhoneCheckError `ladder_exhausted` when none can, `provider_unavailable`, `in_progress` when the lease was lost
   */
  async climb(flow: OpenFlow, from: Provider, context: CallContext, input: StartInput): Promise<Step> {
    for (let rung = from; ; ) {
      const answer = await rung.start(input, context).catch((error) => Promise.reject(asOutage(error)))
      if ('challenge' in answer) {
        const { check, challenge, expiresInSeconds } = answer
        const lifeMs = Math.min(expiresInSeconds, rung.ttlSeconds) * 1000
        const now = flow.ageMs
        const rungUntil = Math.min(now + lifeMs, limits.flowTtlSeconds * 1000)
        const changes = { leaseUntil: undefined, rungSince: now, rungUntil, check: fingerprint(check.id) }
        if (!(await flow.write('pending', changes, { ...flow.content, check }))) throw new PhoneCheckError('in_progress')
        return {
          method: rung.name,
          challenge,
          checkId: check.id,
          expiresInSeconds: Math.floor((rungUntil - now) / 1000),
          fallback: this.namesAfter(rung.name),
        }
      }
      context.emit({ type: 'rung_skipped', reason: answer.unable, ...factsOf(flow) })
      const next = answer.stop ? undefined : this.next(rung.name)
      if (!next) throw new PhoneCheckError('ladder_exhausted', { flowId: flowId(flow.key), reason: answer.unable, ended: true })
      // Written before the next provider is asked, like the first rung: the charge of a rung is on record before its call.
      if (!(await flow.write('claimed', { rung: next.name, rungSince: flow.ageMs }))) throw new PhoneCheckError('in_progress')
      rung = next
    }
  }
}
