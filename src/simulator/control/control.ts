import { e164 } from '../phones/number.js'
import { TokenError } from '../phones/token-error.js'
import { type Operator, operators, type VirtualPhone } from '../phones/virtual-phone.js'
import { type Fault, faultComplaint } from '../server/faults.js'
import { type JsonObject, json, type Reply } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { controlRoute, fields, refuse, withPhone } from './request.js'

/**
 * The simulator's remote control, for pages and other processes on this machine. Strict JSON; an
 * unknown field is a 400 that names it.
 */
export function controlRoutes(state: SimulatorState): Route[] {
  return [
    controlRoute('GET', 'phones/:number', (request) =>
      withPhone(state, request, (phone) => json(200, phoneView(phone))),
    ),
    controlRoute('PATCH', 'phones/:number', (request) =>
      withPhone(state, request, (phone) => patchPhone(phone, request)),
    ),
    controlRoute('POST', 'phones/:number/open', (request) => go(state, request, (phone, url) => phone.open(url))),
    controlRoute('POST', 'phones/:number/browse', (request) => go(state, request, (phone, url) => phone.browse(url))),
    controlRoute('POST', 'phones/:number/token', (request) => fetchToken(state, request)),
    controlRoute('GET', 'requests', () => json(200, state.log.records)),
    controlRoute('POST', 'faults', (request) => addFault(state, request)),
    controlRoute('DELETE', 'faults', () => {
      state.faults.clear()
      return json(200, {})
    }),
    controlRoute('PUT', 'browser-phone', (request) => chooseBrowserPhone(state, request)),
  ]
}

function phoneView(phone: VirtualPhone): JsonObject {
  const { number, sim, mobileData, operator, ip, wifiIp, inbox, outbox, seen } = phone
  return { number, sim, mobileData, operator, ip, wifiIp, inbox, outbox, seen }
}

function patchPhone(phone: VirtualPhone, request: SimRequest): Reply {
  const read = fields(request, ['sim', 'mobileData', 'operator'])
  if ('refusal' in read) return read.refusal
  const { sim, mobileData, operator } = read.body
  // All are checked before any is set.
  if (sim !== undefined && sim !== null && e164(sim) === undefined)
    return refuse(400, 'sim must be null or an E.164 number')
  if (mobileData !== undefined && typeof mobileData !== 'boolean')
    return refuse(400, 'mobileData must be true or false')
  if (operator !== undefined && !isOperator(operator))
    return refuse(400, `operator must be one of ${operators.join(', ')}`)
  if (sim !== undefined) phone.sim = e164(sim) ?? null
  if (mobileData !== undefined) phone.mobileData = mobileData
  if (operator !== undefined) phone.operator = operator
  return json(200, phoneView(phone))
}

function isOperator(value: unknown): value is Operator {
  return operators.some((operator) => operator === value)
}

function go(
  state: SimulatorState,
  request: SimRequest,
  move: (phone: VirtualPhone, url: string) => Promise<object>,
): Reply | Promise<Reply> {
  return withPhone(state, request, async (phone) => {
    const read = fields(request, ['url'])
    if ('refusal' in read) return read.refusal
    const { url } = read.body
    if (typeof url !== 'string') return refuse(400, 'url must be a string')
    try {
      return json(200, await move(phone, url))
    } catch (error) {
      return refuse(error instanceof TypeError ? 400 : 502, error instanceof Error ? error.message : 'the phone failed')
    }
  })
}

function fetchToken(state: SimulatorState, request: SimRequest): Reply | Promise<Reply> {
  return withPhone(state, request, async (phone) => {
    const read = fields(request, ['kind', 'request'])
    if ('refusal' in read) return read.refusal
    const { kind, request: wanted } = read.body
    if (typeof kind !== 'string') return refuse(400, 'kind must be a string')
    try {
      return json(200, { token: await phone.token({ kind, request: wanted }) })
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      return json(200, { error: error.code, error_description: error.message })
    }
  })
}

function addFault(state: SimulatorState, request: SimRequest): Reply {
  const read = fields(request, [
    'match',
    'times',
    'delayMs',
    'status',
    'headers',
    'body',
    'processed',
    'truncate',
    'dripMs',
    'hang',
    'reset',
    'hugeBody',
  ])
  if ('refusal' in read) return read.refusal
  const complaint = faultComplaint(read.body)
  if (complaint !== undefined) return refuse(400, complaint)
  try {
    state.faults.add(read.body as unknown as Fault)
  } catch (error) {
    return refuse(400, error instanceof Error ? error.message : 'bad fault')
  }
  return json(201, {})
}

function chooseBrowserPhone(state: SimulatorState, request: SimRequest): Reply {
  const read = fields(request, ['number'])
  if ('refusal' in read) return read.refusal
  const { number } = read.body
  const canonical = number === null ? null : e164(number)
  if (canonical === undefined) return refuse(400, 'number must be null or an E.164 number')
  state.phones.browserPhone = canonical === null ? null : state.phones.get(canonical)
  return json(200, { number: canonical })
}
