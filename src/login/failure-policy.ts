import type { PhoneCheckErrorCode } from '../contracts/problems.js'
import type { UnableReason } from '../contracts/unable-reason.js'
import { PhoneCheckError } from '../lib/errors.js'
import type { LoginContext } from './context.js'

/**
 * next: the ladder goes on to the next rung
 * retry: nothing was decided; the same step may be repeated
 * stop: no rung may follow
 * suspicious: the ladder goes on, and the operator is told that somebody may not be who they claim
 */
export type NextMove = 'next' | 'retry' | 'stop' | 'suspicious'

/**
 * What follows each way in which a rung can fail. `ip_mismatch` becomes `stop` where the strategy
 * requires the device's address.
 */
export const failurePolicy: Readonly<Record<UnableReason | 'mismatch' | 'tries', NextMove>> = {
  mismatch: 'suspicious',
  // An honest phone with two ways out (dual stack, CDN) looks like this too.
  ip_mismatch: 'next',
  ip_msisdn_mismatch: 'next',
  not_mobile_ip: 'next',
  mno_not_supported: 'next',
  mno_redirect_unsupported: 'next',
  mno_timeout: 'next',
  mno_user_not_found: 'next',
  mno_response_error: 'next',
  mno_server_error: 'next',
  mno_no_data_available: 'next',
  sdk_no_data_connectivity: 'next',
  sdk_connection_error: 'next',
  sdk_redirect_error: 'next',
  sdk_error: 'next',
  declined: 'next',
  consent_required: 'next',
  blocked: 'next',
  provider_down: 'next',
  quota_exceeded: 'next',
  misconfigured: 'next',
  busy: 'next',
  limit_reached: 'next',
  expired: 'next',
  tries: 'next',
  reported: 'next',
  other: 'next',
}

/** The same for what is thrown instead of an outcome. */
export const errorPolicy = {
  invalid_phone_number: 'stop',
  provider_unavailable: 'retry',
  delivery_unknown: 'retry',
  store_unavailable: 'retry',
  pending: 'retry',
  in_progress: 'retry',
} as const satisfies Partial<Record<PhoneCheckErrorCode, NextMove>>

/** Whether no rung may follow one that was left for this reason. */
export function endsLadder({ settings }: LoginContext, reason: UnableReason | 'mismatch' | 'tries'): boolean {
  return failurePolicy[reason] === 'stop' || (reason === 'ip_mismatch' && settings.deviceIp === 'require')
}

/**
 * Whether a limit refused that says nothing of the rungs after: messages to the number, checks of
 * it, wrong codes. An address that asks too much is refused everywhere.
 */
export function closesOneRung(error: unknown): error is PhoneCheckError {
  const codes: readonly PhoneCheckErrorCode[] = ['number_limit', 'code_locked', 'spending_limit']
  return error instanceof PhoneCheckError && codes.includes(error.code)
}
