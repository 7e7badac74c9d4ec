import type { Clock, Deadline } from '../contracts/clock.js'
import type { Emit } from '../contracts/events.js'
import type { Assurance } from '../contracts/identity.js'
import type { LimitOptions } from '../contracts/limits.js'
import type { CallContext, Provider } from '../contracts/provider.js'
import type { Store } from '../contracts/store.js'
import type { TraceContext } from '../contracts/telemetry.js'
import { CheckIndex } from '../flow/check-index.js'
import { OpenSends } from '../flow/open-sends.js'
import type { FlowRecord } from '../flow/record.js'
import { FlowRepository, type UnsealedFlow } from '../flow/repository.js'
import { CircuitBreakers, graceMs } from '../lib/circuit-breaker.js'
import { deadlineIn } from '../lib/clock.js'
import { keyedHash } from '../lib/crypto.js'
import { PhoneCheckError } from '../lib/errors.js'
import { publicAddress } from '../lib/ip-address.js'
import type { NumberPolicy } from '../lib/phone-number.js'
import { LoginLimiter, type Requester } from '../limits/login-limiter.js'
import { type LoginLimits, loginLimits } from '../limits/login-limits.js'
import { limits } from '../limits/numbers.js'
import { guardStore } from '../stores/guard.js'
import { Ladder } from './ladder.js'
import { type ReviewNumber, ReviewNumbers } from './review-provider.js'

/** What all steps of a login share, for as long as the strategy lives. */
export interface LoginContext {
  readonly settings: LoginServiceSettings
  readonly ladder: Ladder
  readonly flows: FlowRepository
  readonly limiter: LoginLimiter
  readonly breakers: CircuitBreakers
  readonly checkIndex: CheckIndex
  readonly openSends: OpenSends
  /** The limits of one login that the application may set. */
  readonly limits: LoginLimits
  /** Of the store, for its operator alone. @throws Error where the store has none */
  readonly search: NonNullable<Store['search']>
  /** Keys of the flows for which this process is taking a try right now. */
  readonly flowsBeingTried: Set<string>
}

/**
 * One HTTP request that takes a step. Made once and handed down, so that all provider calls made
 * for it share one deadline.
 */
export interface RequestContext {
  readonly deadline: Deadline
  readonly requester: Requester
  readonly redirectUrl: string | undefined
  /** The device's public address, where the provider is to be told. */
  readonly deviceIp: string | undefined
  /** `iss` of the return leg, for the rung alone. */
  readonly issuer?: string | undefined
}

/** @throws TypeError that names the option and the cure */
export function createLoginContext(settings: LoginServiceSettings): LoginContext {
  const { clock, emit, secret, floor } = settings
  const store = guardStore(settings.store, emit, clock)
  if (settings.reviewNumbers?.length && floor !== undefined && floor !== 'low') {
    throw new TypeError(`reviewNumbers: their assurance is low, which is below the floor '${floor}'`)
  }
  const { reviewNumbers } = settings
  const review = reviewNumbers?.length ? new ReviewNumbers(reviewNumbers, clock) : undefined
  return {
    settings,
    ladder: new Ladder(settings.ladder, floor, review),
    flows: new FlowRepository(store, clock),
    limiter: new LoginLimiter({
      strategyName: settings.strategyName,
      store,
      clock,
      secret,
      emit,
      ...(settings.limits && { limits: settings.limits }),
    }),
    breakers: new CircuitBreakers(clock, emit),
    checkIndex: new CheckIndex(store),
    openSends: new OpenSends(store),
    limits: loginLimits(settings.limits),
    search: async (text, most) => {
      if (!store.search) throw new Error(noSearch)
      return store.search(text, most)
    },
    flowsBeingTried: new Set(),
  }
}

const noSearch =
  'flows, cancel and erase look for what the store has of a number or a login, and this store has no search(). Add the method, as Store describes it.'

const requestMs = limits.requestDeadlineMs - graceMs

/** Milliseconds since the request's step began. */
export function elapsedMs({ deadline }: RequestContext): number {
  return requestMs - deadline.leftMs()
}

/** @param deviceIp as {@link deviceIpFor} has it, for steps that create a check */
export function createRequestContext(
  { settings }: LoginContext,
  { requester, redirectUrl, issuer }: { requester: Requester; redirectUrl?: string; issuer?: string },
  deviceIp?: string,
): RequestContext {
  // The last call may be given its grace, and the request ends in its time all the same.
  const deadline = deadlineIn(requestMs, settings.clock)
  return { deadline, requester, redirectUrl, deviceIp, issuer }
}

/**
 * The device's public address, where the provider is to be told.
 * @throws PhoneCheckError `invalid_request` when it must be and is not known
 */
export function deviceIpFor({ settings }: LoginContext, deviceAddress: string | undefined): string | undefined {
  const mode = settings.deviceIp ?? 'off'
  const address = mode === 'off' ? undefined : publicAddress(deviceAddress)
  if (mode === 'require' && !address) {
    throw new PhoneCheckError('invalid_request', {
      message:
        "deviceIp is 'require', but the requester's public address is not known. Behind a proxy, set Express's `trust proxy`.",
    })
  }
  return address
}

/**
 * Seconds from the flow's last message until the rung sends another one. The first wait is as its
 * provider states and no less than the application wants, and the next one twice that.
 * @returns undefined where no other is sent: not by this rung, or not in this flow
 */
export function resendAfter(
  { limits: own }: LoginContext,
  rung: Provider,
  { resends = 0 }: Pick<FlowRecord, 'resends'>,
): number | undefined {
  if (!rung.sends || resends >= own.resendsPerFlow) return undefined
  return Math.max(rung.resendAfterSeconds ?? limits.resendAfterSeconds, own.resendAfterSeconds) * 2 ** resends
}

/** What a provider is given of the request: nothing of the requester. */
export function callContext(
  { settings: { emit, secret } }: LoginContext,
  { name }: Provider,
  { deadline, issuer }: Pick<RequestContext, 'deadline' | 'issuer'>,
): CallContext {
  return {
    deadline,
    emit,
    keyedHash: (text) => keyedHash(secret, `passport-phonecheck/rung/1 ${name}`)(text),
    ...(issuer !== undefined && { issuer }),
  }
}

/** What is published of a step of a flow. */
export function tracedFlow({ id, record, content }: UnsealedFlow, { name, vendor }: Provider): TraceContext {
  return { flowId: id, purpose: record.purpose, method: name, vendor, country: content.number.country }
}

export interface LoginServiceSettings extends NumberPolicy {
  /** Name of the strategy. */
  strategyName: string
  ladder: readonly Provider[]
  store: Store
  /** At least 32 bytes; keys the hashes of numbers and addresses. */
  secret: string
  clock: Clock
  emit: Emit
  /** The weakest rung that may ever be used. Default `low`. */
  floor?: Assurance
  /** Whether the provider is told the device's address at start. Default `off`. */
  deviceIp?: 'off' | 'prefer' | 'require'
  callbackUrl?: string
  reviewNumbers?: readonly ReviewNumber[]
  limits?: LimitOptions
}
