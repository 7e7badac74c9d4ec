import { json } from '../server/reply.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'

/** The keys that sign the callbacks, for whoever receives them. */
export function jwksRoutes(state: SimulatorState): Route[] {
  return [
    {
      method: 'GET',
      path: '/.well-known/jwks.json',
      from: 'server',
      handle: async () => json(200, await state.keys.jwks()),
    },
  ]
}
