import type { Problem, ProblemCode, Progress } from 'passport-phonecheck/client'

const problems: Readonly<Record<ProblemCode, string>> = {
  invalid_request: 'Type all digits of the code.',
  invalid_phone_number: 'Check the number. It needs its country code, such as +1 202 555 0100.',
  country_not_allowed: 'Numbers of this country cannot sign in here.',
  number_type_not_allowed: 'Only mobile numbers can sign in.',
  flow_invalid: 'This sign-in is over. Begin again.',
  invalid_code: 'That is not the code.',
  mismatch: 'The SIM in this phone does not have this number.',
  cross_site: 'This app is not allowed to sign in here.',
  send_refused: 'No other message can be sent now. The last code is still good.',
  token_invalid: 'You were signed out. Begin again.',
  user_refused: 'Your number is confirmed, but it has no access here.',
  step_up_required: 'This needs a stronger way of signing in.',
  pending: 'Your message has not arrived yet.',
  in_progress: 'This sign-in is being checked already.',
  too_early: 'Give this way a moment longer.',
  payload_too_large: 'This app and its server do not understand each other. Update the app.',
  unsupported_media_type: 'This app and its server do not understand each other. Update the app.',
  rung_unable: 'This way does not work on this phone.',
  ladder_exhausted: 'No other way works just now. Turn mobile data on and begin again.',
  cooldown: 'Messages can take a while. Wait a moment before you ask for another one.',
  number_limit: 'Too many messages went to this number. Try again later.',
  spending_limit: 'No more sign-ins this way today. Try another way, or again tomorrow.',
  address_limit: 'Too many attempts came from your network. Try again later.',
  code_locked: 'Too many wrong codes were typed for this number. Try again without a code, or later.',
  provider_unavailable: 'Our partner does not answer. Try again in a minute.',
  store_unavailable: 'Signing in is not available just now. Try again in a minute.',
  delivery_unknown: 'The code may be on its way. Wait two minutes, then ask for another one.',
  offline: 'No connection. Check Wi-Fi or mobile data.',
  interrupted: 'You left before your operator had answered.',
  expired: 'That took too long.',
  unexpected: 'Something went wrong, and you are not signed in.',
}

export function sayProblem({ code }: Problem): string {
  return Object.hasOwn(problems, code) ? problems[code as ProblemCode] : problems.unexpected
}

const dataOff = 'Turn mobile data on to sign in without typing. Wi-Fi can stay on.'
const notMobile = 'Turn VPN and private relay off to sign in without typing.'

const refused = 'Allow your phone to share its number to sign in without typing.'

/** What the user can do about it. For every other obstacle: nothing. */
const cures: Readonly<Record<string, string>> = {
  sdk_no_data_connectivity: dataOff,
  not_mobile_ip: notMobile,
  ip_mismatch: notMobile,
  GetCredentialCancellationException: refused,
  'pnv/credential-manager-error': refused,
}

/** @returns undefined when it would not help to try the silent way again */
export function cureOf(obstacle: string | undefined): string | undefined {
  return obstacle !== undefined && Object.hasOwn(cures, obstacle) ? cures[obstacle] : undefined
}

const busy = {
  starting: 'Starting…',
  opening: 'Asking your operator…',
  checking: 'Checking…',
  falling_back: 'Preparing another way…',
  resending: 'Sending another code…',
}

/** @returns undefined while the user has the say */
export function sayBusy({ state }: Progress): string | undefined {
  return Object.hasOwn(busy, state) ? busy[state as keyof typeof busy] : undefined
}

const ways: Readonly<Record<string, string>> = { mocheck: 'Send a text instead', 'idenfy-sms': 'Get a code instead' }

export function sayWay(method: string): string {
  return (Object.hasOwn(ways, method) && ways[method]) || 'Try another way'
}
