import type { PhoneCheckErrorCode } from '../contracts/problems.js'
import type { UnableReason } from '../contracts/unable-reason.js'
import { PhoneCheckError } from '../lib/errors.js'
import type { LoginContext } from './context.js'

/** Why a rung was left: the provider's or the device's word, its no, or wrong codes. */
export type LeaveReason = UnableReason | 'mismatch' | 'tries'

/**
 * Whether no rung may follow one that was left for this reason. The ladder goes on after all others:
 * also after an address that is not the SIM's, as an honest phone with two ways out (dual stack, a
 * CDN) looks like that, unless the application requires the device's address.
 */
export function endsLadder({ settings }: LoginContext, reason: LeaveReason): boolean {
  return reason === 'ip_mismatch' && settings.deviceIp === 'require'
}

/** Whether the operator is told that somebody may not be who they claim. */
export function isSuspicious(login: LoginContext, reason: LeaveReason): reason is 'mismatch' | 'ip_mismatch' {
  return reason === 'mismatch' || endsLadder(login, reason)
}

/**
 * Whether a limit refused that says nothing of the rungs after: messages to the number, checks of
 * it, wrong codes, what may be spent in a day. An address that asks too much is refused everywhere.
 */
export function closesOneRung(error: unknown): error is PhoneCheckError {
  const codes: readonly PhoneCheckErrorCode[] = ['number_limit', 'code_locked', 'spending_limit']
  return error instanceof PhoneCheckError && codes.includes(error.code)
}
