import { hal, isObject, parseJson, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { checkResource, ownCheck } from './check-resource.js'
import type { Check } from './checks.js'
import type { Grant } from './tokens.js'

/** PATCH of a check: the server swaps the device's code for the verdict, once. */
export function exchange(state: SimulatorState, request: SimRequest, grant: Grant): Reply {
  if (mediaType(request.headers) !== 'application/json-patch+json') return state.problem('unsupported_media_type')
  const given = codeOf(parseJson(request.body.toString('utf8')))
  if (given === undefined) return state.problem('bad_request')
  const check = ownCheck(state, request, grant)
  if (check === undefined) return state.problem('check_not_found')
  return settle(state, check, given)
}

function settle(state: SimulatorState, check: Check, given: string): Reply {
  const { behaviour } = state
  const { code, verdict } = check
  if (check.status === 'EXPIRED') return refuse(state, check, behaviour.expiredCheck)
  if (code === undefined || verdict === undefined) return refuse(state, check, behaviour.notVisited)
  if (given !== code) return refuse(state, check, behaviour.wrongCode)
  if (check.status !== 'PENDING') return refuse(state, check, behaviour.reusedCode)
  state.checks.complete(check, verdict)
  return hal(200, checkResource(check))
}

function refuse(state: SimulatorState, check: Check, status: 404 | 400 | 200): Reply {
  if (status === 200) return hal(200, checkResource(check))
  return state.problem(status === 404 ? 'check_not_found' : 'bad_request')
}

function codeOf(patch: unknown): string | undefined {
  if (!Array.isArray(patch) || patch.length !== 1) return undefined
  const operation: unknown = patch[0]
  if (!isObject(operation) || operation['op'] !== 'add' || operation['path'] !== '/code') return undefined
  return typeof operation['value'] === 'string' ? operation['value'] : undefined
}
