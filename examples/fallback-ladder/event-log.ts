import type { PhoneCheckEvent } from 'passport-phonecheck'

/** What somebody should look at today, and what can wait for a graph. */
const levels: Partial<Record<PhoneCheckEvent['type'], 'warn' | 'error'>> = {
  provider_misconfigured: 'error',
  misconfiguration: 'error',
  breaker_opened: 'error',
  store_outage: 'error',
  spending_limit: 'error',
  provider_outage: 'warn',
  suspicious: 'warn',
  foreign_verify: 'warn',
  webhook_refused: 'warn',
  verify_callback_failed: 'warn',
}

/** One JSON line an event. Events hold no number, code or secret, so they may be kept. */
export function logEvent(event: PhoneCheckEvent): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), level: levels[event.type] ?? 'info', event }))
}
