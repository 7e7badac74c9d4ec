import type { IdenfyErrorName } from '../idenfy/error.js'
import type { PhoneCheckErrorCode } from '../idlayr/checks.js'
import type { ProblemName } from '../idlayr/problem.js'
import type { TwilioErrorCode } from '../twilio/error.js'

/**
 * What the vendors do with one number, whoever asks and from whichever phone. Fields that name no
 * product are about PhoneCheck.
 */
export interface NumberOverride {
  /** Create answers with this problem; 'country_not_supported' and 'payment_required' carry no fragment. */
  readonly createProblem?: Extract<
    ProblemName,
    | 'bad_request'
    | 'phone_format_invalid'
    | 'mno_not_supported'
    | 'country_not_supported'
    | 'payment_required'
    | 'ip_msisdn_mismatch'
    | 'not_mobile_ip'
    | 'too_many_requests'
  >
  /**
   * The check URL answers with this problem at its first hop. 'too_many_requests' leaves the check
   * usable, the others end it.
   */
  readonly redirectProblem?: Extract<
    ProblemName,
    'mno_not_supported' | 'ip_msisdn_mismatch' | 'not_mobile_ip' | 'too_many_requests' | 'mno_redirect_unsupported'
  >
  /** Seconds in the Retry-After of 'too_many_requests'. Default 30. */
  readonly retryAfterSeconds?: number
  /** The operator fails with this code at the end of the chain. */
  readonly errorCode?: PhoneCheckErrorCode
  /** The operator's verdict, in place of the comparison with the SIM. */
  readonly match?: boolean
  readonly moCheck?: MoCheckOverride
  readonly idenfy?: IdenfyOverride
  readonly twilio?: TwilioOverride
  readonly camara?: CamaraOverride
}

/** The same for MOCheck. */
export interface MoCheckOverride {
  /** Create answers with this problem. */
  readonly createProblem?: Extract<
    ProblemName,
    | 'bad_request'
    | 'phone_format_invalid'
    | 'mno_not_supported'
    | 'country_not_supported'
    | 'payment_required'
    | 'too_many_requests'
  >
  /** Seconds in the Retry-After of 'too_many_requests'. Default 30. */
  readonly retryAfterSeconds?: number
  /** An SMS with the right body ends the check in ERROR with this code. */
  readonly errorCode?: PhoneCheckErrorCode
  /** The verdict on an SMS with the right body, in place of the comparison of the numbers. */
  readonly verified?: boolean
}

/** The same for iDenfy. */
export interface IdenfyOverride {
  /** send-sms answers with this error: 402, 403 and the rest without an identifier where the vendor's list has none. */
  readonly sendError?: Extract<
    IdenfyErrorName,
    'payment_required' | 'token_limit' | 'partner_inactive' | 'too_many_requests' | 'internal_error'
  >
}

/** The same for Twilio Verify. */
export interface TwilioOverride {
  /** A message is refused with this error. */
  readonly sendError?: TwilioErrorCode
  /** Every check of a code is. */
  readonly checkError?: TwilioErrorCode
}

/** The same for the CAMARA operator. */
export interface CamaraOverride {
  /** The phone with this SIM is sent back with this error, such as `access_denied`. */
  readonly authorizeError?: string
  /** For SIM Swap: when the SIM of this number was swapped. Default: never. */
  readonly swappedHoursAgo?: number
}
