/**
 * Why a rung did not work. `reported` is the device's own word, `expired` the check's age, `other`
 * what the provider gave no known name. `declined`: the user said no. `consent_required`: the
 * operator wants the user's consent first, which a silent check cannot ask for. `blocked`: the
 * vendor's fraud or country rules refuse this number.
 *
 * Five say nothing of the device: `provider_down` (an outage, a time-out, an open circuit),
 * `quota_exceeded` (the rate limit or quota of our account: no login asks then), `misconfigured`
 * (it refused our credentials, balance or rights), `busy` (a message or check of it for this number
 * is still open), `limit_reached` (one of our own limits closes this rung for now).
 */
export const unableReasons = [
  'not_mobile_ip',
  'mno_not_supported',
  'mno_redirect_unsupported',
  'mno_timeout',
  'mno_user_not_found',
  'mno_response_error',
  'mno_server_error',
  'mno_no_data_available',
  'ip_mismatch',
  'ip_msisdn_mismatch',
  'sdk_no_data_connectivity',
  'sdk_connection_error',
  'sdk_redirect_error',
  'sdk_error',
  'declined',
  'consent_required',
  'blocked',
  'provider_down',
  'quota_exceeded',
  'misconfigured',
  'busy',
  'limit_reached',
  'expired',
  'reported',
  'other',
] as const
export type UnableReason = (typeof unableReasons)[number]

/** Maps a vendor's or a device's word to the closed list, so that nothing foreign travels further. */
export function unableReason(word: unknown, otherwise: UnableReason = 'other'): UnableReason {
  return unableReasons.find((reason) => reason === word) ?? otherwise
}
