import type { Emit, PhoneCheckEvent } from '../contracts/events.js'

export const said = new Set<string>()

/**
 * Stands in for an application that listens to no events: what only its operator can mend becomes a
 * warning of the process, each once, so that the first try with a wrong secret does not end in a
 * bare 503.
 */
export const warnOperator: Emit = (event) => {
  const warning = warningOf(event)
  if (!warning || said.has(warning.key)) return
  said.add(warning.key)
  const entry = event.type === 'misconfiguration' || event.type === 'reminder' ? event.code : event.type
  process.emitWarning(
    `${warning.text} (See docs/reference/events.md#${entry} in the package. Pass onEvent to hear of this, and of everything else, yourself.)`,
    'PhoneCheckWarning',
  )
}

export function warningOf(event: PhoneCheckEvent): { key: string; text: string } | undefined {
  switch (event.type) {
    case 'user_refused':
      return event.reason === 'refused' ? undefined : { key: event.reason, text: event.message }
    case 'misconfiguration':
      return { key: event.code, text: event.message }
    case 'reminder':
      // While an app is being built a sandbox is right.
      return process.env['NODE_ENV'] === 'production' ? { key: event.code, text: event.message } : undefined
    case 'provider_misconfigured':
      return { key: `${event.method} ${event.operation} ${event.status}`, text: event.message }
    case 'quota_exceeded':
      return { key: `${event.method} quota`, text: event.message }
    case 'provider_outage': {
      // In production an outage is for the monitoring; while an app is being built, the first one
      // is most often a wrong URL.
      const isWrongUrl = event.kind === 'connect' || event.kind === 'malformed' || event.kind === 'check_url'
      if (event.kind !== 'defect' && (!isWrongUrl || process.env['NODE_ENV'] === 'production')) return undefined
      return { key: `${event.method} ${event.kind}`, text: event.message }
    }
    case 'spending_limit':
      return { key: `limit ${event.limit}`, text: event.message }
    case 'store_outage':
      // One fault shows at every operation; one warning is enough.
      return { key: `store ${event.code}`, text: event.message }
    default:
      return undefined
  }
}
