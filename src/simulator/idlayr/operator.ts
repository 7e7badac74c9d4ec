import type { Device } from '../phones/phones.js'
import { type JsonObject, json, type Reply, redirectTo, withHeaders } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { type Check, isOpen, type PhoneCheckErrorCode, type Run, type Verdict } from './checks.js'
import type { ProblemName } from './problem.js'
import { sandboxVerdict } from './sandbox.js'

/** The device's side of PhoneCheck v0.2: the check URL, the operator behind it, and the answer at the end. */
export function operatorRoutes(world: SimulatorState): Route[] {
  return [
    { method: 'GET', path: '/phone_check/v0.2/checks/:id/redirect', from: 'device', handle: (request) => openCheckUrl(world, request) },
    { method: 'GET', path: '/_operator/:hop', from: 'device', handle: (request) => passOperator(world, request) },
  ]
}

type FirstHopProblem = Extract<ProblemName, PhoneCheckErrorCode> | 'too_many_requests'

function openCheckUrl(world: SimulatorState, request: SimRequest): Reply {
  const check = world.checks.find(request.params['id'] ?? '')
  if (check === undefined || !isOpen(check)) return world.problem('check_not_found')
  if (check.opens > 0 && world.behaviour.checkUrlReuse === 'refuse') return world.problem('check_not_found')
  const refusal = firstHopProblem(world, check, request)
  if (refusal === 'too_many_requests') {
    return world.problem(refusal, { 'Retry-After': String(world.overrides.get(check.phoneNumber)?.retryAfterSeconds ?? 30) })
  }
  check.opens += 1
  if (refusal !== undefined) {
    world.checks.fail(check, refusal)
    if (world.behaviour.firstHopErrors === 'problem') return world.problem(refusal)
    return withHeaders(answer(check, errorFields(refusal)), world.rates.hit(check.clientId).headers)
  }
  const run = world.checks.open(check)
  return withHeaders(toHop(world, run, 1), world.rates.hit(check.clientId).headers)
}

/** The phone behind the request. A visitor who is no virtual phone, such as the developer's browser, is taken for the one whose number is checked. */
function deviceBehind(world: SimulatorState, check: Check, request: SimRequest): Device {
  return request.device ?? world.phones.visitor(check.phoneNumber, check.phoneIp)
}

function firstHopProblem(world: SimulatorState, check: Check, request: SimRequest): FirstHopProblem | undefined {
  const forced = world.overrides.get(check.phoneNumber)?.redirectProblem
  if (forced !== undefined || world.sandbox) return forced
  const device = deviceBehind(world, check, request)
  if (device.network === 'wifi') return 'not_mobile_ip'
  if (device.phone.operator === 'unsupported') return 'mno_not_supported'
  if (device.phone.operator === 'no_redirect') return 'mno_redirect_unsupported'
  return undefined
}

async function passOperator(world: SimulatorState, request: SimRequest): Promise<Reply> {
  const hop = Number(request.params['hop'])
  const run = world.checks.run(request.query.get('session') ?? '')
  const last = world.behaviour.operatorHops
  if (run === undefined || !Number.isInteger(hop) || hop < 1 || hop > last) return world.problem('check_not_found')
  if (hop === 1) {
    run.device = deviceBehind(world, run.check, request)
    if (run.device.phone.operator === 'slow' && !world.sandbox) await world.clock.delay(world.behaviour.slowOperatorMs, request.closed)
  }
  if (hop < last) {
    const cookie = `operator_session=${run.cookie}; Path=/_operator; HttpOnly`
    return withHeaders(toHop(world, run, hop + 1), hop === 1 ? { 'Set-Cookie': cookie } : {})
  }
  // The check may have run out while a slow operator was thinking.
  if (world.checks.run(run.session) === undefined) return world.problem('check_not_found')
  return finish(world, run, request)
}

function toHop(world: SimulatorState, run: Run, hop: number): Reply {
  return redirectTo(`${world.url}/_operator/${hop}?session=${run.session}`)
}

function finish(world: SimulatorState, run: Run, request: SimRequest): Reply {
  const { check } = run
  const cookieKept =
    world.behaviour.operatorHops === 1 || (request.headers.cookie ?? '').split(/; */).includes(`operator_session=${run.cookie}`)
  const verdict: Verdict = cookieKept ? verdictOf(world, run) : { errorCode: 'mno_response_error' }
  if ('errorCode' in verdict && world.behaviour.errorDelivery === 'redirect') {
    world.checks.fail(check, verdict.errorCode)
    return answer(check, errorFields(verdict.errorCode))
  }
  return answer(check, { code: world.checks.giveCode(check, verdict) })
}

function verdictOf(world: SimulatorState, { check, device }: Run): Verdict {
  const override = world.overrides.get(check.phoneNumber)
  if (override?.errorCode !== undefined) return { errorCode: override.errorCode }
  if (override?.match !== undefined) return { match: override.match }
  if (world.sandbox) return sandboxVerdict(check.phoneNumber)
  // Nobody came by the first hop.
  if (device === undefined) return { errorCode: 'mno_response_error' }
  const { phone, ip } = device
  if (phone.operator.startsWith('mno_')) return { errorCode: phone.operator as Extract<typeof phone.operator, PhoneCheckErrorCode> }
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
