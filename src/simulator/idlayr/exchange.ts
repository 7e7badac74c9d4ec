import { hal, isObject, parseJson, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { checkResource, ownCheck } from './check-resource.js'
import type { Check } from './checks.js'
import type { Grant } from './tokens.js'

/** PATCH of a check: the server swaps the device's code for the verdict, once. */
export function exchange(world: SimulatorState, request: SimRequest, grant: Grant): Reply {
  if (mediaType(request.headers) !== 'application/json-patch+json') return world.problem('unsupported_media_type')
  const given = codeOf(parseJson(request.body.toString('utf8')))
  if (given === undefined) return world.problem('bad_request')
  const check = ownCheck(world, request, grant)
  if (check === undefined) return world.problem('check_not_found')
  return settle(world, check, given)
}

function settle(world: SimulatorState, check: Check, given: string): Reply {
  const { behaviour } = world
  const { code, verdict } = check
  if (check.status === 'EXPIRED') return refuse(world, check, behaviour.expiredCheck)
  if (code === undefined || verdict === undefined) return refuse(world, check, behaviour.notVisited)
  if (given !== code) return refuse(world, check, behaviour.wrongCode)
  if (check.status !== 'PENDING') return refuse(world, check, behaviour.reusedCode)
  world.checks.complete(check, verdict)
  return hal(200, checkResource(check))
}

function refuse(world: SimulatorState, check: Check, status: 404 | 400 | 200): Reply {
  if (status === 200) return hal(200, checkResource(check))
  return world.problem(status === 404 ? 'check_not_found' : 'bad_request')
}

function codeOf(patch: unknown): string | undefined {
  if (!Array.isArray(patch) || patch.length !== 1) return undefined
  const operation: unknown = patch[0]
  if (!isObject(operation) || operation['op'] !== 'add' || operation['path'] !== '/code') return undefined
  return typeof operation['value'] === 'string' ? operation['value'] : undefined
}
