import type { Check, CheckStatus, PhoneCheckErrorCode } from '../idlayr/checks.js'
import type { MoCheck } from '../idlayr/mo-checks.js'

/** A check as a test may see it. */
export interface CheckView {
  readonly checkId: string
  readonly status: CheckStatus
  readonly phoneNumber: string
  /** What the operator found, known before the server asks; null when it found nothing. */
  readonly match: boolean | null
  readonly errorCode: PhoneCheckErrorCode | null
  readonly referenceId: string | null
  readonly redirectUrl: string | null
  readonly callbackUrl: string | null
  readonly phoneIp: string | null
  /** How often the check URL was opened. */
  readonly opens: number
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** A MOCheck as a test may see it. */
export interface MoCheckView {
  readonly checkId: string
  readonly status: CheckStatus
  readonly phoneNumber: string
  /** null until COMPLETED. */
  readonly verified: boolean | null
  readonly errorCode: PhoneCheckErrorCode | null
  readonly referenceId: string | null
  readonly callbackUrl: string | null
  readonly receiver: string
  readonly body: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export function checkView(check: Check): CheckView {
  const { id, status, phoneNumber, verdict, referenceId, redirectUrl, callbackUrl, phoneIp, opens, createdAt } = check
  return {
    checkId: id,
    status,
    phoneNumber,
    match: verdict !== undefined && 'match' in verdict ? verdict.match : null,
    errorCode: verdict !== undefined && 'errorCode' in verdict ? verdict.errorCode : null,
    referenceId,
    redirectUrl,
    callbackUrl,
    phoneIp,
    opens,
    createdAt,
  }
}

export function moCheckView(check: MoCheck): MoCheckView {
  const { id, status, phoneNumber, verified, errorCode, referenceId, callbackUrl, receiver, body, createdAt } = check
  return { checkId: id, status, phoneNumber, verified, errorCode, referenceId, callbackUrl, receiver, body, createdAt }
}
