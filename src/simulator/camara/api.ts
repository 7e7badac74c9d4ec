import { createHash } from 'node:crypto'
import { isObject, type JsonObject, json, parseJson, type Reply, withHeaders } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Handler, Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import type { CamaraToken } from './grants.js'

/** Number Verification 2.1, One Time Password SMS 1.1, and of SIM Swap 2.1 the check. */
export function camaraApiRoutes(state: SimulatorState): Route[] {
  const post = (path: string, handle: Handler): Route => ({ method: 'POST', path, from: 'server', handle })
  const otp = 'one-time-password-sms:send-validate'
  return ['v0', 'v2']
    .map((version) => post(`/number-verification/${version}/verify`, guarded(state, undefined, verify)))
    .concat([
      post('/one-time-password-sms/v1/send-code', guarded(state, otp, sendCode)),
      post('/one-time-password-sms/v1/validate-code', guarded(state, otp, validateCode)),
      post('/sim-swap/v2/check', guarded(state, 'sim-swap:check', checkSwap)),
    ])
}

type ApiHandler = (state: SimulatorState, body: JsonObject, token: CamaraToken) => Reply

const messages: Readonly<Record<string, readonly [status: number, message: string]>> = {
  INVALID_ARGUMENT: [400, 'Client specified an invalid argument, request body or query param.'],
  UNAUTHENTICATED: [401, 'Request not authenticated due to missing, invalid, or expired credentials.'],
  PERMISSION_DENIED: [403, 'Client does not have sufficient permissions to perform this action.'],
  NOT_FOUND: [404, 'The specified resource is not found.'],
  'NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK': [
    403,
    'Client must authenticate via the mobile network to use this service',
  ],
  'ONE_TIME_PASSWORD_SMS.MAX_OTP_CODES_EXCEEDED': [
    403,
    'Too many OTPs have been requested for this MSISDN. Try later.',
  ],
  'ONE_TIME_PASSWORD_SMS.VERIFICATION_FAILED': [
    400,
    'The maximum number of attempts for this authenticationId was exceeded',
  ],
  'ONE_TIME_PASSWORD_SMS.VERIFICATION_EXPIRED': [400, 'The authenticationId is no longer valid'],
  'ONE_TIME_PASSWORD_SMS.INVALID_OTP': [400, 'The provided OTP is not valid for this authenticationId'],
}

/** CAMARA's ErrorInfo. */
function errorInfo(code: string): Reply {
  const [status, message] = messages[code] ?? [500, '']
  return json(status, { status, code, message })
}

/** Guards a route by a token, and repeats the correlator. @param scope undefined where the token itself says enough */
function guarded(state: SimulatorState, scope: string | undefined, handle: ApiHandler): Handler {
  return (request) => {
    const correlator = request.headers['x-correlator']
    const reply = answer(state, scope, handle, request)
    return typeof correlator === 'string' ? withHeaders(reply, { 'x-correlator': correlator }) : reply
  }
}

function answer(state: SimulatorState, scope: string | undefined, handle: ApiHandler, request: SimRequest): Reply {
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const token = bearer === undefined ? undefined : state.camara.spendToken(bearer)
  if (token === undefined) return errorInfo('UNAUTHENTICATED')
  if (scope !== undefined && !token.scopes.includes(scope)) return errorInfo('PERMISSION_DENIED')
  const body = mediaType(request.headers) === 'application/json' ? parseJson(request.body.toString('utf8')) : undefined
  return isObject(body) ? handle(state, body, token) : errorInfo('INVALID_ARGUMENT')
}

function verify(_state: SimulatorState, body: JsonObject, { scopes, number }: CamaraToken): Reply {
  if (number === null) return errorInfo('NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK')
  if (!scopes.some((scope) => /number-verification(:|-)(verify|device)/.test(scope)))
    return errorInfo('PERMISSION_DENIED')
  const [[name, value] = ['', ''], ...rest] = Object.entries(body)
  if (rest.length > 0 || typeof value !== 'string') return errorInfo('INVALID_ARGUMENT')
  if (name === 'phoneNumber' && /^\+[1-9]\d{4,14}$/.test(value))
    return json(200, { devicePhoneNumberVerified: value === number })
  if (name !== 'hashedPhoneNumber' || !/^[a-f\d]{64}$/i.test(value)) return errorInfo('INVALID_ARGUMENT')
  const hashed = createHash('sha256').update(number).digest('hex')
  return json(200, { devicePhoneNumberVerified: value.toLowerCase() === hashed })
}

function sendCode(state: SimulatorState, { phoneNumber, message }: JsonObject): Reply {
  const isRight =
    typeof phoneNumber === 'string' &&
    /^\+[1-9]\d{4,14}$/.test(phoneNumber) &&
    typeof message === 'string' &&
    message.length <= 160 &&
    message.includes('{{code}}')
  if (!isRight) return errorInfo('INVALID_ARGUMENT')
  const authenticationId = state.camaraOtps.send(phoneNumber, message)
  if (authenticationId === undefined) return errorInfo('ONE_TIME_PASSWORD_SMS.MAX_OTP_CODES_EXCEEDED')
  return json(200, { authenticationId })
}

function validateCode(state: SimulatorState, { authenticationId, code }: JsonObject): Reply {
  if (typeof authenticationId !== 'string' || typeof code !== 'string' || code.length > 10)
    return errorInfo('INVALID_ARGUMENT')
  const verdict = state.camaraOtps.validate(authenticationId, code)
  if (verdict === 'VALID') return { status: 204, headers: {}, body: '' }
  return errorInfo(verdict === 'NOT_FOUND' ? verdict : `ONE_TIME_PASSWORD_SMS.${verdict}`)
}

function checkSwap(state: SimulatorState, { phoneNumber, maxAge = 240 }: JsonObject): Reply {
  const isRight =
    typeof phoneNumber === 'string' &&
    /^\+[1-9]\d{4,14}$/.test(phoneNumber) &&
    typeof maxAge === 'number' &&
    Number.isInteger(maxAge) &&
    maxAge >= 1 &&
    maxAge <= 2400
  if (!isRight) return errorInfo('INVALID_ARGUMENT')
  const swappedHoursAgo = state.overrides.get(phoneNumber)?.camara?.swappedHoursAgo
  return json(200, { swapped: swappedHoursAgo !== undefined && swappedHoursAgo <= maxAge })
}
