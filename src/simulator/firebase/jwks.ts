import { json } from '../server/reply.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'

/** The keys of Firebase PNV, for whoever receives a token. */
export function pnvRoutes(state: SimulatorState): Route[] {
  return [{ method: 'GET', path: '/v1beta/jwks', from: 'server', handle: () => json(200, state.pnv.jwks()) }]
}
