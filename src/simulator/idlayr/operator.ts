import type { Device } from '../phones/phones.js'
import { type JsonObject, json, type Reply, redirectTo, withHeaders } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { type Check, isOpen, type PhoneCheckErrorCode, type Run, type Verdict } from './checks.js'
import type { ProblemName } from './problem.js'
import { sandboxVerdict } from './sandbox.js'

/** The device's side of PhoneCheck v0.2: the check URL, the operator behind it, and the answer at the end. */
export function operatorRoutes(state: SimulatorState): Route[] {
  return [
    {
      method: 'GET',
      path: '/phone_check/v0.2/checks/:id/redirect',
      from: 'device',
      handle: (request) => openCheckUrl(state, request),
    },
    { method: 'GET', path: '/_operator/:hop', from: 'device', handle: (request) => passOperator(state, request) },
  ]
}

type FirstHopProblem = Extract<ProblemName, PhoneCheckErrorCode> | 'too_many_requests'

function openCheckUrl(state: SimulatorState, request: SimRequest): Reply {
  const check = state.checks.find(request.params['id'] ?? '')
  if (check === undefined || !isOpen(check)) return state.problem('check_not_found')
  if (check.opens > 0 && state.behaviour.checkUrlReuse === 'refuse') return state.problem('check_not_found')
  const refusal = firstHopProblem(state, check, request)
  if (refusal === 'too_many_requests') {
    return state.problem(refusal, {
      'Retry-After': String(state.overrides.get(check.phoneNumber)?.retryAfterSeconds ?? 30),
    })
  }
  check.opens += 1
  if (refusal !== undefined) {
    state.checks.fail(check, refusal)
    if (state.behaviour.firstHopErrors === 'problem') return state.problem(refusal)
    return withHeaders(answer(check, errorFields(refusal)), state.rates.hit(check.clientId).headers)
  }
  const run = state.checks.open(check)
  return withHeaders(toHop(state, run, 1), state.rates.hit(check.clientId).headers)
}

/**
 * The phone behind the request. A visitor who is no virtual phone, such as the developer's browser,
 * is taken for the one whose number is checked.
 */
function deviceBehind(state: SimulatorState, check: Check, request: SimRequest): Device {
  return request.device ?? state.phones.visitor(check.phoneNumber, check.phoneIp)
}

function firstHopProblem(state: SimulatorState, check: Check, request: SimRequest): FirstHopProblem | undefined {
  const forced = state.overrides.get(check.phoneNumber)?.redirectProblem
  if (forced !== undefined || state.sandbox) return forced
  const device = deviceBehind(state, check, request)
  if (device.network === 'wifi') return 'not_mobile_ip'
  if (device.phone.operator === 'unsupported') return 'mno_not_supported'
  if (device.phone.operator === 'no_redirect') return 'mno_redirect_unsupported'
  return undefined
}

async function passOperator(state: SimulatorState, request: SimRequest): Promise<Reply> {
  const hop = Number(request.params['hop'])
  const run = state.checks.run(request.query.get('session') ?? '')
  const last = state.behaviour.operatorHops
  if (run === undefined || !Number.isInteger(hop) || hop < 1 || hop > last) return state.problem('check_not_found')
  if (hop === 1) {
    run.device = deviceBehind(state, run.check, request)
    if (run.device.phone.operator === 'slow' && !state.sandbox)
      await state.clock.delay(state.behaviour.slowOperatorMs, request.closed)
  }
  if (hop < last) {
    const cookie = `operator_session=${run.cookie}; Path=/_operator; HttpOnly`
    return withHeaders(toHop(state, run, hop + 1), hop === 1 ? { 'Set-Cookie': cookie } : {})
  }
  // The check may have run out while a slow operator was thinking.
  if (state.checks.run(run.session) === undefined) return state.problem('check_not_found')
  return finish(state, run, request)
}

function toHop(state: SimulatorState, run: Run, hop: number): Reply {
  return redirectTo(`${state.url}/_operator/${hop}?session=${run.session}`)
}

function finish(state: SimulatorState, run: Run, request: SimRequest): Reply {
  const { check } = run
  const cookieKept =
    state.behaviour.operatorHops === 1 ||
    (request.headers.cookie ?? '').split(/; */).includes(`operator_session=${run.cookie}`)
  const verdict: Verdict = cookieKept ? verdictOf(state, run) : { errorCode: 'mno_response_error' }
  if ('errorCode' in verdict && state.behaviour.errorDelivery === 'redirect') {
    state.checks.fail(check, verdict.errorCode)
    return answer(check, errorFields(verdict.errorCode))
  }
  return answer(check, { code: state.checks.giveCode(check, verdict) })
}

function verdictOf(state: SimulatorState, { check, device }: Run): Verdict {
  const override = state.overrides.get(check.phoneNumber)
  if (override?.errorCode !== undefined) return { errorCode: override.errorCode }
  if (override?.match !== undefined) return { match: override.match }
  if (state.sandbox) return sandboxVerdict(check.phoneNumber)
  // Nobody came by the first hop.
  if (device === undefined) return { errorCode: 'mno_response_error' }
  const { phone, ip } = device
  if (phone.operator.startsWith('mno_'))
    return { errorCode: phone.operator as Extract<typeof phone.operator, PhoneCheckErrorCode> }
  if (check.phoneIp !== null && check.phoneIp !== ip) return { errorCode: 'ip_mismatch' }
  return { match: phone.sim === check.phoneNumber }
}

function answer(check: Check, fields: Record<string, string>): Reply {
  const result: JsonObject & Record<string, string> = {
    check_id: check.id,
    ...fields,
    ...(check.referenceId === null ? {} : { reference_id: check.referenceId }),
  }
  return check.redirectUrl === null ? json(200, result) : redirectTo(withQuery(check.redirectUrl, result))
}

/** Appends without touching what the app's own query looks like. */
function withQuery(target: string, fields: Record<string, string>): string {
  const url = new URL(target)
  const query = new URLSearchParams(fields).toString()
  url.search = url.search === '' ? query : `${url.search}&${query}`
  return url.href
}

function errorFields(error: PhoneCheckErrorCode): { error: string; error_description: string } {
  return { error, error_description: descriptions[error] }
}

const descriptions: Readonly<Record<PhoneCheckErrorCode, string>> = {
  not_mobile_ip: 'Not a mobile IP',
  mno_not_supported: 'MNO not supported',
  mno_redirect_unsupported: 'MNO redirect unsupported',
  mno_timeout: 'MNO timed out',
  mno_user_not_found: 'MNO does not know the number',
  mno_response_error: 'MNO response invalid',
  mno_server_error: 'MNO failed',
  mno_no_data_available: 'MNO may not share the data',
  ip_mismatch: 'IP differs from the one at create',
  ip_msisdn_mismatch: 'IP and number belong to different MNOs',
}
