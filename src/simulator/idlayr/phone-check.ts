import { isIP } from 'node:net'
import { e164 } from '../phones/number.js'
import { plainIp } from '../phones/phones.js'
import { withBearer } from '../server/bearer.js'
import { hal, isObject, type JsonObject, parseJson, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { checkLinks, checkResource, ownCheck } from './check-resource.js'
import { isOpen } from './checks.js'
import { isWebUrl, text } from './create-fields.js'
import { exchange } from './exchange.js'
import { clientOf } from './oauth.js'
import { forcedProblem } from './problem.js'
import type { Grant } from './tokens.js'

const checks = '/phone_check/v0.2/checks'

/** The server's side of PhoneCheck v0.2: create, list, read, exchange. */
export function phoneCheckRoutes(state: SimulatorState): Route[] {
  const guarded = (handle: (state: SimulatorState, request: SimRequest, grant: Grant) => Reply) =>
    withBearer(state, 'phone_check', (request, grant) => handle(state, request, grant))
  return [
    { method: 'POST', path: checks, from: 'server', handle: guarded(create) },
    { method: 'GET', path: checks, from: 'server', handle: guarded(list) },
    { method: 'GET', path: `${checks}/:id`, from: 'server', handle: guarded(read) },
    { method: 'PATCH', path: `${checks}/:id`, from: 'server', handle: guarded(exchange) },
  ]
}

function create(state: SimulatorState, request: SimRequest, grant: Grant): Reply {
  if (mediaType(request.headers) !== 'application/json') return state.problem('unsupported_media_type')
  const body = parseJson(request.body.toString('utf8'))
  if (!isObject(body) || !isWellFormed(body)) return state.problem('bad_request')
  const phoneNumber = e164(body['phone_number'])
  if (phoneNumber === undefined) return state.problem('phone_format_invalid')
  const phoneIp = typeof body['phone_ip'] === 'string' ? plainIp(body['phone_ip']) : null
  const refusal = refuse(state, phoneNumber, phoneIp)
  if (refusal !== undefined) return refusal
  const check = state.checks.create({
    clientId: grant.clientId,
    phoneNumber,
    referenceId: text(body['reference_id']),
    redirectUrl: text(body['redirect_url']) ?? clientOf(state, grant.clientId)?.redirectUrl ?? null,
    callbackUrl: text(body['callback_url']) ?? clientOf(state, grant.clientId)?.callbackUrls?.phone_check ?? null,
    phoneIp,
  })
  return hal(201, {
    ...checkResource(check),
    snapshot_balance: 99,
    ttl: check.ttlSeconds,
    _links: checkLinks(state, check, true),
  })
}

function refuse(state: SimulatorState, phoneNumber: string, phoneIp: string | null): Reply | undefined {
  const forced = forcedProblem(state.problem, state.overrides.get(phoneNumber))
  if (forced !== undefined) return forced
  // The sandbox asks no operator and looks at no network.
  if (state.sandbox) return undefined
  if (state.phones.known(phoneNumber)?.operator === 'unsupported') return state.problem('mno_not_supported')
  if (phoneIp !== null && state.phones.byIp(phoneIp)?.network === 'wifi') return state.problem('not_mobile_ip')
  return undefined
}

function isWellFormed(body: JsonObject): boolean {
  const { phone_number, phone_ip, reference_id, callback_url, redirect_url } = body
  return (
    typeof phone_number === 'string' &&
    (phone_ip === undefined || (typeof phone_ip === 'string' && isIP(phone_ip) !== 0)) &&
    (reference_id === undefined || typeof reference_id === 'string') &&
    (callback_url === undefined || isWebUrl(callback_url)) &&
    (redirect_url === undefined || isWebUrl(redirect_url))
  )
}

function read(state: SimulatorState, request: SimRequest, grant: Grant): Reply {
  const check = ownCheck(state, request, grant)
  if (check === undefined) return state.problem('check_not_found')
  return hal(200, { ...checkResource(check), ttl: check.ttlSeconds, _links: checkLinks(state, check, isOpen(check)) })
}

function list(state: SimulatorState, request: SimRequest, grant: Grant): Reply {
  const page = whole(request.query.get('page') ?? '1', Number.MAX_SAFE_INTEGER)
  const size = whole(request.query.get('size') ?? '10', 100)
  if (page === undefined || size === undefined) return state.problem('bad_request')
  const own = state.checks.all().filter((check) => check.clientId === grant.clientId)
  if (request.query.get('sort') !== 'created_at,asc') own.reverse()
  const pages = Math.max(1, Math.ceil(own.length / size))
  const link = (number: number) => ({ href: `${state.url}${checks}?page=${number}&size=${size}` })
  return hal(200, {
    page: { size, number: page, total_pages: pages, total_elements: own.length },
    _embedded: {
      checks: own
        .slice((page - 1) * size, page * size)
        .map((check) => ({ ...checkResource(check), ttl: check.ttlSeconds, _links: checkLinks(state, check, false) })),
    },
    _links: {
      self: link(page),
      first: link(1),
      last: link(pages),
      ...(page < pages ? { next: link(page + 1) } : {}),
      ...(page > 1 ? { prev: link(page - 1) } : {}),
    },
  })
}

function whole(value: string, max: number): number | undefined {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : 0
  return number >= 1 && number <= max ? number : undefined
}
