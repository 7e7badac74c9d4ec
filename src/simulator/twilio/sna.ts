import type { Reply } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import type { TwilioVerification } from './verifications.js'

/** The page that the device opens on mobile data: a text, and no way back. */
export function snaRoutes(state: SimulatorState): Route[] {
  return [{ method: 'GET', path: '/m/id/:id', from: 'device', handle: (request) => answer(state, request) }]
}

function answer(state: SimulatorState, { params, device }: SimRequest): Reply {
  const { sna } = state.twilio
  const attempt = sna.take(params['id'] ?? '')
  if (!attempt) return text({ ErrorCode: '60550', ErrorDescription: 'the URL was used already' })
  attempt.code = codeOf(attempt.verification, device)
  if (attempt.code !== 0) return text({ ErrorCode: String(attempt.code), ErrorDescription: 'Failed' })
  const token = sna.tokenOf(attempt.verification) ?? ''
  const form = state.behaviour.twilioSnaToken
  if (form === 'bare') return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: token }
  const said = { ErrorCode: '0', ErrorDescription: 'Success', Carrier: 'Simulated' }
  return text(form === 'absent' ? said : { ...said, SnaClientToken: token })
}

function codeOf({ to }: TwilioVerification, device: SimRequest['device']): number {
  if (device === undefined || device.network === 'wifi') return 60531
  const { sim, operator } = device.phone
  if (operator !== 'supported' && operator !== 'slow') return 60533
  return sim === to ? 0 : 60500
}

function text(fields: Record<string, string>): Reply {
  return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: new URLSearchParams(fields).toString() }
}
