import type { Device } from '../phones/phones.js'
import { json, type Reply, redirectTo } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { type SilentError, silentText, vonageError } from './error.js'
import { isPlayground, type VonageRequest, type VonageStep } from './requests.js'

/** The device's side of Silent Authentication: the check URL, the operator behind it, and the answer at the end. */
export function silentAuthRoutes(state: SimulatorState): Route[] {
  const operator = '/_operator/vonage/:id/:hop'
  return [
    {
      method: 'GET',
      path: '/v2/verify/:id/silent-auth/redirect',
      from: 'device',
      handle: (request) => {
        const found = silentStep(state, request)
        if ('reply' in found) return found.reply
        return redirectTo(hopUrl(state, found.request, 1))
      },
    },
    { method: 'GET', path: operator, from: 'device', handle: (request) => passOperator(state, request) },
  ]
}

interface Found {
  readonly request: VonageRequest
  readonly step: VonageStep
}

function silentStep(state: SimulatorState, { params }: SimRequest): Found | { reply: Reply } {
  const request = state.vonageRequests.find(params['id'] ?? '')
  const step = request?.workflow[request.at]
  if (request?.status !== 'open' || step?.channel !== 'silent_auth') return { reply: vonageError('request-not-found') }
  // A second walk could take the code away from the first.
  return request.code === undefined ? { request, step } : { reply: vonageError('conflict') }
}

function hopUrl({ url }: SimulatorState, { id }: VonageRequest, hop: number): string {
  return `${url}/_operator/vonage/${id}/${hop}`
}

async function passOperator(state: SimulatorState, request: SimRequest): Promise<Reply> {
  const hop = Number(request.params['hop'])
  const last = state.behaviour.operatorHops
  const found = silentStep(state, request)
  if ('reply' in found) return found.reply
  if (!Number.isInteger(hop) || hop < 1 || hop > last) return vonageError('request-not-found')
  if (hop < last) return redirectTo(hopUrl(state, found.request, hop + 1))
  const device = request.device ?? state.phones.visitor(found.step.to, null)
  if (device.phone.operator === 'slow') await state.clock.delay(state.behaviour.slowOperatorMs, request.closed)
  // Time may have run out while a slow operator was thinking.
  const still = silentStep(state, request)
  return 'reply' in still ? still.reply : finish(state, still, verdictOf(still.step, device))
}

function verdictOf({ to }: VonageStep, { phone, network }: Device): SilentError | undefined {
  if (isPlayground(to)) return undefined
  if (network === 'wifi') return 'not-cellular'
  if (phone.operator === 'unsupported') return 'network-not-supported'
  if (phone.operator !== 'supported' && phone.operator !== 'slow') return 'network-error'
  return phone.sim === to ? undefined : 'msisdn-error'
}

/** Unlike other vendors', a SIM with another number gets no code at all. */
function finish(state: SimulatorState, { request, step }: Found, error: SilentError | undefined): Reply {
  const { vonageRequests, behaviour } = state
  if (error === undefined) {
    const result = { request_id: request.id, code: vonageRequests.giveCode(request) }
    return step.redirectUrl === null ? json(200, result) : redirectTo(withFragment(step.redirectUrl, result))
  }
  vonageRequests.fail(request)
  if (step.redirectUrl === null) return vonageError(error)
  const id: Record<string, string> = behaviour.vonageErrorId ? { request_id: request.id } : {}
  return redirectTo(withFragment(step.redirectUrl, { ...id, error_description: silentText(error) }))
}

function withFragment(target: string, fields: Record<string, string>): string {
  const url = new URL(target)
  url.hash = new URLSearchParams(fields).toString()
  return url.href
}
