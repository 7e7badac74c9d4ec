// @ts-check

/** @type {Record<string, string>} */
const problems = {
  invalid_phone_number: 'Check the number: it needs its country code, such as +1 202 555 0100.',
  number_type_not_allowed: 'Only mobile numbers can sign in.',
  country_not_allowed: 'Numbers of this country cannot sign in here.',
  mismatch: 'The SIM in this phone does not have this number.',
  rung_unable: 'This way does not work on this phone.',
  ladder_exhausted: 'No other way of signing in works for this phone just now.',
  interrupted: 'You came back before your operator had answered.',
  expired: 'That took too long.',
  flow_invalid: 'This sign-in is over. Begin again.',
  invalid_code: 'That is not the code.',
  invalid_request: 'Type all digits of the code.',
  send_refused: 'No other text can be sent now. If you have a code, it is still good.',
  cooldown: 'Texts can take a while. Wait a moment before you ask for another one.',
  delivery_unknown: 'We cannot tell whether a code was sent. Ask for another one in two minutes.',
  number_limit: 'Too many texts went to this number. Try again later.',
  spending_limit: 'No more sign-ins this way today. Try another way, or again tomorrow.',
  address_limit: 'Too many attempts came from your network. Try again later.',
  code_locked: 'Too many wrong codes were typed for this number. Sign in with its SIM, or try again later.',
  user_refused: 'Your number is confirmed, but it has no access here.',
  provider_unavailable: 'Our partner does not answer. Try again in a minute.',
  store_unavailable: 'Signing in is not available just now. Try again in a minute.',
  offline: 'No connection to the server.',
}

const mobileData = 'This phone is on Wi-Fi only. Switch mobile data on and try again, or go on another way.'

/**
 * Why a way cannot work: says more than the code.
 *
 * @type {Record<string, string>}
 */
const reasons = {
  not_mobile_ip: mobileData,
  sdk_no_data_connectivity: mobileData,
  mno_not_supported: 'Your operator takes no part in silent sign-in yet.',
  provider_down: 'Our partner does not answer just now.',
  quota_exceeded: 'Our partner takes no more requests for the moment.',
  step_up: 'This needs a stronger proof.',
  limit_reached: 'This way was tried too often with this number.',
}

/**
 * @param {string} code
 * @param {string} [reason]
 */
export function sayProblem(code, reason = '') {
  if (Object.hasOwn(reasons, reason)) return reasons[reason] ?? ''
  return (Object.hasOwn(problems, code) && problems[code]) || 'Something went wrong, and you are not signed in.'
}

/** @type {Record<string, string>} */
export const progressWords = {
  starting: 'Starting…',
  opening: 'Asking your operator…',
  checking: 'Checking…',
  falling_back: 'Preparing another way…',
  resending: 'Sending another code…',
}

/** @type {Record<string, string>} */
export const methods = {
  phonecheck: 'by the SIM in your phone',
  mocheck: 'by a text from your phone',
  'idenfy-sms': 'by a code sent to your phone',
}

/** @type {Record<string, string>} */
export const ways = { mocheck: 'Text us instead', 'idenfy-sms': 'Send me a code instead' }
