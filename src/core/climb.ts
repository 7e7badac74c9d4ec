import type { CallContext, Challenge, Provider, Started, StartInput, Unable } from '../providers/provider.js'
import { actions } from './actions.js'
import { asOutage, PhoneCheckError } from './errors.js'
import { factsOf } from './events.js'
import { purposeOf } from './flow.js'
import type { Requester } from './gate.js'
import { fingerprint, flowId } from './handle.js'
import type { OpenFlow } from './held-flow.js'
import { limits } from './limits.js'
import type { Parts } from './parts.js'

/** What the device must do on the rung that was reached. */
export interface Step {
  method: string
  challenge: Challenge
  checkId: string
  expiresInSeconds: number
  /** Names of the rungs that are still to come. */
  fallback: string[]
}

/** Creates checks: on one rung, or on the first of several that this device can use. */
export class Climber {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Asks the rungs for a check, one after the other, until one can be tried by this device. `flow` must be claimed, with `from` as its rung, and `from`
   * must have passed the gate.
   * @throws PhoneCheckError `ladder_exhausted`, `provider_unavailable`, `delivery_unknown`, `in_progress` when the lease was lost, 403 and 429 of the gate
   */
  async climb(flow: OpenFlow, from: Provider, context: CallContext, input: StartInput, by: Requester): Promise<Step> {
    for (let rung = from; ; ) {
      const answer = await this.#create(flow, rung, context, input, by)
      if ('challenge' in answer) return this.#settle(flow, rung, answer, context, input)
      context.emit({ type: 'rung_skipped', reason: answer.unable, ...factsOf(flow) })
      const next = this.#mayFollow(answer) ? this.#parts.ladder.next(rung.name) : undefined
      if (!next) throw this.#exhausted(flow, rung, answer)
      // Written before the next provider is asked, like the first rung: the charge of a rung is on record before its call.
      if (!(await flow.write('claimed', onRung(next.name, flow)))) throw new PhoneCheckError('in_progress')
      await this.#parts.gate.send(next, flow.content.number, purposeOf(flow.record), by)
      rung = next
    }
  }

  /** A new check on the same rung. @throws as {@link Climber.climb}, and `send_refused` when the provider sends none now */
  async renew(flow: OpenFlow, rung: Provider, context: CallContext, input: StartInput, by: Requester): Promise<Step> {
    const answer = await this.#create(flow, rung, context, input, by)
    if ('challenge' in answer) return this.#settle(flow, rung, answer, context, input)
    if (answer.unable === 'provider_down') throw this.#parts.breakers.refusal(rung.name, 'start')
    const message = 'The provider sends no other message now. The last code is still good.'
    throw new PhoneCheckError('send_refused', { flowId: flowId(flow.key), reason: answer.unable, message })
  }

  /** One rung's check. A charge for a message that was certainly not sent is given back. */
  async #create(flow: OpenFlow, rung: Provider, context: CallContext, input: StartInput, by: Requester): Promise<Started | Unable> {
    const takeBack = () => this.#parts.gate.takeBackSend(rung, flow.content.number, by)
    try {
      if (this.#parts.breakers.isOpen(rung.name, 'start')) {
        await takeBack()
        return { unable: 'provider_down' }
      }
      flow.sending = rung.sends === true
      const answer = await this.#parts.breakers.run(rung.name, 'start', context.deadline, () => rung.start(input, context).catch(outage))
      if ('unable' in answer) {
        flow.sending = false
        await takeBack()
      }
      return answer
    } catch (error) {
      // Only what was certainly not sent: any other fault may have come after the message.
      if (error instanceof PhoneCheckError && (error.details.untried || error.code === 'invalid_phone_number')) {
        flow.sending = false
        await takeBack()
      }
      throw error
    }
  }

  /** Writes the new check into the flow. From now on it is the only one that counts. */
  async #settle(
    flow: OpenFlow,
    rung: Provider,
    { check, challenge, expiresInSeconds }: Started,
    context: CallContext,
    { callbackUrl }: StartInput,
  ): Promise<Step> {
    const now = flow.ageMs
    const rungUntil = Math.min(now + Math.min(expiresInSeconds, rung.ttlSeconds) * 1000, limits.flowTtlSeconds * 1000)
    const changes = {
      leaseUntil: undefined,
      rungSince: now,
      rungUntil,
      check: fingerprint(check.id),
      tries: 0,
      spent: undefined,
      ...(rung.sends && { sentAt: now }),
    }
    const [written] = await Promise.all([
      flow.write('pending', changes, { ...flow.content, check }),
      // Lost, it only means that a result is noticed by asking.
      rung.webhook &&
        callbackUrl &&
        this.#parts.hints.remember(rung.name, check.id, flow.key, Math.ceil((rungUntil - now) / 1000)).catch(() => {}),
    ])
    if (!written) throw new PhoneCheckError('in_progress')
    if (rung.sends) context.emit({ type: 'message_sent', resend: (flow.record.resends ?? 0) > 0, ...factsOf(flow) })
    return {
      method: rung.name,
      challenge: challenge.type === 'enter_code' ? { ...challenge, resend_in: resendIn(flow) } : challenge,
      checkId: check.id,
      expiresInSeconds: Math.floor((rungUntil - now) / 1000),
      fallback: this.#parts.ladder.namesAfter(rung.name),
    }
  }

  #mayFollow({ unable, stop }: Unable): boolean {
    return !stop && actions[unable] !== 'stop' && !(unable === 'ip_mismatch' && this.#parts.settings.deviceIp === 'require')
  }

  #exhausted(flow: OpenFlow, rung: Provider, { unable }: Unable): PhoneCheckError {
    if (unable === 'provider_down') return this.#parts.breakers.refusal(rung.name, 'start')
    return new PhoneCheckError('ladder_exhausted', { flowId: flowId(flow.key), reason: unable, ended: true })
  }
}

/** Seconds until the server would send another message; for a flow that had its last one, what is left of its life. */
function resendIn({ record, ageMs }: OpenFlow): number {
  const resends = record.resends ?? 0
  if (resends >= limits.resendsPerFlow) return Math.floor(limits.flowTtlSeconds - ageMs / 1000)
  return limits.resendAfterSeconds * 2 ** resends
}

/** A flow that goes to another rung leaves everything of the old one behind. */
export function onRung(name: string, flow: OpenFlow) {
  return {
    rung: name,
    rungSince: flow.ageMs,
    rungUntil: undefined,
    check: undefined,
    spent: undefined,
    tries: 0,
    sentAt: undefined,
    polledAt: undefined,
    hinted: undefined,
    leaseUntil: flow.ageMs + limits.leaseMs,
  }
}

function outage(error: unknown): never {
  throw asOutage(error)
}
