import type { PhoneCheckEvent } from 'passport-phonecheck'

const ways: Record<string, string> = {
  phonecheck: 'the silent check',
  mocheck: 'a text from the phone',
  'idenfy-sms': 'a code by text',
  'vonage-silent': 'the silent check',
  'vonage-sms': 'a code by text',
  'number-verification': 'the silent check',
  'firebase-pnv': 'a token of the phone',
  'camara-otp-sms': 'a code by text',
  'twilio-sms': 'a code by text',
  'twilio-call': 'a code by call',
  'own-sms': 'a code by text',
}

const steps = {
  start: 'The login could not begin',
  fallback: 'The next way was not opened',
  resend: 'No other message was sent',
  verify: 'The code was not tried',
}

/** What the library told its operator, in a sentence. */
export function explainEvent(event: PhoneCheckEvent): string {
  switch (event.type) {
    case 'flow_started':
      return `A login of ${masked(event.number)} (${event.country}) has begun, with ${way(event.method)}.`
    case 'rung_skipped':
      return `${capitalized(way(event.method))} cannot work for this device: ${event.reason}.`
    case 'rung_spent':
      return `${capitalized(way(event.method))} is used up: ${event.reason}.`
    case 'rung_started':
      return `The login goes on, with ${way(event.method)}.`
    case 'message_sent':
      return event.resend ? 'Another code was sent, and charged.' : 'A code was sent, and charged.'
    case 'step_refused':
      return `${steps[event.step]}: ${event.code}.`
    case 'code_rejected':
      return `A wrong code. Tries left: ${event.attemptsLeft}.`
    case 'flow_failed':
      return 'The login is over, without a user.'
    case 'identity_verified':
      return `${masked(event.number)} is proven by ${way(event.method)}, and the app has its user.`
    case 'review_login':
      return 'An app-store reviewer signed in with a fixed code.'
    case 'user_refused':
      return 'The number is proven, but the app does not want this user.'
    case 'verify_callback_failed':
      return event.canRepeat
        ? 'The app failed to find its user. The proof is kept for a minute.'
        : 'The app failed to find its user.'
    case 'suspicious':
      return event.reason === 'mismatch'
        ? 'Somebody tried a number that is not in the phone’s SIM.'
        : 'The device changed its address.'
    case 'foreign_verify':
      return 'Somebody who did not begin this login tried to finish it.'
    case 'token_refused':
      return `An access token was refused: ${event.reason}.`
    case 'refresh_reused':
      return 'A refresh token came twice. All tokens of that login are dead.'
    case 'user_revoked':
      return 'All logins of a user were ended.'
    case 'cross_site_refused':
      return 'A page of another site was turned away.'
    case 'provider_outage':
      return `${event.method} failed at ${event.operation}: ${event.kind}.`
    case 'provider_misconfigured':
      return `${event.method} does not accept this app at ${event.operation}: HTTP ${event.status}.`
    case 'quota_exceeded':
      return `${event.method} takes no more calls for now: the quota is used up.`
    case 'provider_overloaded':
      return `So many calls to ${event.method} are under way that no other one is begun.`
    case 'breaker_opened':
      return `${event.method} failed too often at ${event.operation}, and gets a rest.`
    case 'breaker_closed':
      return `${event.method} answers ${event.operation} again.`
    case 'store_outage':
      return `The store failed at ${event.operation}.`
    case 'late_result':
      return `${event.method} announced a result of a check that its login has left behind. It changes nothing.`
    case 'webhook_refused':
      return `An announcement in the name of ${event.method} is not authentic: ${event.reason}.`
    case 'number_unlocked':
      return `The wrong codes of ${masked(event.number)} are forgotten.`
    case 'flow_cancelled':
      return 'The operator of this app ended the login.'
    case 'number_erased':
      return `What was kept of ${masked(event.number)} is forgotten.`
    case 'spending_limit':
    case 'reminder':
    case 'misconfiguration':
      return event.message
    default:
      return 'See the events in the documentation.'
  }
}

function way(method: string): string {
  return ways[method] ?? method
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function masked(number: string): string {
  return number.replaceAll('*', '•')
}
