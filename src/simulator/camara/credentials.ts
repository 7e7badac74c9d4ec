import { isObject, json, parseJson, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'

/** The aggregator's credential requests. Whose device is going to answer is not known here yet. */
export function credentialRoutes(state: SimulatorState): Route[] {
  const path = '/camara/openid4vp/credentials'
  return [{ method: 'POST', path, from: 'server', handle: (request) => answer(state, request) }]
}

function answer({ behaviour, operatorTokens }: SimulatorState, { headers, body: bytes }: SimRequest): Reply {
  const body = mediaType(headers) === 'application/json' ? parseJson(bytes.toString('utf8')) : undefined
  const isRight =
    isObject(body) &&
    typeof body['nonce'] === 'string' &&
    body['nonce'].length >= 16 &&
    typeof body['lang'] === 'string' &&
    /(^| )dpv:\w+ /.test(String(body['scope']))
  if (!isRight) return json(400, { error: 'invalid_request', error_description: 'scope, lang and nonce are needed' })
  if (behaviour.operatorTokens === 'carrier_not_supported')
    return json(400, { error: 'carrier_not_supported', fallback_options: ['sms_otp'] })
  return json(200, operatorTokens.query())
}
