import type { ToldEvent } from '../contracts/events.js'
import type { Finding } from '../contracts/finding.js'
import { diagnoseRequest, diagnoseRoutes } from '../express/diagnose.js'
import type { HttpRequest, OfRequest } from '../express/http-types.js'
import { knownOptions } from '../lib/options.js'
import { limits } from '../limits/numbers.js'
import type { FlowInfo } from '../login/admin.js'
import type { LoginDescription } from '../login/describe.js'
import type { Readiness } from '../login/types.js'
import { demand } from './complaints.js'
import { FlowStrategy } from './flow-strategy.js'
import {
  type AnyOptions,
  buildContext,
  calledElsewhere,
  type PhoneCheckStrategyOptions,
  type PhoneCheckStrategyOptionsWithRequest,
} from './options.js'
import { checkUrls } from './urls.js'
import { type VerifyCallback, type VerifyCallbackWithRequest, verifier } from './verify.js'

export interface PurposeOptions {
  /**
   * Id of the signed-in user a flow belongs to. It is compared at redeem, so that a flow begun for
   * one user cannot finish for another.
   */
  subject: OfRequest<[], string | undefined>
  /** Return route of this purpose. Default: none, so codes come back by `body`. */
  redirectUrl?: string
  /** Where a failed return goes. Required with `redirectUrl`. */
  loginUrl?: string
  /** `true` puts the request first in the verify callback. */
  passReqToCallback?: boolean
}

/** Logs users in with their SIM: `passport.authenticate('phonecheck')`. */
export class PhoneCheckStrategy extends FlowStrategy {
  /** @throws TypeError that names the option and the cure */
  constructor(options: PhoneCheckStrategyOptionsWithRequest, verify: VerifyCallbackWithRequest)
  constructor(options: PhoneCheckStrategyOptions, verify: VerifyCallback)
  constructor(options: AnyOptions, verify: VerifyCallback | VerifyCallbackWithRequest) {
    if (typeof options === 'function')
      throw new TypeError(
        'PhoneCheckStrategy: the options come first and the verify callback second: new PhoneCheckStrategy(options, verify)',
      )
    if (typeof options !== 'object' || options === null) throw new TypeError('PhoneCheckStrategy requires options')
    if (typeof verify !== 'function') throw new TypeError('PhoneCheckStrategy requires a verify callback')
    const name = options.name ?? 'phonecheck'
    super(name, buildContext(options), verifier(name, verify, options.passReqToCallback ?? false))
  }

  /**
   * A sibling for something else than logging in, such as linking a number or a payout:
   * `<name>-<purpose>`, with handlers of its own on the same ladder, store and counters. Use it
   * with `passport.authorize`. A flow of one purpose cannot be redeemed for another.
   * @throws TypeError that names the option and the cure
   */
  purpose(
    purpose: string,
    options: PurposeOptions & { passReqToCallback: true },
    verify: VerifyCallbackWithRequest,
  ): FlowStrategy
  purpose(
    purpose: string,
    options: PurposeOptions & { passReqToCallback?: false },
    verify: VerifyCallback,
  ): FlowStrategy
  purpose(purpose: string, options: PurposeOptions, verify: VerifyCallback | VerifyCallbackWithRequest): FlowStrategy {
    knownOptions('purpose', options, ['subject', 'redirectUrl', 'loginUrl', 'passReqToCallback'], calledElsewhere)
    const { subject, redirectUrl, loginUrl } = options
    demand(
      /^[a-z][a-z0-9-]{0,31}$/.test(purpose) && purpose !== 'login',
      "purpose must be a short lower-case word, and not 'login'",
    )
    demand(
      typeof subject === 'function',
      'subject is missing; a purpose belongs to a signed-in user, such as (req) => req.user?.id',
    )
    demand(typeof verify === 'function', 'purpose requires a verify callback')
    checkUrls(redirectUrl, loginUrl, this.context.secure)
    const { redirectUrl: _, loginUrl: __, ...shared } = this.context
    const context = {
      ...shared,
      purpose,
      subject,
      ...(redirectUrl !== undefined && { redirectUrl }),
      ...(loginUrl !== undefined && { loginUrl }),
    }
    const name = `${this.name}-${purpose}`
    return new FlowStrategy(name, context, verifier(name, verify, options.passReqToCallback ?? false))
  }

  /**
   * Forgets the wrong codes counted for a number, and the lock they led to, and makes strangers of
   * its known devices.
   * @throws PhoneCheckError `invalid_phone_number`, `number_type_not_allowed`, `store_unavailable`
   */
  unlock(phoneNumber: string): Promise<void> {
    return this.context.logins.unlock(phoneNumber)
  }

  /** Makes strangers of all devices that are known by a number. `unlock` does it too. @throws as `unlock` */
  forgetDevices(phoneNumber: string): Promise<void> {
    return this.context.logins.forgetDevices(phoneNumber)
  }

  /**
   * The logins of a number that the store still has, of all strategies that share it and `secret`, the
   * oldest first. Looks through the whole store: for support, not for requests of users.
   * @throws as `unlock`; Error for a store of your own without `search`
   */
  flows(phoneNumber: string): Promise<FlowInfo[]> {
    return this.context.logins.flows(phoneNumber)
  }

  /**
   * Ends a login that is under way. Looks through the whole store.
   * @param flowId its public id, as in events, `phone.flows()` and problems (`instance`)
   * @returns true when nobody was logged in by it and nobody will be; false when it is over, perhaps
   * just won, or unknown
   * @throws PhoneCheckError `invalid_request`, `store_unavailable`, `in_progress`: repeat it; Error for a
   * store of your own without `search`
   */
  cancel(flowId: string): Promise<boolean> {
    return this.context.logins.cancel(flowId)
  }

  /**
   * Forgets all that the store has of a number, as when its owner wants to be erased: logins, counters
   * with their locks, open messages, devices. One random text under the number's keyed hash stays, so
   * that device values which browsers keep are good no more. Tokens are found by user id: `revokeUser`.
   * Sessions, and your own records, are yours. Looks through the whole store.
   * @returns how many records and counters were forgotten
   * @throws as `unlock`: something may be left, repeat it; Error for a store of your own without `search`
   */
  erase(phoneNumber: string): Promise<number> {
    return this.context.logins.erase(phoneNumber)
  }

  /**
   * Whether this process can serve logins: asks the store, calls no provider, tells no secret. For
   * your own health route.
   */
  ready(): Promise<Readiness> {
    return this.context.logins.ready()
  }

  /**
   * What is set up wrong, and what to change: store, credentials (by a call that costs nothing), clocks,
   * `redirectUrl` and `callbackUrl` as the world sees them, review numbers, limits. For an operator; it
   * asks store, vendors and your own URLs.
   * @param req a real request, such as that of the operator's page: then proxies, TLS, the host and the
   * session are looked at too
   * @example `app.get('/admin/phone', requireOperator, async (req, res) => res.json(await phone.diagnose(req)))`
   */
  async diagnose(req?: HttpRequest): Promise<Finding[]> {
    const { context } = this
    const found = await Promise.all([context.logins.diagnose(), diagnoseRoutes(context)])
    return [...found.flat(), ...(req ? diagnoseRequest(context, req) : [])]
  }

  /**
   * What is in force: the ladder with the rhythm of each rung, the limits, and how many codes
   * somebody could guess for one number in a year. Holds nothing secret; asks nobody.
   * @example `console.log(phone.describe())`
   */
  describe(): LoginDescription {
    return this.context.logins.describe()
  }

  /**
   * The events of one login, the oldest first, as this process told of them; at most 100. Empty for one
   * that it does not know, or no more.
   * @param flowId public id of the login: `id` on the wire, `instance` of problems
   * @throws Error when the option `timelines` is not set
   * @example `console.table(phone.timeline('9f86d081884c7d65'))`
   */
  timeline(flowId: string): ToldEvent[] {
    const { timelines } = this.context
    if (!timelines)
      throw new Error('timeline: nothing is remembered; set the option timelines, such as timelines: 1000')
    return timelines.of(flowId)
  }

  /**
   * Refuses new requests with 503, lets those that have begun come to their end (at most 10 s), and
   * lets go of connections. May be called again.
   */
  close(): Promise<void> {
    const { drain, logins, clock } = this.context
    return drain.close(clock, limits.drainMs, () => logins.close())
  }
}
