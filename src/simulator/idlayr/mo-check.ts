import { e164 } from '../phones/number.js'
import { withBearer } from '../server/bearer.js'
import { hal, isObject, type JsonObject, parseJson, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { isoSeconds } from './check-resource.js'
import { isWebUrl, text } from './create-fields.js'
import type { MoCheck } from './mo-checks.js'
import { clientOf } from './oauth.js'
import { forcedProblem } from './problem.js'
import type { Grant } from './tokens.js'

const checks = '/mo_check/v0.1/checks'

/** MOCheck v0.1: create and read. The rest is an SMS. */
export function moCheckRoutes(state: SimulatorState): Route[] {
  const guarded = (handle: (state: SimulatorState, request: SimRequest, grant: Grant) => Reply) =>
    withBearer(state, 'mo_check', (request, grant) => handle(state, request, grant))
  return [
    { method: 'POST', path: checks, from: 'server', handle: guarded(create) },
    { method: 'GET', path: `${checks}/:id`, from: 'server', handle: guarded(read) },
  ]
}

/** The fields that create, read and the callback share. */
export function moCheckResource({ behaviour }: Pick<SimulatorState, 'behaviour'>, check: MoCheck): JsonObject {
  const verified = check.verified ?? (behaviour.moUnverified === 'false' ? false : undefined)
  return {
    check_id: check.id,
    ...(behaviour.moStatusField ? { status: check.status } : {}),
    ...(verified === undefined ? {} : { verified }),
    ...(check.errorCode === null ? {} : { error_code: check.errorCode }),
    ...(check.referenceId === null ? {} : { reference_id: check.referenceId }),
    charge_amount: 1,
    charge_currency: 'API',
    created_at: isoSeconds(check.createdAt),
    updated_at: isoSeconds(check.updatedAt),
  }
}

function create(state: SimulatorState, request: SimRequest, grant: Grant): Reply {
  if (mediaType(request.headers) !== 'application/json') return state.problem('unsupported_media_type')
  const body = parseJson(request.body.toString('utf8'))
  if (!isObject(body) || !isWellFormed(body)) return state.problem('bad_request')
  const phoneNumber = e164(body['phone_number'])
  if (phoneNumber === undefined) return state.problem('phone_format_invalid')
  const forced = forcedProblem(state.problem, state.overrides.get(phoneNumber)?.moCheck)
  if (forced !== undefined) return forced
  const check = state.moChecks.create({
    clientId: grant.clientId,
    phoneNumber,
    referenceId: text(body['reference_id']),
    callbackUrl: text(body['callback_url']) ?? clientOf(state, grant.clientId)?.callbackUrls?.mo_check ?? null,
  })
  return hal(201, {
    ...moCheckResource(state, check),
    status: check.status,
    mo_receiver: check.receiver,
    mo_body: check.body,
    snapshot_balance: 99,
    ...around(state, check),
  })
}

function isWellFormed({ phone_number, callback_url, reference_id }: JsonObject): boolean {
  return (
    typeof phone_number === 'string' &&
    (reference_id === undefined || typeof reference_id === 'string') &&
    (callback_url === undefined || isWebUrl(callback_url))
  )
}

function read(state: SimulatorState, request: SimRequest, grant: Grant): Reply {
  const check = state.moChecks.find(request.params['id'] ?? '')
  if (check?.clientId !== grant.clientId) return state.problem('check_not_found')
  return hal(200, { ...moCheckResource(state, check), ...around(state, check) })
}

/** What no callback carries. */
function around(state: SimulatorState, check: MoCheck): JsonObject {
  return {
    ...(state.behaviour.moTtlField ? { ttl: check.ttlSeconds } : {}),
    _links: { self: { href: `${state.url}${checks}/${check.id}` } },
  }
}
