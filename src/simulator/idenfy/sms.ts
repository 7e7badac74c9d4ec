import { e164 } from '../phones/number.js'
import { basicCredentials } from '../server/basic-auth.js'
import { isObject, type JsonObject, json, parseJson, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Handler, Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { type IdenfyErrorName, idenfyError, idenfyUnauthorized } from './error.js'

const defaultSender = 'iDenfy'

/** iDenfy's phone verification. Fields that it does not know it ignores. */
export function idenfyRoutes(state: SimulatorState): Route[] {
  return [
    { method: 'POST', path: '/fraud/send-sms', from: 'server', handle: withPartner(state, sendSms) },
    { method: 'POST', path: '/fraud/verify-sms', from: 'server', handle: withPartner(state, verifySms) },
  ]
}

export function isIdenfyPath(path: string): boolean {
  return path.startsWith('/fraud/')
}

type PartnerHandler = (state: SimulatorState, apiKey: string, body: JsonObject) => Reply

function withPartner(state: SimulatorState, handle: PartnerHandler): Handler {
  return (request) => {
    const apiKey = authenticate(state, request)
    if (apiKey === undefined) return idenfyUnauthorized(state.behaviour.idenfyUnauthorized)
    if (state.idenfyRates.hit(apiKey).retryAfterSeconds !== undefined) return idenfyError('too_many_requests')
    const body =
      mediaType(request.headers) === 'application/json' ? parseJson(request.body.toString('utf8')) : undefined
    return isObject(body) ? handle(state, apiKey, body) : idenfyError('json_error')
  }
}

function authenticate(state: SimulatorState, request: SimRequest): string | undefined {
  const given = basicCredentials(request.headers)
  if (given === undefined) return undefined
  const { idenfyKeys } = state
  return idenfyKeys === undefined || idenfyKeys[given.user] === given.password ? given.user : undefined
}

function sendSms(state: SimulatorState, apiKey: string, body: JsonObject): Reply {
  const phone = read(body, 'phone_number', (value) => value.startsWith('+') && e164(value) !== undefined)
  const sender = read(
    { sender_name: defaultSender, ...body },
    'sender_name',
    (value) => value !== '' && [...value].length <= 11,
  )
  const error = phone.error ?? sender.error
  if (error !== undefined) return error
  const forced = state.overrides.get(phone.value)?.idenfy?.sendError
  if (forced !== undefined) return idenfyError(forced)
  const id = state.verifications.send({ apiKey, phoneNumber: phone.value, senderName: sender.value })
  if (id === undefined)
    return idenfyError('validation_error', 'Concurrent verifications to the same number are not allowed')
  return json(200, { request_id: id })
}

function verifySms(state: SimulatorState, apiKey: string, body: JsonObject): Reply {
  const id = read(body, 'request_id', (value) => value.length >= 32 && value.length <= 40)
  const code = read(body, 'received_code', (value) => /^\d{4}$/.test(value))
  const error = id.error ?? code.error
  if (error !== undefined) return error
  const verified = state.verifications.verify(apiKey, id.value, code.value)
  if (verified === undefined && state.behaviour.idenfyUnknownRequest === 400)
    return idenfyError('bad_value', 'request_id is unknown or over')
  return json(200, { is_verified: verified ?? false })
}

/** A required string, or the error that names it. */
function read(body: JsonObject, name: string, valid: (value: string) => boolean): { value: string; error?: Reply } {
  const complain = (error: IdenfyErrorName, what: string) => ({
    value: '',
    error: idenfyError(error, `${name} ${what}`),
  })
  const value = body[name]
  if (value === undefined) return complain('missing_value', 'is missing')
  if (typeof value !== 'string') return complain('bad_value', 'must be a string')
  return valid(value) ? { value } : complain('validation_error', 'is invalid')
}
