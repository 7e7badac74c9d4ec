import type { PhoneCheckErrorCode } from './checks.js'
import type { ProblemName } from './problem.js'

/** What the vendor does with one number, whoever asks and from whichever phone. */
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
  /** The check URL answers with this problem at its first hop. 'too_many_requests' leaves the check usable, the others end it. */
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
}
