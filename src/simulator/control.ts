import { mayControl } from './control-guard.js'
import { type Fault, faultComplaint } from './faults.js'
import { isObject, type JsonObject, json, mediaType, parseJson, type Reply, type SimRequest } from './http.js'
import { e164 } from './number.js'
import type { Handler, Route } from './router.js'
import { type Operator, operators, type VirtualPhone } from './virtual-phone.js'
import type { World } from './world.js'

/** The simulator's remote control, for pages and other processes on this machine. Strict JSON; an unknown field is a 400 that names it. */
export function controlRoutes(world: World): Route[] {
  const route = (method: string, path: string, handle: Handler): Route => ({
    method,
    path: `/_simulator/${path}`,
    from: 'server',
    handle: (request) =>
      mayControl(request) ? handle(request) : refuse(403, 'the control plane answers this machine only, and no foreign page'),
  })
  return [
    route('GET', 'phones/:number', (request) => withPhone(world, request, (phone) => json(200, phoneView(phone)))),
    route('PATCH', 'phones/:number', (request) => withPhone(world, request, (phone) => patchPhone(phone, request))),
    route('POST', 'phones/:number/open', (request) => go(world, request, (phone, url) => phone.open(url))),
    route('POST', 'phones/:number/browse', (request) => go(world, request, (phone, url) => phone.browse(url))),
    route('GET', 'requests', () => json(200, world.log.records)),
    route('POST', 'faults', (request) => addFault(world, request)),
    route('DELETE', 'faults', () => {
      world.faults.clear()
      return json(200, {})
    }),
    route('PUT', 'browser-phone', (request) => chooseBrowserPhone(world, request)),
  ]
}

function refuse(status: number, error: string): Reply {
  return json(status, { error })
}

/** The body as an object with no other fields than these, or the refusal. */
function fields(request: SimRequest, known: readonly string[]): { body: JsonObject } | { refusal: Reply } {
  if (mediaType(request.headers) !== 'application/json') return { refusal: refuse(415, 'the body must be application/json') }
  const body = parseJson(request.body.toString('utf8'))
  if (!isObject(body)) return { refusal: refuse(400, 'the body must be a JSON object') }
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  return unknown === undefined ? { body } : { refusal: refuse(400, `unknown field "${unknown}"`) }
}

function withPhone(world: World, request: SimRequest, handle: (phone: VirtualPhone) => Reply | Promise<Reply>): Reply | Promise<Reply> {
  const number = e164(request.params['number'])
  return number === undefined ? refuse(400, 'the number must be E.164') : handle(world.phones.get(number))
}

function phoneView(phone: VirtualPhone): JsonObject {
  const { number, sim, mobileData, operator, ip, wifiIp, inbox, seen } = phone
  return { number, sim, mobileData, operator, ip, wifiIp, inbox, seen }
}

function patchPhone(phone: VirtualPhone, request: SimRequest): Reply {
  const read = fields(request, ['sim', 'mobileData', 'operator'])
  if ('refusal' in read) return read.refusal
  const { sim, mobileData, operator } = read.body
  // All are checked before any is set.
  if (sim !== undefined && sim !== null && e164(sim) === undefined) return refuse(400, 'sim must be null or an E.164 number')
  if (mobileData !== undefined && typeof mobileData !== 'boolean') return refuse(400, 'mobileData must be true or false')
  if (operator !== undefined && !isOperator(operator)) return refuse(400, `operator must be one of ${operators.join(', ')}`)
  if (sim !== undefined) phone.sim = e164(sim) ?? null
  if (mobileData !== undefined) phone.mobileData = mobileData
  if (operator !== undefined) phone.operator = operator
  return json(200, phoneView(phone))
}

function isOperator(value: unknown): value is Operator {
  return operators.some((operator) => operator === value)
}

function go(world: World, request: SimRequest, move: (phone: VirtualPhone, url: string) => Promise<object>): Reply | Promise<Reply> {
  return withPhone(world, request, async (phone) => {
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

function addFault(world: World, request: SimRequest): Reply {
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
    world.faults.add(read.body as unknown as Fault)
  } catch (error) {
    return refuse(400, error instanceof Error ? error.message : 'bad fault')
  }
  return json(201, {})
}

function chooseBrowserPhone(world: World, request: SimRequest): Reply {
  const read = fields(request, ['number'])
  if ('refusal' in read) return read.refusal
  const { number } = read.body
  const canonical = number === null ? null : e164(number)
  if (canonical === undefined) return refuse(400, 'number must be null or an E.164 number')
  world.phones.browserPhone = canonical === null ? null : world.phones.get(canonical)
  return json(200, { number: canonical })
}
