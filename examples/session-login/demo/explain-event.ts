import type { PhoneCheckEvent } from 'passport-phonecheck'

/** What the library told its operator, in a sentence. */
export function explainEvent(event: PhoneCheckEvent): string {
  switch (event.type) {
    case 'flow_started':
      return `A login of ${masked(event.number)} (${event.country}) has begun.`
    case 'rung_skipped':
      return `This way cannot work for the device: ${event.reason}.`
    case 'rung_spent':
      return `This way is used up: ${event.reason}.`
    case 'flow_failed':
      return 'The login is over, without a user.'
    case 'code_rejected':
      return `A wrong code. Tries left: ${event.attemptsLeft}.`
    case 'identity_verified':
      return `${masked(event.number)} is proven, and the app has its user.`
    case 'suspicious':
      return event.reason === 'mismatch' ? 'Somebody tried a number that is not in the phone’s SIM.' : 'The device changed its address.'
    case 'foreign_redeem':
      return 'Somebody who did not begin this login tried to finish it.'
    case 'cross_site_refused':
      return 'A page of another site was turned away.'
    default:
      return 'See the events in the documentation.'
  }
}

function masked(number: string): string {
  return number.replaceAll('*', '•')
}
