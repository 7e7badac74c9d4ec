import type { PhoneCheckEvent } from '../contracts/events.js'

type Facts = Record<string, unknown>

/** Of the events that have no sentence of their own. */
const sentences: Readonly<Record<string, (event: Facts) => string>> = {
  flow_started: () => 'A login was begun',
  rung_skipped: ({ reason }) => `The rung cannot work and was passed over: ${reason}`,
  rung_spent: ({ reason }) => `The rung is used up: ${reason}`,
  rung_started: () => 'The ladder went on to this rung',
  message_sent: ({ resend }) => (resend ? 'Another message was sent' : 'A message was sent'),
  step_refused: ({ step, code }) => `The step ${step} was refused: ${code}`,
  review_login: () => 'Somebody logged in with a review number',
  code_rejected: ({ attemptsLeft }) => `A wrong code; tries left: ${attemptsLeft}`,
  flow_failed: () => 'The login is over without success',
  identity_verified: () => 'The number is proven, and the app took the user',
  user_refused: () => 'The number is proven, and the app refused the user',
  suspicious: ({ reason }) => `Somebody may not be who they claim: ${reason}`,
  foreign_verify: ({ reason }) => `Somebody named a login without being its starter: ${reason}`,
  breaker_closed: ({ operation }) => `The vendor works again at ${operation}`,
  late_result: () => 'A result was announced for a check that its login has left behind',
  number_unlocked: () => 'A number was unlocked',
  flow_cancelled: () => 'A login was cancelled by its operator',
  number_erased: ({ erased }) => `A number was erased; records and counters: ${erased}`,
  token_refused: ({ reason }) => `An access token was refused: ${reason}`,
  refresh_reused: () => 'A refresh token was used twice; its login was ended',
  user_revoked: () => 'All logins of a user were ended',
}

/** What happened, for people who read a log. Made of closed lists and of what the event says already. */
export function sentenceFor(event: PhoneCheckEvent): string {
  const { type, method, country, flowId } = event as Facts & { type: string }
  const where = [method, country, flowId].filter((part) => part !== undefined).join(', ')
  return `${sentences[type]?.(event as Facts) ?? type}${where && ` (${where})`}.`
}
