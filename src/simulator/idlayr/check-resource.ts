import type { JsonObject } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { SimulatorState } from '../state/simulator-state.js'
import type { Check } from './checks.js'
import type { Grant } from './tokens.js'

/** Network code of the simulated operator, from the range that is reserved for test networks. */
export const networkId = '00101'

/** The fields that every answer about a check shares. */
export function checkResource(check: Check): JsonObject {
  const { verdict } = check
  return {
    check_id: check.id,
    status: check.status,
    ...(check.referenceId === null ? {} : { reference_id: check.referenceId }),
    ...(check.status === 'COMPLETED' && verdict !== undefined && 'match' in verdict
      ? { match: verdict.match, network_id: networkId }
      : {}),
    ...(check.status === 'ERROR' && verdict !== undefined && 'errorCode' in verdict
      ? { error_code: verdict.errorCode }
      : {}),
    charge_amount: 1,
    charge_currency: 'API',
    created_at: isoSeconds(check.createdAt),
    updated_at: isoSeconds(check.updatedAt),
  }
}

export function checkLinks(state: SimulatorState, check: Check, withCheckUrl: boolean): JsonObject {
  const self = `${state.url}/phone_check/v0.2/checks/${check.id}`
  return { self: { href: self }, ...(withCheckUrl ? { check_url: { href: `${self}/redirect` } } : {}) }
}

export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00')
}

/** The check, unless it is another project's. */
export function ownCheck(state: SimulatorState, request: SimRequest, grant: Grant): Check | undefined {
  const check = state.checks.find(request.params['id'] ?? '')
  return check?.clientId === grant.clientId ? check : undefined
}
